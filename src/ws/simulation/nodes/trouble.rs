//! What goes wrong with nodes.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};

use super::fleet::{Fleet, Member};
use super::net::Cut;
use crate::chat::{Caller, ChatError, Claim};
use crate::model::{GroupId, UserId};
use crate::ws::simulation::people::OWNER;
use crate::ws::simulation::world::World;

/// How long a moderator waits for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Does one thing to a node, which may last for some time.
pub(super) fn strike(world: &Rc<World>, fleet: &Rc<Fleet>) -> JoinHandle<()> {
    let (world, fleet) = (Rc::clone(world), Rc::clone(fleet));
    let index = { world.random().size(fleet.len()) };
    let (choice, time) = {
        let mut random = world.random();
        let bound = if random.chance(25) { 3_000_000 } else { 60_000 };
        (random.below(10), random.micros(bound))
    };
    spawn_local(async move {
        let member = fleet.member(index);
        match choice {
            0 => fleet.replace(index).await,
            1 | 2 => {
                member.store.strand_after(1 + time.as_micros() as u64 % 8);
                if timeout(time, member.store.stranded()).await.is_ok() {
                    world.note_stranded();
                    fleet.replace(index).await;
                }
                member.store.strand_after(0);
            }
            3 | 4 => {
                member.carrier.doom_after(1 + time.as_micros() as u64 % 8);
                if timeout(time, member.carrier.doomed()).await.is_ok() {
                    fleet.replace(index).await;
                }
                member.carrier.doom_after(0);
            }
            5 | 6 => freeze(&fleet, &member, time).await,
            7 | 8 => {
                let cut = if world.random().chance(50) { Cut::Known } else { Cut::Silent };
                fleet.cut(&member, cut);
                sleep(time).await;
                fleet.cut(&member, Cut::No);
            }
            _ => {
                member.store.set_cut(true);
                sleep(time / 3).await;
                member.store.set_cut(false);
            }
        }
    })
}

async fn freeze(fleet: &Fleet, member: &Member, time: Duration) {
    fleet.set_frozen(member, true);
    sleep(time).await;
    fleet.set_frozen(member, false);
}

/// Takes a member out of a group, by whatever node answers, and notes that nothing of theirs may be stored any more.
pub(super) async fn kick(world: &World, fleet: &Fleet, group: GroupId, user: UserId) {
    world.store.ledger().members.accuse(group, user);
    loop {
        let server = fleet.any();
        let kick = async {
            server.chat.freshen().await?;
            let owner = server.chat.act_as(&Caller::Nobody, Some(Claim::UserId(OWNER))).await?;
            server.chat.remove_member(&Caller::User(owner), group, user).await
        };
        match timeout(ANSWER_TIMEOUT, kick).await {
            Ok(Ok(())) => break,
            Ok(Err(ChatError::NotFound(_))) => {
                // Somebody else was not answered; what was on its way then may still be stored.
                sleep(ANSWER_TIMEOUT).await;
                break;
            }
            Ok(Err(_)) | Err(_) => sleep(Duration::from_millis(1)).await,
        }
    }
    world.store.ledger().members.bar(group, user);
}

//! What other nodes are told of that is true no more.

use groupcast::model::{
    GroupId, KeyActor, RefreshDigests, Removal, Role, Scope, Seq, Session, SessionId, Timestamp, UserId,
};
use groupcast::store::{CutEnd, GroupChange, Known, NewKey, NewSanction, Notice, Renewal, Store, StoreError};

use super::super::{NOW, group, later, user};
use super::{Node, entry, one};

fn sanction(group: GroupId, user: UserId) -> NewSanction {
    NewSanction { group, user, by: None, reason: None, until: Timestamp::FOREVER, created_at: NOW }
}

fn session(id: i64, user: UserId) -> Session {
    Session {
        id: SessionId(id),
        user,
        created_at: NOW,
        renewed_at: NOW,
        expires_at: later(99),
        client: "".into(),
    }
}

async fn start(store: &Store, id: i64, user: UserId) {
    let digests = RefreshDigests { family: [id as u8; 32], current: [1; 32] };
    store.accounts.start_session(session(id, user), digests).await.unwrap();
}

/// Two nodes, of which one listens to the other.
struct Told {
    by: Node,
    to: Node,
    known: Known,
}

impl Told {
    /// Asserts that these are told, once, and of nobody to the node itself.
    async fn assert(&mut self, expected: &[Notice]) {
        let news = self.to.shared.news(self.known.clone()).await.unwrap();
        assert!(news.is_whole);
        assert_eq!(news.notices, expected);
        self.known = news.known;
        let news = self.to.shared.news(self.known.clone()).await.unwrap();
        assert_eq!((news.is_whole, news.notices), (true, vec![]));
        if !expected.is_empty() {
            self.by.shared.noticed().await;
        }
    }
}

#[tokio::test]
async fn each_change_is_told_once() {
    let (url, by, general, alice) = one().await;
    let to = Node::open(&url).await;
    let (known, known_by) = (to.known().await, by.known().await);
    let store = by.store.clone();
    let mut told = Told { by, to, known };
    let (bob, carol) = (user(&store, "bob").await, user(&store, "carol").await);
    let g = general.id;
    let moderation = &store.moderation;
    for (user, role) in [(alice.id, Role::Admin), (bob.id, Role::Member), (carol.id, Role::Member)] {
        moderation.add_member(g, user, role, NOW).await.unwrap();
    }
    told.assert(&[]).await;

    let member = |user| Notice::Member { group: g, user };
    let removed = |user, removal| Notice::Removed { group: g, user, removal };
    moderation.set_role(g, alice.id, Role::Owner).await.unwrap();
    told.assert(&[member(alice.id)]).await;
    moderation.set_role(g, bob.id, Role::Owner).await.unwrap();
    told.assert(&[member(bob.id), member(alice.id)]).await;
    assert!(moderation.mute(sanction(g, carol.id)).await.unwrap());
    told.assert(&[member(carol.id)]).await;
    assert!(moderation.unmute(g, carol.id).await.unwrap());
    assert!(!moderation.unmute(g, carol.id).await.unwrap());
    told.assert(&[member(carol.id)]).await;
    moderation.ban(sanction(g, bob.id)).await.unwrap();
    told.assert(&[removed(bob.id, Removal::Banned), member(alice.id)]).await;
    moderation.remove_member(g, carol.id, Removal::Kicked).await.unwrap();
    told.assert(&[removed(carol.id, Removal::Kicked)]).await;
    moderation
        .change_group(g, GroupChange { topic: Some("t".into()), ..GroupChange::default() })
        .await
        .unwrap();
    told.assert(&[Notice::Group(g)]).await;

    let accounts = &store.accounts;
    accounts.set_email(bob.id, "b@example.com").await.unwrap();
    accounts.set_admin(bob.id, true).await.unwrap();
    told.assert(&[Notice::User(bob.id), Notice::User(bob.id)]).await;
    for id in 1..=4 {
        start(&store, id, bob.id).await;
    }
    told.assert(&[]).await;
    assert!(accounts.end_session(SessionId(1), Some(bob.id)).await.unwrap());
    told.assert(&[Notice::Session(SessionId(1))]).await;
    let spent = RefreshDigests { family: [2; 32], current: [9; 32] };
    let renewal = Renewal { id: SessionId(2), spent, next: [8; 32], at: NOW, expires_at: later(9) };
    accounts.renew_session(renewal).await.unwrap();
    told.assert(&[Notice::Session(SessionId(2))]).await;
    accounts.set_password(bob.id, "hash".into(), Some(SessionId(4))).await.unwrap();
    told.assert(&[Notice::Session(SessionId(3)), Notice::Tokens(bob.id)]).await;
    let (name, digest) = ("key".to_owned(), [7; 32]);
    let key = NewKey { name, digest, scope: Scope::Read, actor: KeyActor::Any, created_at: NOW };
    accounts.create_key(key).await.unwrap();
    accounts.revoke_key("key").await.unwrap();
    accounts.end_token([6; 32], later(9), NOW).await.unwrap();
    told.assert(&[Notice::Key([7; 32]), Notice::Token([6; 32])]).await;

    let to_group = entry(&general, &alice, "cut", None);
    told.by.store(&known_by, vec![to_group.clone(), to_group]).await;
    store.retention.cut(g, CutEnd { before: Seq(2), until: None }).await.unwrap();
    told.assert(&[Notice::Cut { group: g, first: Seq(2) }]).await;
    accounts.erase_user(alice.id, true).await.unwrap();
    told.assert(&[removed(alice.id, Removal::Left), Notice::UserErased(alice.id)]).await;
    assert!(moderation.delete_group(g).await.unwrap());
    assert!(!moderation.delete_group(g).await.unwrap());
    told.assert(&[Notice::GroupDeleted(g)]).await;
    assert_eq!(super::psql(&url, "SELECT count(*) FROM group_heads").trim(), "0");
}

#[tokio::test]
async fn nothing_is_stored_against_what_a_node_does_not_know() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let (known, known_one) = (two.known().await, one.known().await);
    one.store.moderation.change_group(general.id, GroupChange::default()).await.unwrap();
    let message = || vec![entry(&general, &alice, "a", None)];
    assert!(two.shared.store_plain(two.plain(&known, message())).await.unwrap().is_none());
    let begun = two.shared.begin(vec![general.id], 1, known.clone()).await.unwrap();
    assert!(!begun.is_current && begun.ids.is_empty());
    // One's own is nothing new, and nobody is held up.
    one.store(&known_one, message()).await;
    let news = two.shared.news(known).await.unwrap();
    assert_eq!(news.notices, [Notice::Group(general.id)]);
    two.store(&news.known, message()).await;
    assert!(two.shared.begin(vec![general.id], 1, news.known).await.unwrap().is_current);
}

#[tokio::test]
async fn notices_of_transactions_that_end_out_of_order_are_each_told_once() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let mut known = two.known().await;
    // An older transaction that is open keeps the horizon back.
    let hold = std::thread::spawn({
        let url = url.clone();
        move || super::psql(&url, "SELECT pg_current_xact_id(), pg_sleep(1.5)")
    });
    super::until("it is open", async || {
        super::psql(
            &url,
            "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL
             AND datname = current_database() AND query LIKE '%pg_sleep(1.5)%' AND pid <> pg_backend_pid()",
        )
        .trim()
            == "1"
    })
    .await;
    let mut seen = 0;
    for _ in 0..3 {
        one.store.accounts.set_email(alice.id, "a@example.com").await.unwrap();
        let declined =
            two.shared.store_plain(two.plain(&known, vec![entry(&general, &alice, "a", None)])).await;
        assert!(declined.unwrap().is_none());
        let news = two.shared.news(known).await.unwrap();
        seen += news.notices.len();
        known = news.known;
        two.store(&known, vec![entry(&general, &alice, "a", None)]).await;
    }
    hold.join().unwrap();
    let news = two.shared.news(known).await.unwrap();
    assert_eq!((seen, news.notices), (3, vec![]));
    assert!(two.shared.news(news.known).await.unwrap().notices.is_empty());
}

#[tokio::test]
async fn a_group_that_is_being_deleted_takes_nothing_and_holds_nobody() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let random = group(&one.store, "random").await;
    let known = two.known().await;
    two.store(&known, vec![entry(&general, &alice, "a", None)]).await;
    let close = "UPDATE group_heads SET closed_until = clock_timestamp() + interval '1 min'";
    super::psql(&url, close);
    let both = vec![entry(&general, &alice, "a", None), entry(&random, &alice, "b", None)];
    let refused = two.shared.store_plain(two.plain(&known, both)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    two.store(&known, vec![entry(&random, &alice, "b", None)]).await;

    let (deleted, stored) = tokio::join!(one.store.moderation.delete_group(general.id), async {
        let mut stored = 0;
        for _ in 0..50 {
            let both = vec![entry(&general, &alice, "a", None), entry(&random, &alice, "b", None)];
            match two.shared.store_plain(two.plain(&known, both)).await {
                Ok(sent) => stored += usize::from(sent.is_some()),
                Err(error) => assert!(matches!(error, StoreError::Refused(_)), "{error}"),
            }
        }
        stored
    });
    assert!(deleted.unwrap());
    assert_eq!(stored, 0);
    assert_eq!(super::psql(&url, "SELECT count(*) FROM messages").trim(), "1");
}

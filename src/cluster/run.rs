//! What a node does beside what it is asked.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::carrier::Subject;
use super::node::{Node, shard};
use super::wire::{self, Told};

/// How long nobody has wanted a group to which nobody listens before it is forgotten.
const IDLE: Duration = Duration::from_secs(60);
/// How often that is looked at.
const SWEEP_PERIOD: Duration = Duration::from_secs(10);
/// How often it is looked whether there is a way to others again.
const UP_PERIOD: Duration = Duration::from_millis(100);

impl Node {
    /// Takes what comes, looks and fills holes, until it is dropped.
    pub async fn run(&self) {
        tokio::join!(
            self.take_what_comes(),
            self.keep_looking(),
            self.keep_filling(),
            self.tell_of_notices(),
            self.forget_unheard(),
            self.tell_who_is_online(),
            self.greet_when_up()
        );
    }

    async fn take_what_comes(&self) {
        loop {
            let arrived = self.carrier.next().await;
            if wire::sender(&arrived.payload) == Some(self.id) {
                // What it says itself it knows.
                continue;
            }
            match wire::parse(arrived.payload, |group| self.lines().has(group)) {
                Some((_, told)) => self.take(told).await,
                None => {
                    self.garbled.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    async fn take(&self, told: Told) {
        match told {
            Told::Pages(pages) => self.take_pages(pages, Vec::new(), None).await,
            Told::Broadcast(frames) => self.hub.deliver_to(self.hub.cores_of(frames.group), frames).await,
            Told::Notify(user, frame) => self.hub.notify_here(user, frame).await,
            Told::Look => self.looks.hint.notify_one(),
            Told::Presence(payload) => {
                if let Some(presence) = self.presence.get() {
                    presence.take(payload).await;
                }
            }
        }
    }

    /// Has others look when this node has changed something that they must know.
    async fn tell_of_notices(&self) {
        loop {
            self.shared.noticed().await;
            self.publish(Subject::All, wire::look(self.id));
        }
    }

    async fn tell_who_is_online(&self) {
        if let Some(presence) = self.presence.get() {
            presence.run(|said| self.publish(Subject::All, wire::presence(self.id, &said))).await;
        }
    }

    /// What was said while there was no way to others is lost, at the start too. So they are told at once when there is one.
    async fn greet_when_up(&self) {
        let mut was_up = false;
        loop {
            let is_up = self.carrier.is_up();
            if is_up
                && !was_up
                && let Some(presence) = self.presence.get()
            {
                presence.greet();
            }
            was_up = is_up;
            sleep(UP_PERIOD).await;
        }
    }

    /// Whether the node has looked once at what others have changed, and knows who is online on all nodes or has tried to
    /// for 1 s. Once true it stays so.
    pub fn is_settled(&self) -> bool {
        let is_whole = || self.presence.get().is_none_or(|presence| presence.is_whole());
        // A node that has looked has seen itself.
        self.beginning.is_over(self.looks.alive() > 0, is_whole)
    }

    /// Tells the others that this node stops, before it closes its sockets.
    pub fn say_goodbye(&self) {
        let presence = self.presence.get();
        for said in presence.map(|presence| presence.goodbye()).unwrap_or_default() {
            self.publish(Subject::All, wire::presence(self.id, &said));
        }
    }

    async fn forget_unheard(&self) {
        loop {
            sleep(SWEEP_PERIOD).await;
            let now = Instant::now();
            let is_heard = |group| self.hub.listeners(group).here() > 0;
            let forgotten = self.lines().forget(IDLE, now, is_heard);
            self.hub.recent().forget(&forgotten);
            let heard: std::collections::HashSet<i64> = self.lines().groups().map(shard).collect();
            let is_over = |shard: &i64, since: &mut Instant| now >= *since + IDLE && !heard.contains(shard);
            let over: Vec<i64> = self.shards().extract_if(is_over).map(|(shard, _)| shard).collect();
            over.into_iter().for_each(|shard| self.carrier.unlisten(shard));
        }
    }
}

//! What stands beside messages, who may be mentioned, and what is known of a message before it is changed.

use groupcast::model::limits::EMOJIS_MAX;
use groupcast::model::{ChangeKind, GroupId, MessageDetails, MessageId, UserId};
use groupcast::store::{MentionQuestion, Mentioned, TargetQuestion};

use super::chronicle::Chronicle;
use super::{NOW, group, user};

on_both! {
    async fn reactions_are_told_in_the_order_in_which_they_came(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let alice = chronicle.alice.clone();
        let message = chronicle.say(&alice, "x", None);
        let other = chronicle.say(&alice, "y", None);
        chronicle.commit(&store).await;
        let mut users = Vec::new();
        for n in 0..25 {
            users.push(user(&store, &format!("u{n}")).await);
        }
        // The one who came last in the order of the numbers reacts first, and some think better of it.
        for (n, user) in users.iter().enumerate().rev() {
            chronicle.react(user, message, ["z", "a"][n % 2], true);
        }
        for user in &users[20..] {
            chronicle.react(user, message, "a", false);
        }
        chronicle.react(&users[24], message, "z", false);
        chronicle.react(&users[24], message, "z", true);
        chronicle.react(&users[3], other, "e\u{301}", true);
        chronicle.react(&users[3], other, "é", true);
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
        let asked = vec![other.id, MessageId(99), message.id, other.id];
        let told = store.log.annotations(asked).await.unwrap();
        let emojis = |n: usize| told[n].reactions.iter().map(|r| (&*r.emoji, r.count)).collect::<Vec<_>>();
        assert_eq!(emojis(2), [("z", 13), ("a", 10)]);
        assert_eq!(told[2].reactions[0].users.len(), 10);
        assert_eq!((emojis(0), emojis(1), &told[0]), (vec![("e\u{301}", 1), ("é", 1)], vec![], &told[3]));
        assert_eq!(store.log.annotations(Vec::new()).await.unwrap(), []);
    }

    async fn replies_are_counted_without_the_deleted(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        let root = chronicle.say(&alice, "root", None);
        let mut replies = Vec::new();
        for n in 0..5 {
            let details = MessageDetails {
                reply_to: Some(replies.last().copied().unwrap_or(root).id),
                thread_id: Some(root.id),
                ..MessageDetails::default()
            };
            replies.push(chronicle.say(&bob, &format!("{n}"), Some(details)));
        }
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
        for (left, deleted) in [(4, replies[1]), (3, replies[4])] {
            chronicle.delete(&alice, deleted);
            chronicle.commit(&store).await;
            chronicle.check(&store).await;
            assert_eq!(store.log.annotations(vec![root.id]).await.unwrap()[0].replies, left);
        }
    }

    async fn a_target_tells_all_that_a_change_depends_on(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        let message = chronicle.say(&alice, "x", None);
        let details = MessageDetails { thread_id: Some(message.id), ..MessageDetails::default() };
        let reply = chronicle.say(&bob, "y", Some(details));
        chronicle.commit(&store).await;
        for n in 0..EMOJIS_MAX {
            chronicle.react(&alice, message, &format!("e{n:02}"), true);
            chronicle.react(&bob, message, &format!("e{n:02}"), n % 2 == 0);
        }
        chronicle.edit(&alice, message, "z", &[]);
        chronicle.commit(&store).await;
        let question = |message: MessageId, reaction: Option<(UserId, &str)>| TargetQuestion {
            group: chronicle.group.id,
            message,
            reaction: reaction.map(|(user, emoji)| (user, emoji.into())),
        };
        let elsewhere = TargetQuestion { group: GroupId(99), ..question(message.id, None) };
        let questions = vec![
            question(message.id, None),
            question(message.id, Some((alice.id, "e49"))),
            question(message.id, Some((bob.id, "e49"))),
            question(message.id, Some((bob.id, "E49"))),
            question(reply.id, Some((bob.id, "e49"))),
            question(MessageId(99), None),
            elsewhere,
        ];
        let targets = store.log.targets(questions.clone()).await.unwrap();
        assert_eq!(targets, questions.iter().map(|question| chronicle.target(question)).collect::<Vec<_>>());
        let emojis: Vec<_> = targets.iter().map(|target| target.as_ref().map(|target| target.emojis)).collect();
        let all = |is_among| Some((EMOJIS_MAX, is_among));
        assert_eq!(emojis, [all(false), all(true), all(true), all(false), Some((0, false)), None, None]);
        assert_eq!(targets[4].as_ref().unwrap().thread_id, Some(message.id));
        assert_eq!(store.log.targets(Vec::new()).await.unwrap(), []);
    }

    async fn members_are_found_by_their_names(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob, carol) = (user(&store, "alice").await, user(&store, "Bob").await, user(&store, "carol").await);
        let (one, two) = (group(&store, "one").await, group(&store, "two").await);
        for (group, user) in [(&one, &alice), (&one, &bob), (&two, &carol)] {
            store.directory.join(group.id, user.id, NOW).await.unwrap();
        }
        let question = |group, names: &[&str], everybody| MentionQuestion {
            group,
            names: names.iter().map(|&name| name.into()).collect(),
            everybody,
        };
        let answers = store
            .log
            .mentioned(vec![
                question(one.id, &["Bob", "bob", "alice", "carol", "nobody", "Bob"], false),
                question(two.id, &["alice"], true),
                question(one.id, &[], true),
                question(GroupId(99), &["alice"], true),
            ])
            .await
            .unwrap();
        let by_name = |user: &groupcast::model::User| (user.username.as_ref().into(), user.id);
        assert_eq!(answers, [
            Mentioned { by_name: vec![by_name(&alice), by_name(&bob)], everybody: vec![] },
            Mentioned { by_name: vec![], everybody: vec![carol.id] },
            Mentioned { by_name: vec![], everybody: vec![alice.id, bob.id] },
            Mentioned::default(),
        ]);
        assert_eq!(store.log.mentioned(Vec::new()).await.unwrap(), []);
    }

    async fn own_groups_tell_the_head_of_the_whole_log(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        store.directory.join(chronicle.group.id, alice.id, NOW).await.unwrap();
        chronicle.change(&bob, ChangeKind::Group { name: None, topic: Some("t".into()), join: None });
        chronicle.commit(&store).await;
        let own = store.moderation.own_groups(alice.id).await.unwrap();
        assert_eq!((own[0].head.0, &own[0].last_message), (1, &None));
        let message = chronicle.say(&alice, "x", None);
        chronicle.commit(&store).await;
        chronicle.edit(&alice, message, "y", &[bob.id]);
        chronicle.commit(&store).await;
        let own = store.moderation.own_groups(alice.id).await.unwrap();
        assert_eq!((own[0].head.0, &own[0].last_message), (3, &Some(chronicle.today(message.id))));
    }
}

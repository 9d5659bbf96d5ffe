//! Finding messages by their words.

use std::collections::BTreeMap;

use groupcast_kit::random::{Random, seeds};
use serde_json::{Value, json};

use super::scene::Scene;
use crate::access::people::{Client, Town, Trio};
use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::socket::encoded;
use crate::support::until;

both_stores!(
    words_of_many_scripts_are_found_where_they_stand,
    what_is_found_is_what_a_look_at_all_messages_finds,
    only_what_one_may_read_is_found,
    a_question_has_bounds,
    what_was_not_indexed_when_the_server_was_killed_is_found
);

impl Scene {
    /// What this user finds, with further parameters.
    pub(super) async fn find(&self, user: i64, query: &str, further: &str) -> Value {
        self.try_find(user, query, further).await.ok()
    }

    async fn try_find(&self, user: i64, query: &str, further: &str) -> Response {
        let path = format!("/api/v1/search/?q={}&user_id={user}{further}", encoded(query));
        self.server.http().await.get(&path).await
    }

    /// Waits until all that has been said and edited can be found: it is indexed in that order.
    pub(super) async fn settled(&self, mark: usize) {
        let mark = format!("mark{mark}");
        let id = self.post(self.alice, &mark).await["id"].clone();
        until("a message to be found", async || {
            let found = self.find(self.alice, &mark, "").await;
            (found[0]["message"]["id"] == id).then_some(())
        })
        .await;
    }
}

/// The numbers of the messages.
fn ids(found: &Value) -> Vec<i64> {
    found.as_array().unwrap().iter().map(|hit| hit["message"]["id"].as_i64().unwrap()).collect()
}

async fn words_of_many_scripts_are_found_where_they_stand(store: Store) {
    let scene = Scene::start(store).await;
    let says = [
        ("Grüße aus der STRASSE 5", "strasse grusse", json!([[0, 5], [14, 7]])),
        ("İstanbul'da kahve", "istanbul", json!([[0, 8]])),
        ("Καλημέρα κόσμε", "ΚΟΣΜΕ", json!([[9, 5]])),
        ("Ещё один тест", "еще те*", json!([[0, 3], [9, 4]])),
        ("السَّلام عليكم", "السلام", json!([[0, 8]])),
        ("שָׁלוֹם לכולם", "שלום", json!([[0, 7]])),
        ("यह किताब अच्छी है", "किताब", json!([[3, 5]])),
        ("ฉันเรียนภาษาไทย", "ภาษา", json!([[8, 4]])),
        ("我住在北京市", "北京", json!([[3, 2]])),
        ("東京タワーへ行く", "タワー", json!([[2, 3]])),
        ("한국어 공부", "공부", json!([[4, 2]])),
        ("done 🎉🎉 👩‍💻!", "👩‍💻", json!([[8, 3]])),
        ("snake_case: 100% sure", "case \"100 sure\"", json!([[6, 4], [12, 9]])),
    ];
    let mut sent = Vec::new();
    for (content, _, _) in &says {
        sent.push(scene.post(scene.alice, content).await["id"].clone());
    }
    scene.settled(0).await;
    for ((content, query, highlights), id) in says.iter().zip(&sent) {
        let found = scene.find(scene.alice, query, "").await;
        let message = scene.message(id).await;
        assert_eq!(found, json!([{ "message": message, "highlights": highlights }]), "{query} in {content}");
    }
    // With what stands beside it, as in lists.
    let reaction = super::scene::reaction_path(&sent[0], "+1");
    scene.ask(scene.alice, "PUT", &reaction, Value::Null).await;
    let found = scene.find(scene.alice, "strasse", "").await;
    assert_eq!(found[0]["message"], scene.message(&sent[0]).await);
    assert_eq!(found[0]["message"]["reactions"][0]["count"], 1);
}

const WORDS: [&str; 9] = ["red", "red", "green", "blue", "bluebird", "Bluebell", "x1", "été", "東京"];

/// A look at every message: what a reader would do without an index, for these words.
struct Naive {
    /// Content, sender and group of each.
    messages: BTreeMap<i64, (String, i64, i64)>,
}

impl Naive {
    fn words(content: &str) -> Vec<String> {
        content.to_lowercase().replace('é', "e").split_whitespace().map(str::to_owned).collect()
    }

    fn has(content: &str, term: &str) -> bool {
        let words = Self::words(content);
        let wanted = Self::words(term.trim_matches(['"', '*']));
        let is_it = |(word, wanted): (&String, &String)| match term.ends_with('*') {
            true => word.starts_with(wanted.as_str()),
            false => word == wanted || (wanted == "京" && word == "東京"),
        };
        words.windows(wanted.len()).any(|window| window.iter().zip(&wanted).all(is_it))
    }

    fn find(
        &self,
        terms: &[&str],
        sender: Option<i64>,
        group: Option<i64>,
        before: i64,
        limit: usize,
    ) -> Vec<i64> {
        let newest = self.messages.iter().rev();
        let meant = newest.filter(|(id, (_, by, place))| {
            **id < before
                && sender.is_none_or(|sender| *by == sender)
                && group.is_none_or(|group| *place == group)
        });
        let found = meant.filter(|(_, (content, _, _))| terms.iter().all(|term| Self::has(content, term)));
        found.map(|(id, _)| *id).take(limit).collect()
    }
}

async fn what_is_found_is_what_a_look_at_all_messages_finds(store: Store) {
    let seed = seeds(1).next().unwrap();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let scene = Scene::start(store).await;
    let body = json!({ "name": "h", "is_private": false, "user_id": scene.alice });
    let other = scene.server.http().await.post("/api/v1/groups/", &body).await.ok()["id"].as_i64().unwrap();
    for group in [scene.group, other] {
        let path = format!("groups/{group}/members/{}", scene.bob);
        assert_eq!(scene.ask(scene.bob, "PUT", &path, json!({})).await.status, 200);
    }
    let mut naive = Naive { messages: BTreeMap::new() };
    let (users, groups) = ([scene.alice, scene.bob], [scene.group, other]);
    for round in 0..8 {
        for _ in 0..40 {
            let content: Vec<&str> =
                (0..1 + random.size(5)).map(|_| WORDS[random.size(WORDS.len())]).collect();
            let content = content.join(" ");
            let known: Vec<i64> = naive.messages.keys().copied().collect();
            match random.below(10) {
                0 | 1 if !known.is_empty() => {
                    let id = known[random.size(known.len())];
                    let by = naive.messages[&id].1;
                    let edited = scene
                        .ask(by, "PATCH", &format!("messages/{id}"), json!({ "content": content }))
                        .await;
                    assert_eq!(edited.status, 200);
                    naive.messages.get_mut(&id).unwrap().0 = content;
                }
                2 if !known.is_empty() => {
                    let id = known[random.size(known.len())];
                    let (_, by, _) = naive.messages.remove(&id).unwrap();
                    assert_eq!(
                        scene.ask(by, "DELETE", &format!("messages/{id}"), Value::Null).await.status,
                        204
                    );
                }
                _ => {
                    let (by, group) = (users[random.size(2)], groups[random.size(2)]);
                    let body = json!({ "group_id": group, "user_id": by, "content": content });
                    let sent = scene.server.http().await.post("/api/v1/messages/", &body).await.ok();
                    naive.messages.insert(sent["id"].as_i64().unwrap(), (content, by, group));
                }
            }
        }
        scene.settled(round).await;
        for _ in 0..30 {
            let terms =
                ["red", "green", "\"red green\"", "blue", "blue*", "b*", "ÉTÉ", "京", "x1", "\"blue red\""];
            let terms: Vec<&str> = (0..1 + random.size(2)).map(|_| terms[random.size(terms.len())]).collect();
            let sender = random.chance(30).then(|| users[random.size(2)]);
            let group = random.chance(30).then(|| groups[random.size(2)]);
            let last = naive.messages.keys().next_back().copied().unwrap_or_default();
            let before = if random.chance(30) { 1 + random.below(last as u64) as i64 } else { i64::MAX };
            let limit = 1 + random.size(100);
            let mut further = format!("&limit={limit}");
            further.extend(sender.map(|sender| format!("&from_id={sender}")));
            further.extend(group.map(|group| format!("&group_id={group}")));
            further.extend((before < i64::MAX).then(|| format!("&before_id={before}")));
            let found = scene.find(scene.alice, &terms.join(" "), &further).await;
            let expected = naive.find(&terms, sender, group, before, limit);
            assert_eq!(ids(&found), expected, "{terms:?} {further}");
        }
        // Page by page nothing is missed and nothing comes twice.
        let (mut all, mut before) = (Vec::new(), i64::MAX);
        loop {
            let page = ids(&scene.find(scene.bob, "red", &format!("&limit=7&before_id={before}")).await);
            let Some(last) = page.last() else { break };
            before = *last;
            all.extend(page);
        }
        assert_eq!(all, naive.find(&["red"], None, None, i64::MAX, usize::MAX));
    }
}

/// Waits until this one finds something.
async fn found_by(client: &mut Client, query: &str) -> Value {
    until("something to be found", async || {
        let found = client.get(&format!("search/?q={query}")).await.ok();
        (found != json!([])).then_some(found)
    })
    .await
}

async fn only_what_one_may_read_is_found(store: Store) {
    let trio = Trio::start(store).await;
    let (mut by_olga, mut by_ann, mut by_bob) =
        (trio.by(&trio.olga).await, trio.by(&trio.ann).await, trio.by(&trio.bob).await);
    let open = by_olga.create_group("open", false).await;
    let closed = by_olga.create_invite_group("closed").await;
    for (group, content) in [(open, "secret in the open"), (closed, "secret in the closed")] {
        by_olga.post("messages/", json!({ "group_id": group, "content": content })).await.ok();
    }
    by_olga.put(&format!("groups/{closed}/members/{}", trio.ann.id), Value::Null).await.ok();
    until("both to be found", async || {
        let found = by_olga.get("search/?q=secret").await.ok();
        (found.as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    assert_eq!(ids(&found_by(&mut by_ann, "secret").await).len(), 1);
    assert_eq!(
        by_ann.get(&format!("search/?q=secret&group_id={closed}")).await.ok().as_array().unwrap().len(),
        1
    );
    // A stranger finds nothing, learns of no hidden group, and may not look into an open one.
    for further in [
        "",
        &format!("&group_id={closed}"),
        "&group_id=999999",
        "&group_id=0",
        &format!("&from_id={}", trio.olga.id),
    ] {
        assert_eq!(by_bob.get(&format!("search/?q=secret{further}")).await.ok(), json!([]), "{further}");
    }
    by_bob.get(&format!("search/?q=secret&group_id={open}")).await.detail(403);
    // Who was removed finds nothing more, who was banned neither, who is muted does.
    by_olga.put(&format!("groups/{closed}/mutes/{}", trio.ann.id), json!({})).await.ok();
    assert_eq!(ids(&by_ann.get("search/?q=secret").await.ok()).len(), 1);
    by_olga.delete(&format!("groups/{closed}/members/{}", trio.ann.id)).await;
    assert_eq!(by_ann.get("search/?q=secret").await.ok(), json!([]));
    assert_eq!(by_ann.get(&format!("search/?q=secret&group_id={closed}")).await.ok(), json!([]));
    by_olga.put(&format!("groups/{open}/bans/{}", trio.bob.id), json!({})).await.ok();
    assert_eq!(by_bob.get(&format!("search/?q=secret&group_id={open}")).await.detail(403), "banned");

    // An admin of the server reads everything, group by group.
    let town =
        Town::start_with(store, &["root"], &["--scope read --as-server", "--scope read --as-any"], &[]).await;
    let (root, olga) = (town.log_in("root").await, town.person("olga").await);
    let mut by_olga = town.client(&olga.token).await;
    let group = by_olga.create_group("g", false).await;
    by_olga.post("messages/", json!({ "group_id": group, "content": "secret" })).await.ok();
    found_by(&mut by_olga, "secret").await;
    let mut by_root = town.client(&root.token).await;
    assert_eq!(by_root.get("search/?q=secret").await.ok(), json!([]));
    assert_eq!(ids(&by_root.get(&format!("search/?q=secret&group_id={group}")).await.ok()).len(), 1);
    let mut by_server = town.client(&town.keys[0]).await;
    assert_eq!(ids(&by_server.get("search/?q=secret").await.ok()).len(), 1);
    let mut by_any = town.client(&town.keys[1]).await;
    by_any.get("search/?q=secret").await.detail(422);
    assert_eq!(ids(&by_any.get(&format!("search/?q=secret&user_id={}", olga.id)).await.ok()).len(), 1);
    town.stranger().await.get("search/?q=secret").await.detail(401);
}

async fn a_question_has_bounds(store: Store) {
    let scene = Scene::start(store).await;
    scene.post(scene.alice, "anything at all").await;
    scene.settled(0).await;
    for query in ["", "  ", "*", "\"\"", "-:_%", "\0", "AND OR"] {
        assert_eq!(scene.find(scene.alice, query, "").await, json!([]), "{query:?}");
    }
    assert_eq!(scene.find(scene.alice, "anything", "&limit=0").await, json!([]));
    assert_eq!(
        scene.find(scene.alice, "anything", "&limit=100000&before_id=99999999999999999999").await[0]["message"]
            ["seq"],
        1
    );
    assert_eq!(scene.find(scene.alice, "anything", "&before_id=0").await, json!([]));
    assert_eq!(scene.find(scene.alice, "anything", "&from_id=-1").await, json!([]));
    for (query, further) in [
        (&*"a".repeat(257), ""),
        (&*"a ".repeat(33), ""),
        ("a", "&limit=-1"),
        ("a", "&limit=x"),
        ("a", "&before_id=x"),
        ("a", "&from_id=x"),
        ("a", "&group_id="),
    ] {
        scene.try_find(scene.alice, query, further).await.detail(422);
    }
    scene.server.http().await.get("/api/v1/search/").await.detail(422);
    scene.server.http().await.get("/api/v1/search/?q=a").await.detail(422);
    assert_eq!(scene.try_find(999, "a", "").await.detail(404), "User not found");
}

async fn what_was_not_indexed_when_the_server_was_killed_is_found(store: Store) {
    let mut scene = Scene::start(store).await;
    let mut by_alice = scene.join("alice").await;
    for round in 1..4 {
        for n in 0..300 {
            by_alice.store(scene.group, &format!("needle {n}")).await;
        }
        scene.server.kill9().await;
        scene.server.restart().await;
        scene.settled(round).await;
        let (mut all, mut before) = (Vec::new(), i64::MAX);
        loop {
            let page =
                ids(&scene.find(scene.alice, "needle", &format!("&limit=100&before_id={before}")).await);
            let Some(last) = page.last() else { break };
            before = *last;
            all.extend(page);
        }
        assert_eq!(all.len(), 300 * round);
        assert!(all.is_sorted_by(|one, next| one > next));
        by_alice = scene.join("alice").await;
    }
}

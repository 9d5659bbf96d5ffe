//! Who may do what over REST: the contract's table of rights, played for everybody in every kind of group.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::people::{Client, Person, Town};
use crate::support::database::Store;
use crate::support::http::Response;

both_stores!(everybody_may_do_what_the_table_says, a_hidden_group_is_like_none);

/// The kinds of groups, in the order of a row's columns.
const KINDS: [Kind; 3] = [Kind::Open, Kind::Invite, Kind::Private];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Open,
    Invite,
    Private,
}

/// Who asks, in the order of a row's marks.
const WHO: [Who; 15] = [
    Who::Stranger,
    Who::Banned,
    Who::Kicked,
    Who::Member,
    Who::Muted,
    Who::Admin,
    Who::Owner,
    Who::Root,
    Who::OwnersKey(0),
    Who::OwnersKey(1),
    Who::OwnersKey(2),
    Who::ServersKey(3),
    Who::ServersKey(4),
    Who::AnyKey,
    Who::AnyKeyAsMember,
];

/// Arguments of `groupcast key add`.
const KEYS: [&str; 7] = [
    "--scope read --as olga",
    "--scope write --as olga",
    "--scope admin --as olga",
    "--scope read --as-server",
    "--scope admin --as-server",
    "--scope admin --as-any",
    "--scope write --as-any",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Stranger,
    Banned,
    Kicked,
    Member,
    Muted,
    Admin,
    Owner,
    /// An admin of the server, who is no member.
    Root,
    /// A key that acts as the owner.
    OwnersKey(usize),
    /// A key that acts as nobody.
    ServersKey(usize),
    /// A governing key that names nobody.
    AnyKey,
    /// A writing key that names a member.
    AnyKeyAsMember,
}

/// What is asked. In path and body `SELF` is who asks, `TARGET` a plain member (or the owner where there is no room for
/// another), `NEW` a stranger, `GROUP` the group.
struct Row {
    method: &'static str,
    path: &'static str,
    body: &'static str,
    /// What the owner does before it.
    before: Option<(&'static str, &'static str)>,
    /// Whether there has to be room for one more in a private group.
    needs_room: bool,
    /// For each kind of group what becomes of it for each who asks: `y` it is done, `n` 403, `b` 403 `banned`,
    /// `m` 403 `muted`, `-` 404 as if there were no group, `u` 422, `e` an empty list, `.` is not asked.
    expected: [&'static str; 3],
}

const fn row(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    expected: [&'static str; 3],
) -> Row {
    Row { method, path, body, before: None, needs_room: false, expected }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    //   stranger
    //   |banned
    //   ||kicked
    //   |||member
    //   ||||muted
    //   |||||admin
    //   ||||||owner
    //   |||||||admin of the server
    //   ||||||||key of the owner: read
    //   |||||||||write
    //   ||||||||||admin
    //   |||||||||||key of nobody: read
    //   ||||||||||||admin
    //   |||||||||||||key of anybody: admin, no name
    //   ||||||||||||||write, as a member
    row("GET", "groups/GROUP", "",
        ["yyyyyyyyyyyyyyy",
         "---yyyyyyyyyyyy",
         "---yyyyyyyyyyyy"]),
    row("GET", "groups/GROUP/members/", "",
        ["nbnyyyyyyyyyyyy",
         "---yyyyyyyyyyyy",
         "---yyyyyyyyyyyy"]),
    row("GET", "groups/GROUP/presence/", "",
        ["nbnyyyyyyyyyyyy",
         "---yyyyyyyyyyyy",
         "---yyyyyyyyyyyy"]),
    row("GET", "messages/?group_id=GROUP", "",
        ["nbnyyyyyyyyyyyy",
         "eeeyyyyyyyyyyyy",
         "eeeyyyyyyyyyyyy"]),
    row("GET", "groups/GROUP/bans/", "",
        ["nbnnnyyyyyyyyyn",
         "---nnyyyyyyyyyn",
         "---nnyyyyyyyyyn"]),
    row("GET", "groups/GROUP/mutes/", "",
        ["nbnnnyyyyyyyyyn",
         "---nnyyyyyyyyyn",
         "---nnyyyyyyyyyn"]),
    row("POST", "messages/", r#"{"group_id":GROUP,"content":"x"}"#,
        ["nbnymyynnyynnuy",
         "---ymyynnyynnuy",
         "---ymyynnyynnuy"]),
    // Joining.
    row("PUT", "groups/GROUP/members/SELF", "",
        ["ybyyyyyynyy...y",
         "---yyyyynyy...y",
         "---yyyynnyy...y"]),
    // Leaving.
    row("DELETE", "groups/GROUP/members/SELF", "",
        ["nbnyyyynnyy...y",
         "---yyyynnyy...y",
         "---yyyynnyy...y"]),
    Row { needs_room: true, ..row("PUT", "groups/GROUP/members/NEW", "{}",
        ["nbnnnyyynnynyyn",
         "---nnyyynnynyyn",
         "---nnyyynnynyyn"]) },
    // It changes nothing, and tells of the member.
    row("PUT", "groups/GROUP/members/TARGET", "",
        ["nbnnnyyynnynyyn",
         "---nnyyynnynyyn",
         "---nnyyynnynyyn"]),
    row("PUT", "groups/GROUP/members/TARGET", r#"{"role":"admin"}"#,
        ["nbnnnnyynnynyyn",
         "---nnnyynnynyyn",
         "---nnnyynnynyyn"]),
    row("DELETE", "groups/GROUP/members/TARGET", "",
        ["nbnnnyyynnynyyn",
         "---nnyyynnynyyn",
         "---nnyyynnynyyn"]),
    row("PUT", "groups/GROUP/bans/TARGET", r#"{"reason":"noise"}"#,
        ["nbnnnyyynnynyyn",
         "---nnyyynnynyyn",
         "---nnyyynnynyyn"]),
    Row { before: Some(("PUT", "groups/GROUP/bans/NEW")), ..row("DELETE", "groups/GROUP/bans/NEW", "",
        ["nbnnnyyynnynyyn",
         "---nnyyynnynyyn",
         "---nnyyynnynyyn"]) },
    row("PUT", "groups/GROUP/mutes/TARGET", "",
        ["nbnnnyyynnynyyn",
         "---nnyyynnynyyn",
         "---nnyyynnynyyn"]),
    Row { before: Some(("PUT", "groups/GROUP/mutes/TARGET")), ..row("DELETE", "groups/GROUP/mutes/TARGET", "",
        ["nbnnnyyynnynyyn",
         "---nnyyynnynyyn",
         "---nnyyynnynyyn"]) },
    row("PATCH", "groups/GROUP", r#"{"topic":"tea"}"#,
        ["nbnnnyyynnynyyn",
         "---nnyyynnynyyn",
         "---nnyyynnynyyn"]),
    row("DELETE", "groups/GROUP", "",
        ["nbnnnnyynnynyyn",
         "---nnnyynnynyyn",
         "---nnnyynnynyyn"]),
];

/// A server and everybody on it.
struct Stage {
    town: Town,
    people: HashMap<&'static str, Person>,
    owner: Client,
    asker: Client,
    /// Groups in which nothing was done yet, by their kind and who asks there.
    untouched: HashMap<(Kind, Who), i64>,
    groups: usize,
}

impl Stage {
    async fn set(store: Store) -> Self {
        let town = Town::start_with(store, &["root", "olga"], &KEYS, &[]).await;
        let mut people = HashMap::new();
        for name in ["root", "olga"] {
            people.insert(name, town.log_in(name).await);
        }
        for name in ["stranger", "banned", "kicked", "member", "muted", "admin", "target", "new"] {
            people.insert(name, town.person(name).await);
        }
        let (owner, asker) = (town.client(&people["olga"].token).await, town.stranger().await);
        Self { town, people, owner, asker, untouched: HashMap::new(), groups: 0 }
    }

    fn id(&self, name: &str) -> i64 {
        self.people[name].id
    }

    /// The name of the user who asks, if it is one.
    fn user(who: Who) -> Option<&'static str> {
        Some(match who {
            Who::Stranger => "stranger",
            Who::Banned => "banned",
            Who::Kicked => "kicked",
            Who::Member | Who::AnyKeyAsMember => "member",
            Who::Muted => "muted",
            Who::Admin => "admin",
            Who::Owner | Who::OwnersKey(_) => "olga",
            Who::Root => "root",
            Who::ServersKey(_) | Who::AnyKey => return None,
        })
    }

    /// Whether they take the second place of a private group.
    fn takes_a_place(who: Who) -> bool {
        matches!(who, Who::Member | Who::Muted | Who::Admin | Who::AnyKeyAsMember)
    }

    /// A new group of this kind in which everybody is what they are called.
    async fn group(&mut self, kind: Kind, who: Who, needs_room: bool) -> i64 {
        self.groups += 1;
        let group = self.owner.create_group(&format!("group {}", self.groups), kind == Kind::Private).await;
        if kind == Kind::Invite {
            self.owner.patch(&format!("groups/{group}"), json!({ "join": "invite" })).await.ok();
        }
        let name = Self::user(who).unwrap_or_default();
        let (member, ban, mute) = match self.people.get(name) {
            Some(Person { id, .. }) => (
                format!("groups/{group}/members/{id}"),
                format!("groups/{group}/bans/{id}"),
                format!("groups/{group}/mutes/{id}"),
            ),
            None => Default::default(),
        };
        let steps: &[(&str, &str, Value)] = match who {
            Who::Banned => &[("PUT", &ban, Value::Null)],
            Who::Kicked => &[("PUT", &member, Value::Null), ("DELETE", &member, Value::Null)],
            Who::Member | Who::AnyKeyAsMember => &[("PUT", &member, Value::Null)],
            Who::Muted => &[("PUT", &member, Value::Null), ("PUT", &mute, Value::Null)],
            Who::Admin => &[("PUT", &member, json!({ "role": "admin" }))],
            _ => &[],
        };
        for (method, path, body) in steps {
            let answer = self.owner.ask(method, path, body).await;
            assert!(matches!(answer.status, 200 | 204), "{method} {path}: {answer:?}");
        }
        if kind != Kind::Private || (!Self::takes_a_place(who) && !needs_room) {
            let target = format!("groups/{group}/members/{}", self.id("target"));
            self.owner.put(&target, Value::Null).await.ok();
        }
        group
    }

    /// A text of a row in which everybody has a number.
    fn fill(&self, text: &str, kind: Kind, who: Who, group: i64) -> String {
        let target = if kind == Kind::Private && Self::takes_a_place(who) { "olga" } else { "target" };
        let mut text = text.replace("GROUP", &group.to_string());
        text = text.replace("TARGET", &self.id(target).to_string());
        text = text.replace("NEW", &self.id("new").to_string());
        text.replace("SELF", &Self::user(who).map_or(0, |name| self.id(name)).to_string())
    }

    async fn ask(&mut self, row: &Row, kind: Kind, who: Who, group: i64) -> Response {
        let token = match who {
            Who::OwnersKey(key) | Who::ServersKey(key) => &self.town.keys[key],
            Who::AnyKey => &self.town.keys[5],
            Who::AnyKeyAsMember => &self.town.keys[6],
            _ => &self.people[Self::user(who).unwrap_or_default()].token,
        };
        self.asker.show(Some(token));
        let mut path = self.fill(row.path, kind, who, group);
        // In lists of messages it names the sender, and the key reads all.
        if who == Who::AnyKeyAsMember && row.path != "messages/?group_id=GROUP" {
            path = format!("{path}?user_id={}", self.id("member"));
        }
        let body = self.fill(row.body, kind, who, group);
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() };
        self.asker.ask(row.method, &path, &body).await
    }

    /// Asks what a row says, in a group of its own if that will change it, and gives what is wrong with the answer.
    async fn play(&mut self, row: &Row, kind: Kind, who: Who, expected: char) -> Option<String> {
        let is_changed = expected == 'y' && row.method != "GET";
        let group = match self.untouched.get(&(kind, who)) {
            Some(group) if !is_changed => *group,
            _ => self.group(kind, who, row.needs_room && is_changed).await,
        };
        if !is_changed {
            self.untouched.insert((kind, who), group);
        }
        if let Some((method, path)) = row.before.filter(|_| is_changed) {
            let path = self.fill(path, kind, who, group);
            self.owner.ask(method, &path, &Value::Null).await.ok();
        }
        let answer = self.ask(row, kind, who, group).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let is_expected = match expected {
            'y' => answer.status == if row.method == "DELETE" { 204 } else { 200 },
            'n' => answer.status == 403 && !["banned", "muted"].contains(&detail(&answer).as_str()),
            'b' => answer.status == 403 && detail(&answer) == "banned",
            'm' => answer.status == 403 && detail(&answer) == "muted",
            '-' => answer.status == 404 && detail(&answer) == "Group not found",
            'u' => answer.status == 422,
            'e' => answer.status == 200 && text == "[]",
            mark => panic!("no test knows the mark {mark}"),
        };
        (!is_expected).then(|| {
            format!(
                "{} {} by {who:?} in {kind:?}: {} {text}, not `{expected}`",
                row.method, row.path, answer.status
            )
        })
    }
}

fn detail(answer: &Response) -> String {
    answer.json()["detail"].as_str().unwrap_or_default().to_owned()
}

async fn everybody_may_do_what_the_table_says(store: Store) {
    let mut stage = Stage::set(store).await;
    let mut faults = Vec::new();
    for row in TABLE {
        for (kind, marks) in KINDS.into_iter().zip(row.expected) {
            assert_eq!(marks.len(), WHO.len(), "{} {}", row.method, row.path);
            for (who, mark) in WHO.into_iter().zip(marks.chars()).filter(|(_, mark)| *mark != '.') {
                // With an owner and an admin a private group is full, and there is nobody to act on.
                if (kind, who) != (Kind::Private, Who::Admin) {
                    faults.extend(stage.play(row, kind, who, mark).await);
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

async fn a_hidden_group_is_like_none(store: Store) {
    let mut stage = Stage::set(store).await;
    for kind in [Kind::Invite, Kind::Private] {
        for who in [Who::Stranger, Who::Banned, Who::Kicked] {
            let hidden = stage.group(kind, who, false).await;
            for row in TABLE {
                let of_hidden = stage.ask(row, kind, who, hidden).await;
                let of_none = stage.ask(row, kind, who, 999_999).await;
                let asked = format!("{} {} by {who:?} in {kind:?}", row.method, row.path);
                assert_eq!(of_hidden.status, of_none.status, "{asked}");
                assert_eq!(of_hidden.body, of_none.body, "{asked}");
                let names = |answer: &Response| -> Vec<String> {
                    answer
                        .headers
                        .iter()
                        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
                        .map(|(name, value)| format!("{name}: {value}"))
                        .collect()
                };
                assert_eq!(names(&of_hidden), names(&of_none), "{asked}");
            }
        }
    }
}

//! `groupcast group`.

use std::io::Write;

use serde::Serialize;

use super::listing::{Listing, printable, write_line};
use super::{AdminError, AdminResult, check, note_change, with_store};
use crate::chat;
use crate::config::GroupCommand;
use crate::model::limits::{GROUP_NAME_CHARS_MAX, PAGE_ROWS_MAX};
use crate::model::{GroupId, RetentionRule};
use crate::store::{Database, GroupChange, Store};

pub(super) async fn run(command: GroupCommand, database: &Database, out: &mut dyn Write) -> AdminResult<()> {
    match command {
        GroupCommand::Add { name, private, owner } => {
            check::name("group's name", &name, GROUP_NAME_CHARS_MAX)?;
            let owner = owner.as_deref();
            with_store(database, async |store| add(store, &name, private, owner, out).await).await
        }
        GroupCommand::Retain { name, retention } => {
            with_store(database, async |store| retain(store, &name, retention.rule(), out).await).await
        }
        GroupCommand::List { json } => with_store(database, async |store| list(store, json, out).await).await,
    }
}

async fn add(
    store: &Store,
    name: &str,
    is_private: bool,
    owner: Option<&str>,
    out: &mut dyn Write,
) -> AdminResult<()> {
    let owner = match owner {
        Some(owner) => Some(check::user(store, owner).await?.id),
        None => None,
    };
    let group = store.directory.create_group(name, is_private, owner, chat::now()).await?;
    note_change(store).await?;
    Ok(write_line(out, &format!("group {} is {}", group.id, printable(name)))?)
}

async fn retain(store: &Store, name: &str, rule: RetentionRule, out: &mut dyn Write) -> AdminResult<()> {
    let group = store.directory.group_by_name(name).await?;
    let group = group.ok_or_else(|| AdminError::Failed(format!("there is no group {name:?}")))?;
    let change = GroupChange { retention: Some(rule), ..GroupChange::default() };
    store.moderation.change_group(group.id, change).await?;
    note_change(store).await?;
    let age = rule.max_age.map(|age| format!("nothing older than {} seconds", age.as_secs()));
    let messages = rule.max_messages.map(|count| format!("the newest {count} messages"));
    let kept = match [messages, age].into_iter().flatten().collect::<Vec<_>>() {
        kept if kept.is_empty() => "what the server's settings say".to_owned(),
        kept => kept.join(", "),
    };
    Ok(write_line(out, &format!("group {} keeps {kept}", printable(name)))?)
}

/// A group as programs read it.
#[derive(Serialize)]
struct Row<'g> {
    id: i64,
    name: &'g str,
    is_private: bool,
    topic: &'g str,
    join: &'static str,
}

async fn list(store: &Store, is_json: bool, out: &mut dyn Write) -> AdminResult<()> {
    let mut listing = Listing::begin(out, is_json)?;
    let mut after = GroupId(0);
    loop {
        let page = store.directory.groups(None, after, 0, PAGE_ROWS_MAX as u64).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for group in &page {
            let id = group.id.to_string();
            let kind = if group.is_private { "private" } else { "public" };
            let join = group.join.name();
            let row = Row {
                id: group.id.0,
                name: &group.name,
                is_private: group.is_private,
                topic: &group.topic,
                join,
            };
            listing.row(&[&id, &group.name, kind, join, &group.topic], &row)?;
        }
    }
    Ok(listing.end()?)
}

//! `groupcast group`.

use std::io::Write;

use serde::Serialize;

use super::listing::{Listing, printable, write_line};
use super::{AdminResult, check, note_change, with_store};
use crate::chat;
use crate::config::GroupCommand;
use crate::model::GroupId;
use crate::model::limits::{GROUP_NAME_CHARS_MAX, PAGE_ROWS_MAX};
use crate::store::{Database, Store};

pub(super) async fn run(command: GroupCommand, database: &Database, out: &mut dyn Write) -> AdminResult<()> {
    match command {
        GroupCommand::Add { name, private, owner } => {
            check::name("group's name", &name, GROUP_NAME_CHARS_MAX)?;
            let owner = owner.as_deref();
            with_store(database, async |store| add(store, &name, private, owner, out).await).await
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

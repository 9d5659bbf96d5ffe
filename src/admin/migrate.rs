//! `groupcast migrate`.

use std::io::Write;

use serde::Serialize;

use super::listing::write_line;
use super::{AdminError, AdminResult};
use crate::config::Migrate;
use crate::store::{self, Database, Original, StoreError, Upgrade};

pub(super) async fn run(command: Migrate, database: &Database, out: &mut dyn Write) -> AdminResult<()> {
    let Migrate { is_dry, json } = command;
    let upgrade = match is_dry {
        true => store::lacks(database).await,
        false => store::migrate(database).await,
    };
    let upgrade = upgrade.map_err(AdminError::of_owner)?;
    match json {
        true => write_line(out, &as_json(&upgrade, is_dry)?)?,
        false => describe(&upgrade, database, is_dry, out)?,
    }
    // Where the other would fail, so does this.
    match upgrade.is_in_use {
        true => Err(AdminError::of_owner(StoreError::Owned(database.to_string()))),
        false => Ok(()),
    }
}

fn describe(upgrade: &Upgrade, database: &Database, is_dry: bool, out: &mut dyn Write) -> AdminResult<()> {
    let Upgrade { changes, original, .. } = upgrade;
    if let Some(Original { users, groups, messages }) = original {
        let does = if is_dry { "would take over" } else { "took over" };
        let what = format!("{users} users, {groups} groups and {messages} messages of the FastAPI program");
        write_line(out, &format!("{does} {what}"))?;
    }
    for change in changes {
        let does = if is_dry { "would apply" } else { "applied" };
        write_line(out, &format!("{does} {change}"))?;
    }
    if changes.is_empty() {
        write_line(out, &format!("{database} is up to date"))?;
    }
    Ok(())
}

/// What was missing, as programs read it.
#[derive(Serialize)]
struct Report<'u> {
    changes: &'u [String],
    is_applied: bool,
    taken_over: Option<TakenOver>,
}

#[derive(Serialize)]
struct TakenOver {
    users: u64,
    groups: u64,
    messages: u64,
}

fn as_json(upgrade: &Upgrade, is_dry: bool) -> AdminResult<String> {
    let taken_over =
        upgrade.original.map(|Original { users, groups, messages }| TakenOver { users, groups, messages });
    let report = Report { changes: &upgrade.changes, is_applied: !is_dry, taken_over };
    serde_json::to_string(&report).map_err(|error| AdminError::Failed(error.to_string()))
}

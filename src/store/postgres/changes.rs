//! Changes: the rows of the log, and what they do to messages.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::columns::each;
use super::error::column;
use super::instant::Instant;
use super::mentions;
use super::search_index::TakeOut;
use crate::model::{Change, Message};
use crate::store::change_row::{COLUMNS, ChangeRow, Detail};
use crate::store::effects::{Effects, Reaction};
use crate::store::{StoreResult, row};

/// The statements that store changes, each for any number of them.
pub(super) struct Statements {
    insert: Statement,
    edit: Statement,
    delete: Statement,
    take_reactions: Statement,
    react: Statement,
    mentions: mentions::Statements,
    take_out: TakeOut,
}

impl Statements {
    /// Prepares them.
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let insert = format!(
            "INSERT INTO log_entries ({COLUMNS}, place)
             SELECT new.*, row_number() OVER (PARTITION BY new.group_id ORDER BY new.seq) + coalesce(
                 (SELECT e.place FROM log_entries e WHERE e.group_id = new.group_id ORDER BY e.seq DESC LIMIT 1), 0)
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[],
                 $7::text[], $8::boolean[], $9::bigint[], $10::smallint[], $11::smallint[], $12::timestamptz[],
                 $13::text[], $14::text[], $15::boolean[], $16::text[], $17::timestamptz[])
                 AS new ({COLUMNS})"
        );
        let (insert, edit, delete, take_reactions, react, mentions, take_out) = tokio::try_join!(
            client.prepare(&insert),
            client.prepare(
                "UPDATE messages m SET content = new.content, mentions = new.mentions::bigint[],
                     edited_at = new.at, edited_seq = new.seq
                 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[])
                     AS new (id, group_id, seq, at, content, mentions)
                 WHERE m.id = new.id AND m.group_id = new.group_id AND m.deleted_seq IS NULL"
            ),
            client.prepare(
                "UPDATE messages m SET content = '', mentions = NULL, edited_at = NULL, edited_seq = NULL,
                     deleted_at = gone.at, deleted_seq = gone.seq
                 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[])
                     AS gone (id, group_id, seq, at)
                 WHERE m.id = gone.id AND m.group_id = gone.group_id AND m.deleted_seq IS NULL"
            ),
            client.prepare("DELETE FROM reactions WHERE message_id = ANY ($1::bigint[])"),
            // The message may have been cut off since it was looked at.
            client.prepare(
                "INSERT INTO reactions (message_id, user_id, seq, created_at, emoji, is_on)
                 SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[],
                     $6::boolean[]) AS new (message_id)
                 WHERE EXISTS (SELECT 1 FROM messages m WHERE m.id = new.message_id)
                 ON CONFLICT (message_id, emoji, user_id)
                 DO UPDATE SET is_on = excluded.is_on, seq = excluded.seq, created_at = excluded.created_at"
            ),
            mentions::Statements::prepare(client),
            TakeOut::prepare(client),
        )?;
        Ok(Self { insert, edit, delete, take_reactions, react, mentions, take_out })
    }

    /// Stores changes and has them take effect, in the transaction that is under way. All that is said to the database
    /// is said when this is polled for the first time; nothing if there are none. Whatever is stored already fails
    /// before it does anything.
    pub(super) async fn make(&self, client: &Client, changes: &[Change]) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let effects = Effects::of(changes);
        let edited = effects.edits.iter().map(|edit| edit.message);
        let other = edited.chain(effects.deletions.iter().map(|(message, _)| *message)).collect::<Vec<_>>();
        let mention = effects.edits.iter().filter(|edit| !edit.mentions.is_empty());
        let mention = mention.map(|edit| edit.message).collect::<Vec<_>>();
        let contents: Vec<i64> = effects.contents().map(|id| id.0).collect();
        let (made, forgotten, edited, noted, deleted, taken, reacted, taken_out) = tokio::join!(
            self.insert(client, changes),
            self.mentions.forget(client, &other),
            self.edit(client, &effects),
            self.mentions.note(client, &mention),
            self.delete(client, &effects),
            self.take_reactions(client, &effects),
            self.react(client, &effects.reactions),
            self.take_out.messages(client, &contents),
        );
        // The first is the cause, and the others only say that there was one.
        made.and(forgotten).and(edited).and(noted).and(deleted).and(taken).and(reacted).and(taken_out)
    }

    /// Makes findable whom these messages mention, in the same way; says nothing if they mention nobody.
    pub(super) async fn note_mentions(&self, client: &Client, messages: &[Message]) -> Result<(), Error> {
        let mention = messages.iter().filter(|message| message.mentions_anybody());
        self.mentions.note(client, &mention.map(|message| message.id).collect::<Vec<_>>()).await
    }

    async fn insert(&self, client: &Client, changes: &[Change]) -> Result<(), Error> {
        let rows: Vec<ChangeRow<'_>> = changes.iter().map(ChangeRow::of).collect();
        let instant = |row: &ChangeRow<'_>| row.detail.until.map(Instant);
        say(
            client,
            &self.insert,
            &[
                &each(&rows, |row| row.group),
                &each(&rows, |row| row.seq),
                &each(&rows, |row| row.user),
                &each(&rows, |row| row.detail.kind),
                &each(&rows, |row| row.detail.message_id),
                &each(&rows, |row| row.detail.message_seq),
                &each(&rows, |row| row.detail.emoji),
                &each(&rows, |row| row.detail.is_on),
                &each(&rows, |row| row.detail.member),
                &each(&rows, |row| row.detail.member_change),
                &each(&rows, |row| row.detail.role),
                &each(&rows, instant),
                &each(&rows, |row| row.detail.name),
                &each(&rows, |row| row.detail.topic),
                &each(&rows, |row| row.detail.invite_only),
                &each(&rows, |row| row.client_id),
                &each(&rows, |row| Instant(row.created_at)),
            ],
        )
        .await
    }

    async fn edit(&self, client: &Client, effects: &Effects<'_>) -> Result<(), Error> {
        let edits = &effects.edits;
        if edits.is_empty() {
            return Ok(());
        }
        say(
            client,
            &self.edit,
            &[
                &each(edits, |edit| edit.message.0),
                &each(edits, |edit| edit.by.group.id.0),
                &each(edits, |edit| edit.by.seq.0),
                &each(edits, |edit| Instant(edit.by.created_at)),
                &each(edits, |edit| edit.content),
                &each(edits, |edit| row::mentions_text(edit.mentions, ['{', '}'])),
            ],
        )
        .await
    }

    async fn delete(&self, client: &Client, effects: &Effects<'_>) -> Result<(), Error> {
        let deletions = &effects.deletions;
        if deletions.is_empty() {
            return Ok(());
        }
        say(
            client,
            &self.delete,
            &[
                &each(deletions, |(message, _)| message.0),
                &each(deletions, |(_, by)| by.group.id.0),
                &each(deletions, |(_, by)| by.seq.0),
                &each(deletions, |(_, by)| Instant(by.created_at)),
            ],
        )
        .await
    }

    async fn take_reactions(&self, client: &Client, effects: &Effects<'_>) -> Result<(), Error> {
        if effects.deletions.is_empty() {
            return Ok(());
        }
        say(client, &self.take_reactions, &[&each(&effects.deletions, |(message, _)| message.0)]).await
    }

    async fn react(&self, client: &Client, reactions: &[Reaction<'_>]) -> Result<(), Error> {
        if reactions.is_empty() {
            return Ok(());
        }
        say(
            client,
            &self.react,
            &[
                &each(reactions, |reaction| reaction.message.0),
                &each(reactions, |reaction| reaction.by.user.id.0),
                &each(reactions, |reaction| reaction.by.seq.0),
                &each(reactions, |reaction| Instant(reaction.by.created_at)),
                &each(reactions, |reaction| reaction.emoji),
                &each(reactions, |reaction| reaction.is_on),
            ],
        )
        .await
    }
}

async fn say(client: &Client, statement: &Statement, columns: &[&(dyn ToSql + Sync)]) -> Result<(), Error> {
    client.execute(statement, columns).await.map(drop)
}

/// Whether the row of each change is stored just as it stands there.
pub(super) async fn are_stored(client: &Client, changes: &[Change]) -> StoreResult<bool> {
    let rows: Vec<ChangeRow<'_>> = changes.iter().map(ChangeRow::of).collect();
    let (groups, seqs) = (each(&rows, |row| row.group), each(&rows, |row| row.seq));
    let select = format!(
        "SELECT e.* FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS asked (of_group, at_seq, position)
         CROSS JOIN LATERAL (
             SELECT {COLUMNS} FROM log_entries WHERE group_id = asked.of_group AND seq = asked.at_seq LIMIT 1) e
         ORDER BY position"
    );
    let stored = client.query(&select, &[&groups, &seqs]).await?;
    let stored = stored.iter().map(read).collect::<StoreResult<Vec<_>>>()?;
    Ok(stored == rows)
}

/// A row from [`COLUMNS`].
fn read(row: &Row) -> StoreResult<ChangeRow<'_>> {
    Ok(ChangeRow {
        group: column(row, 0, "log_entries", "group_id")?,
        seq: column(row, 1, "log_entries", "seq")?,
        user: column(row, 2, "log_entries", "user_id")?,
        detail: read_detail(row, 3)?,
        client_id: column(row, 15, "log_entries", "client_id")?,
        created_at: column::<Instant>(row, 16, "log_entries", "created_at")?.0,
    })
}

/// What a change is, from its columns of [`COLUMNS`] that begin at `first`.
pub(super) fn read_detail(row: &Row, first: usize) -> StoreResult<Detail<'_>> {
    let until: Option<Instant> = column(row, first + 8, "log_entries", "until")?;
    Ok(Detail {
        kind: column(row, first, "log_entries", "kind")?,
        message_id: column(row, first + 1, "log_entries", "message_id")?,
        message_seq: column(row, first + 2, "log_entries", "message_seq")?,
        emoji: column(row, first + 3, "log_entries", "emoji")?,
        is_on: column(row, first + 4, "log_entries", "is_on")?,
        member: column(row, first + 5, "log_entries", "member_id")?,
        member_change: column(row, first + 6, "log_entries", "member_change")?,
        role: column(row, first + 7, "log_entries", "role")?,
        until: until.map(|until| until.0),
        name: column(row, first + 9, "log_entries", "name")?,
        topic: column(row, first + 10, "log_entries", "topic")?,
        invite_only: column(row, first + 11, "log_entries", "invite_only")?,
    })
}

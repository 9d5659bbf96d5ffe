//! A group's log: messages and changes in one row.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use super::messages::{self, GROUP, USER};
use super::{changes, groups, users};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{Change, Entry, GroupId, Seq};
use crate::store::change_row::EDITED;
use crate::store::page::Page;
use crate::store::{StoreResult, row};

/// Where the columns of a change begin, behind those of a message, and those of the member that it is about.
const CHANGE: usize = messages::COLUMN_COUNT;
const MEMBER: usize = CHANGE + 12;

/// First both kinds of rows in one, of which a change has no `id` and a message no `kind`; then how many bytes come
/// before each, as in a page of messages. `$1` is the group, `$2` and `$3` the places between which the entries lie,
/// `$4` how many to bring.
fn sql() -> String {
    let places = "group_id = $1 AND seq > $2 AND seq < $3 ORDER BY seq LIMIT $4";
    format!(
        "SELECT {}, {}, {}, m.kind, m.message_id, m.message_seq, m.emoji, m.is_on, m.member_id, m.member_change, m.role,
                m.until, m.name, m.topic, m.invite_only, member.id, member.username, member.email, member.is_admin
         FROM (SELECT page.*, sum(octet_length(content)) OVER (ORDER BY seq) - octet_length(content) AS bytes_before
               FROM ((SELECT id, seq, content, client_id, created_at, reply_to, thread_id, mentions, edited_at,
                             deleted_at, user_id, NULL::smallint AS kind, NULL::bigint AS message_id,
                             NULL::bigint AS message_seq, NULL::text AS emoji, NULL::boolean AS is_on,
                             NULL::bigint AS member_id, NULL::smallint AS member_change, NULL::smallint AS role,
                             NULL::timestamptz AS until, NULL::text AS name, NULL::text AS topic,
                             NULL::boolean AS invite_only
                      FROM messages WHERE {places})
                     UNION ALL
                     (SELECT NULL, e.seq, coalesce(today.content, ''), e.client_id, e.created_at, NULL, NULL,
                             today.mentions, NULL, NULL, e.user_id, e.kind, e.message_id, e.message_seq, e.emoji,
                             e.is_on, e.member_id, e.member_change, e.role, e.until, e.name, e.topic, e.invite_only
                      FROM (SELECT * FROM log_entries WHERE {places}) e
                      LEFT JOIN LATERAL (SELECT content, mentions FROM messages
                                         WHERE id = e.message_id AND e.kind = {EDITED} LIMIT 1) today ON true
                      ORDER BY e.seq)
                     ORDER BY seq LIMIT $4) page) m
         JOIN users u ON u.id = m.user_id JOIN groups g ON g.id = $1
         LEFT JOIN users member ON member.id = m.member_id
         WHERE m.bytes_before < {PAGE_BYTES_MAX} ORDER BY m.seq",
        messages::COLUMNS,
        users::COLUMNS,
        groups::COLUMNS,
    )
}

/// See [`MessageLog::entries`](crate::store::MessageLog::entries).
pub(super) async fn page(
    client: &Client,
    group: GroupId,
    after: Seq,
    before: Seq,
    limit: u64,
) -> StoreResult<Vec<Entry>> {
    let select = client.prepare_cached(&sql()).await?;
    let rows = client.query(&select, &[&group.0, &after.0, &before.0, &row::page_rows(limit)]).await?;
    let mut shared = Page::default();
    rows.iter().map(|row| from_row(row, &mut shared)).collect()
}

fn from_row(row: &Row, shared: &mut Page) -> StoreResult<Entry> {
    if column::<Option<i16>>(row, CHANGE, "log_entries", "kind")?.is_none() {
        return messages::from_row(row, shared).map(Entry::Message);
    }
    let group = row::group_id(column(row, GROUP, "log_entries", "group_id")?, "log_entries", "group_id")?;
    let user = row::user_id(column(row, USER, "log_entries", "user_id")?, "log_entries", "user_id")?;
    let today = || Ok((column::<&str>(row, 2, "messages", "content")?.into(), messages::mentions(row, 7)?));
    Ok(Entry::Change(Change {
        seq: row::seq(column(row, 1, "log_entries", "seq")?)?,
        group: shared.group(group, || groups::from_row_at(row, GROUP))?,
        user: shared.user(user, || users::from_row_at(row, USER))?,
        kind: changes::read_detail(row, CHANGE)?
            .read(today, |member| shared.user(member, || users::from_row_at(row, MEMBER)))?,
        client_id: column::<Option<&str>>(row, 3, "log_entries", "client_id")?.map(Into::into),
        created_at: messages::created_at(row, 4)?,
    }))
}

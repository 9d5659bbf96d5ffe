//! Erasing a user.

use deadpool_postgres::{ClientWrapper as Client, Transaction};

use super::error::{column, is_duplicate, unavailable};
use super::pool::LONG_WORK;
use super::{members, notices, search_index, sessions, standing, users};
use crate::model::{GroupId, NodeId, Removal, UserId};
use crate::store::{Erased, Notice, StoreError, StoreResult, prefix, row};

/// See [`Accounts::erase_user`](crate::store::Accounts::erase_user).
pub(super) async fn erase(
    client: &mut Client,
    node: Option<NodeId>,
    user: UserId,
    with_messages: bool,
) -> StoreResult<Option<Erased>> {
    let transaction = client.transaction().await?;
    match users::lock(&transaction, user).await {
        Err(StoreError::Missing(_)) => return Ok(None),
        locked => locked?,
    }
    transaction.batch_execute(LONG_WORK).await?;
    // The bulk of the messages goes while others of the user can still be stored, those that were are last.
    let blanked = if with_messages { blank_messages(&transaction, user, 0).await? } else { 0 };
    // Groups are locked before users, see the function `admissions`. Those that the user came into meanwhile are few.
    let mut left = leave_all(&transaction, user, true).await?;
    become_nobody(&transaction, user).await?;
    left.extend(leave_all(&transaction, user, false).await?);
    if with_messages {
        blank_messages(&transaction, user, blanked).await?;
        search_index::take_out_sender(&transaction, user).await?;
    }
    for table in ["group_bans", "group_mutes", "api_keys", "outside_identities", "mentions", "sent_ids"] {
        let delete = transaction.prepare_cached(&format!("DELETE FROM {table} WHERE user_id = $1")).await?;
        transaction.execute(&delete, &[&user.0]).await?;
    }
    let sessions = sessions::end_all(&transaction, user, None).await?;
    let gone = left.iter().flat_map(|(group, heir)| notices::removed(*group, user, Removal::Left, *heir));
    let gone = gone.chain([Notice::UserErased(user)]);
    let gone: Vec<Notice> = gone.chain(sessions.iter().map(|session| Notice::Session(*session))).collect();
    notices::write(&transaction, node, &gone).await?;
    transaction.commit().await?;
    let heirs = left.iter().filter_map(|(group, heir)| Some((*group, (*heir)?))).collect();
    let groups = left.into_iter().map(|(group, _)| group).collect();
    Ok(Some(Erased { sessions, groups, heirs }))
}

/// Takes their contents from the user's messages after this one; answers which was the last.
async fn blank_messages(transaction: &Transaction<'_>, user: UserId, after: i64) -> StoreResult<i64> {
    let update = transaction
        .prepare_cached(
            "WITH named AS MATERIALIZED (
                 SELECT unnest(mentions) AS user_id, group_id, seq FROM messages
                 WHERE user_id = $1 AND id > $2 AND mentions IS NOT NULL
             ), forgotten AS (
                 DELETE FROM mentions m USING named
                 WHERE m.user_id = named.user_id AND m.group_id = named.group_id AND m.seq = named.seq
             ), blanked AS (UPDATE messages SET content = '', mentions = NULL
                 WHERE user_id = $1 AND id > $2 AND (content <> '' OR mentions IS NOT NULL) RETURNING id)
             SELECT coalesce(max(id), $2) FROM blanked",
        )
        .await?;
    column(&transaction.query_one(&update, &[&user.0, &after]).await?, 0, "messages", "id")
}

/// Gives the row a name that nobody has. Whoever was about to make the user a member has done so before this, or finds
/// afterwards that there is no such user.
async fn become_nobody(transaction: &Transaction<'_>, user: UserId) -> StoreResult<()> {
    let username = free(transaction, user, "username").await?;
    let email = free(transaction, user, "email").await?;
    let update = transaction
        .prepare_cached(
            "UPDATE users SET username = $2, username_lower = $3, email = $4, password = '', is_admin = false,
                 erased = true WHERE id = $1",
        )
        .await?;
    match transaction.execute(&update, &[&user.0, &username, &prefix::lower(&username), &email]).await {
        Err(error) if is_duplicate(&error) => Err(unavailable("somebody has just taken the name")),
        changed => Ok(changed.map(drop)?),
    }
}

/// The first placeholder that nobody has in this column.
async fn free(transaction: &Transaction<'_>, user: UserId, column_name: &str) -> StoreResult<String> {
    let select = transaction
        .prepare_cached(&format!(
            "SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS asked (name, position)
             WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.{column_name} = name) ORDER BY position LIMIT 1"
        ))
        .await?;
    match transaction.query_opt(&select, &[&row::placeholders(user)]).await? {
        Some(row) => column(&row, 0, "users", "username"),
        None => Err(StoreError::Refused("others have all names that stand for one who is erased".into())),
    }
}

/// Takes the user out of all groups; answers which.
async fn leave_all(
    transaction: &Transaction<'_>,
    user: UserId,
    locks_groups: bool,
) -> StoreResult<Vec<(GroupId, Option<UserId>)>> {
    let select = transaction
        .prepare_cached("SELECT group_id FROM group_memberships WHERE user_id = $1 ORDER BY group_id")
        .await?;
    let mut left = Vec::new();
    for row in transaction.query(&select, &[&user.0]).await? {
        let group = row::group_id(
            column(&row, 0, "group_memberships", "group_id")?,
            "group_memberships",
            "group_id",
        )?;
        if locks_groups {
            match standing::lock_group(transaction, group).await {
                // Deleted at this moment.
                Err(StoreError::Missing(_)) => continue,
                locked => locked?,
            };
        }
        let removed = members::take_out(transaction, group, user).await?;
        left.push((group, removed.and_then(|removed| removed.heir)));
    }
    Ok(left)
}

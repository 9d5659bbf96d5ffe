//! Members who may be mentioned.

use tokio_postgres::{Client, Error, Statement};

use super::error::column;
use crate::model::UserId;
use crate::model::limits::MENTIONED_MAX;
use crate::store::{MentionQuestion, Mentioned, StoreResult, row};

const BY_NAME: &str = "SELECT DISTINCT asked.question, u.username, u.id
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS asked (question, group_id, name)
    JOIN users u ON u.username = asked.name
    JOIN group_memberships m ON m.group_id = asked.group_id AND m.user_id = u.id
    ORDER BY asked.question, u.id";

/// The statements that find members.
pub(super) struct Statements {
    by_name: Statement,
    everybody: Statement,
}

impl Statements {
    /// Prepares them.
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let everybody = format!(
            "SELECT user_id FROM group_memberships WHERE group_id = $1 ORDER BY user_id LIMIT {MENTIONED_MAX}"
        );
        let (by_name, everybody) = tokio::try_join!(client.prepare(BY_NAME), client.prepare(&everybody))?;
        Ok(Self { by_name, everybody })
    }

    /// See [`MessageLog::mentioned`](crate::store::MessageLog::mentioned).
    pub(super) async fn find(
        &self,
        client: &Client,
        questions: &[MentionQuestion],
    ) -> StoreResult<Vec<Mentioned>> {
        let mut answers = self.by_name(client, questions).await?;
        for (question, answer) in questions.iter().zip(&mut answers) {
            if question.everybody {
                let rows = client.query(&self.everybody, &[&question.group.0]).await?;
                answer.everybody = rows.iter().map(|row| user(row, 0)).collect::<StoreResult<_>>()?;
            }
        }
        Ok(answers)
    }

    async fn by_name(&self, client: &Client, questions: &[MentionQuestion]) -> StoreResult<Vec<Mentioned>> {
        let mut answers: Vec<Mentioned> = questions.iter().map(|_| Mentioned::default()).collect();
        let (mut places, mut groups, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (place, question) in (0_i64..).zip(questions) {
            for name in &question.names {
                places.push(place);
                groups.push(question.group.0);
                names.push(&**name);
            }
        }
        if names.is_empty() {
            return Ok(answers);
        }
        for row in &client.query(&self.by_name, &[&places, &groups, &names]).await? {
            let place: i64 = column(row, 0, "users", "id")?;
            let name: &str = column(row, 1, "users", "username")?;
            if let Some(answer) = usize::try_from(place).ok().and_then(|place| answers.get_mut(place)) {
                answer.by_name.push((name.into(), user(row, 2)?));
            }
        }
        Ok(answers)
    }
}

fn user(row: &tokio_postgres::Row, index: usize) -> StoreResult<UserId> {
    row::user_id(column(row, index, "group_memberships", "user_id")?, "group_memberships", "user_id")
}

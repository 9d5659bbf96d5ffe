//! Bans and mutes, as they are sent and shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::Sanction;
use crate::compat::fastapi::Form;
use crate::http::openapi::Field;
use crate::http::views::Person;
use crate::model::{Timestamp, UserId};

/// A ban or a mute. What it does not have is left out.
#[derive(Serialize, ToSchema)]
#[schema(as = Sanction)]
pub(super) struct SanctionView<'s> {
    #[serde(flatten)]
    person: Person<'s>,
    /// Who did it; null for a key that acts as nobody, and for who has been erased.
    #[schema(required)]
    by: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    until: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl<'s> From<&'s Sanction> for SanctionView<'s> {
    fn from(sanction: &'s Sanction) -> Self {
        Self {
            person: Person::from(&sanction.user),
            by: sanction.by.map(|UserId(id)| id),
            reason: sanction.reason.as_deref(),
            until: Some(sanction.until)
                .filter(|until| *until != Timestamp::FOREVER)
                .map(|until| until.to_string()),
            created_at: sanction.created_at.to_string(),
        }
    }
}

/// The end of a ban or a mute, as it is sent.
pub(super) const UNTIL: Field = Field::instant("until", "When it ends; without it never.").optional();

/// Takes the end of a ban or a mute, which need not have one.
pub(super) fn take_until(form: &mut Form<'_>) -> Timestamp {
    form.optional_instant("until").map_or(Timestamp::FOREVER, Timestamp)
}

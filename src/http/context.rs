//! A request on its way to its answer.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use tokio_util::sync::CancellationToken;

use super::error::HttpError;
use super::params::Params;
use super::request_body::{self, BodyLimits, IncomingBody};
use crate::chat::{Caller, Chat, ChatError, Claim, Entity, Principal};
use crate::compat::fastapi::json::Value;
use crate::compat::fastapi::{
    Form, Problems, Query, parse_fields, parse_object, parse_optional_object, path_integer,
};
use crate::model::{GroupId, UserId};

/// A request, and all that answers it.
pub(super) struct Context<'r> {
    pub(super) chat: &'r Arc<Chat>,
    pub(super) head: &'r Parts,
    /// Of the client: its own or, behind a trusted proxy, what that says. IPv4 where it is mapped into IPv6.
    pub(super) address: IpAddr,
    /// Who asks, as far as the handler [needs](super::need::Need) it.
    pub(super) caller: Caller,
    pub(super) query: Query<'r>,
    pub(super) params: Params<'r>,
    pub(super) body: &'r mut IncomingBody<'r>,
    pub(super) body_limits: BodyLimits,
    /// Whether `/metrics` is here, and not at an address of its own.
    pub(super) shows_metrics: bool,
    /// Cancelled when the server is told to stop.
    pub(super) leaving: &'r CancellationToken,
}

impl Context<'_> {
    /// The number of a row, from the path.
    ///
    /// # Errors
    /// 422 if the parameter is no integer; not found if it is one that no row can have.
    pub(super) fn row_id(&self, param: &'static str, entity: Entity) -> Result<i64, HttpError> {
        let number = path_integer(param, self.params.get(param))?;
        Ok(i64::try_from(number).map_err(|_| ChatError::NotFound(entity))?)
    }

    /// The group in the path.
    ///
    /// # Errors
    /// As of [`row_id`](Self::row_id).
    pub(super) fn group_id(&self) -> Result<GroupId, HttpError> {
        Ok(GroupId(self.row_id("group_id", Entity::Group)?))
    }

    /// The user in the path.
    ///
    /// # Errors
    /// As of [`row_id`](Self::row_id).
    pub(super) fn user_id(&self) -> Result<UserId, HttpError> {
        Ok(UserId(self.row_id("user_id", Entity::User)?))
    }

    /// Who acts: whom `user_id` in the query names, else who asks.
    ///
    /// # Errors
    /// 422 if that is no integer; those of [`Chat::act_as`].
    pub(super) async fn acting(&self) -> Result<Caller, HttpError> {
        self.acting_as(None).await
    }

    /// Who acts: whom the body names, else as [`acting`](Self::acting).
    ///
    /// # Errors
    /// As of [`acting`](Self::acting).
    pub(super) async fn acting_as(&self, named: Option<i128>) -> Result<Caller, HttpError> {
        let named = match named {
            Some(number) => Some(number),
            None => self.named()?,
        };
        let Some(number) = named else { return Ok(self.caller.clone()) };
        let id = i64::try_from(number).map_err(|_| ChatError::NotFound(Entity::User))?;
        let principal = self.chat.act_as(&self.caller, Some(Claim::UserId(UserId(id)))).await?;
        Ok(Caller::User(principal))
    }

    /// Who changes something: as [`acting`](Self::acting), but where names are believed there has to be one.
    ///
    /// # Errors
    /// 422 without one; as of [`acting`](Self::acting).
    pub(super) async fn changing(&self) -> Result<Caller, HttpError> {
        self.changing_as(None).await
    }

    /// Who changes something: whom the body names, else as [`changing`](Self::changing).
    ///
    /// # Errors
    /// As of [`changing`](Self::changing).
    pub(super) async fn changing_as(&self, named: Option<i128>) -> Result<Caller, HttpError> {
        match self.acting_as(named).await? {
            Caller::Nobody => Err(ChatError::Unnamed.into()),
            caller => Ok(caller),
        }
    }

    /// The user who acts.
    ///
    /// # Errors
    /// Those of [`Chat::act_as`]: there may be none.
    pub(super) async fn principal(&self) -> Result<Principal, HttpError> {
        Ok(self.chat.act_as(&self.acting().await?, None).await?)
    }

    /// Whether it is left to the body to say who acts.
    pub(super) fn leaves_open_who_acts(&self) -> bool {
        matches!(self.caller, Caller::Nobody | Caller::Any(_)) && self.query.get("user_id").is_none()
    }

    fn named(&self) -> Result<Option<i128>, Problems> {
        let mut problems = Problems::default();
        let named = self.query.integer("user_id", &mut problems);
        problems.check().map(|()| named)
    }

    /// Reads the body, a JSON object, and lets `read` take its fields. Nothing of the body is kept.
    ///
    /// # Errors
    /// 413, 408, or 400 for a body that can not be read; 422 for one that is no object, or if a field is wrong.
    pub(super) async fn form<T>(&mut self, read: impl FnOnce(&mut Form<'_>) -> T) -> Result<T, HttpError> {
        let bytes = self.read_body().await?;
        let mut scratch = Vec::new();
        take(&parse_object(self.content_type(), &bytes, &mut scratch)?, read)
    }

    /// The same of a body that may be absent, which has no fields.
    ///
    /// # Errors
    /// As of [`form`](Self::form).
    pub(super) async fn optional_form<T>(
        &mut self,
        read: impl FnOnce(&mut Form<'_>) -> T,
    ) -> Result<T, HttpError> {
        let bytes = self.read_body().await?;
        let mut scratch = Vec::new();
        take(&parse_optional_object(self.content_type(), &bytes, &mut scratch)?, read)
    }

    /// The same of a body that may also be what an HTML form sends.
    ///
    /// # Errors
    /// As of [`form`](Self::form).
    pub(super) async fn any_form<T>(
        &mut self,
        read: impl FnOnce(&mut Form<'_>) -> T,
    ) -> Result<T, HttpError> {
        let bytes = self.read_body().await?;
        match parse_fields(self.content_type(), &bytes) {
            Some(fields) => {
                let fields = fields.iter().map(|(name, value)| (&**name, Value::String(value)));
                take(&Value::Object(fields.collect()), read)
            }
            None => take(&parse_object(self.content_type(), &bytes, &mut Vec::new())?, read),
        }
    }

    async fn read_body(&mut self) -> Result<Bytes, HttpError> {
        request_body::read(&mut *self.body, self.body_limits).await
    }

    fn content_type(&self) -> Option<&[u8]> {
        self.head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)
    }
}

/// Lets `read` take the fields of an object.
fn take<T>(object: &Value<'_>, read: impl FnOnce(&mut Form<'_>) -> T) -> Result<T, HttpError> {
    let mut form = Form::new(object);
    let fields = read(&mut form);
    form.finish()?;
    Ok(fields)
}

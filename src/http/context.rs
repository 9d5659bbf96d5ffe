//! A request on its way to its answer.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use tokio_util::sync::CancellationToken;

use super::error::HttpError;
use super::params::Params;
use super::request_body::{self, BodyLimits, IncomingBody};
use crate::chat::{Chat, ChatError, Entity};
use crate::compat::fastapi::{Form, Query, parse_object, path_integer};

/// A request, and all that answers it.
pub(super) struct Context<'r> {
    pub(super) chat: &'r Arc<Chat>,
    pub(super) head: &'r Parts,
    /// Of the client: its own or, behind a trusted proxy, what that says. IPv4 where it is mapped into IPv6.
    #[expect(dead_code, reason = "wrong passwords are counted by it")]
    pub(super) address: IpAddr,
    pub(super) query: Query<'r>,
    pub(super) params: Params<'r>,
    pub(super) body: &'r mut IncomingBody<'r>,
    pub(super) body_limits: BodyLimits,
    /// Cancelled when the server is told to stop.
    pub(super) draining: &'r CancellationToken,
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

    /// Reads the body, a JSON object, and lets `read` take its fields. Nothing of the body is kept.
    ///
    /// # Errors
    /// 413, 408, or 400 for a body that can not be read; 422 for one that is no object, or if a field is wrong.
    pub(super) async fn form<T>(&mut self, read: impl FnOnce(&mut Form<'_>) -> T) -> Result<T, HttpError> {
        let bytes = request_body::read(&mut *self.body, self.body_limits).await?;
        let content_type = self.head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let mut scratch = Vec::new();
        let object = parse_object(content_type, &bytes, &mut scratch)?;
        let mut form = Form::new(&object);
        let fields = read(&mut form);
        form.finish()?;
        Ok(fields)
    }
}

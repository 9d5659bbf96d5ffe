//! What a resource is.

use std::pin::Pin;

use hyper::{Method, Response};

use crate::chat::SocketTarget;

use super::body::Body;
use super::context::Context;
use super::error::HttpError;
use super::need::Need;
use super::openapi::{Entry, Operation};
use super::params::Params;

/// Something that has a path.
pub(super) struct Resource {
    /// Templates of its paths, with a leading slash and the names of parameters in braces, such as
    /// `/api/v1/users/{user_id}`. A parameter is one whole segment. The first one names the resource in metrics; the
    /// others are aliases with the same parameters.
    pub(super) paths: &'static [&'static str],
    pub(super) serves: Serves,
}

/// How a resource is used.
pub(super) enum Serves {
    /// By plain requests, with these methods, of which each needs something to be shown, and is described.
    Methods(&'static [(Method, Need, &'static dyn Handler, &'static Operation)]),
    /// By GET and HEAD, with nothing shown. It is for people, or about the API, and no part of it.
    Page(&'static dyn Handler),
    /// By WebSockets, for what the parameters of the path say. To plain requests it does not exist.
    Socket(fn(&Params<'_>) -> Result<SocketTarget, HttpError>),
    /// By WebSockets that get back what they send, where that is enabled; else it does not exist at all.
    Echo,
}

/// What becomes of a request.
pub(super) type Answer = Result<Response<Body>, HttpError>;

/// Answers requests with one method. Every `async fn(Context<'_>) -> Answer` does.
pub(super) trait Handler: Sync {
    /// Answers one request.
    fn call<'r>(&'static self, context: Context<'r>) -> Pin<Box<dyn Future<Output = Answer> + 'r>>;
}

impl<F> Handler for F
where
    F: for<'r> AsyncFn(Context<'r>) -> Answer + Sync,
{
    fn call<'r>(&'static self, context: Context<'r>) -> Pin<Box<dyn Future<Output = Answer> + 'r>> {
        Box::pin(async move { self(context).await })
    }
}

impl Resource {
    /// What answers this method, and what it needs.
    ///
    /// # Errors
    /// 405, or 404 for a socket.
    pub(super) fn handler(&self, method: &Method) -> Result<(Need, &'static dyn Handler), HttpError> {
        let mut allow: Vec<&str> = match self.serves {
            Serves::Socket(_) | Serves::Echo => return Err(HttpError::NOT_FOUND),
            Serves::Page(handler) if [Method::GET, Method::HEAD].contains(method) => {
                return Ok((Need::Open, handler));
            }
            Serves::Page(_) => vec!["GET", "HEAD"],
            Serves::Methods(methods) => match methods.iter().find(|(offered, ..)| offered == method) {
                Some((_, need, handler, _)) => return Ok((*need, *handler)),
                None => methods.iter().map(|(method, ..)| method.as_str()).collect(),
            },
        };
        allow.sort_unstable();
        Err(HttpError::MethodNotAllowed { allow: allow.join(", ") })
    }

    /// Whether it shows users, groups or messages.
    pub(super) fn is_of_api(&self) -> bool {
        self.paths.first().is_some_and(|path| path.starts_with("/api/"))
    }

    /// What is told of its methods; nothing of a page or a socket.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> + use<> {
        let methods = match self.serves {
            Serves::Methods(methods) => methods,
            Serves::Page(_) | Serves::Socket(_) | Serves::Echo => &[],
        };
        let template = self.paths.first().copied().unwrap_or_default();
        methods.iter().map(move |(method, need, _, operation)| Entry {
            template,
            method,
            need: *need,
            operation,
        })
    }
}

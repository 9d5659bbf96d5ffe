//! Who is asking, and whether they may ask at all.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::HeaderMap;

use super::address_limit::AddressLimit;
use super::error::HttpError;
use super::forwarded::TrustedProxies;
use super::router::Route;

/// What those who watch over the server ask, as often as they like.
const UNLIMITED: [&str; 2] = ["/healthz", "/readyz"];

/// What is asked of every request, whatever it is for.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) trusted_proxies: TrustedProxies,
    /// How often one address may send a request; `None`: as it likes.
    pub(super) request_limit: Option<Arc<AddressLimit>>,
    /// How often one address may connect; `None`: as it likes.
    pub(super) connect_limit: Option<Arc<AddressLimit>>,
}

impl Gate {
    /// The address of the client whose request came over a connection from `peer`.
    pub(super) fn client(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        self.trusted_proxies.client(headers, peer)
    }

    /// Counts a request.
    ///
    /// # Errors
    /// 429 if there are too many of this client.
    pub(super) fn check_request(&self, route: Option<&Route<'_>>, client: IpAddr) -> Result<(), HttpError> {
        match &self.request_limit {
            Some(limit) if !route.is_some_and(|route| UNLIMITED.contains(&route.template())) => {
                limit.check(client).map_err(|wait| too_many("Too many requests", wait))
            }
            _ => Ok(()),
        }
    }

    /// Counts a handshake that came through a proxy. Others were counted when they connected.
    ///
    /// # Errors
    /// 429 if there are too many of this client.
    pub(super) fn check_handshake(&self, client: IpAddr, peer: IpAddr) -> Result<(), HttpError> {
        let Some(limit) = &self.connect_limit else { return Ok(()) };
        if !self.trusted_proxies.contains(peer) || self.trusted_proxies.contains(client) {
            return Ok(());
        }
        limit.check(client).map_err(|wait| too_many("Too many connections", wait))
    }
}

/// What a page is told that may open no socket here.
pub(super) const FOREIGN_ORIGIN: HttpError =
    HttpError::Detail(StatusCode::FORBIDDEN, Cow::Borrowed("Origin not allowed"));

fn too_many(text: &'static str, retry_after: Duration) -> HttpError {
    HttpError::TryLater { status: StatusCode::TOO_MANY_REQUESTS, text, retry_after }
}

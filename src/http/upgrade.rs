//! The WebSocket handshake (RFC 6455 section 4.2).

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};

use super::body::{self, Body};
use super::error::HttpError;
use super::need::bearer;
use super::router::Route;
use crate::chat::SocketTarget;
use crate::compat::fastapi::Query;
use crate::protocol::extension::{Agreement, Malformed, agree};

/// The subprotocol of JSON mode.
const JSON_PROTOCOL: &str = "chat.v1.json";
/// Before the token in a subprotocol of its own, for clients that can not set `Authorization`: browsers.
const BEARER_PROTOCOL: &str = "bearer.";
const NO_SOCKET: HttpError =
    HttpError::Detail(StatusCode::FORBIDDEN, Cow::Borrowed("There is no socket under this path"));
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// What a handshake asked for. The response 101 carries it as an extension; whoever sends that response
/// adds `Sec-WebSocket-Accept` and takes over the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// What the socket is for.
    pub purpose: Purpose,
    /// `Sec-WebSocket-Key`, valid: 16 bytes in base64.
    pub key: HeaderValue,
    /// JSON mode; else text mode.
    pub json: bool,
    /// What shows who it is.
    pub token: Option<BearerToken>,
    /// Of the client: its own or, behind a trusted proxy, what that says. IPv4 where it is mapped into IPv6.
    pub address: IpAddr,
    /// How messages are compressed; `None`: not at all.
    pub agreement: Option<Agreement>,
}

/// What a socket is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Groups.
    Chat(SocketTarget),
    /// To get back what it sends.
    Echo,
}

/// A token that was shown, good or not. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(Box<str>);

impl Deref for BearerToken {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

/// The answer to a handshake from this address, unless `may_open` has something against it; `None` if the request is a
/// plain one. Where the server `deflates`, what the client offers of that is looked at.
pub(super) fn upgrade(
    head: &Parts,
    route: Option<&Route<'_>>,
    address: IpAddr,
    deflates: bool,
    may_open: impl FnOnce() -> Result<(), HttpError>,
) -> Option<Response<Body>> {
    let headers = &head.headers;
    if !lists(headers, UPGRADE, "websocket") || !lists(headers, CONNECTION, "upgrade") {
        return None;
    }
    Some(match may_open().and_then(|()| accept(head, route, address, deflates)) {
        Ok(upgrade) => switch(upgrade, headers),
        Err(error) => {
            let mut response = error.into_response();
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            if response.status() == StatusCode::UPGRADE_REQUIRED {
                response.headers_mut().insert(SEC_WEBSOCKET_VERSION, VERSION);
            }
            response
        }
    })
}

fn accept(
    head: &Parts,
    route: Option<&Route<'_>>,
    address: IpAddr,
    deflates: bool,
) -> Result<Upgrade, HttpError> {
    let headers = &head.headers;
    if head.method != Method::GET {
        return Err(HttpError::MethodNotAllowed { allow: "GET".to_owned() });
    }
    let purpose = match route {
        Some(route) if route.is_echo() => Purpose::Echo,
        _ => Purpose::Chat(route.and_then(Route::socket_target).unwrap_or(Err(NO_SOCKET))?),
    };
    if head.version < Version::HTTP_11 {
        return Err(bad("A WebSocket handshake needs HTTP/1.1"));
    }
    if headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
    {
        // Behind it another server may look for a body where this one looks for frames.
        return Err(bad("A WebSocket handshake has no body"));
    }
    for (name, text) in [
        (SEC_WEBSOCKET_VERSION, "There is more than one Sec-WebSocket-Version"),
        (SEC_WEBSOCKET_KEY, "There is more than one Sec-WebSocket-Key"),
    ] {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(bad(text));
        }
    }
    match headers.get(SEC_WEBSOCKET_VERSION) {
        Some(version) if version == VERSION => {}
        Some(_) => {
            return Err(HttpError::Detail(
                StatusCode::UPGRADE_REQUIRED,
                "Only version 13 of the WebSocket protocol is supported".into(),
            ));
        }
        None => return Err(bad("Sec-WebSocket-Version is missing")),
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).ok_or_else(|| bad("Sec-WebSocket-Key is missing"))?;
    if !is_key(key.as_bytes()) {
        return Err(bad("Sec-WebSocket-Key is not 16 bytes in base64"));
    }
    let agreement = if deflates { agreement(headers)? } else { None };
    let json = purpose == Purpose::Chat(SocketTarget::Any)
        || lists(headers, SEC_WEBSOCKET_PROTOCOL, JSON_PROTOCOL)
        || Query::new(head.uri.query()).get("protocol").is_some_and(|protocol| protocol == JSON_PROTOCOL);
    Ok(Upgrade { purpose, key: key.clone(), json, token: token(headers), address, agreement })
}

/// How messages are to be compressed, by what the client offers.
fn agreement(headers: &HeaderMap) -> Result<Option<Agreement>, HttpError> {
    let refused = || bad("Sec-WebSocket-Extensions can not be read");
    let values = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).into_iter().map(HeaderValue::to_str);
    let values = values.collect::<Result<Vec<_>, _>>().map_err(|_| refused())?;
    agree(values.into_iter()).map_err(|Malformed| refused())
}

/// The token of the header (RFC 6750 section 2.1), else of the subprotocol. Never of the query, which is logged on the
/// way.
fn token(headers: &HeaderMap) -> Option<BearerToken> {
    Some(BearerToken(match bearer(headers) {
        Ok(Some(token)) => token.into(),
        Ok(None) => bearer_protocol(headers)?.1.into(),
        // What was shown is no good, and so is this.
        Err(_) => Box::default(),
    }))
}

/// The subprotocol that carries a token, and the token.
fn bearer_protocol(headers: &HeaderMap) -> Option<(&str, &str)> {
    let protocols = items(headers, SEC_WEBSOCKET_PROTOCOL);
    protocols.filter_map(|protocol| Some((protocol, protocol.strip_prefix(BEARER_PROTOCOL)?))).next()
}

fn switch(upgrade: Upgrade, headers: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(body::full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // A client that did not offer a subprotocol must not be told one, and browsers want one of those that they offered.
    let protocol = match lists(headers, SEC_WEBSOCKET_PROTOCOL, JSON_PROTOCOL) {
        true if upgrade.json => Some(HeaderValue::from_static(JSON_PROTOCOL)),
        _ => bearer_protocol(headers).and_then(|(protocol, _)| HeaderValue::from_str(protocol).ok()),
    };
    if let Some(mut protocol) = protocol {
        protocol.set_sensitive(true);
        answer.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    if let Some(agreement) = &upgrade.agreement
        && let Ok(value) = HeaderValue::try_from(agreement.answer())
    {
        answer.insert(SEC_WEBSOCKET_EXTENSIONS, value);
    }
    response.extensions_mut().insert(upgrade);
    response
}

fn bad(text: &'static str) -> HttpError {
    HttpError::Detail(StatusCode::BAD_REQUEST, text.into())
}

/// Whether a header that is a list contains `token`, in any case.
fn lists(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    items(headers, name).any(|item| item.eq_ignore_ascii_case(token))
}

/// What a header that is a list contains.
fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Whether this is base64 of 16 bytes: 22 digits, of which the last holds two bits, and the padding.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'+' || *byte == b'/';
    match key.strip_suffix(b"==") {
        Some(digits) => digits.len() == 22 && digits.iter().all(is_digit),
        None => false,
    }
}

#[cfg(test)]
mod tests;

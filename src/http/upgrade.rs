//! The WebSocket handshake (RFC 6455 section 4.2).

use std::borrow::Cow;
use std::net::IpAddr;

use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};

use super::body::{self, Body};
use super::error::HttpError;
use super::router::Route;
use crate::chat::SocketTarget;
use crate::compat::fastapi::Query;

/// The subprotocol of JSON mode.
const JSON_PROTOCOL: &str = "chat.v1.json";
const NO_SOCKET: HttpError =
    HttpError::Detail(StatusCode::FORBIDDEN, Cow::Borrowed("There is no socket under this path"));
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// What a handshake asked for. The response 101 carries it as an extension; whoever sends that response
/// adds `Sec-WebSocket-Accept` and takes over the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// What the socket is for.
    pub target: SocketTarget,
    /// `Sec-WebSocket-Key`, valid: 16 bytes in base64.
    pub key: HeaderValue,
    /// JSON mode; else text mode.
    pub json: bool,
    /// Of the client: its own or, behind a trusted proxy, what that says. IPv4 where it is mapped into IPv6.
    pub address: IpAddr,
}

/// The answer to a handshake from this address, unless `may_open` has something against it; `None` if the request is a
/// plain one.
pub(super) fn upgrade(
    head: &Parts,
    route: Option<&Route<'_>>,
    address: IpAddr,
    may_open: impl FnOnce() -> Result<(), HttpError>,
) -> Option<Response<Body>> {
    let headers = &head.headers;
    if !lists(headers, UPGRADE, "websocket") || !lists(headers, CONNECTION, "upgrade") {
        return None;
    }
    Some(match may_open().and_then(|()| accept(head, route, address)) {
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

fn accept(head: &Parts, route: Option<&Route<'_>>, address: IpAddr) -> Result<Upgrade, HttpError> {
    let headers = &head.headers;
    if head.method != Method::GET {
        return Err(HttpError::MethodNotAllowed { allow: "GET".to_owned() });
    }
    let target = route.and_then(Route::socket_target).unwrap_or(Err(NO_SOCKET))?;
    if head.version < Version::HTTP_11 {
        return Err(bad("A WebSocket handshake needs HTTP/1.1"));
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
    let json = target == SocketTarget::Any
        || lists(headers, SEC_WEBSOCKET_PROTOCOL, JSON_PROTOCOL)
        || Query::new(head.uri.query()).get("protocol").is_some_and(|protocol| protocol == JSON_PROTOCOL);
    Ok(Upgrade { target, key: key.clone(), json, address })
}

fn switch(upgrade: Upgrade, headers: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(body::full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // A client that did not offer the subprotocol must not be told one.
    if upgrade.json && lists(headers, SEC_WEBSOCKET_PROTOCOL, JSON_PROTOCOL) {
        answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(JSON_PROTOCOL));
    }
    response.extensions_mut().insert(upgrade);
    response
}

fn bad(text: &'static str) -> HttpError {
    HttpError::Detail(StatusCode::BAD_REQUEST, text.into())
}

/// Whether a header that is a list contains `token`, in any case.
fn lists(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
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
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use hyper::header::{HeaderName, HeaderValue};
    use hyper::http::request::Parts;
    use hyper::{Request, Response};

    use percent_encoding::percent_decode_str;

    use super::{Body, SocketTarget, Upgrade};
    use crate::http::router::route;
    use crate::model::UserId;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn head(method: &str, path: &str, changes: &[(&'static str, &'static str)]) -> Parts {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "WebSocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", KEY)
            .body(())
            .unwrap();
        for &(name, value) in changes {
            let name = HeaderName::from_static(name);
            match value {
                "" => drop(request.headers_mut().remove(name)),
                _ => drop(request.headers_mut().insert(name, HeaderValue::from_static(value))),
            }
        }
        request.into_parts().0
    }

    fn upgrade(head: &Parts) -> Option<Response<Body>> {
        let path = percent_decode_str(head.uri.path()).decode_utf8_lossy();
        super::upgrade(head, route(&path).as_ref(), ADDRESS, || Ok(()))
    }

    fn status(method: &str, path: &str, changes: &[(&'static str, &'static str)]) -> Option<u16> {
        upgrade(&head(method, path, changes)).map(|response| response.status().as_u16())
    }

    fn accepted(response: &Response<Body>) -> &Upgrade {
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()["connection"], "Upgrade");
        assert_eq!(response.headers()["upgrade"], "websocket");
        response.extensions().get().unwrap()
    }

    #[test]
    fn paths_name_targets() {
        let group = |group: &str, username: &str| SocketTarget::Group {
            group: group.to_owned(),
            username: username.to_owned(),
        };
        let private = |user, receiver: &str| SocketTarget::Private {
            user: UserId(user),
            receiver: receiver.to_owned(),
        };
        for (path, target) in [
            ("/ws/group/g/u", group("g", "u")),
            ("/api/v1/ws/group/g/u?x=1", group("g", "u")),
            ("/ws/group/%C3%BC/a%20b", group("ü", "a b")),
            ("/ws/group/a+b/c%2Bd", group("a+b", "c+d")),
            ("/ws/group/a%2525/u", group("a%25", "u")),
            ("/ws/group/a%00b/u", group("a\0b", "u")),
            ("/ws/group/%FCber/u", group("\u{fffd}ber", "u")),
            ("/ws/chat/1/b", private(1, "b")),
            ("/ws/chat/%201/b", private(1, "b")),
            ("/ws/chat/1.0/b", private(1, "b")),
            ("/api/v1/ws/chat/99999999999999999999/b", private(0, "b")),
        ] {
            let response = upgrade(&head("GET", path, &[])).unwrap();
            let key = HeaderValue::from_static(KEY);
            let expected = Upgrade { target, key, json: false, address: ADDRESS };
            assert_eq!(*accepted(&response), expected, "{path}");
            assert!(!response.headers().contains_key("sec-websocket-protocol"));
        }
        for path in [
            "/nope",
            "/api/v1/users/1",
            "/ws/group/g",
            "/ws/group/g/u/",
            "/ws/group//u",
            "/ws/group/a%2Fb/u",
            "/ws/chat/abc/b",
            "/ws/chat/1",
        ] {
            assert_eq!(status("GET", path, &[]), Some(403), "{path}");
        }
    }

    #[test]
    fn handshakes_are_checked() {
        const PATH: &str = "/ws/group/g/u";
        for (method, changes, expected) in [
            ("GET", [("upgrade", "")], None),
            ("GET", [("connection", "")], None),
            ("GET", [("connection", "close")], None),
            ("GET", [("upgrade", "h2c")], None),
            ("GET", [("upgrade", "h2c, websocket")], Some(101)),
            ("GET", [("origin", "https://e.example")], Some(101)),
            ("GET", [("sec-websocket-protocol", "a, b")], Some(101)),
            ("GET", [("sec-websocket-version", "")], Some(400)),
            ("GET", [("sec-websocket-version", "12")], Some(426)),
            ("GET", [("sec-websocket-key", "")], Some(400)),
            ("GET", [("sec-websocket-key", "abc")], Some(400)),
            ("GET", [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZ===")], Some(400)),
            ("GET", [("sec-websocket-key", "dGhlIHNhbXBsZSBub25j!Q==")], Some(400)),
            ("POST", [("origin", "x")], Some(405)),
        ] {
            assert_eq!(status(method, PATH, &changes), expected, "{method} {changes:?}");
        }
        assert_eq!(status("GET", "/ws/group/g/u?protocol=x", &[]), Some(101));
        let response = upgrade(&head("GET", PATH, &[("sec-websocket-version", "8")])).unwrap();
        assert_eq!(response.headers()["sec-websocket-version"], "13");
    }

    #[test]
    fn json_mode_is_asked_for_by_protocol_query_or_path() {
        const PATH: &str = "/ws/group/g/u";
        let asks = |path: &str, protocols: &'static str| {
            let response = upgrade(&head("GET", path, &[("sec-websocket-protocol", protocols)])).unwrap();
            let echoed = response.headers().get("sec-websocket-protocol").is_some();
            (accepted(&response).json, echoed)
        };
        assert_eq!(asks(PATH, ""), (false, false));
        assert_eq!(asks(PATH, "a, chat.v1.json"), (true, true));
        assert_eq!(asks("/ws/group/g/u?protocol=chat.v1.json", ""), (true, false));
        assert_eq!(asks("/ws", ""), (true, false));
        assert_eq!(asks("/api/v1/ws", "chat.v1.json"), (true, true));
    }
}

//! Handshakes, good and bad.

use std::net::{IpAddr, Ipv4Addr};

use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};

use percent_encoding::percent_decode_str;

use super::{Body, Purpose, SocketTarget, Upgrade};
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
    super::upgrade(head, route(&path).as_ref(), ADDRESS, true, || Ok(()))
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
    let private =
        |user, receiver: &str| SocketTarget::Private { user: UserId(user), receiver: receiver.to_owned() };
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
        let purpose = Purpose::Chat(target);
        let expected = Upgrade { purpose, key, json: false, token: None, address: ADDRESS, agreement: None };
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

#[test]
fn the_token_is_in_a_header() {
    const PATH: &str = "/ws/group/g/u";
    let shows = |changes: &[(&'static str, &'static str)]| {
        let response = upgrade(&head("GET", PATH, changes)).unwrap();
        let protocol = response.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|protocol| protocol.to_str().unwrap().to_owned());
        let upgrade = accepted(&response);
        assert!(!format!("{upgrade:?} {:?}", response.headers()).contains("a.b-c"), "a token in a log");
        (upgrade.token.as_deref().map(str::to_owned), upgrade.json, protocol.unwrap_or_default())
    };
    let token = |text: &str| Some(text.to_owned());
    let (plain, json) = ((false, String::new()), (true, "chat.v1.json".to_owned()));
    let is = |(found, json, protocol), expected: Option<String>, (is_json, echo): &(bool, String)| {
        assert_eq!((found, json, protocol), (expected, *is_json, echo.clone()));
    };
    is(shows(&[("authorization", "Bearer a.b-c")]), token("a.b-c"), &plain);
    is(shows(&[("authorization", "bEARER  a.b-c ")]), token("a.b-c"), &plain);
    for none in ["Basic a.b-c", "Bearer", "a.b-c"] {
        is(shows(&[("authorization", none)]), None, &plain);
    }
    let alone = (false, "bearer.a.b-c".to_owned());
    is(shows(&[("sec-websocket-protocol", "bearer.a.b-c")]), token("a.b-c"), &alone);
    is(shows(&[("sec-websocket-protocol", "chat.v1.json, bearer.a.b-c")]), token("a.b-c"), &json);
    is(shows(&[("sec-websocket-protocol", "bearer.a.b-c,chat.v1.json")]), token("a.b-c"), &json);
    let both = [("authorization", "Bearer a.b-c"), ("sec-websocket-protocol", "chat.v1.json, bearer.x")];
    is(shows(&both), token("a.b-c"), &json);
    let in_query = upgrade(&head("GET", "/ws?token=x&access_token=x&bearer=x", &[])).unwrap();
    assert_eq!(accepted(&in_query).token, None);
}

#[test]
fn compression_is_agreed_on_where_the_server_has_it() {
    const PATH: &str = "/ws/group/g/u";
    let extensions = |offer: &'static str, deflates| {
        let head = head("GET", PATH, &[("sec-websocket-extensions", offer)]);
        let response = super::upgrade(&head, route(PATH).as_ref(), ADDRESS, deflates, || Ok(())).unwrap();
        let answer = response.headers().get("sec-websocket-extensions");
        (response.status().as_u16(), answer.map(|answer| answer.to_str().unwrap().to_owned()))
    };
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    assert_eq!(extensions("permessage-deflate", true), (101, Some(agreed.to_owned())));
    assert_eq!(extensions("permessage-deflate", false), (101, None));
    assert_eq!(extensions("mux; max-channels=4", true), (101, None));
    assert_eq!(extensions("permessage-deflate;", true), (400, None));
    assert_eq!(extensions("permessage-deflate;", false), (101, None));
}

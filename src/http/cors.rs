//! Cross-origin requests from browsers (the Fetch standard, section "HTTP-CORS protocol").
//!
//! What the answers look like is what Starlette's middleware makes of "any origin, with credentials".

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, COOKIE, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, Response, StatusCode};

use super::body::{self, Body};
use super::origin::Origins;

const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
const METHODS_LIST: HeaderValue = HeaderValue::from_static("DELETE, GET, PATCH, POST, PUT");
/// How long a browser may keep the answer to a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const ANY: HeaderValue = HeaderValue::from_static("*");
/// What pages may read of an answer besides what they always may.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, X-Request-Id");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// Which origins browsers may call from.
#[derive(Clone, Debug)]
pub(super) struct Cors {
    origins: Origins,
}

impl Cors {
    /// Admits these origins, as browsers write them (`https://chat.example`); none means any.
    pub(super) fn new(origins: Vec<String>) -> Self {
        Self { origins: Origins::new(origins) }
    }

    /// Whether a page may open a socket with these headers, see [`Origins::admits_handshake`].
    pub(super) fn admits_handshake(&self, headers: &HeaderMap) -> bool {
        self.origins.admits_handshake(headers)
    }

    /// The answer to a preflight; `None` if the request is none.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
        if method != Method::OPTIONS {
            return None;
        }
        let origin = headers.get(ORIGIN)?;
        let requested = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let origin_admitted = self.origins.admits(origin.as_bytes());
        let method_admitted = METHODS.iter().any(|method| method.as_bytes() == requested.as_bytes());
        let (status, text) = match (origin_admitted, method_admitted) {
            (true, true) => (StatusCode::OK, "OK"),
            (false, true) => (StatusCode::BAD_REQUEST, "Disallowed CORS origin"),
            (true, false) => (StatusCode::BAD_REQUEST, "Disallowed CORS method"),
            (false, false) => (StatusCode::BAD_REQUEST, "Disallowed CORS origin, method"),
        };
        let mut response = Response::new(body::full(text));
        *response.status_mut() = status;
        let answer = response.headers_mut();
        answer.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        answer.insert(VARY, BY_ORIGIN);
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS_LIST);
        answer.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        if origin_admitted {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        if let Some(names) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        Some(response)
    }

    /// What any other answer needs, for a browser to show it to a page of another origin.
    pub(super) fn permit(&self, headers: &HeaderMap) -> Permit {
        let Some(origin) = headers.get(ORIGIN) else { return Permit::NotAsked };
        if self.origins.admits_any() && !headers.contains_key(COOKIE) {
            Permit::Any
        } else if self.origins.admits(origin.as_bytes()) {
            Permit::One(origin.clone())
        } else {
            Permit::Denied
        }
    }
}

/// Who may see an answer.
#[derive(Clone, Debug)]
pub(super) enum Permit {
    /// The request did not come from a page of another origin.
    NotAsked,
    /// Any page.
    Any,
    /// Pages of this origin. A cookie needs that: browsers take no `*` with credentials.
    One(HeaderValue),
    /// No page of another origin.
    Denied,
}

impl Permit {
    /// Writes the permit into an answer.
    pub(super) fn write(self, answer: &mut HeaderMap) {
        let origin = match self {
            Self::NotAsked => return,
            Self::Any => Some(ANY),
            Self::One(origin) => {
                answer.append(VARY, BY_ORIGIN);
                Some(origin)
            }
            Self::Denied => None,
        };
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        if let Some(origin) = origin {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;
    use hyper::Method;
    use hyper::header::{ACCESS_CONTROL_EXPOSE_HEADERS, HeaderMap, HeaderName, HeaderValue};

    use super::Cors;

    const ORIGIN: (&str, &str) = ("origin", "https://a.example");
    const REQUEST_GET: (&str, &str) = ("access-control-request-method", "GET");

    fn any() -> Cors {
        Cors::new(Vec::new())
    }

    fn narrow() -> Cors {
        Cors::new(vec!["https://b.example".to_owned()])
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    /// The headers in alphabetical order, one a line.
    fn lines(headers: &HeaderMap) -> String {
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
        lines.sort();
        lines.concat().replace("access-control-allow-", "")
    }

    #[test]
    fn simple_requests() {
        for (cors, request, expected) in [
            (any(), headers(&[]), ""),
            (any(), headers(&[("cookie", "a=b")]), ""),
            (any(), headers(&[ORIGIN]), "credentials: true\norigin: *\n"),
            (any(), headers(&[("origin", "")]), "credentials: true\norigin: *\n"),
            (any(), headers(&[("origin", "null")]), "credentials: true\norigin: *\n"),
            (
                any(),
                headers(&[ORIGIN, ("cookie", "")]),
                "credentials: true\norigin: https://a.example\nvary: Origin\n",
            ),
            (narrow(), headers(&[ORIGIN]), "credentials: true\n"),
            (
                narrow(),
                headers(&[("origin", "https://b.example")]),
                "credentials: true\norigin: https://b.example\nvary: Origin\n",
            ),
            (Cors::new(vec!["*".to_owned()]), headers(&[ORIGIN]), "credentials: true\norigin: *\n"),
        ] {
            let mut answer = HeaderMap::new();
            cors.permit(&request).write(&mut answer);
            let exposed = answer.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
            assert_eq!(exposed.is_some(), expected.contains("origin"), "{request:?}");
            assert_eq!(lines(&answer), expected, "{request:?}");
        }
    }

    #[test]
    fn preflights() {
        let method = |method| [ORIGIN, ("access-control-request-method", method)];
        for (cors, request, status, text, origin, names) in [
            (any(), headers(&method("GET")), 200, "OK", "https://a.example", None),
            (any(), headers(&method("DELETE")), 200, "OK", "https://a.example", None),
            (any(), headers(&method("OPTIONS")), 400, "Disallowed CORS method", "https://a.example", None),
            (any(), headers(&method("HEAD")), 400, "Disallowed CORS method", "https://a.example", None),
            (any(), headers(&method("get")), 400, "Disallowed CORS method", "https://a.example", None),
            (any(), headers(&method("")), 400, "Disallowed CORS method", "https://a.example", None),
            (
                any(),
                headers(&[ORIGIN, REQUEST_GET, ("access-control-request-headers", "X-A, content-type")]),
                200,
                "OK",
                "https://a.example",
                Some("X-A, content-type"),
            ),
            (narrow(), headers(&method("GET")), 400, "Disallowed CORS origin", "", None),
            (narrow(), headers(&method("X")), 400, "Disallowed CORS origin, method", "", None),
        ] {
            let response = cors.preflight(&Method::OPTIONS, &request).unwrap();
            assert_eq!(response.status(), status, "{request:?}");
            let mut expected = "content-type: text/plain; charset=utf-8\ncredentials: true\n".to_owned();
            expected += &names.map(|names| format!("headers: {names}\n")).unwrap_or_default();
            expected += "methods: DELETE, GET, PATCH, POST, PUT\n";
            if !origin.is_empty() {
                expected += &format!("origin: {origin}\n");
            }
            expected += "access-control-max-age: 600\nvary: Origin\n";
            let mut expected: Vec<_> = expected.lines().collect();
            expected.sort_unstable();
            let told = lines(response.headers());
            let mut told: Vec<_> = told.lines().collect();
            told.sort_unstable();
            assert_eq!(told, expected, "{request:?}");
            let body = response.into_body().collect().now_or_never().unwrap().unwrap();
            assert_eq!(body.to_bytes(), text);
        }
    }

    #[test]
    fn what_is_no_preflight() {
        for (method, request) in [
            (Method::GET, headers(&[ORIGIN, REQUEST_GET])),
            (Method::OPTIONS, headers(&[ORIGIN])),
            (Method::OPTIONS, headers(&[REQUEST_GET])),
        ] {
            assert!(any().preflight(&method, &request).is_none());
        }
    }
}

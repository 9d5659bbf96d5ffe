//! The files of the web client, as they stand in the program.

use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, VARY,
};
use hyper::{Response, StatusCode};

use super::body::{self, Body};

/// All files of the page but the page itself. `clients/web/build.mjs` writes the table beside them.
pub(super) static ASSETS: &[Asset] = include!("../../clients/web/dist/assets.rs");

/// Its name has a hash of its content, so it never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const BY_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A file that a page loads.
pub(super) struct Asset {
    /// With a hash of its content in it.
    pub(super) name: &'static str,
    pub(super) content_type: &'static str,
    pub(super) plain: &'static [u8],
    /// The same, compressed.
    pub(super) gzip: &'static [u8],
    pub(super) brotli: &'static [u8],
}

impl Asset {
    /// The file in the smallest form that the client takes (RFC 9110, section 12.5.3), or 304 if it has that.
    pub(super) fn respond(&self, request: &HeaderMap) -> Response<Body> {
        let (encoding, bytes) = if admits(request, "br") {
            (Some("br"), self.brotli)
        } else if admits(request, "gzip") {
            (Some("gzip"), self.gzip)
        } else {
            (None, self.plain)
        };
        let tag = format!("\"{}{}\"", self.name, encoding.unwrap_or_default());
        let mut response = tagged(request, &tag, bytes);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CACHE_CONTROL, FOR_EVER);
        headers.insert(VARY, BY_ENCODING);
        headers.insert(hyper::header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }
}

/// 200 with these bytes under an entity tag, or 304 if the client has what bears that tag (RFC 9110, section 13.1.2).
pub(super) fn tagged(request: &HeaderMap, tag: &str, bytes: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut held = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_held = held.any(|value| {
        value.split(',').map(str::trim).any(|held| held == "*" || held.trim_start_matches("W/") == tag)
    });
    let mut response = Response::new(if is_held { body::full("") } else { body::full(bytes) });
    if is_held {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Whether the client takes content that is coded so. What it does not name it does not take, for nothing is lost by
/// that.
pub(super) fn admits(request: &HeaderMap, coding: &str) -> bool {
    let mut values = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| {
        value.split(',').any(|choice| {
            let (name, weight) = choice.split_once(';').unwrap_or((choice, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok());
            name.trim().eq_ignore_ascii_case(coding) && weight.unwrap_or(0.0_f32) > 0.0
        })
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};

    use super::admits;

    #[test]
    fn only_what_is_named_is_taken() {
        for (value, expected) in [
            ("gzip, deflate, br", true),
            ("BR", true),
            ("gzip;q=0.5, br;q=0.1", true),
            ("br;q=0", false),
            ("br;q=0.000", false),
            ("br; q=1", true),
            ("br;q=x", false),
            ("gzip", false),
            ("*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(admits(&headers, "br"), expected, "{value}");
        }
        assert!(!admits(&HeaderMap::new(), "br"));
    }
}

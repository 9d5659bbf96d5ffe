//! Files that the program holds compressed, and in no other form.

use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::stream;
use hyper::Response;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS};

use super::asset::{admits, tagged};
use super::body::{self, Body, BodyError};

/// Bytes that are unpacked at once.
const PIECE_BYTES: usize = 64 * 1024;

const BY_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A file as gzip (RFC 1952).
pub(super) struct Packed {
    pub(super) content_type: &'static str,
    /// Another one if the content is another.
    pub(super) tag: Cow<'static, str>,
    pub(super) gzip: Bytes,
}

impl Packed {
    /// Compresses a content.
    ///
    /// # Errors
    /// None that is known of: memory takes all of it.
    pub(super) fn of(content_type: &'static str, content: &[u8]) -> io::Result<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        Ok(Self { content_type, tag: content_tag(content).into(), gzip: encoder.finish()?.into() })
    }

    /// The file as it is held, or unpacked for a client that does not take that; or 304 if the client has it.
    pub(super) fn respond(&self, request: &HeaderMap) -> Response<Body> {
        let is_packed = admits(request, "gzip");
        let tag = format!("\"{}{}\"", self.tag, if is_packed { "gzip" } else { "" });
        let mut response = tagged(request, &tag, self.gzip.clone());
        if !is_packed && response.status().is_success() {
            *response.body_mut() = unpacked(self.gzip.clone());
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(VARY, BY_ENCODING);
        headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if is_packed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// What to call a content, so that another one is called otherwise; without quotes.
pub(super) fn content_tag(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The content, each piece unpacked when the one before has been taken.
fn unpacked(gzip: Bytes) -> Body {
    let mut decoder = GzDecoder::new(io::Cursor::new(gzip));
    let pieces = std::iter::from_fn(move || {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        match decoder.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Bytes::from(piece))),
            Err(error) => {
                tracing::error!(%error, "a file of the program is broken");
                Some(Err(BodyError))
            }
        }
    });
    body::paged(Bytes::new(), stream::iter(pieces))
}

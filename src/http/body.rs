//! Bodies of responses.

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;

/// The body of a response: in one piece, or in pieces that are made as the client takes them.
pub type Body = Either<Full<Bytes>, StreamBody<BoxStream<'static, Result<Frame<Bytes>, BodyError>>>>;

/// The store failed in the midst of a list. The connection ends without the last chunk, so the client
/// knows that its list is not whole.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the list could not be read to its end")]
pub struct BodyError;

/// A body in one piece, which may be empty.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Either::Left(Full::new(bytes.into()))
}

/// A body in pieces.
pub(super) fn streamed(pieces: impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static) -> Body {
    Either::Right(StreamBody::new(pieces.map(|piece| piece.map(Frame::data)).boxed()))
}

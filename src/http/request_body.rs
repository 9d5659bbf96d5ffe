//! Bodies of requests.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Body;
use tokio::time::timeout;

use super::error::{HttpError, UNREADABLE};

const TOO_LARGE: HttpError = HttpError::Last(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large");
const TOO_SLOW: HttpError = HttpError::Last(StatusCode::REQUEST_TIMEOUT, "Request body took too long");
/// What a client is told whose request finds no room among those that have not arrived whole.
pub(super) const CROWDED: HttpError =
    HttpError::Last(StatusCode::SERVICE_UNAVAILABLE, "Too many unfinished requests");
const BROKEN: HttpError = HttpError::Last(StatusCode::BAD_REQUEST, UNREADABLE);

/// There is no room for this body among those that have not arrived whole.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("too many unfinished requests")]
pub struct NoRoomForBody;

/// Why a body could not be read.
pub(super) type BodyFailure = Box<dyn std::error::Error + Send + Sync>;

/// A body that is still under way.
pub(super) type IncomingBody<'r> = dyn Body<Data = Bytes, Error = BodyFailure> + Unpin + 'r;

/// How much of a body is read, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    /// In bytes.
    pub(super) bytes_max: usize,
    pub(super) timeout: Duration,
}

/// Reads a whole body. One that is announced to be too large is refused before any of it is asked for, so
/// `Expect: 100-continue` gets its answer.
///
/// # Errors
/// 413 above the limit, 408 after the time-out, 503 where there are too many at a time, 400 if it breaks off.
pub(super) async fn read<B>(body: B, limits: BodyLimits) -> Result<Bytes, HttpError>
where
    B: Body<Data = Bytes, Error: Into<BodyFailure>> + Unpin,
{
    if body.size_hint().lower() > limits.bytes_max as u64 {
        return Err(TOO_LARGE);
    }
    match timeout(limits.timeout, collect(body, limits.bytes_max)).await {
        Ok(read) => read,
        Err(_) => Err(TOO_SLOW),
    }
}

/// Puts the pieces together. They are copied: each keeps the whole buffer alive that it was read into, so a body that
/// came in chunks of one byte would take thousands of times its size. Trailers are dropped.
async fn collect<B>(mut body: B, bytes_max: usize) -> Result<Bytes, HttpError>
where
    B: Body<Data = Bytes, Error: Into<BodyFailure>> + Unpin,
{
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.into() {
            error if error.is::<NoRoomForBody>() => CROWDED,
            _ => BROKEN,
        })?;
        let Ok(piece) = frame.into_data() else { continue };
        if piece.len() > bytes_max - whole.len() {
            return Err(TOO_LARGE);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::stream;
    use http_body_util::{Full, StreamBody};
    use hyper::StatusCode;
    use hyper::body::{Body, Frame};

    use super::{BodyLimits, HttpError, NoRoomForBody, read};

    const MINUTE: Duration = Duration::from_secs(60);

    fn chunks(chunks: &'static [&str]) -> impl Body<Data = Bytes, Error = io::Error> {
        StreamBody::new(stream::iter(chunks.iter().map(|chunk| Ok(Frame::data((*chunk).into())))))
    }

    fn at_most(bytes_max: usize) -> BodyLimits {
        BodyLimits { bytes_max, timeout: MINUTE }
    }

    fn status(outcome: Result<Bytes, HttpError>) -> StatusCode {
        match outcome {
            Err(HttpError::Last(status, _)) => status,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn bodies_are_bounded() {
        let full = |text: &'static str| Full::new(Bytes::from(text));
        assert_eq!(read(full(""), at_most(0)).await.unwrap(), "");
        assert_eq!(read(full("12345"), at_most(5)).await.unwrap(), "12345");
        assert_eq!(status(read(full("12345"), at_most(4)).await), 413);
        assert_eq!(read(chunks(&["12", "345"]), at_most(5)).await.unwrap(), "12345");
        assert_eq!(status(read(chunks(&["12", "345"]), at_most(4)).await), 413);
    }

    #[tokio::test]
    async fn broken_bodies_are_unreadable() {
        let broken = StreamBody::new(stream::iter([Err::<Frame<Bytes>, _>(io::Error::other("reset"))]));
        assert_eq!(status(read(broken, at_most(5)).await), 400);
        let crowded = StreamBody::new(stream::iter([Err::<Frame<Bytes>, _>(NoRoomForBody)]));
        assert_eq!(status(read(crowded, at_most(5)).await), 503);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_bodies_are_given_up() {
        let stalled = StreamBody::new(stream::pending::<io::Result<Frame<Bytes>>>());
        assert_eq!(status(read(stalled, at_most(5)).await), 408);
    }
}

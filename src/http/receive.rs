//! Bodies of requests.

use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::compat::fastapi::json::Value;
use crate::compat::fastapi::parse_object;

use super::error::{HttpError, UNREADABLE};

const TOO_LARGE: HttpError = HttpError::Cut(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large");
const TOO_SLOW: HttpError = HttpError::Cut(StatusCode::REQUEST_TIMEOUT, "Request body took too long");

/// Room that is made for a body before it is there, in bytes; what the client announces is only a claim.
const RESERVE_BYTES_MAX: usize = 64 * 1024;

/// Reads a body of at most `bytes_max` bytes within `timeout`. One that is announced to be larger is refused
/// before any of it is asked for, so `Expect: 100-continue` gets its answer.
pub(super) async fn receive<B>(body: B, bytes_max: usize, timeout: Duration) -> Result<Vec<u8>, HttpError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(TOO_LARGE);
    }
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    let all = collect(body, bytes_max, Vec::with_capacity(announced.min(RESERVE_BYTES_MAX)));
    tokio::time::timeout(timeout, all).await.unwrap_or(Err(TOO_SLOW))
}

async fn collect<B>(mut body: B, bytes_max: usize, mut all: Vec<u8>) -> Result<Vec<u8>, HttpError>
where
    B: Body<Data = Bytes> + Unpin,
{
    while let Some(frame) = body.frame().await {
        // A broken chunk, or the client is gone.
        let frame = frame.map_err(|_| HttpError::Cut(StatusCode::BAD_REQUEST, UNREADABLE))?;
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.remaining() > bytes_max {
            return Err(TOO_LARGE);
        }
        all.extend_from_slice(&data);
    }
    Ok(all)
}

/// Parses a body that should be a JSON object.
pub(super) fn parse<'s>(
    headers: &HeaderMap,
    body: &[u8],
    scratch: &'s mut Vec<u8>,
) -> Result<Value<'s>, HttpError> {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    Ok(parse_object(content_type, body, scratch)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http_body_util::{Full, StreamBody};
    use hyper::StatusCode;
    use hyper::body::Frame;

    use super::{HttpError, receive};

    const MINUTE: Duration = Duration::from_secs(60);

    fn chunks(chunks: &'static [&str]) -> impl hyper::body::Body<Data = Bytes> + Unpin {
        let frames = chunks.iter().map(|chunk| Ok::<_, std::io::Error>(Frame::data((*chunk).into())));
        StreamBody::new(futures_util::stream::iter(frames))
    }

    fn status(outcome: Result<Vec<u8>, HttpError>) -> StatusCode {
        match outcome {
            Err(HttpError::Cut(status, _)) => status,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn bodies_are_bounded() {
        let full = |text: &'static str| Full::new(Bytes::from(text));
        assert_eq!(receive(full(""), 0, MINUTE).await.unwrap(), b"");
        assert_eq!(receive(full("12345"), 5, MINUTE).await.unwrap(), b"12345");
        assert_eq!(status(receive(full("12345"), 4, MINUTE).await), 413);
        assert_eq!(receive(chunks(&["12", "345"]), 5, MINUTE).await.unwrap(), b"12345");
        assert_eq!(status(receive(chunks(&["12", "345"]), 4, MINUTE).await), 413);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_bodies_are_given_up() {
        let stalled =
            StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
        assert_eq!(status(receive(stalled, 5, MINUTE).await), 408);
    }
}

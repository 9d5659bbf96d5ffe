//! Bodies of responses.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HyperBody, Frame, SizeHint};

use super::list::List;

/// The body of a response.
#[derive(Debug)]
pub enum Body {
    /// None, or all sent.
    Empty,
    /// All of it, in one piece.
    Full(Bytes),
    /// A list too long for one piece, read from the store as the client takes it.
    List(Box<List>),
}

/// The store failed in the midst of a list. The connection ends without the last chunk, so the client
/// knows that its list is not whole.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the list could not be read to its end")]
pub struct BodyError;

impl HyperBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = self.get_mut();
        match body {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *body = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::List(list) => {
                list.poll_chunk(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_empty(),
            Self::List(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::List(_) => SizeHint::default(),
        }
    }
}

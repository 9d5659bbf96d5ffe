//! Bodies of responses.

use std::mem::take;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt};
use hyper::body::{Body as HyperBody, Frame, SizeHint};

use crate::chat::{ChatResult, Untaken};

/// What hyper is handed at a time, in bytes: it has no more than that beside its buffer.
const PIECE_BYTES: usize = 64 * 1024;

/// The body of a response: as a whole, or in pages that are made as the client takes them.
pub struct Body(Content);

enum Content {
    Whole(Bytes),
    Pages {
        /// What is left of the one that is being taken.
        page: Bytes,
        rest: BoxStream<'static, Result<Bytes, BodyError>>,
    },
}

/// A list could not be made to its end. The connection ends without the last chunk, so the client knows that its list
/// is not whole.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the list could not be read to its end")]
pub struct BodyError;

/// A body as a whole, which may be empty.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Body(Content::Whole(bytes.into()))
}

/// A body in pages, of which the first is there.
pub(super) fn paged(
    first: Bytes,
    rest: impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
) -> Body {
    Body(Content::Pages { page: first, rest: rest.boxed() })
}

impl Body {
    /// The same; what it has already counts as untaken from now on.
    ///
    /// # Errors
    /// Those of [`Untaken::hold`].
    pub(super) fn held(mut self, untaken: &Arc<Untaken>) -> ChatResult<Self> {
        let (Content::Whole(there) | Content::Pages { page: there, .. }) = &mut self.0;
        *there = untaken.hold(take(there))?;
        Ok(self)
    }
}

impl Default for Body {
    fn default() -> Self {
        full("")
    }
}

impl HyperBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let (page, rest) = match &mut self.0 {
            Content::Whole(rest) => return Poll::Ready(piece(rest)),
            Content::Pages { page, rest } => (page, rest),
        };
        while page.is_empty() {
            match ready!(rest.poll_next_unpin(cx)) {
                Some(next) => *page = next?,
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(piece(page))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Content::Whole(rest) if rest.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Whole(rest) => SizeHint::with_exact(rest.len() as u64),
            Content::Pages { .. } => SizeHint::default(),
        }
    }
}

/// The next piece of these bytes.
fn piece(bytes: &mut Bytes) -> Option<Result<Frame<Bytes>, BodyError>> {
    let length = bytes.len().min(PIECE_BYTES);
    (length > 0).then(|| Ok(Frame::data(bytes.split_to(length))))
}

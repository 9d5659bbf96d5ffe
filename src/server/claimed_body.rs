//! The body of a request, counted among what has not arrived whole.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::exchange::Exchange;
use crate::http::NoRoomForBody;
use crate::ws::Claim;

/// A body on its way. Counts as long as it lives.
pub(super) struct ClaimedBody {
    body: Incoming,
    /// Absent if there is no body.
    claim: Option<Claim>,
    exchange: Rc<Exchange>,
}

impl ClaimedBody {
    pub(super) fn new(body: Incoming, claim: Option<Claim>, exchange: Rc<Exchange>) -> Self {
        Self { body, claim, exchange }
    }
}

impl Body for ClaimedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => {
                self.exchange.body_ended();
                return Poll::Ready(None);
            }
        };
        if let (Some(claim), Some(data)) = (&mut self.claim, frame.data_ref())
            && claim.grow(data.len()).is_err()
        {
            return Poll::Ready(Some(Err(NoRoomForBody.into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

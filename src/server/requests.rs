//! Requests of a connection, and their answers.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body as HyperBody, Frame, Incoming, SizeHint};
use hyper::header::{HeaderValue, SEC_WEBSOCKET_ACCEPT};
use hyper::service::Service;
use hyper::{Request, Response};
use tokio::task::yield_now;

use super::claimed_body::ClaimedBody;
use super::exchange::{Exchange, REQUEST_BYTES};
use super::to_the_end::ToTheEnd;
use crate::http::{Body, Http, Purpose, Upgrade};
use crate::protocol::Mode;
use crate::ws::{self, Admission, Claim, Endpoint, NoRoom, UnfinishedBytes};

/// Counts something for as long as it lives.
struct Counted(Rc<Cell<usize>>);

impl Counted {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Requests of one connection, as hyper hands them over.
pub(super) struct Requests {
    pub(super) http: Http,
    pub(super) endpoint: Rc<Endpoint>,
    /// Where the connection comes from.
    pub(super) address: IpAddr,
    pub(super) exchange: Rc<Exchange>,
    /// Requests of all connections of this thread that are being answered.
    pub(super) requests: Rc<Cell<usize>>,
    /// Where requests count that have not arrived whole.
    pub(super) unfinished: Arc<UnfinishedBytes>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<CountedBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let exchange = Rc::clone(&self.exchange);
        let has_body = !request.body().is_end_stream();
        let (must_wait, arrived) = (!exchange.take_turn(), exchange.begin(has_body));
        let claim = match has_body {
            true => arrived.map_or_else(
                || Claim::new(&self.unfinished, REQUEST_BYTES).map(Some),
                |claim| Ok(Some(claim)),
            ),
            false => Ok(None),
        };
        let counted = (Counted::new(exchange.answering()), Counted::new(&self.requests));
        let (http, endpoint, address) = (self.http.clone(), Rc::clone(&self.endpoint), self.address);
        let is_safe = request.method().is_safe();
        let answering = async move {
            if must_wait {
                // Of a pipeline one request is answered before the other connections get their turn.
                yield_now().await;
            }
            let mut response = match claim {
                Ok(claim) => {
                    let body = |body| ClaimedBody::new(body, claim, Rc::clone(&exchange));
                    http.handle(request.map(body), address).await
                }
                Err(NoRoom) => http.refuse_crowded(),
            };
            if let Some(upgrade) = response.extensions_mut().remove::<Upgrade>() {
                // The digest's alphabet is base64, which is always a valid header value.
                if let Ok(accept) = HeaderValue::try_from(ws::accept_key(upgrade.key.as_bytes())) {
                    response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
                }
                let mode = if upgrade.json { Mode::Json } else { Mode::Text };
                // Before the answer, so that between it and the socket's place in the group nothing waits.
                let admission = match &upgrade.purpose {
                    Purpose::Chat(target) => endpoint.admit(target, upgrade.token.as_deref(), mode).await,
                    Purpose::Echo => Admission::to_echo(),
                };
                let window = upgrade.agreement.map(|agreement| agreement.window);
                exchange.upgrade_to(admission.deflating(window));
            }
            Ok(response.map(|body| CountedBody { body, _counted: counted }))
        };
        // Who only reads and goes need not be served any further.
        if is_safe { Box::pin(answering) } else { Box::pin(ToTheEnd::new(answering)) }
    }
}

/// A response's body, with what counts as long as it is being sent.
pub(super) struct CountedBody {
    body: Body,
    _counted: (Counted, Counted),
}

impl HyperBody for CountedBody {
    type Data = <Body as HyperBody>::Data;
    type Error = <Body as HyperBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

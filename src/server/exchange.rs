//! Where a connection stands between its requests and their answers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::ws::{Admission, Claim};

/// What a connection takes while a request arrives, in bytes: hyper's buffers, and its own.
pub(super) const REQUEST_BYTES: usize = 20 * 1024;

/// Where a connection stands between its requests and their answers.
#[derive(Default)]
pub(super) struct Exchange {
    /// Answers under way: from the request's head to the last byte of the response's body.
    answering: Rc<Cell<usize>>,
    /// Whether any request came.
    begun: Cell<bool>,
    /// Whether one came in this turn.
    took_turn: Cell<bool>,
    /// Whether the last request has a body that was not read to its end. Then hyper's connection cannot be taken apart.
    has_body: Cell<bool>,
    /// What counts among the unfinished while the head of a request arrives that has not come in one piece.
    claim: RefCell<Option<Claim>>,
    /// What the last request made of the connection, if it is to be a WebSocket.
    upgrade: RefCell<Option<Admission>>,
}

impl Exchange {
    /// Before any request, the first of which counts as this while it arrives.
    pub(super) fn new(claim: Option<Claim>) -> Self {
        Self { claim: RefCell::new(claim), ..Self::default() }
    }

    /// Another turn begins, the other connections having had theirs.
    pub(super) fn begin_turn(&self) {
        self.took_turn.set(false);
    }

    /// A request came, and whether it has a body. Gives what counts for its head, if that came in pieces.
    pub(super) fn begin(&self, has_body: bool) -> Option<Claim> {
        self.begun.set(true);
        self.has_body.set(has_body);
        self.claim.take()
    }

    /// Takes this turn; `false` if a request has done so before.
    pub(super) fn take_turn(&self) -> bool {
        !self.took_turn.replace(true)
    }

    /// Counts the answers under way.
    pub(super) fn answering(&self) -> &Rc<Cell<usize>> {
        &self.answering
    }

    /// The connection is to become this, once its requests have ended.
    pub(super) fn upgrade_to(&self, admission: Admission) {
        self.upgrade.replace(Some(admission));
    }

    /// The body of the last request was read to its end.
    pub(super) fn body_ended(&self) {
        self.has_body.set(false);
    }

    /// Takes what the connection is to become, once its requests have ended.
    pub(super) fn take_upgrade(&self) -> Option<Admission> {
        self.upgrade.take()
    }

    /// Whether all that came was answered, so that the connection can be taken apart.
    pub(super) fn is_idle(&self) -> bool {
        self.begun.get()
            && self.answering.get() == 0
            && !self.has_body.get()
            && self.upgrade.borrow().is_none()
    }
}

//! Lists of any length, in pages.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::Response;

use crate::chat::{Chat, ChatResult};
use crate::model::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use crate::model::{GroupId, UserId};
use crate::protocol::message::write_message;
use crate::store::MessagePage;

use super::body::{Body, BodyError};
use super::error::HttpError;
use super::response;

/// What a list is made of, from where on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows {
    /// Groups above a number.
    Groups { after: GroupId, skip: u64, limit: u64 },
    /// Members of a group above a number.
    Members { group: GroupId, after: UserId },
    /// Messages.
    Messages(MessagePage),
}

/// Answers with the list. If it fits in one page it has a `Content-Length`, else it is sent in chunks, the
/// next of which is read when the client has taken the one before.
pub(super) async fn respond(chat: Arc<Chat>, rows: Rows) -> Result<Response<Body>, HttpError> {
    let mut json = vec![b'['];
    let rest = write_page(&chat, rows, &mut json).await?;
    match rest {
        None => {
            json.push(b']');
            Ok(response::json(json))
        }
        Some(rows) => {
            let list = List { chunk: Some(json.into()), next: Next::Page(chat, rows) };
            Ok(response::with_body(Body::List(Box::new(list))))
        }
    }
}

/// Writes the rows of one page with commas between them, and tells where the next page starts if there may
/// be one.
async fn write_page(chat: &Chat, rows: Rows, out: &mut Vec<u8>) -> ChatResult<Option<Rows>> {
    const PAGE: u64 = PAGE_ROWS_MAX as u64;
    match rows {
        Rows::Groups { after, skip, limit } => {
            let page = chat.groups(after, skip, limit.min(PAGE)).await?;
            write_rows(out, &page, response::write_group);
            let limit = limit.saturating_sub(page.len() as u64);
            Ok(page.last().filter(|_| page.len() >= PAGE_ROWS_MAX && limit > 0).map(|last| Rows::Groups {
                after: last.id,
                skip: 0,
                limit,
            }))
        }
        Rows::Members { group, after } => {
            let page = chat.members(group, after, PAGE).await?;
            write_rows(out, &page, response::write_member);
            Ok(page
                .last()
                .filter(|_| page.len() >= PAGE_ROWS_MAX)
                .map(|last| Rows::Members { group, after: last.id }))
        }
        Rows::Messages(asked) => {
            let page = chat.messages(MessagePage { limit: asked.limit.min(PAGE), ..asked }).await?;
            write_rows(out, &page, write_message);
            let limit = asked.limit.saturating_sub(page.len() as u64);
            // A page of long messages ends early.
            let is_full = page.len() >= PAGE_ROWS_MAX
                || page.iter().map(|message| message.content.len()).sum::<usize>() >= PAGE_BYTES_MAX;
            Ok(page
                .last()
                .filter(|_| is_full && limit > 0)
                .map(|last| Rows::Messages(MessagePage { after: last.id, skip: 0, limit, ..asked })))
        }
    }
}

/// Writes rows after what is there: the opening bracket, or nothing when this is not the first page.
fn write_rows<T>(out: &mut Vec<u8>, rows: &[T], write: fn(&mut Vec<u8>, &T)) {
    for row in rows {
        if out.last() != Some(&b'[') {
            out.push(b',');
        }
        write(out, row);
    }
}

/// A list under way to a client. Holds at most one page.
pub struct List {
    /// What is ready to be sent.
    chunk: Option<Bytes>,
    next: Next,
}

/// What comes after the chunk.
enum Next {
    /// A page that was not asked for yet.
    Page(Arc<Chat>, Rows),
    /// A page that is being read.
    Reading(BoxFuture<'static, ChatResult<(Bytes, Self)>>),
    /// Nothing.
    End,
}

impl List {
    /// The next chunk; `None` after the last one.
    pub(super) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if let Some(chunk) = self.chunk.take() {
            return Poll::Ready(Some(Ok(chunk)));
        }
        let mut reading = match std::mem::replace(&mut self.next, Next::End) {
            Next::End => return Poll::Ready(None),
            Next::Page(chat, rows) => Box::pin(read_page(chat, rows)),
            Next::Reading(reading) => reading,
        };
        let Poll::Ready(outcome) = reading.as_mut().poll(context) else {
            self.next = Next::Reading(reading);
            return Poll::Pending;
        };
        Poll::Ready(Some(match outcome {
            Ok((chunk, next)) => {
                self.next = next;
                Ok(chunk)
            }
            Err(error) => {
                error.log();
                tracing::warn!("a list was cut off");
                Err(BodyError)
            }
        }))
    }
}

/// Reads the next page and writes it, with the closing bracket if it is the last.
async fn read_page(chat: Arc<Chat>, rows: Rows) -> ChatResult<(Bytes, Next)> {
    let mut json = Vec::new();
    let next = match write_page(&chat, rows, &mut json).await? {
        Some(rows) => Next::Page(chat, rows),
        None => {
            json.push(b']');
            Next::End
        }
    };
    Ok((json.into(), next))
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("chunk_bytes", &self.chunk.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

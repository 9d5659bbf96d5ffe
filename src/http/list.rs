//! Lists of any length, in pages.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;

use crate::chat::{Chat, ChatResult, Turn};

use super::body::{self, BodyError};
use super::resource::Answer;
use super::response;

/// What is left of a list.
pub(super) trait Rows: Sized + Send + 'static {
    /// Writes one page with [`write_rows`], and gives what comes after it if there may be more.
    fn write_page(
        self,
        chat: &Chat,
        out: &mut Vec<u8>,
    ) -> impl Future<Output = ChatResult<Option<Self>>> + Send;
}

/// Answers with a JSON array. If it fits in one page it has a `Content-Length`, else it is sent in chunks, the next of
/// which is read when the client has taken the one before, and there is room for it; so at most one page is held.
pub(super) async fn respond(chat: &Arc<Chat>, rows: impl Rows) -> Answer {
    let (first, rest) = read_page(chat, chat.untaken().turn().await?, rows, b"[".to_vec()).await?;
    let Some(rest) = rest else { return Ok(response::ok(body::full(first))) };
    let others = stream::try_unfold((Arc::clone(chat), Some(rest)), async |(chat, rest)| {
        let Some(rows) = rest else { return Ok(None) };
        match read_next(&chat, rows).await {
            Ok((page, rest)) => Ok(Some((page, (chat, rest)))),
            Err(error) => {
                error.log();
                tracing::warn!("a list was cut off: {error}");
                Err(BodyError)
            }
        }
    });
    Ok(response::ok(body::paged(first, others)))
}

/// Reads a page once there is room for it.
async fn read_next<R: Rows>(chat: &Chat, rows: R) -> ChatResult<(Bytes, Option<R>)> {
    let untaken = chat.untaken();
    let (page, rest) = read_page(chat, untaken.page_turn().await?, rows, Vec::new()).await?;
    Ok((untaken.hold_page(page), rest))
}

/// Reads a page and writes it behind `json`, with the closing bracket if it is the last.
async fn read_page<R: Rows>(
    chat: &Chat,
    _turn: Turn<'_>,
    rows: R,
    mut json: Vec<u8>,
) -> ChatResult<(Bytes, Option<R>)> {
    let rest = rows.write_page(chat, &mut json).await?;
    if rest.is_none() {
        json.push(b']');
    }
    // What is kept until it is taken has no room for more.
    json.shrink_to_fit();
    Ok((json.into(), rest))
}

/// Writes rows after what is there: the opening bracket, or nothing when this is not the first page.
pub(super) fn write_rows<T>(out: &mut Vec<u8>, rows: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    for row in rows {
        if out.last() != Some(&b'[') {
            out.push(b',');
        }
        write(out, row);
    }
}

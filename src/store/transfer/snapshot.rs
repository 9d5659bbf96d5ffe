//! All records of a database as of one moment.

use tokio::sync::mpsc;

use super::tables::Record;
use crate::store::StoreResult;
use crate::store::error::StoreError;

/// Records in a page at most.
const PAGE_RECORDS: usize = 1_000;

/// Bytes of texts after which a page takes no further record.
const PAGE_BYTES: usize = 1024 * 1024;

/// Pages that wait for whoever reads them.
const PAGES_MAX: usize = 2;

/// All records of a database as of one moment, table by table in the order of their keys, page by page.
pub(crate) struct Snapshot {
    pages: mpsc::Receiver<StoreResult<Page>>,
}

/// The next records, or word that there are no more: whoever brings them might end before that.
enum Page {
    Records(Vec<Record>),
    End,
}

impl Snapshot {
    /// The next records; `None` after the last. Not to be asked again after that or an error.
    pub(crate) async fn next(&mut self) -> StoreResult<Option<Vec<Record>>> {
        match self.pages.recv().await {
            Some(Ok(Page::Records(records))) => Ok(Some(records)),
            Some(Ok(Page::End)) => Ok(None),
            Some(Err(error)) => Err(error),
            None => Err(StoreError::Unavailable("it has stopped before the last record".into())),
        }
    }
}

/// Where a database puts its records. It waits while there are enough for whoever reads them.
pub(in crate::store) struct Pages {
    to: mpsc::Sender<StoreResult<Page>>,
    page: Vec<Record>,
    bytes: usize,
}

impl Pages {
    /// A snapshot, and where its records come from.
    pub(in crate::store) fn new() -> (Self, Snapshot) {
        let (to, pages) = mpsc::channel(PAGES_MAX);
        (Self { to, page: Vec::new(), bytes: 0 }, Snapshot { pages })
    }

    /// Adds a record. Answers whether the page is full and is to be [sent](Self::send).
    pub(in crate::store) fn add(&mut self, record: Record) -> bool {
        self.bytes += record.content_bytes();
        self.page.push(record);
        self.page.len() >= PAGE_RECORDS || self.bytes >= PAGE_BYTES
    }

    /// Sends the page. Fails if nobody reads on.
    pub(in crate::store) async fn send(&mut self) -> StoreResult<()> {
        self.bytes = 0;
        let page = Page::Records(std::mem::take(&mut self.page));
        self.to.send(Ok(page)).await.map_err(|_| StoreError::Unavailable("nobody reads on".into()))
    }

    /// Says that there are no more records, or why.
    pub(in crate::store) async fn end(mut self, fed: StoreResult<()>) {
        let end = match fed {
            Ok(()) => self.send().await.map(|()| Page::End),
            Err(error) => Err(error),
        };
        _ = self.to.send(end).await;
    }
}

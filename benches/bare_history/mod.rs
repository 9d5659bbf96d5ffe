//! The least that can answer `GET /api/v1/messages/?group_id=..&limit=50` with the same bytes: hyper, a pool of
//! connections, the same query. No router, no validation, no limits, no time-outs.

#![expect(clippy::disallowed_methods, reason = "a benchmark goes by the real clock and its own command line")]

mod postgres;
mod sqlite;

use std::convert::Infallible;
use std::env;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use groupcast::model::Message;
use groupcast::protocol::message::write_message;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::support::Result;
use crate::yardstick::SERVE;

/// As what this program is to serve.
pub(crate) const NAME: &str = "bare-history";
/// Messages in an answer.
pub(crate) const LIMIT: i64 = 50;
/// Connections to the database, as many as groupcast has unless told otherwise.
const CONNECTIONS: usize = 8;

enum Pool {
    Postgres(postgres::Pool),
    Sqlite(sqlite::Pool),
}

/// Serves if the arguments of this program are [`SERVE`] and [`NAME`], with the messages in `DATABASE_URL`; says
/// whether they were.
pub(crate) fn serve_if_asked() -> Result<bool> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments != [SERVE, NAME] {
        return Ok(false);
    }
    tokio::runtime::Runtime::new()?.block_on(serve())?;
    Ok(true)
}

async fn serve() -> Result<()> {
    let url = env::var("DATABASE_URL")?;
    let pool = Arc::new(match url.strip_prefix("sqlite:") {
        Some(file) => Pool::Sqlite(sqlite::open(file, CONNECTIONS)?),
        None => Pool::Postgres(postgres::open(&url, CONNECTIONS)?),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let pool = Arc::clone(&pool);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &pool));
            // A client that goes away ends its connection only.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    pool: &Arc<Pool>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let group = request.uri().query().and_then(group_id).unwrap_or(0);
    let page = match &**pool {
        Pool::Postgres(pool) => postgres::page(pool, group).await,
        Pool::Sqlite(pool) => sqlite::page(pool, group).await,
    };
    Ok(match page {
        Ok(page) => {
            let mut response = Response::new(Full::new(json(&page)));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            let mut response = Response::new(Full::new(error.to_string().into()));
            *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    })
}

fn group_id(query: &str) -> Option<i64> {
    query.split('&').find_map(|pair| pair.strip_prefix("group_id="))?.parse().ok()
}

fn json(page: &[Message]) -> Bytes {
    let mut json = vec![b'['];
    for message in page {
        if json.len() > 1 {
            json.push(b',');
        }
        write_message(&mut json, message);
    }
    json.push(b']');
    json.into()
}

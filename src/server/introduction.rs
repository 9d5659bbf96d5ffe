//! What comes before the first request of a new connection: the header of a proxy, and the handshake of TLS.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Shared;
use super::proxy_header::read_client;
use super::refusal::{NOT_TLS, TOO_FAST, refuse};
use crate::metrics::Handshake;
use crate::transport::{AcceptError, TlsAcceptor, Transport};

/// Whether anything comes before the first request of a connection from this address.
pub(super) fn is_needed(shared: &Shared, address: IpAddr) -> bool {
    shared.tls.is_some() || speaks_for_others(shared, address)
}

/// Whether connections from there begin with the header of a proxy.
fn speaks_for_others(shared: &Shared, address: IpAddr) -> bool {
    shared.config.proxy_protocol && shared.proxies.contains(address)
}

/// Lets a trusted proxy say for whom it opened the connection; that one's address counts from now on. Then does the
/// handshake of TLS, if that is spoken here. `None` if the connection ends with it.
pub(super) async fn introduce(
    shared: &Shared,
    stream: Transport,
    mut address: IpAddr,
) -> Option<(Transport, IpAddr)> {
    let Transport::Plain(mut tcp) = stream else { return Some((stream, address)) };
    if speaks_for_others(shared, address) {
        (tcp, address) = read_header(shared, tcp, address).await?;
    }
    match &shared.tls {
        None => Some((Transport::Plain(tcp), address)),
        Some(tls) => Some((shake_hands(shared, tls, tcp).await?, address)),
    }
}

/// Reads whom a proxy speaks for. `None` if it says nothing of the kind in time, and then it gets no answer, or if that
/// client may not connect now.
async fn read_header(shared: &Shared, mut tcp: TcpStream, proxy: IpAddr) -> Option<(TcpStream, IpAddr)> {
    let read = tokio::select! {
        read = timeout(shared.config.head_timeout, read_client(&mut tcp)) => read,
        () = shared.drain.cancelled() => return None,
    };
    let address = match read {
        Ok(Ok(client)) => client.unwrap_or(proxy),
        Ok(Err(error)) => {
            tracing::debug!(%error, %proxy, "connection refused");
            return None;
        }
        Err(_) => return None,
    };
    if shared.may_connect(address) {
        return Some((tcp, address));
    }
    if shared.tls.is_none() {
        let turn = Arc::clone(&shared.refusals).try_acquire_owned().ok();
        refuse(tcp, TOO_FAST, turn).await;
    }
    None
}

/// Does the handshake, within the time that a request's head may take.
async fn shake_hands(shared: &Shared, tls: &TlsAcceptor, tcp: TcpStream) -> Option<Transport> {
    let metrics = &shared.metrics;
    let shaken = tokio::select! {
        shaken = timeout(shared.config.head_timeout, tls.accept(tcp)) => shaken,
        () = shared.drain.cancelled() => return None,
    };
    match shaken {
        Ok(Ok(stream)) => {
            metrics.shook_hands(Handshake::Done);
            return Some(stream);
        }
        Ok(Err(AcceptError::Challenge)) => metrics.shook_hands(Handshake::Done),
        Ok(Err(AcceptError::Plain(tcp))) => {
            metrics.shook_hands(Handshake::Failed);
            let turn = Arc::clone(&shared.refusals).try_acquire_owned().ok();
            refuse(tcp, NOT_TLS, turn).await;
        }
        Ok(Err(AcceptError::Failed(error))) => {
            metrics.shook_hands(Handshake::Failed);
            tracing::debug!(%error, "no TLS connection");
        }
        Err(_) => metrics.shook_hands(Handshake::TimedOut),
    }
    None
}

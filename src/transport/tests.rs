//! TLS over a socket that takes little: what is written arrives once, whole and in order.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes};
use groupcast_kit::random::{Random, seeds};
use groupcast_kit::tunnel::client_config;
use rustls::pki_types::ServerName;
use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Certificate, TlsAcceptor, Transport};

const NAME: &str = "groupcast.test";
/// What the kernel keeps of each direction, in bytes: the least that it can be set to is some more.
const KERNEL_BYTES: usize = 2 * 1024;
/// Buffers that are written in one go at most.
const VECTORED_MAX: u64 = 4;

/// Both ends of a connection.
async fn connect() -> (Transport, TlsStream<TcpStream>) {
    let certified = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
    let pem = certified.cert.pem();
    let certificate =
        Certificate::from_pem(pem.as_bytes(), certified.signing_key.serialize_pem().as_bytes()).unwrap();
    let acceptor = TlsAcceptor::new(false).unwrap();
    acceptor.show(&certificate);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(KERNEL_BYTES).unwrap();
    socket.connect(&listener.local_addr().unwrap().into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let client = TcpStream::from_std(socket.into()).unwrap();
    let (server, _) = listener.accept().await.unwrap();
    SockRef::from(&server).set_send_buffer_size(KERNEL_BYTES).unwrap();
    let connector = TlsConnector::from(Arc::new(client_config(&pem).unwrap()));
    let (server, client) =
        tokio::join!(acceptor.accept(server), connector.connect(ServerName::try_from(NAME).unwrap(), client));
    (server.unwrap(), client.unwrap())
}

/// Reads what is there, up to this; `None` at the end.
async fn read(client: &mut TlsStream<TcpStream>, bytes_max: usize) -> Option<Vec<u8>> {
    let mut buffer = vec![0; bytes_max];
    let mut room = ReadBuf::new(&mut buffer);
    let read = poll_fn(|cx| Poll::Ready(Pin::new(&mut *client).poll_read(cx, &mut room))).await;
    let is_end = matches!(read, Poll::Ready(Ok(()))) && room.filled().is_empty();
    if let Poll::Ready(Err(error)) = read {
        panic!("{error}");
    }
    (!is_end).then(|| room.filled().to_vec())
}

/// One that waits to be written, and how long it was.
struct Waiting {
    rest: Bytes,
    whole: usize,
}

async fn play(seed: u64) {
    let mut random = Random::new(seed);
    let (server, mut client) = connect().await;
    let (mut queue, mut expected, mut heard) = (VecDeque::<Waiting>::new(), Vec::new(), Vec::new());
    let mut frames = random.below(60);
    while frames > 0 || !queue.is_empty() {
        match random.below(8) {
            0 | 1 if frames > 0 => {
                frames -= 1;
                let length = 2 + match random.below(6) {
                    0 => random.below(60_000),
                    1 => 16 * 1024 - 2 + random.below(3),
                    _ => random.below(200),
                };
                let rest = Bytes::from((0..length).map(|_| random.below(256) as u8).collect::<Vec<u8>>());
                queue.push_back(Waiting { rest, whole: length as usize });
            }
            // What is not begun may be dropped at any time.
            2 if random.below(4) == 0 => queue.retain(|waiting| waiting.rest.len() < waiting.whole),
            3 | 4 => {
                heard.extend(read(&mut client, 1 + random.below(20_000) as usize).await.expect("no end"))
            }
            5 => tokio::task::yield_now().await,
            _ => {
                let count = 1 + random.below(VECTORED_MAX) as usize;
                let slices: Vec<_> =
                    queue.iter().take(count).map(|waiting| IoSlice::new(&waiting.rest)).collect();
                let written = match slices[..] {
                    [] => continue,
                    [ref one] if random.below(2) == 0 => server.try_write(one),
                    _ => server.try_write_vectored(&slices),
                };
                let mut written = match written {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                    written => written.unwrap(),
                };
                while written > 0 {
                    let front = &mut queue[0];
                    let taken = written.min(front.rest.len());
                    expected.extend_from_slice(&front.rest[..taken]);
                    front.rest.advance(taken);
                    written -= taken;
                    if front.rest.is_empty() {
                        queue.pop_front();
                    }
                }
            }
        }
    }
    let end = || poll_fn(|cx| Poll::Ready(server.poll_end_writing(cx).is_ready()));
    let mut is_ended = end().await;
    while let Some(more) = read(&mut client, 20_000).await {
        heard.extend(more);
        tokio::task::yield_now().await;
        if !is_ended {
            is_ended = end().await;
        }
    }
    assert!(heard == expected, "seed {seed}: {} bytes of {}", heard.len(), expected.len());
}

#[tokio::test]
async fn what_is_written_arrives_once_and_in_order() {
    for seed in seeds(300) {
        play(seed).await;
    }
}

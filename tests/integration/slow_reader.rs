//! Members who read nothing cost neither memory without bound nor other people's messages.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::group_path;
use crate::support::{PATIENCE, off_thread};

const MEMBERS: usize = 200;
const SILENT: usize = 20;
/// With [`CONTENT_BYTES`] each, 100 MiB.
const MESSAGES: usize = 1_600;
const CONTENT_BYTES: usize = 64 * 1024;
/// Messages that are under way at a time, far fewer than a socket's outbox holds.
const WINDOW: usize = 16;
const GROWTH_MAX: u64 = 64 << 20;

/// A frame's header and the start of its text, up to the number.
const HEAD_BYTES: usize = 10 + "loud: ".len();
const NUMBER_BYTES: usize = 8;

#[tokio::test]
async fn silent_members_cost_no_memory_and_no_messages() {
    // Nobody here answers pings.
    let options = ["--announce-members-max", "0", "--stall-timeout", "1s", "--heartbeat", "1h"];
    let server = Server::start_with(Store::Sqlite, &options).await;
    server.users(&["loud", "silent"]).await;
    let group = server.public_group("g").await;
    let address = server.address();
    // Waiting for sockets like this is thousands of times faster than a debug build of a WebSocket library.
    let (silent, readers): (Vec<TcpStream>, Vec<TcpStream>) = off_thread(move || {
        // Silent ones stand before and after the others in the list of members.
        let members = (0..MEMBERS).map(|number| {
            let is_silent = number % (MEMBERS / SILENT) == 1;
            (is_silent, open(address, if is_silent { "silent" } else { "loud" }))
        });
        let (silent, readers): (Vec<_>, Vec<_>) = members.partition(|(is_silent, _)| *is_silent);
        let sockets =
            |members: Vec<(bool, TcpStream)>| members.into_iter().map(|(_, socket)| socket).collect();
        (sockets(silent), sockets(readers))
    })
    .await;

    let before = server.memory("VmRSS");
    off_thread(move || publish_and_read(readers)).await;
    let growth = server.memory("VmHWM").saturating_sub(before);
    assert!(growth < GROWTH_MAX, "the server grew by {} MiB", growth >> 20);

    off_thread(move || silent.into_iter().for_each(read_to_the_end)).await;
    assert_eq!(server.messages(group).await.len(), MESSAGES);
}

/// Opens a socket in the group and reads the line that says so.
fn open(address: SocketAddr, user: &str) -> TcpStream {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: groupcast.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        group_path("g", user)
    );
    let mut stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    let mut joined = vec![0; 2 + user.len() + " joined g.".len()];
    stream.read_exact(&mut joined).expect("the line");
    stream
}

/// The first of the readers publishes; all get every message, in order.
fn publish_and_read(mut readers: Vec<TcpStream>) {
    let mut frame = vec![0; HEAD_BYTES + CONTENT_BYTES];
    let mut sent = 0;
    for expected in 0..MESSAGES {
        while sent < MESSAGES.min(expected + WINDOW) {
            readers[0].write_all(&masked(sent)).expect("the server reads");
            sent += 1;
        }
        for (index, reader) in readers.iter_mut().enumerate() {
            if let Err(error) = reader.read_exact(&mut frame) {
                panic!("reader {index}, message {expected}: {error}");
            }
            let (head, content) = frame.split_at(HEAD_BYTES);
            assert_eq!(&head[10..], b"loud: ", "reader {index}, message {expected}");
            let number = str::from_utf8(&content[..NUMBER_BYTES]).expect("a number");
            assert_eq!(number.parse(), Ok(expected), "reader {index}");
            assert_eq!(content.last(), Some(&b'x'), "reader {index}, message {expected}");
        }
    }
}

/// A message as a client sends it. A mask of zeros leaves the content as it is.
fn masked(number: usize) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend_from_slice(&(CONTENT_BYTES as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    write!(frame, "{number:0NUMBER_BYTES$}").expect("memory");
    frame.resize(2 + 8 + 4 + CONTENT_BYTES, b'x');
    frame
}

/// Reads what the kernel kept for a member who was given up; the server has closed it or will soon.
fn read_to_the_end(mut silent: TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match silent.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => total += length,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("a silent member is still there: {error}"),
        }
    }
    assert!(total < MESSAGES * CONTENT_BYTES / 2, "a silent member got {total} bytes");
}

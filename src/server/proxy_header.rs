//! The header with which a proxy begins a connection: whom it speaks for (the PROXY protocol of HAProxy,
//! `proxy-protocol.txt`, versions 1 and 2).

use std::io;
use std::net::IpAddr;

use ppp::HeaderResult;
use ppp::{v1, v2};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// The shortest header of all, `PROXY UNKNOWN` and the end of its line: so much can be read before it is known which
/// one it is.
const BYTES_MIN: usize = 15;
/// Longest header of version 1, in bytes (section 2.1).
const V1_BYTES_MAX: usize = 107;
/// Where the part of a header of version 2 begins whose length it tells (section 2.2).
const V2_FIXED_BYTES: usize = 16;
/// Longest such part, in bytes: addresses, and what else a proxy has to say, which is skipped.
const V2_REST_MAX: usize = 4096;

/// Reads a header and nothing behind it. Gives the address of the client, IPv4 where it is mapped into IPv6; `None` if
/// the proxy speaks for itself, or for somebody who has no address.
///
/// # Errors
/// What comes is no header, or one that is too long; or those of the connection.
pub(super) async fn read_client(stream: &mut TcpStream) -> io::Result<Option<IpAddr>> {
    let mut header = vec![0; BYTES_MIN];
    stream.read_exact(&mut header).await?;
    if header.starts_with(v2::PROTOCOL_PREFIX) {
        read_v2(stream, &mut header).await?;
    } else if header.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
        read_v1(stream, &mut header).await?;
    }
    client(&header)
}

/// Reads the rest of the line.
async fn read_v1(stream: &mut TcpStream, header: &mut Vec<u8>) -> io::Result<()> {
    let mut ahead = [0; V1_BYTES_MAX];
    while !header.ends_with(b"\n") {
        let room = V1_BYTES_MAX - header.len();
        let seen = stream.peek(&mut ahead[..room]).await?;
        if seen == 0 {
            return Err(no_header());
        }
        let end = ahead[..seen].iter().position(|&byte| byte == b'\n').map_or(seen, |end| end + 1);
        stream.read_exact(&mut ahead[..end]).await?;
        header.extend_from_slice(&ahead[..end]);
    }
    Ok(())
}

/// Reads as much as the header says that there is.
async fn read_v2(stream: &mut TcpStream, header: &mut Vec<u8>) -> io::Result<()> {
    header.push(stream.read_u8().await?);
    let rest = usize::from(u16::from_be_bytes([header[V2_FIXED_BYTES - 2], header[V2_FIXED_BYTES - 1]]));
    if rest > V2_REST_MAX {
        return Err(no_header());
    }
    header.resize(V2_FIXED_BYTES + rest, 0);
    stream.read_exact(&mut header[V2_FIXED_BYTES..]).await?;
    Ok(())
}

/// The address in a whole header.
pub(super) fn client(header: &[u8]) -> io::Result<Option<IpAddr>> {
    // Section 2.1: a line ends with both. The crate takes some that end with the latter alone.
    if header.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) && !header.ends_with(b"\r\n") {
        return Err(no_header());
    }
    // Whatever stands behind that word in the line is to be ignored. The crate takes four words of it.
    if header.starts_with(b"PROXY UNKNOWN ") {
        return Ok(None);
    }
    let address: Option<IpAddr> = match HeaderResult::parse(header) {
        HeaderResult::V1(Ok(header)) => match header.addresses {
            v1::Addresses::Tcp4(pair) => Some(pair.source_address.into()),
            v1::Addresses::Tcp6(pair) => Some(pair.source_address.into()),
            v1::Addresses::Unknown => None,
        },
        HeaderResult::V2(Ok(header)) => match (header.command, header.addresses) {
            (v2::Command::Proxy, v2::Addresses::IPv4(pair)) => Some(pair.source_address.into()),
            (v2::Command::Proxy, v2::Addresses::IPv6(pair)) => Some(pair.source_address.into()),
            _ => None,
        },
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => return Err(no_header()),
    };
    Ok(address.map(|address| address.to_canonical()))
}

fn no_header() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no header of the PROXY protocol")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::IpAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::read_client;

    const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

    fn v2(kind: [u8; 2], rest: &[u8], tail: usize) -> Vec<u8> {
        let length = ((rest.len() + tail) as u16).to_be_bytes();
        [V2, &kind, &length, rest, &vec![0; tail]].concat()
    }

    /// What is read of these bytes, and what stays behind it. They are sent in pieces of `piece` bytes.
    async fn read(bytes: &[u8], piece: usize) -> (io::Result<Option<IpAddr>>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (mut sender, accepted) = tokio::join!(
            async { TcpStream::connect(listener.local_addr().unwrap()).await.unwrap() },
            listener.accept()
        );
        let mut stream = accepted.unwrap().0;
        let sending = async {
            for piece in bytes.chunks(piece) {
                // The reader may have gone.
                let _ = sender.write_all(piece).await;
                tokio::task::yield_now().await;
            }
            let _ = sender.shutdown().await;
        };
        let (found, ()) = tokio::join!(read_client(&mut stream), sending);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        (found, rest)
    }

    #[tokio::test]
    async fn the_client_stands_in_the_header() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 1, 2, 3, 4];
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
        v6[15] = 7;
        let mut mapped = [0; 36];
        mapped[10..16].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 7]);
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(91));
        for (header, expected) in [
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n".to_vec(), Some("192.0.2.7")),
            (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n".to_vec(), Some("2001:db8::7")),
            (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 4711 80\r\n".to_vec(), Some("192.0.2.7")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (long.into_bytes(), None),
            (b"PROXY UNKNOWN 1 2 3 4 5 6 7\r\n".to_vec(), None),
            (v2([0x21, 0x11], &v4, 0), Some("192.0.2.7")),
            (v2([0x21, 0x11], &v4, 2000), Some("192.0.2.7")),
            (v2([0x21, 0x11], &v4, 4096 - 12), Some("192.0.2.7")),
            (v2([0x21, 0x21], &v6, 0), Some("2001:db8::7")),
            (v2([0x21, 0x21], &mapped, 0), Some("192.0.2.7")),
            (v2([0x20, 0x11], &v4, 0), None),
            (v2([0x20, 0x00], &[], 0), None),
            (v2([0x21, 0x00], &[], 7), None),
            (v2([0x21, 0x31], &[], 216), None),
        ] {
            for piece in [1, 14, 17, 10_000] {
                let (found, rest) = read(&[&header[..], b"GET / HTTP/1.1\r\n\n"].concat(), piece).await;
                assert_eq!(
                    found.unwrap().map(|address| address.to_string()).as_deref(),
                    expected,
                    "{header:?}"
                );
                assert_eq!(rest, b"GET / HTTP/1.1\r\n\n");
            }
        }
    }

    #[tokio::test]
    async fn anything_else_is_no_header() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
        for bytes in [
            b"".to_vec(),
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n".to_vec(),
            b"PROXY TCP4 192.0.2 10.0.0.1 4711 80\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::7 10.0.0.1 4711 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\n".to_vec(),
            b"PROXY UNKNOWN x y\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 471".to_vec(),
            b"proxy TCP4 192.0.2.7 10.0.0.1 4711 80\r\n".to_vec(),
            long.into_bytes(),
            v2([0x31, 0x11], &[0; 12], 0),
            v2([0x22, 0x11], &[0; 12], 0),
            v2([0x21, 0x11], &[0; 8], 0),
            v2([0x21, 0x11], &[0; 12], 4096),
            v2([0x21, 0x11], &[0; 12], 0)[..20].to_vec(),
        ] {
            assert!(read(&bytes, 10_000).await.0.is_err(), "{bytes:?}");
        }
    }
}

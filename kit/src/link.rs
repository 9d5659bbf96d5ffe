//! A network between two programs on this machine, which can be cut: a TCP proxy.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is on its way in one direction of a connection, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// Takes connections on 127.0.0.1 and carries their bytes to another address and back. It lives on the runtime that
/// made it, and ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Link {
    port: u16,
    line: watch::Sender<Line>,
    accepting: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    is_cut: bool,
    /// Whether connections are closed as soon as they are made.
    refuses: bool,
    /// How often all connections were closed.
    severed: u64,
}

impl Link {
    /// One to this port of 127.0.0.1, where nobody need listen yet.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn to(port: u16) -> io::Result<Self> {
        Self::to_host(Ipv4Addr::LOCALHOST.to_string(), port).await
    }

    /// One to this port of a host, given by its name or address, which is looked up for each connection.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn to_host(host: String, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let own = listener.local_addr()?.port();
        let (line, seen) = watch::channel(Line::default());
        Ok(Self { port: own, line, accepting: tokio::spawn(accept(listener, (host, port), seen)) })
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets nothing pass from now on, in neither direction: connections hang and are not closed, those that are made
    /// meanwhile too.
    pub fn cut(&self) {
        self.line.send_modify(|line| line.is_cut = true);
    }

    /// Closes all connections, and from now on those that are made as soon as they are, as if nobody listened.
    pub fn refuse(&self) {
        self.line.send_modify(|line| {
            line.refuses = true;
            line.severed += 1;
        });
    }

    /// Lets everything pass again, also what was on its way when it was [cut](Self::cut).
    pub fn mend(&self) {
        self.line.send_modify(|line| {
            line.is_cut = false;
            line.refuses = false;
        });
    }

    /// Closes all connections. Those that are made later pass, unless it is cut.
    pub fn sever(&self) {
        self.line.send_modify(|line| line.severed += 1);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: (String, u16), mut line: watch::Receiver<Line>) {
    while mended(&mut line).await.is_ok() {
        if let Ok((client, _)) = listener.accept().await {
            let Line { severed, refuses, .. } = *line.borrow();
            if !refuses {
                tokio::spawn(serve(client, target.clone(), line.clone(), severed));
            }
        }
    }
}

/// Carries for one connection until it ends or is severed.
async fn serve(client: TcpStream, target: (String, u16), mut line: watch::Receiver<Line>, severed: u64) {
    let mut at = line.clone();
    tokio::select! {
        // An error means that the link is gone.
        _ = line.wait_for(|line| line.severed != severed) => {}
        // One that is closed is no matter of the link.
        _ = both_ways(client, target, &mut at) => {}
    }
}

async fn both_ways(
    client: TcpStream,
    (host, port): (String, u16),
    line: &mut watch::Receiver<Line>,
) -> io::Result<()> {
    mended(line).await?;
    let server = TcpStream::connect((&*host, port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (mut there, mut back) = (line.clone(), line.clone());
    tokio::try_join!(carry(from_client, to_server, &mut there), carry(from_server, to_client, &mut back))?;
    Ok(())
}

/// Carries in one direction, until its end.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    line: &mut watch::Receiver<Line>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        mended(line).await?;
        let size = tokio::select! {
            biased;
            _ = line.wait_for(|line| line.is_cut) => continue,
            size = from.read(&mut buffer) => size?,
        };
        let mut rest = &buffer[..size];
        while !rest.is_empty() {
            mended(line).await?;
            tokio::select! {
                biased;
                _ = line.wait_for(|line| line.is_cut) => {}
                size = to.write(rest) => rest = &rest[size?..],
            }
        }
        if size == 0 {
            mended(line).await?;
            return to.shutdown().await;
        }
    }
}

/// Waits while the link is cut.
async fn mended(line: &mut watch::Receiver<Line>) -> io::Result<()> {
    match line.wait_for(|line| !line.is_cut).await {
        Ok(_) => Ok(()),
        Err(_) => Err(io::Error::other("the link is gone")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn pair() -> (Link, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = Link::to(listener.local_addr().unwrap().port()).await.unwrap();
        let client = TcpStream::connect(("127.0.0.1", link.port())).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (link, client, server)
    }

    async fn pass(from: &mut TcpStream, to: &mut TcpStream, word: &[u8; 4]) {
        from.write_all(word).await.unwrap();
        let mut read = [0; 4];
        to.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, word);
    }

    #[tokio::test]
    async fn a_cut_link_hangs_until_it_is_mended() {
        let (link, mut client, mut server) = pair().await;
        pass(&mut client, &mut server, b"here").await;
        pass(&mut server, &mut client, b"back").await;
        link.cut();
        client.write_all(b"late").await.unwrap();
        let mut read = [0; 4];
        assert!(timeout(Duration::from_millis(200), server.read_exact(&mut read)).await.is_err());
        link.mend();
        server.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"late");
    }

    #[tokio::test]
    async fn a_severed_link_closes() {
        let (link, client, mut server) = pair().await;
        link.cut();
        link.sever();
        assert!(matches!(server.read(&mut [0; 4]).await, Ok(0) | Err(_)));
        drop(client);
    }

    #[tokio::test]
    async fn a_link_that_refuses_closes_what_is_opened_until_it_is_mended() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = Link::to(listener.local_addr().unwrap().port()).await.unwrap();
        let _client = TcpStream::connect(("127.0.0.1", link.port())).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        link.refuse();
        assert!(matches!(server.read(&mut [0; 4]).await, Ok(0) | Err(_)));
        let mut refused = TcpStream::connect(("127.0.0.1", link.port())).await.unwrap();
        assert!(matches!(refused.read(&mut [0; 4]).await, Ok(0) | Err(_)));
        link.mend();
        let mut taken = TcpStream::connect(("127.0.0.1", link.port())).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        pass(&mut taken, &mut server, b"here").await;
    }

    #[tokio::test]
    async fn an_end_is_passed_on() {
        let (_link, mut client, mut server) = pair().await;
        client.shutdown().await.unwrap();
        assert_eq!(server.read(&mut [0; 4]).await.unwrap(), 0);
        pass(&mut server, &mut client, b"back").await;
    }
}

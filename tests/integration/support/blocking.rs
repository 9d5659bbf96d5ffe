//! Sockets by the thousand, in JSON mode.

use std::net::SocketAddr;

pub use groupcast_kit::crowd::{BlockingSocket, crowd_turn};

/// Opens so many at the path of any number of groups. Each begins with what `begin` sends, by its number: the
/// server waits only so long for that.
pub fn open_crowd(
    address: SocketAddr,
    count: usize,
    mut begin: impl FnMut(usize, &mut BlockingSocket),
) -> Vec<BlockingSocket> {
    let ask = |_, socket: &mut BlockingSocket| socket.ask_upgrade("/ws", None);
    let hear = |number, socket: &mut BlockingSocket| {
        socket.await_upgrade(None)?;
        begin(number, socket);
        Ok(())
    };
    BlockingSocket::open_many(address, 0..count, ask, hear).expect("all are let in")
}

/// Raises the limit of open files as far as it may be, and gives it.
pub fn raise_open_files_max() -> usize {
    groupcast_kit::crowd::raise_open_files_max().expect("a limit")
}

//! Where a client is, and where it goes.

use std::net::SocketAddr;

use groupcast_kit::random::Random;
use tokio::time::Instant;

/// Whether a server takes clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Here.
    Up(SocketAddr),
    /// It was told to stop.
    Leaving,
    /// It was killed, at this moment.
    Killed(Instant),
}

impl Standing {
    /// Where clients find it; `None` if it takes none.
    pub(crate) fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Up(address) => Some(address),
            Self::Leaving | Self::Killed(_) => None,
        }
    }
}

/// A client's place at a server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seat {
    /// The server that it uses or has used last.
    pub(crate) server: Option<usize>,
    /// When that was killed.
    pub(crate) lost_at: Option<Instant>,
    /// Where it wants to be, if it can choose.
    wish: Option<usize>,
}

impl Seat {
    /// Of who wants to be at this server.
    pub(crate) fn at(server: usize) -> Self {
        Self { wish: Some(server), ..Self::default() }
    }

    /// Takes a place at a server that is up: at another one than before, if there are several.
    pub(crate) fn choose(&mut self, servers: &[Standing], random: &mut Random) -> Option<SocketAddr> {
        let up = |(index, standing): (usize, &Standing)| Some((index, standing.address()?));
        let all: Vec<_> = servers.iter().enumerate().filter_map(up).collect();
        let wished = all.iter().find(|(index, _)| Some(*index) == self.wish);
        let others: Vec<_> = all.iter().filter(|(index, _)| Some(*index) != self.server).collect();
        let &(index, address) = match (wished, &*others) {
            (Some(wished), _) => wished,
            (None, []) => all.first()?,
            (None, others) => others[random.size(others.len())],
        };
        self.server = Some(index);
        Some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_goes_to_another_server_that_is_up() {
        let up = |port| Standing::Up(SocketAddr::from(([127, 0, 0, 1], port)));
        let servers = [up(1), Standing::Leaving, up(3), Standing::Killed(Instant::now())];
        let (mut seat, mut random) = (Seat::default(), Random::new(1));
        assert!(seat.choose(&servers[1..2], &mut random).is_none());
        let first = seat.choose(&servers, &mut random).unwrap();
        for turn in 0..10 {
            let next = seat.choose(&servers, &mut random).unwrap();
            assert_eq!(next == first, turn % 2 == 1);
        }
        assert_eq!(seat.choose(&servers[..1], &mut random), Some(SocketAddr::from(([127, 0, 0, 1], 1))));
        let mut seat = Seat::at(2);
        assert!((0..10).all(|_| seat.choose(&servers, &mut random).is_some() && seat.server == Some(2)));
    }
}

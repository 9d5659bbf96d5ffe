//! A client that reads in text mode.

use std::sync::Arc;

use groupcast_kit::random::Random;
use tokio::time::sleep_until;

use crate::ids::GroupId;
use crate::seat::Seat;
use crate::shared::{End, Phase, Shared};
use crate::socket::{Gone, Socket};

/// What a server says that cannot let anybody in for the moment, before it closes.
const UNAVAILABLE: &str = "The service is temporarily unavailable.";

/// A client that reads the lines of one group. It misses what is said while it is away.
pub(crate) struct TextReader {
    /// Which receiver, from 0.
    pub(crate) index: usize,
    pub(crate) group: GroupId,
    /// The socket's path.
    pub(crate) path: String,
    /// When its sockets are cut.
    pub(crate) random: Random,
    /// Where it is.
    pub(crate) seat: Seat,
    pub(crate) shared: Arc<Shared>,
}

impl TextReader {
    /// Reads until it has seen the last line.
    pub(crate) async fn run(mut self) {
        let who = format!("receiver {}", self.index);
        let shared = Arc::clone(&self.shared);
        loop {
            let opening = shared.connect_in_text_mode(&self.path, &mut self.seat, &mut self.random);
            let end = match opening.await {
                Ok(socket) => {
                    let life = shared.ledger().begin_life(self.group);
                    let end = self.live(socket, life).await.unwrap_or_else(|end| end);
                    if !matches!(end, End::Done) {
                        shared.ledger().end_life(life);
                    }
                    end
                }
                Err(gone) => End::Gone(gone),
            };
            if !shared.go_on_after(&who, end, &mut self.seat).await {
                return;
            }
        }
    }

    /// Lives one socket's life.
    async fn live(&mut self, mut socket: Socket, life: usize) -> Result<End, End> {
        let shared = Arc::clone(&self.shared);
        let cut_at = shared.cut_time(&mut self.random);
        let mut phases = shared.phase.subscribe();
        loop {
            let phase = *phases.borrow_and_update();
            if phase == Phase::Seeing && shared.ledger().has_read_all(life) {
                return Ok(End::Done);
            }
            tokio::select! {
                line = socket.next() => {
                    let line = line?;
                    if *line == *UNAVAILABLE {
                        return Err(Gone::Broken(UNAVAILABLE.to_owned()).into());
                    }
                    shared.ledger().read_line(life, &line);
                }
                _ = phases.changed() => {}
                () = sleep_until(cut_at), if phase == Phase::Sending => {
                    socket.cut();
                    return Ok(End::Cut);
                }
            }
        }
    }
}

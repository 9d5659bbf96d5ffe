//! Reading all messages of a group over a socket.

use groupcast_kit::random::Random;
use tokio::time::timeout;

use crate::command::history;
use crate::entry::Message;
use crate::error::VerifyError;
use crate::event::Event;
use crate::ids::{GroupId, Seq};
use crate::seat::Seat;
use crate::shared::Shared;
use crate::socket::{Gone, Socket};

/// Messages asked for at a time.
const PAGE_MESSAGES: usize = 300;

/// All messages of the group of this socket's path, by `history` of one server.
pub(crate) async fn read_history(
    shared: &Shared,
    group: GroupId,
    path: &str,
    server: usize,
) -> Result<Vec<Message>, VerifyError> {
    let (mut seat, mut random) = (Seat::at(server), Random::new(0));
    let failed = |why: String| VerifyError::Stuck(format!("history of group {group}: {why}"));
    let reading = async {
        let mut socket = shared.connect(path, &mut seat, &mut random).await?;
        let mut all: Vec<Message> = Vec::new();
        loop {
            let after = all.last().map_or(Seq(0), |last| last.seq);
            socket.send(history(group, after, PAGE_MESSAGES)).await?;
            let (messages, more) = page(shared, &mut socket).await?;
            let leads_on = messages.last().is_some_and(|last| last.seq > after);
            all.extend(messages);
            if !more || !leads_on {
                return Ok(all);
            }
        }
    };
    match timeout(shared.patience, reading).await {
        Ok(Ok(messages)) => Ok(messages),
        Ok(Err(Gone::Broken(why) | Gone::Refused(why))) => Err(failed(why)),
        Err(_) => Err(failed(format!("not read after {:?}", shared.patience))),
    }
}

/// The next page that the socket is sent.
async fn page(shared: &Shared, socket: &mut Socket) -> Result<(Vec<Message>, bool), Gone> {
    loop {
        match shared.read("history", &socket.next().await?) {
            Event::History { messages, more } => return Ok((messages, more)),
            Event::Error { what, .. } => return Err(Gone::Refused(what)),
            _ => {}
        }
    }
}

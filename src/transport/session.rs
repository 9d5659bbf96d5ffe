//! What is known of one TLS connection, as bytes go in and out: no I/O.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError, UnbufferedStatus,
    WriteTraffic,
};

/// Longest plaintext of a record, in bytes (RFC 8446, section 5.1).
pub(super) const RECORD_BYTES_MAX: usize = 16 * 1024;

/// A TLS connection without its socket. One that is idle holds no buffers.
pub(super) struct Session {
    connection: UnbufferedServerConnection,
    /// The record that has not arrived whole.
    kept: Vec<u8>,
    /// What was decrypted and not asked for yet: no more than what came with a read, and [`Self::kept`] before it.
    plain: Vec<u8>,
    /// What is to be sent before anything else is.
    pub(super) unsent: Vec<u8>,
    /// Whether the byte that is written next is sent already, with [`Self::unsent`].
    pub(super) owes: bool,
    /// Nothing more comes, and why.
    end: Option<End>,
    has_said_goodbye: bool,
}

/// How what a peer sends has ended.
#[derive(Debug)]
enum End {
    /// As it should (`close_notify`; RFC 8446, section 6.1).
    Closed,
    /// The socket ended before.
    Truncated,
    /// It broke the protocol.
    Failed(rustls::Error),
}

impl Session {
    /// A connection of which nothing has come.
    pub(super) fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        let connection = UnbufferedServerConnection::new(config).map_err(io::Error::other)?;
        Ok(Self {
            connection,
            kept: Vec::new(),
            plain: Vec::new(),
            unsent: Vec::new(),
            owes: false,
            end: None,
            has_said_goodbye: false,
        })
    }

    /// Whether the handshake is still under way.
    pub(super) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// What both sides chose to speak over it.
    pub(super) fn protocol(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    /// Whether a read has something to say without asking the socket.
    pub(super) fn has_something(&self) -> bool {
        !self.plain.is_empty() || self.end.is_some()
    }

    /// What was decrypted and not asked for yet.
    pub(super) fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// Moves what was decrypted before into `room`; how much, `None` if there is nothing.
    pub(super) fn take_plain(&mut self, room: &mut [u8]) -> Option<usize> {
        if self.plain.is_empty() {
            return None;
        }
        let length = self.plain.len().min(room.len());
        room[..length].copy_from_slice(&self.plain[..length]);
        self.plain.drain(..length);
        if self.plain.is_empty() {
            self.plain = Vec::new();
        }
        Some(length)
    }

    /// How a read ends that finds nothing: 0 at the peer's end, `WouldBlock` while there may be more.
    pub(super) fn nothing_read(&self) -> io::Result<usize> {
        match &self.end {
            None => Err(io::ErrorKind::WouldBlock.into()),
            Some(End::Closed) => Ok(0),
            Some(End::Truncated) => Err(io::ErrorKind::UnexpectedEof.into()),
            Some(End::Failed(error)) => Err(io::Error::new(io::ErrorKind::InvalidData, error.clone())),
        }
    }

    /// The socket has ended.
    pub(super) fn cut(&mut self) {
        self.end.get_or_insert(End::Truncated);
    }

    /// The record that has not arrived whole: what comes is to be appended to it.
    pub(super) fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// Takes in [`kept`](Self::kept) and what came behind it. What is decrypted goes into `room` as far as it fits;
    /// how much that is.
    pub(super) fn receive(&mut self, records: &mut [u8], room: &mut [u8]) -> usize {
        let Self { connection, plain, unsent, end, .. } = self;
        let (mut start, mut filled) = (0, 0);
        while end.is_none() {
            let UnbufferedStatus { mut discard, state, .. } =
                connection.process_tls_records(&mut records[start..]);
            let mut goes_on = true;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        match record {
                            Ok(record) => {
                                discard += record.discard;
                                let fits = record.payload.len().min(room.len() - filled);
                                room[filled..filled + fits].copy_from_slice(&record.payload[..fits]);
                                filled += fits;
                                plain.extend_from_slice(&record.payload[fits..]);
                            }
                            Err(error) => *end = Some(End::Failed(error)),
                        }
                    }
                }
                Ok(ConnectionState::EncodeTlsData(encode)) => append(unsent, encode),
                Ok(ConnectionState::TransmitTlsData(transmit)) => transmit.done(),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => *end = Some(End::Closed),
                Ok(_) => goes_on = false,
                Err(error) => *end = Some(End::Failed(error)),
            }
            start += discard;
            if !goes_on {
                break;
            }
        }
        if let Some(End::Failed(_)) = end {
            // What the peer is told of it.
            while let UnbufferedStatus { state: Ok(ConnectionState::EncodeTlsData(encode)), .. } =
                connection.process_tls_records(&mut records[start..])
            {
                append(unsent, encode);
            }
        }
        if start == records.len() || self.end.is_some() {
            self.kept = Vec::new();
        } else {
            self.kept.clear();
            self.kept.extend_from_slice(&records[start..]);
        }
        filled
    }

    /// Encrypts one record of at most [`RECORD_BYTES_MAX`] into `out`; how long it is.
    pub(super) fn encrypt(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        self.write_with(out, |traffic, out| traffic.encrypt(plain, out))
    }

    /// Tells the peer that nothing more comes, behind all that was encrypted; only once.
    pub(super) fn say_goodbye(&mut self) -> io::Result<()> {
        if self.has_said_goodbye {
            return Ok(());
        }
        self.has_said_goodbye = true;
        let mut out = Vec::new();
        let length = self.write_with(&mut out, |traffic, out| traffic.queue_close_notify(out))?;
        self.unsent.extend_from_slice(&out[..length]);
        Ok(())
    }

    /// Has `write` write into `out`, which grows as needed; how much there is.
    fn write_with(
        &mut self,
        out: &mut Vec<u8>,
        write: impl Fn(
            &mut WriteTraffic<'_, rustls::server::ServerConnectionData>,
            &mut [u8],
        ) -> Result<usize, EncryptError>,
    ) -> io::Result<usize> {
        let mut before = Vec::new();
        loop {
            // Handed over what is kept, since rustls remembers how much of it there is. It has no whole record.
            let UnbufferedStatus { discard, state, .. } = self.connection.process_tls_records(&mut self.kept);
            let written = match state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => Some(match write(&mut traffic, out) {
                    Err(EncryptError::InsufficientSize(InsufficientSizeError { required_size })) => {
                        out.resize(required_size, 0);
                        write(&mut traffic, out)
                    }
                    written => written,
                }),
                Ok(ConnectionState::EncodeTlsData(encode)) => {
                    append(&mut before, encode);
                    None
                }
                Ok(ConnectionState::TransmitTlsData(transmit)) => {
                    transmit.done();
                    None
                }
                Ok(_) => return Err(io::ErrorKind::NotConnected.into()),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            };
            self.kept.drain(..discard);
            let Some(written) = written else { continue };
            let length = written.map_err(io::Error::other)?;
            if before.is_empty() {
                return Ok(length);
            }
            before.extend_from_slice(&out[..length]);
            *out = before;
            return Ok(out.len());
        }
    }
}

/// Appends what rustls wants to be sent.
fn append<Data>(unsent: &mut Vec<u8>, mut encode: EncodeTlsData<'_, Data>) {
    let start = unsent.len();
    if let Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) =
        encode.encode(&mut [])
    {
        unsent.resize(start + required_size, 0);
        // There is as much room as it has asked for.
        let _ = encode.encode(&mut unsent[start..]);
    }
}

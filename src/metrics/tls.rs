//! TLS: the handshakes and the certificate.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// How a handshake of TLS ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// There is a connection.
    Done,
    /// The client broke it off, or did something wrong.
    Failed,
    /// The client took too long.
    TimedOut,
}

impl Handshake {
    const ALL: [Self; 3] = [Self::Done, Self::Failed, Self::TimedOut];

    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    result: &'static str,
}

impl From<Handshake> for Ended {
    fn from(result: Handshake) -> Self {
        Self { result: result.name() }
    }
}

/// The series of TLS; none on a server that does not speak it.
#[derive(Default)]
pub(super) struct TlsSeries {
    handshakes: Family<Ended, Counter>,
    expires: Family<[(&'static str, &'static str); 0], Gauge>,
}

impl TlsSeries {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("tls_handshakes", "Handshakes of TLS, by how they ended", self.handshakes.clone());
        let expires = "When the certificate ends to be valid, in seconds since 1970";
        registry.register("tls_certificate_expiry_seconds", expires, self.expires.clone());
    }

    pub(super) fn note_certificate(&self, expires: u64) {
        // A series that is not there yet cannot be watched for its first increase.
        Handshake::ALL.into_iter().for_each(|result| drop(self.handshakes.get_or_create(&result.into())));
        self.expires.get_or_create(&[]).set(i64::try_from(expires).unwrap_or(i64::MAX));
    }

    pub(super) fn shook_hands(&self, result: Handshake) {
        self.handshakes.get_or_create(&result.into()).inc();
    }
}

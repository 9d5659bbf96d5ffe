//! A real ACME authority for tests, Let's Encrypt's Pebble, on free ports of 127.0.0.1. It ends with the process that
//! launched it, however that ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "without Pebble there is no test of ACME"
)]

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::watched::{Watched, installed};

/// What it says when all of its ports listen.
const READY: &str = "ACME directory available at";
/// It writes to standard output. Without the second word it waits up to 15 s before it looks at a name.
const START: &str = r#"PEBBLE_VA_NOSLEEP=1 exec "$@" >&2"#;

/// A Pebble. Whatever of it fails panics, with what it says.
#[derive(Debug)]
pub struct Pebble {
    _program: Watched,
    _files: TempDir,
    port: u16,
    management_port: u16,
}

impl Pebble {
    /// One that looks at names at `tls_port`, in whose way `localhost` is 127.0.0.1, and whose certificates are good for so
    /// many seconds. Its own certificate and key, for `localhost`, are PEM.
    pub fn launch(tls_port: u16, validity_seconds: u64, certificate: &str, key: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let [port, management_port] = free_ports();
        let (certificate, key) = (file("cert.pem", certificate), file("key.pem", key));
        // Before it had profiles, how long certificates are good was said beside them.
        let config = format!(
            r#"{{"pebble": {{
                "listenAddress": "127.0.0.1:{port}", "managementListenAddress": "127.0.0.1:{management_port}",
                "certificate": "{certificate}", "privateKey": "{key}",
                "httpPort": 1, "tlsPort": {tls_port}, "retryAfter": {{"authz": 1, "order": 1}},
                "certificateValidityPeriod": {validity_seconds},
                "profiles": {{"default": {{"description": "", "validityPeriod": {validity_seconds}}}}}
            }}}}"#
        );
        let config = file("config.json", &config);
        let program = program().display().to_string();
        let words = ["-c", START, "sh", &program, "-config", &config];
        let started = Watched::start(
            PathBuf::from("/bin/sh"),
            &words,
            |said| said.contains(READY).then_some(()),
            "panic:",
        );
        let (program, ()) = started.unwrap_or_else(|said| panic!("Pebble does not start: {said}"));
        Self { _program: program, _files: dir, port, management_port }
    }

    /// The URL of its directory.
    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.port)
    }

    /// Where `/roots/0` is the certificate by which it signs.
    pub fn management_port(&self) -> u16 {
        self.management_port
    }
}

/// Ports of 127.0.0.1 that nobody uses now.
pub fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Where it is; `go install` has a place of its own.
#[expect(clippy::disallowed_methods, reason = "where Go puts programs is no setting")]
fn program() -> PathBuf {
    installed("pebble", std::env::var_os("HOME").map(|home| PathBuf::from(home).join("go/bin")))
}

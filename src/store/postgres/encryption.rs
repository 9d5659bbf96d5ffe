//! What a connection URL asks for about TLS: the parameters of libpq of which the driver knows none, or not all values
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>).

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

/// How much TLS there must be, as libpq's `sslmode` means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    /// None.
    Disable,
    /// Where the database offers it, else none. Whose certificate it is is not asked.
    Prefer,
    /// Whose certificate it is is asked only if there are roots, as with [`VerifyCa`](Self::VerifyCa).
    Require,
    /// The certificate is signed by one of the roots.
    VerifyCa,
    /// Also, it is for the host that the URL names.
    VerifyFull,
}

impl SslMode {
    fn parse(word: &str) -> Result<Self, String> {
        match word {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err("sslmode must be disable, prefer, require, verify-ca or verify-full".to_owned()),
        }
    }
}

/// Which authorities are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those in this file.
    File(PathBuf),
    /// Those that the operating system trusts.
    System,
}

/// The certificate that this program shows to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The file with the certificate, and with those between it and its authority.
    pub(super) certificate: PathBuf,
    /// The file with its private key.
    pub(super) key: PathBuf,
}

/// What a URL asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encryption {
    pub(super) mode: SslMode,
    pub(super) roots: Option<Roots>,
    pub(super) identity: Option<Identity>,
}

/// Takes these parameters out of `url`. Returns the URL without them, for the driver.
///
/// # Errors
/// What is wrong with them, in words that name no value but an option's.
pub(super) fn take(url: &str) -> Result<(String, Encryption), String> {
    let Some((rest, query)) = split_query(url) else { return Ok((url.to_owned(), Encryption::default())) };
    let (mut mode, mut roots, mut certificate, mut key) = (None, None, None, None);
    let mut others = Vec::new();
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let place = match name {
            "sslmode" => &mut mode,
            "sslrootcert" => &mut roots,
            "sslcert" => &mut certificate,
            "sslkey" => &mut key,
            _ => {
                others.push(parameter);
                continue;
            }
        };
        let value = percent_decode_str(value).decode_utf8().map_err(|_| format!("{name} is not UTF-8"))?;
        // As libpq has it, the last one counts, and an empty one says nothing.
        *place = Some(value.into_owned()).filter(|value| !value.is_empty());
    }
    let encryption = Encryption::new(mode, roots, certificate, key)?;
    let mark = if others.is_empty() { "" } else { "?" };
    Ok((format!("{rest}{mark}{}", others.join("&")), encryption))
}

/// Splits a URL where the driver does: its user and password may hold a `?`.
fn split_query(url: &str) -> Option<(&str, &str)> {
    let login = url.find('@').unwrap_or(0);
    let mark = login + url[login..].find('?')?;
    Some((&url[..mark], &url[mark + 1..]))
}

impl Default for Encryption {
    fn default() -> Self {
        Self { mode: SslMode::Prefer, roots: None, identity: None }
    }
}

impl Encryption {
    fn new(
        mode: Option<String>,
        roots: Option<String>,
        certificate: Option<String>,
        key: Option<String>,
    ) -> Result<Self, String> {
        let roots =
            roots.map(|roots| if roots == "system" { Roots::System } else { Roots::File(roots.into()) });
        let mode = match (mode, &roots) {
            (Some(mode), _) => SslMode::parse(&mode)?,
            (None, Some(Roots::System)) => SslMode::VerifyFull,
            (None, _) => SslMode::Prefer,
        };
        match (mode, &roots) {
            (SslMode::VerifyCa | SslMode::VerifyFull, None) => {
                return Err("sslmode=verify-ca and verify-full need the authorities to trust: \
                            sslrootcert=FILE, or sslrootcert=system"
                    .to_owned());
            }
            (SslMode::Prefer, Some(Roots::File(_))) => {
                return Err(
                    "sslrootcert protects nothing where sslmode is prefer, which goes on without TLS: \
                            set sslmode=verify-full, or disable"
                        .to_owned(),
                );
            }
            // Anybody can have a certificate that one of these has signed.
            (SslMode::Prefer | SslMode::Require | SslMode::VerifyCa, Some(Roots::System)) => {
                return Err("sslrootcert=system needs sslmode=verify-full".to_owned());
            }
            _ => {}
        }
        let identity = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                Some(Identity { certificate: certificate.into(), key: key.into() })
            }
            _ => return Err("sslcert and sslkey need each other".to_owned()),
        };
        Ok(Self { mode, roots, identity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_driver_does_not_know_is_taken_out() {
        let modes = [
            ("", SslMode::Prefer),
            ("sslmode=disable", SslMode::Disable),
            ("sslmode=verify-ca&sslmode=require", SslMode::Require),
            ("sslmode=", SslMode::Prefer),
            ("sslmode=verify-ca&sslrootcert=%2Fetc%2Fmy%20ca.pem", SslMode::VerifyCa),
            ("sslrootcert=system", SslMode::VerifyFull),
        ];
        for (parameters, mode) in modes {
            let url = format!("postgres://u:p?%26@h:1/d?{parameters}&connect_timeout=3");
            let (rest, encryption) = take(&url).unwrap();
            let kept = rest.trim_start_matches("postgres://u:p?%26@h:1/d?").trim_start_matches('&');
            assert_eq!((kept, encryption.mode), ("connect_timeout=3", mode), "{url}");
        }
        let (rest, encryption) = take("postgres://h?sslmode=require&sslrootcert=%2Fa%20b").unwrap();
        assert_eq!((rest.as_str(), encryption.roots), ("postgres://h", Some(Roots::File("/a b".into()))));
        let (_, encryption) = take("postgres://h/?sslcert=c&sslkey=k").unwrap();
        assert_eq!(encryption.identity, Some(Identity { certificate: "c".into(), key: "k".into() }));
    }

    #[test]
    fn what_protects_less_than_it_seems_to_is_refused() {
        for (parameters, says) in [
            ("sslmode=allow", "must be disable"),
            ("sslmode=verify-full", "sslrootcert"),
            ("sslmode=verify-ca", "sslrootcert"),
            ("sslrootcert=ca.pem", "sslmode=verify-full"),
            ("sslmode=prefer&sslrootcert=ca.pem", "sslmode=verify-full"),
            ("sslmode=verify-ca&sslrootcert=system", "needs sslmode=verify-full"),
            ("sslcert=c.pem", "sslkey"),
            ("sslkey=k.pem", "sslcert"),
            ("sslmode=%ff", "UTF-8"),
        ] {
            let error = take(&format!("postgres://u:secret@h/d?{parameters}")).unwrap_err();
            assert!(error.contains(says) && !error.contains("secret"), "{error}");
        }
    }
}

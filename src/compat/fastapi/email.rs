//! E-mail addresses: what is one, and its normal form. Nothing is looked up.
//!
//! The rules, their order and the reasons are those of Python's `email-validator` behind pydantic's `EmailStr`.

mod characters;
mod domain;
mod local;
mod parts;

use self::characters::is_blank;
use self::domain::normalize_domain;
use self::local::normalize_local;
use self::parts::{split, strip_display_name};

/// Longest text that is looked at, in characters.
const TEXT_CHARS_MAX: usize = 2048;
/// Longest address, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// Why a text is no e-mail address, as a sentence for its sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EmailError(String);

type Checked<T> = Result<T, EmailError>;

fn refuse<T>(reason: impl Into<String>) -> Checked<T> {
    Err(EmailError(reason.into()))
}

/// The normal form of an address: the local part in NFC, the domain in lower case and in Unicode. Of
/// `Name <address>` only the address is taken.
///
/// # Errors
/// [`EmailError`] if this is no address mail could be sent to over the Internet.
pub fn normalize_email(text: &str) -> Checked<String> {
    if text.chars().count() > TEXT_CHARS_MAX {
        return refuse(format!("Length must not exceed {TEXT_CHARS_MAX} characters"));
    }
    let text = strip_display_name(text).unwrap_or(text).trim_matches(is_blank);
    let parts = split(text)?;
    let local = normalize_local(parts.local)?;
    let domain = match parts.domain {
        "" => return refuse("There must be something after the @-sign."),
        domain => normalize_domain(domain)?,
    };
    let address = format!("{local}@{}", domain.unicode);
    check_length(&format!("{}@{}", parts.local, parts.domain), "")?;
    check_length(&address, "after normalization ")?;
    check_length(
        &format!("{local}@{}", domain.ascii),
        "when the part after the @-sign is converted to IDNA ASCII ",
    )?;
    if parts.has_brackets {
        return refuse("A display name and angle brackets around the email address are not permitted here.");
    }
    Ok(address)
}

fn check_length(address: &str, when: &str) -> Checked<()> {
    if address.len() <= ADDRESS_BYTES_MAX {
        return Ok(());
    }
    let unit = if when.is_empty() && address.is_ascii() { "character" } else { "byte" };
    let excess = excess(address.len() - ADDRESS_BYTES_MAX, unit);
    refuse(format!("The email address is too long {when}({excess} too many)."))
}

fn excess(count: usize, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;

//! The part before the @-sign.

use unicode_normalization::UnicodeNormalization;

use super::characters::{check_periods, check_safe, displayed, is_atom_ascii};
use super::{Checked, EmailError, excess, refuse};

/// Longest part before the @-sign, in characters, RFC 5321 section 4.5.3.1.1.
const LOCAL_CHARS_MAX: usize = 64;

/// Mailboxes whose names everyone reads without regard to case (RFC 2142).
#[rustfmt::skip]
const ROLE_MAILBOXES: [&str; 15] = [
    "abuse", "ftp", "hostmaster", "info", "marketing", "news", "noc", "postmaster", "sales", "security",
    "support", "usenet", "uucp", "webmaster", "www",
];

pub(super) fn normalize_local(local: &str) -> Checked<String> {
    if local.is_empty() {
        return refuse("There must be something before the @-sign.");
    }
    if local.starts_with('"') {
        return refuse("Quoting the part before the @-sign is not allowed here.");
    }
    check_local(local)?;
    let normal: String = local.nfc().collect();
    if normal != local {
        check_local(&normal)
            .map_err(|EmailError(why)| EmailError(format!("After Unicode normalization: {why}")))?;
    }
    let lower = normal.to_ascii_lowercase();
    Ok(if ROLE_MAILBOXES.contains(&lower.as_str()) { lower } else { normal })
}

fn check_local(local: &str) -> Checked<()> {
    let length = local.chars().count();
    if length > LOCAL_CHARS_MAX {
        let excess = excess(length - LOCAL_CHARS_MAX, "character");
        return refuse(format!("The email address is too long before the @-sign ({excess} too many)."));
    }
    if let Some(bad) = displayed(local.chars().filter(|&c| c.is_ascii() && c != '.' && !is_atom_ascii(c))) {
        return refuse(format!("The email address contains invalid characters before the @-sign: {bad}."));
    }
    check_periods(
        local,
        "An email address cannot start with a period.",
        "An email address cannot have a period immediately before the @-sign.",
    )?;
    check_safe(local, false)
}

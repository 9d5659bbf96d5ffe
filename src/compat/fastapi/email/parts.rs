//! An address taken apart: a name before it, angle brackets around it, the @-sign in it.

use super::characters::{check_safe, displayed, is_atom_ascii, is_blank};
use super::{Checked, refuse};

/// The text between the angle brackets of `Name <address>`, `"Any name" <address>` or `<address>`.
pub(super) fn strip_display_name(text: &str) -> Option<&str> {
    let text = text.trim_matches(is_blank).strip_suffix('>')?;
    let bracketed = |rest: &'_ str| rest.trim_start_matches(is_blank).starts_with('<');
    let inner = if let Some(quoted) = text.strip_prefix('"') {
        let (end, _) = quoted.rmatch_indices('"').find(|&(at, _)| at > 0 && bracketed(&quoted[at + 1..]))?;
        quoted[end + 1..].trim_start_matches(is_blank).strip_prefix('<')?
    } else {
        let (name, inner) = text.split_once('<')?;
        if !name.chars().all(|c| is_blank(c) || is_atom_ascii(c) || c.is_alphanumeric()) {
            return None;
        }
        inner
    };
    (!inner.is_empty() && !inner.contains('\n')).then_some(inner)
}

/// An address in its parts.
pub(super) struct Parts<'t> {
    pub(super) local: &'t str,
    pub(super) domain: &'t str,
    /// Whether angle brackets were around it.
    pub(super) has_brackets: bool,
}

/// Takes an address apart; its parts are not looked at.
pub(super) fn split(text: &str) -> Checked<Parts<'_>> {
    let at = find_unquoted(text, &['@', '<'])?;
    let (left, right) = text.split_at(at);
    if let Some(domain) = right.strip_prefix('@') {
        return Ok(Parts { local: left, domain, has_brackets: false });
    }
    let name = left.trim_end_matches(is_blank);
    if !name.starts_with('"') {
        let bad = displayed(name.chars().filter(|&c| c != ' ' && !is_atom_ascii(c)));
        if let Some(bad) = bad {
            return refuse(format!("The display name contains invalid characters when not quoted: {bad}."));
        }
    }
    check_safe(name.trim_matches('"'), true)?;
    if !right.contains('>') {
        return refuse(
            "An open angle bracket at the start of the email address has to be followed by a close angle \
             bracket at the end.",
        );
    }
    let Some(inner) = right.trim_end_matches(' ').strip_prefix('<').and_then(|text| text.strip_suffix('>'))
    else {
        return refuse("There can't be anything after the email address.");
    };
    let at = find_unquoted(inner, &['@'])?;
    Ok(Parts { local: &inner[..at], domain: &inner[at + 1..], has_brackets: true })
}

/// Where the first of `wanted` stands outside of quotes.
fn find_unquoted(text: &str, wanted: &[char]) -> Checked<usize> {
    let (mut in_quotes, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => in_quotes = !in_quotes,
            c if !in_quotes && wanted.contains(&c) => return Ok(at),
            _ => {}
        }
        escaped = in_quotes && c == '\\' && !escaped;
    }
    refuse(if text.contains('\u{ff20}') {
        "The email address has the \"full-width\" at-sign (@) character instead of a regular at-sign."
    } else if text.contains('\u{fe6b}') {
        "The email address has the \"small commercial at\" character instead of a regular at-sign."
    } else {
        "An email address must have an @-sign."
    })
}

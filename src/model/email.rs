//! E-mail addresses: what is one, and its normal form. Nothing is looked up.
//!
//! The rules and the reasons are those of Python's `email-validator` behind pydantic's `EmailStr`, which
//! clients of a FastAPI program know.

use std::collections::BTreeSet;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Longest text that is looked at, in characters.
const TEXT_CHARS_MAX: usize = 2048;
/// Longest address, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Longest part before the @-sign, in characters, RFC 5321 section 4.5.3.1.1.
const LOCAL_CHARS_MAX: usize = 64;
/// Longest domain, in bytes as sent (RFC 1035 section 2.3.4).
const DOMAIN_BYTES_MAX: usize = 253;
/// Longest label of a domain, in bytes as sent (RFC 1035 section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// Domains no mail goes to (RFC 6761, RFC 6762, RFC 7686).
const SPECIAL_DOMAINS: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// Mailboxes whose names everyone reads without regard to case (RFC 2142).
#[rustfmt::skip]
const ROLE_MAILBOXES: [&str; 15] = [
    "abuse", "ftp", "hostmaster", "info", "marketing", "news", "noc", "postmaster", "sales", "security",
    "support", "usenet", "uucp", "webmaster", "www",
];

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

/// The text between the angle brackets of `Name <address>`, `"Any name" <address>` or `<address>`.
fn strip_display_name(text: &str) -> Option<&str> {
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
struct Parts<'t> {
    local: &'t str,
    domain: &'t str,
    /// Whether angle brackets were around it.
    has_brackets: bool,
}

fn split(text: &str) -> Checked<Parts<'_>> {
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

fn normalize_local(local: &str) -> Checked<String> {
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

/// A domain in both of its forms.
struct Domain {
    ascii: String,
    unicode: String,
}

fn normalize_domain(domain: &str) -> Checked<Domain> {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return refuse(refuse_literal(literal));
    }
    let length = domain.chars().count();
    if length > DOMAIN_BYTES_MAX {
        let excess = excess(length - DOMAIN_BYTES_MAX, "character");
        return refuse(format!("The email address is too long after the @-sign ({excess} too many)."));
    }
    check_domain_characters(domain, "")?;
    check_safe(domain, false)?;
    let dots_hidden = |c: &char| !c.is_ascii() && *c != '\u{ff0e}' && c.nfkd().any(|part| part == '.');
    if let Some(bad) = displayed(domain.chars().filter(dots_hidden)) {
        return refuse(format!("The part after the @-sign contains invalid characters: {bad}."));
    }
    let uts46 = Uts46::new();
    let mapped: String = if domain.is_ascii() {
        domain.to_ascii_lowercase()
    } else {
        // The mapping alone; whether the labels are good is told below.
        uts46.to_unicode(domain.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow).0.into_owned()
    };
    check_domain_characters(&mapped, " after Unicode normalization")?;
    check_hyphens(&mapped)?;
    let Ok(ascii) =
        uts46.to_ascii(domain.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast, DnsLength::Ignore)
    else {
        return refuse("The part after the @-sign is not valid IDNA.");
    };
    check_ascii_domain(&ascii)?;
    let (unicode, outcome) = uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast);
    // IDNA 2008 (RFC 5892) knows letters, digits and marks, no symbols.
    let symbol =
        unicode.chars().any(|c| !c.is_ascii() && c.general_category_group() == GeneralCategoryGroup::Symbol);
    if outcome.is_err() || symbol {
        return refuse("The part after the @-sign is not valid IDNA.");
    }
    check_safe(&unicode, false)?;
    Ok(Domain { unicode: unicode.into_owned(), ascii: ascii.into_owned() })
}

/// What is wrong with an address literal (RFC 5321 section 4.1.3); a good one is refused too.
fn refuse_literal(literal: &str) -> &'static str {
    let tag = literal.get(..5).unwrap_or_default();
    if !literal.is_empty() && literal.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        if literal.parse::<std::net::Ipv4Addr>().is_err() {
            return "The address in brackets after the @-sign is not valid: It is not an IPv4 address or is \
                    missing an address literal tag.";
        }
    } else if tag.eq_ignore_ascii_case("ipv6:") {
        if literal[5..].parse::<std::net::Ipv6Addr>().is_err() {
            return "The IPv6 address in brackets after the @-sign is not valid.";
        }
    } else if literal.contains(':') {
        return "The part after the @-sign contains an invalid address literal tag in brackets.";
    } else {
        return "The part after the @-sign in brackets is not an IPv4 address and has no address literal tag.";
    }
    "A bracketed IP address after the @-sign is not allowed here."
}

fn check_domain_characters(domain: &str, when: &str) -> Checked<()> {
    let bad = |c: &char| c.is_ascii() && !c.is_ascii_alphanumeric() && *c != '-' && *c != '.';
    match displayed(domain.chars().filter(bad)) {
        Some(bad) => refuse(format!("The part after the @-sign contains invalid characters{when}: {bad}.")),
        None => Ok(()),
    }
}

fn check_periods(text: &str, at_start: &str, at_end: &str) -> Checked<()> {
    if text.ends_with('.') {
        return refuse(at_end);
    }
    if text.starts_with('.') {
        return refuse(at_start);
    }
    if text.contains("..") {
        return refuse("An email address cannot have two periods in a row.");
    }
    Ok(())
}

fn check_hyphens(domain: &str) -> Checked<()> {
    check_periods(
        domain,
        "An email address cannot have a period immediately after the @-sign.",
        "An email address cannot end with a period.",
    )?;
    if domain.ends_with('-') {
        return refuse("An email address cannot end with a hyphen.");
    }
    if domain.starts_with('-') {
        return refuse("An email address cannot have a hyphen immediately after the @-sign.");
    }
    if domain.contains(".-") || domain.contains("-.") {
        return refuse("An email address cannot have a period and a hyphen next to each other.");
    }
    let reserved = |label: &str| {
        let mut chars = label.chars();
        let start = (chars.next(), chars.next());
        start != (Some('x'), Some('n')) && chars.as_str().starts_with("--")
    };
    if domain.split('.').any(reserved) {
        return refuse(
            "An email address cannot have two letters followed by two dashes immediately after the @-sign or \
             after a period, except Punycode.",
        );
    }
    Ok(())
}

fn check_ascii_domain(domain: &str) -> Checked<()> {
    if domain.len() > DOMAIN_BYTES_MAX {
        let excess = excess(domain.len() - DOMAIN_BYTES_MAX, "byte");
        return refuse(format!(
            "The email address is too long after the @-sign ({excess} too many after IDNA encoding)."
        ));
    }
    if let Some(label) = domain.split('.').find(|label| label.len() > LABEL_BYTES_MAX) {
        let excess = excess(label.len() - LABEL_BYTES_MAX, "character");
        return refuse(format!(
            "After the @-sign, periods cannot be separated by so many characters ({excess} too many)."
        ));
    }
    if !domain.contains('.') {
        return refuse("The part after the @-sign is not valid. It should have a period.");
    }
    if !domain.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return refuse("The part after the @-sign is not valid. It is not within a valid top-level domain.");
    }
    let within =
        |name: &str| domain.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if SPECIAL_DOMAINS.into_iter().any(within) {
        return refuse(
            "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
        );
    }
    Ok(())
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

/// Refuses what does not show or changes its surroundings: control and format characters, blanks, a
/// combining mark at the start.
fn check_safe(text: &str, allow_space: bool) -> Checked<()> {
    let bad = text.chars().enumerate().filter(|&(index, c)| match c.general_category_group() {
        GeneralCategoryGroup::Mark => index == 0,
        GeneralCategoryGroup::Separator => {
            !allow_space || c.general_category() != GeneralCategory::SpaceSeparator
        }
        GeneralCategoryGroup::Other => true,
        _ => false,
    });
    match displayed(bad.map(|(_, c)| c)) {
        Some(bad) => refuse(format!("The email address contains unsafe characters: {bad}.")),
        None => Ok(()),
    }
}

/// The characters as a list for people, each once; `None` if there are none.
fn displayed(chars: impl Iterator<Item = char>) -> Option<String> {
    let names: BTreeSet<String> = chars.map(display).collect();
    let names: Vec<String> = names.into_iter().collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn display(c: char) -> String {
    use GeneralCategoryGroup::{Letter, Number, Punctuation, Symbol};
    match c {
        '\'' | '\\' => format!("\"{c}\""),
        ' ' => "SPACE".to_owned(),
        '\u{a0}' => "NO-BREAK SPACE".to_owned(),
        '\u{ad}' => "SOFT HYPHEN".to_owned(),
        '\u{200b}' => "ZERO WIDTH SPACE".to_owned(),
        '\u{200d}' => "ZERO WIDTH JOINER".to_owned(),
        '\u{2028}' => "LINE SEPARATOR".to_owned(),
        '\u{feff}' => "ZERO WIDTH NO-BREAK SPACE".to_owned(),
        _ if matches!(c.general_category_group(), Letter | Number | Punctuation | Symbol) => format!("'{c}'"),
        _ => format!("U+{:04X}", u32::from(c)),
    }
}

/// A character of an `atom` (RFC 5322 section 3.2.3).
fn is_atom_ascii(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

/// What Python takes for white space.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
mod tests;

//! The part after the @-sign.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::characters::{check_periods, check_safe, displayed};
use super::{Checked, excess, refuse};

/// Longest domain, in bytes as sent (RFC 1035 section 2.3.4).
const DOMAIN_BYTES_MAX: usize = 253;

/// Longest label of a domain, in bytes as sent (RFC 1035 section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// Domains no mail goes to (RFC 6761, RFC 6762, RFC 7686).
const SPECIAL_DOMAINS: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// A domain in both of its forms.
pub(super) struct Domain {
    pub(super) ascii: String,
    pub(super) unicode: String,
}

pub(super) fn normalize_domain(domain: &str) -> Checked<Domain> {
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
    // Behind Punycode too no label has hyphens where its own mark would have them (RFC 5891, section 4.2.3.1).
    let (unicode, outcome) = uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::URL, Hyphens::Check);
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

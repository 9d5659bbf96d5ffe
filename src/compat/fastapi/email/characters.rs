//! Characters that an address may contain, and how others are named.

use std::collections::BTreeSet;

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::{Checked, refuse};

pub(super) fn check_periods(text: &str, at_start: &str, at_end: &str) -> Checked<()> {
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

/// Refuses what does not show or changes its surroundings: control and format characters, blanks, a
/// combining mark at the start.
pub(super) fn check_safe(text: &str, allow_space: bool) -> Checked<()> {
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
pub(super) fn displayed(chars: impl Iterator<Item = char>) -> Option<String> {
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
pub(super) fn is_atom_ascii(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

/// What Python takes for white space.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

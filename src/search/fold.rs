//! Spellings of a word that are to meet: without case, accents, points and compatibility forms.

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use unicode_normalization::UnicodeNormalization;

/// Full case folding, that of Unicode's `CaseFolding.txt`: `ß` is `ss`.
const CASES: CaseMapperBorrowed<'static> = CaseMapper::new();

/// Appends `raw` to `out` as all its spellings fold to it; nothing if it is made of accents alone. Of ASCII there are
/// only letters and digits in it.
pub(super) fn fold(raw: &str, out: &mut String) {
    let plain: String = raw.nfkd().filter(|&char| !is_accent(char)).collect();
    let mut spelled = String::with_capacity(plain.len());
    // Some capitals have an accent in their small form alone, such as the Turkish dotted I.
    for char in CASES.fold_string(&plain).nfkd().filter(|&char| !is_accent(char)) {
        match letters(char) {
            Some(letters) => spelled.push_str(letters),
            None => spelled.push(char),
        }
    }
    out.extend(spelled.nfc().filter(|&char| is_kept(char)));
}

/// What compatibility forms bring along and is no part of a word: the brackets of ⑴, the spaces of ﷺ.
fn is_kept(char: char) -> bool {
    if char.is_ascii() { char.is_ascii_alphanumeric() } else { !char.is_whitespace() && !is_invisible(char) }
}

/// What stands in a word and is no part of it: the soft hyphen, joiners, the line through an Arabic word, and what only
/// says how the character before is to be shown.
pub(super) fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{34f}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{640}')
        || is_variation(char)
}

/// Whether this only says how the character before is to be shown.
pub(super) fn is_variation(char: char) -> bool {
    matches!(char, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Accents of Latin, Greek and Cyrillic, the points of Hebrew, Arabic and Syriac. The vowel signs of Indic and other
/// scripts and the voicing marks of Japanese are not among them: they make another word.
fn is_accent(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{487}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{711}' | '\u{730}'..='\u{74a}'
        | '\u{898}'..='\u{89f}' | '\u{8ca}'..='\u{8e1}' | '\u{8e3}'..='\u{8ff}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Small letters that Unicode does not take apart, by what is written where they are not at hand.
fn letters(char: char) -> Option<&'static str> {
    Some(match char {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ŧ' => "t",
        'ŋ' => "n",
        'ƀ' => "b",
        'ɨ' => "i",
        'ƶ' => "z",
        'ǥ' => "g",
        'ĸ' => "k",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

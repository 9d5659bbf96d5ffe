//! The words of a text, and where they stand.

use std::ops::Range;

use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use super::fold::{fold, is_invisible, is_variation};

/// A word, an emoji, or a character of a script without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Where it stands in the text, in code points.
    pub(super) place: Range<u32>,
    /// Where it stands in [`Tokens::folded`], in bytes.
    folded: Range<usize>,
    /// Whether it is a character of a script without spaces.
    pub(super) is_spaceless: bool,
    /// Whether it is one right behind another one.
    pub(super) touches: bool,
}

/// The tokens of a text, in their order.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// All of them, folded, laid end to end.
    folded: String,
    tokens: Vec<Token>,
}

impl Tokens {
    /// Reads a text. A word is a run of letters, digits and their marks; everything else separates.
    pub(super) fn of(text: &str) -> Self {
        let mut reader = Reader::default();
        if text.is_ascii() {
            reader.read_ascii(text);
        } else {
            text.graphemes(true).for_each(|cluster| reader.read(cluster));
        }
        reader.end_word();
        reader.found
    }

    pub(super) fn all(&self) -> &[Token] {
        &self.tokens
    }

    /// The folded text of this one.
    pub(super) fn folded(&self, token: &Token) -> &str {
        &self.folded[token.folded.clone()]
    }

    /// The folded text of this one and the one before it, which it touches.
    pub(super) fn pair(&self, before: &Token, token: &Token) -> &str {
        &self.folded[before.folded.start..token.folded.end]
    }
}

/// A text as far as it was read.
#[derive(Default)]
struct Reader {
    found: Tokens,
    /// Code points that were read.
    position: u32,
    /// The word under way, as it is written.
    word: String,
    place: Range<u32>,
    /// Where the last token ends, if it is a character of a script without spaces.
    run_end: Option<u32>,
}

/// What a code point is to a word.
#[derive(PartialEq, Eq)]
enum Kind {
    Letter,
    Mark,
    /// Neither part of a word nor between two.
    Nothing,
    Separator,
}

impl Reader {
    /// Most texts are ASCII, where a word is what its bytes are.
    fn read_ascii(&mut self, text: &str) {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric();
        let mut rest = text.as_bytes();
        while let Some(start) = rest.iter().position(is_part) {
            let word = &rest[start..];
            let length = word.iter().position(|byte| !is_part(byte)).unwrap_or(word.len());
            self.position += start as u32;
            let place = self.position..self.position + length as u32;
            self.position = place.end;
            let before = self.found.folded.len();
            self.found.folded.extend(word[..length].iter().map(|byte| char::from(byte.to_ascii_lowercase())));
            self.add(before, place, false);
            rest = &word[length..];
        }
    }

    /// Reads what a reader takes for one character.
    fn read(&mut self, cluster: &str) {
        let mut chars = cluster.chars();
        let Some(first) = chars.next() else { return };
        if is_emoji(first, cluster) {
            self.end_word();
            let place = self.position..self.position + cluster.chars().count() as u32;
            let before = self.found.folded.len();
            self.found.folded.extend(cluster.chars().filter(|&char| !is_variation(char)));
            self.position = place.end;
            self.add(before, place, false);
        } else if is_spaceless(first) {
            self.end_word();
            self.read_spaceless(cluster);
        } else {
            cluster.chars().for_each(|char| self.read_char(char));
        }
    }

    fn read_char(&mut self, char: char) {
        let kind = kind(char);
        let is_part = kind == Kind::Letter || (kind == Kind::Mark && !self.word.is_empty());
        if is_part {
            if self.word.is_empty() {
                self.place.start = self.position;
            }
            self.word.push(char);
            self.place.end = self.position + 1;
        } else if kind != Kind::Nothing {
            self.end_word();
        }
        self.position += 1;
    }

    /// Each character is a token, with a range of its own where folding has not put several together.
    fn read_spaceless(&mut self, cluster: &str) {
        let place = self.position..self.position + cluster.chars().count() as u32;
        let mut whole = String::new();
        fold(cluster, &mut whole);
        let mut parts: Vec<(char, u32)> = Vec::new();
        let (mut each, mut buffer) = (String::new(), [0; 4]);
        for (char, at) in cluster.chars().zip(place.start..) {
            let before = each.len();
            fold(char.encode_utf8(&mut buffer), &mut each);
            parts.extend(each[before..].chars().map(|char| (char, at)));
        }
        let is_apart = each == whole;
        for (index, char) in whole.chars().enumerate() {
            let place = if is_apart { parts[index].1..parts[index].1 + 1 } else { place.clone() };
            let before = self.found.folded.len();
            self.found.folded.push(char);
            self.add(before, place, true);
        }
        if self.run_end.is_some() {
            // Marks that fold to nothing do not break the run.
            self.run_end = Some(place.end);
        }
        self.position = place.end;
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            let before = self.found.folded.len();
            if self.word.is_ascii() {
                self.word.make_ascii_lowercase();
                self.found.folded.push_str(&self.word);
            } else {
                fold(&self.word, &mut self.found.folded);
            }
            self.word.clear();
            self.add(before, self.place.clone(), false);
        }
    }

    /// Adds the token whose folded text begins at `before`, if there is any of it.
    fn add(&mut self, before: usize, place: Range<u32>, is_spaceless: bool) {
        let folded = before..self.found.folded.len();
        if folded.is_empty() {
            return;
        }
        let is_same = self.found.tokens.last().is_some_and(|last| last.place == place);
        let touches = is_spaceless && (is_same || self.run_end == Some(place.start));
        self.run_end = is_spaceless.then_some(place.end);
        self.found.tokens.push(Token { place, folded, is_spaceless, touches });
    }
}

fn kind(char: char) -> Kind {
    if char.is_ascii() {
        return if char.is_ascii_alphanumeric() { Kind::Letter } else { Kind::Separator };
    }
    match char {
        // Letters to Unicode that are written for an apostrophe, and are one where they are typed on most keyboards.
        '\u{2b9}'..='\u{2bf}' => Kind::Separator,
        char if is_invisible(char) => Kind::Nothing,
        char => match char.general_category_group() {
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number => Kind::Letter,
            GeneralCategoryGroup::Mark => Kind::Mark,
            _ => Kind::Separator,
        },
    }
}

fn is_emoji(first: char, cluster: &str) -> bool {
    match first {
        '0'..='9' | '#' | '*' => cluster.contains('\u{20e3}'),
        first => !first.is_ascii() && first.is_emoji_char(),
    }
}

/// The first block with a script that is written without spaces: Thai.
const SPACELESS_FROM: char = '\u{e00}';

fn is_spaceless(char: char) -> bool {
    if char < SPACELESS_FROM || !matches!(kind(char), Kind::Letter | Kind::Mark) {
        return false;
    }
    match char.script() {
        Script::Common | Script::Inherited => {
            let scripts = char.script_extension();
            !scripts.is_common()
                && !scripts.is_inherited()
                && [Script::Han, Script::Hiragana, Script::Katakana]
                    .iter()
                    .any(|&script| scripts.contains_script(script))
        }
        script => matches!(
            script,
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Bopomofo
                | Script::Yi
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
                | Script::Tai_Le
                | Script::New_Tai_Lue
                | Script::Tai_Tham
                | Script::Tai_Viet
                | Script::Javanese
                | Script::Balinese
        ),
    }
}

//! Where and why a text is not JSON, in the words of Python's `json` module.

use super::DEPTH_MAX;

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: character {position}")]
pub struct SyntaxError {
    /// Where, in characters (Unicode scalar values) from 0.
    pub position: usize,
    /// What was expected or found there.
    pub reason: &'static str,
}

impl SyntaxError {
    /// The fault at this byte of `text`.
    fn at(text: &str, at: usize, reason: &'static str) -> Self {
        let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
        Self { position: before.iter().filter(|&&byte| byte & 0xc0 != 0x80).count(), reason }
    }
}

/// Finds out why the parser refused `text`.
pub fn diagnose(text: &str) -> SyntaxError {
    let (at, reason) = fault(text);
    SyntaxError::at(text, at, reason)
}

/// Byte offset and reason of a fault.
type Fault = (usize, &'static str);

const OUT_OF_RANGE: &str = "Number out of range";
const UNPAIRED: &str = "Unpaired surrogate escape";

/// Finds out where and why the parser refused `text`.
fn fault(text: &str) -> Fault {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, unheld: None };
    // They may disagree on what JSON is; a refusal stays a refusal.
    scanner.document().err().unwrap_or((0, "Expecting value"))
}

/// Walks over a text without keeping anything of it.
struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    /// The first thing that is JSON and still can not be held.
    unheld: Option<Fault>,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn document(&mut self) -> Result<(), Fault> {
        self.blanks();
        self.value(DEPTH_MAX)?;
        self.blanks();
        if self.at < self.bytes.len() {
            return Err((self.at, "Extra data"));
        }
        self.unheld.map_or(Ok(()), Err)
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        let start = self.at;
        let rest = &self.bytes[start..];
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') if depth == 0 => Err((start, "Nested too deeply")),
            Some(b'{') => self.object(depth - 1),
            Some(b'[') => self.array(depth - 1),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => match [&b"null"[..], b"true", b"false"].into_iter().find(|word| rest.starts_with(word)) {
                Some(word) => {
                    self.at += word.len();
                    Ok(())
                }
                None => Err((start, "Expecting value")),
            },
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err((self.at, "Expecting property name enclosed in double quotes"));
            }
            self.string()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err((self.at, "Expecting ':' delimiter"));
            }
            self.at += 1;
            self.blanks();
            self.value(depth)?;
            if !self.more(b'}')? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if !self.more(b']')? {
                return Ok(());
            }
        }
    }

    /// Steps over a comma, or over `close`: whether another element follows.
    fn more(&mut self, close: u8) -> Result<bool, Fault> {
        self.blanks();
        let found = self.peek();
        if found != Some(b',') && found != Some(close) {
            return Err((self.at, "Expecting ',' delimiter"));
        }
        self.at += 1;
        if found == Some(b',') {
            self.blanks();
        }
        Ok(found == Some(b','))
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let mut at = start + usize::from(self.bytes[start] == b'-');
        let digits = |from: usize| self.bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        at += match self.bytes.get(at) {
            Some(b'0') => 1,
            Some(b'1'..=b'9') => digits(at),
            _ => return Err((start, "Expecting value")),
        };
        if self.bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
            at += 1 + digits(at + 1);
        }
        if matches!(self.bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.bytes.get(at + 1), Some(b'+' | b'-')));
            if digits(at + 1 + sign) > 0 {
                at += 1 + sign + digits(at + 1 + sign);
            }
        }
        self.at = at;
        let text = str::from_utf8(&self.bytes[start..at]).unwrap_or_default();
        if !text.parse::<f64>().is_ok_and(f64::is_finite) {
            self.unheld.get_or_insert((start, OUT_OF_RANGE));
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let unterminated = (start, "Unterminated string starting at");
        self.at += 1;
        loop {
            match self.peek().ok_or(unterminated)? {
                b'"' => break,
                b'\\' => self.escape(unterminated)?,
                0x00..=0x1f => return Err((self.at, "Invalid control character at")),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over an escape, which may be two: a surrogate pair.
    fn escape(&mut self, unterminated: Fault) -> Result<(), Fault> {
        let start = self.at;
        match self.bytes.get(start + 1).ok_or(unterminated)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let unit = self.unit(start + 2)?;
                self.at += 6;
                let paired = match unit {
                    0xd800..=0xdbff if self.bytes[self.at..].starts_with(b"\\u") => {
                        let next = self.unit(self.at + 2)?;
                        self.at += 6;
                        (0xdc00..=0xdfff).contains(&next)
                    }
                    unit => !(0xd800..=0xdfff).contains(&unit),
                };
                if !paired {
                    self.unheld.get_or_insert((start, UNPAIRED));
                }
            }
            _ => return Err((start, "Invalid \\escape")),
        }
        Ok(())
    }

    /// The four hexadecimal digits at `from`.
    fn unit(&self, from: usize) -> Result<u16, Fault> {
        self.bytes
            .get(from..from + 4)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok())
            .ok_or((from - 1, "Invalid \\uXXXX escape"))
    }
}

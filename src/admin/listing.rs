//! Lists for people and for programs.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;

/// A list that is written row by row: lines with tabs between their cells, or one JSON array.
pub(super) struct Listing<'o> {
    out: &'o mut dyn Write,
    is_json: bool,
    is_empty: bool,
}

impl<'o> Listing<'o> {
    /// Begins a list.
    pub(super) fn begin(out: &'o mut dyn Write, is_json: bool) -> io::Result<Self> {
        if is_json {
            write_text(out, "[")?;
        }
        Ok(Self { out, is_json, is_empty: true })
    }

    /// Adds a row: `cells` for people, `row` for programs.
    pub(super) fn row(&mut self, cells: &[&str], row: &impl Serialize) -> io::Result<()> {
        let text = if self.is_json {
            let comma = if self.is_empty { "" } else { "," };
            format!("{comma}\n{}", serde_json::to_string(row)?)
        } else {
            let cells: Vec<String> = cells.iter().map(|cell| printable(cell)).collect();
            cells.join("\t") + "\n"
        };
        self.is_empty = false;
        write_text(self.out, &text)
    }

    /// Ends the list.
    pub(super) fn end(self) -> io::Result<()> {
        match (self.is_json, self.is_empty) {
            (true, true) => write_text(self.out, "]\n"),
            (true, false) => write_text(self.out, "\n]\n"),
            (false, _) => Ok(()),
        }
    }
}

/// Writes a line.
pub(super) fn write_line(out: &mut dyn Write, line: &str) -> io::Result<()> {
    write_text(out, &format!("{line}\n"))
}

/// Writes `text`. Somebody who has read enough, like `head`, is no fault.
fn write_text(out: &mut dyn Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// The text with its control characters escaped: names are given by strangers, and a terminal obeys some of these.
pub(super) fn printable(text: &str) -> String {
    let escaped = |char: char| match char.is_control() {
        true => char.escape_default().to_string(),
        false => char.to_string(),
    };
    text.chars().map(escaped).collect()
}

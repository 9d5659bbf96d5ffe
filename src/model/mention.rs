//! Who is named in a content: `@` and a name.

/// Mentions looked at in one content; further ones mention nobody.
const MENTIONS_MAX: usize = 100;

/// The name that stands for everybody.
pub const EVERYBODY: &str = "all";

/// What may be the names behind each `@` of a content, the longest first. A name is the longest run of letters, digits
/// (Unicode's), `_`, `.` and `-`; whoever has it with less of the `.` and `-` at its end is meant if nobody has it whole.
/// An `@` right after a letter, digit or `_` is part of something else.
pub fn candidates(content: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut before = None;
    for (index, char) in content.char_indices() {
        if char == '@' && !before.is_some_and(is_of_word) && found.len() < MENTIONS_MAX {
            let rest = &content[index + 1..];
            let end = rest.find(|char| !is_of_name(char)).unwrap_or(rest.len());
            let names: Vec<&str> = shortened(&rest[..end]).collect();
            if !names.is_empty() {
                found.push(names);
            }
        }
        before = Some(char);
    }
    found
}

/// The name, and what it is without the last `.` or `-`, as long as it ends with one.
fn shortened(name: &str) -> impl Iterator<Item = &str> {
    let shorter = std::iter::successors(Some(name), |name| name.strip_suffix(['.', '-']));
    shorter.filter(|name| !name.is_empty())
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn is_of_name(char: char) -> bool {
    is_of_word(char) || char == '.' || char == '-'
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn names_stand_behind_an_at() {
        for (content, names) in [
            ("hi @bob", &[&["bob"][..]][..]),
            ("@bob, @Änne_1!", &[&["bob"], &["Änne_1"]]),
            ("@bob.", &[&["bob.", "bob"]]),
            ("@a.b-.", &[&["a.b-.", "a.b-", "a.b"]]),
            ("mail me@bob.example", &[]),
            ("(@bob)", &[&["bob"]]),
            ("@@bob", &[&["bob"]]),
            ("@ bob @", &[]),
            ("@...", &[&["...", "..", "."]]),
        ] {
            assert_eq!(candidates(content), names, "{content}");
        }
    }
}

//! Words of many scripts, and what is found in them.

use super::token::Tokens;
use super::{Highlight, LEXEMES_BYTES_MAX, LEXEMES_MAX, QueryError, SearchQuery, lexemes};

fn words(text: &str) -> Vec<String> {
    let tokens = Tokens::of(text);
    tokens.all().iter().map(|token| tokens.folded(token).to_owned()).collect()
}

/// What is highlighted, as text; empty if nothing is found.
fn found(query: &str, content: &str) -> Vec<String> {
    let cut = |Highlight { start, length }: &Highlight| {
        content.chars().skip(*start as usize).take(*length as usize).collect()
    };
    let ranges = SearchQuery::parse(query).unwrap().find(content).unwrap_or_default();
    for pair in ranges.windows(2) {
        assert!(pair[0].end() <= pair[1].start, "{ranges:?}");
    }
    ranges.iter().map(cut).collect()
}

#[track_caller]
fn meets(query: &str, content: &str, expected: &[&str]) {
    assert_eq!(found(query, content), expected, "{query} in {content}");
}

#[test]
fn words_are_runs_of_letters_digits_and_marks() {
    assert_eq!(
        words("Hello, world_2 don't e-mail a.b"),
        ["hello", "world", "2", "don", "t", "e", "mail", "a", "b"]
    );
    assert_eq!(words("  "), [""; 0]);
    assert_eq!(words("\u{301}\u{200d}\r\n—"), [""; 0]);
    assert_eq!(words("x²+½ ⑴ № ℡"), ["x2", "1⁄2", "1"]);
    assert_eq!(words("Hawaiʻi Hawai'i"), ["hawai", "i", "hawai", "i"]);
}

#[test]
fn spellings_meet() {
    for (one, other) in [
        ("STRASSE", "straße"),
        ("Müller", "mu\u{308}ller"),
        ("ΟΔΌΣ", "οδος"),
        ("Ёлка", "ЕЛКА"),
        ("İstanbul", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("Łódź", "lodz"),
        ("Smørrebrød", "smorrebrod"),
        ("đường", "Duong"),
        ("Ægir œuvre", "aegir oeuvre"),
        ("Þór", "thor"),
        ("ﬁle ＡＢＣ", "file abc"),
        ("مُحَمَّد", "محمد"),
        ("أحمد", "احمد"),
        ("مـــحمد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("می‌خواهم", "میخواهم"),
        ("한국", "한국"),
        ("co\u{ad}operate", "cooperate"),
        ("क़लम", "क\u{93c}लम"),
        ("ガンダム", "カ\u{3099}ンタ\u{3099}ム"),
        ("ｶﾞﾝ", "ガン"),
    ] {
        assert_eq!(words(one), words(other), "{one} {other}");
    }
    for (one, other) in [("किताब", "कताब"), ("か", "が"), ("ぱ", "パ"), ("กิน", "กน"), ("и", "i")]
    {
        assert_ne!(words(one), words(other), "{one} {other}");
    }
}

#[test]
fn whole_words_in_any_order() {
    meets("world HELLO", "Hello, wide World! hello", &["Hello", "World", "hello"]);
    meets("hell", "hello", &[]);
    meets("hello moon", "hello world", &[]);
    meets("müller", "Frau MULLER kommt", &["MULLER"]);
    meets("привет", "Ну, Привет!", &["Привет"]);
    meets("किताब", "यह किताब है", &["किताब"]);
    meets("한국", "한국 한국어", &["한국"]);
    meets("AND OR NOT", "or and not", &["or", "and", "not"]);
    meets("-foo:bar% (baz)", "foo bar baz", &["foo", "bar", "baz"]);
    meets("snake_case", "case of a snake", &["case", "snake"]);
}

#[test]
fn phrases_are_one_range() {
    meets("\"quick, brown\"", "the QUICK - brown fox, brown quick", &["QUICK - brown"]);
    meets("\"brown quick\" fox", "quick brown fox", &[]);
    meets("\"a b\" \"b c\"", "a b c", &["a b c"]);
    meets("“smart quotes”", "quotes smart quotes", &["smart quotes"]);
    meets("\"open phrase", "phrase open", &["phrase", "open"]);
    meets("\"one two\" \"three", "three one two", &["three", "one two"]);
    meets("\"\" x", "x", &["x"]);
    meets("\"foo ba*\"", "foo bar", &[]);
    meets("\"foo ba*\"", "foo ba", &["foo ba"]);
}

#[test]
fn prefixes_highlight_the_whole_word() {
    meets("wor*", "Words, world; sword wör", &["Words", "world", "wör"]);
    meets("wor* *", "world", &["world"]);
    meets("(wor*)", "world", &["world"]);
    meets("w*d", "wd", &[]);
    meets("w*d", "w d", &["w", "d"]);
    meets("* **", "anything * **", &[]);
    meets("👍*", "👍🏽", &["👍🏽"]);
}

#[test]
fn emoji_are_words() {
    assert_eq!(
        words("a🎉b ❤\u{fe0f}❤ 👨‍👩‍👧 🇩🇪🇫🇷 👍🏽 1\u{fe0f}\u{20e3} 1"),
        ["a", "🎉", "b", "❤", "❤", "👨‍👩‍👧", "🇩🇪", "🇫🇷", "👍🏽", "1\u{20e3}", "1"]
    );
    meets("🎉", "yes🎉🎉 no", &["🎉", "🎉"]);
    meets("👨", "👨‍👩‍👧", &[]);
    meets("❤️", "I ❤ you", &["❤"]);
    assert_eq!(SearchQuery::parse("👩‍💻").unwrap().find("é👩‍💻x"), Some(vec![Highlight { start: 1, length: 3 }]));
}

#[test]
fn scripts_without_spaces_are_searched_inside_a_run() {
    meets("京", "東京都に住む", &["京"]);
    meets("京都", "東京都", &["京都"]);
    meets("京都", "東京、都", &[]);
    meets("都東", "東京都", &[]);
    meets("東京 住む", "住む 東京", &["住む", "東京"]);
    meets("ああ", "あああ", &["あああ"]);
    meets("手机", "我的iPhone手机", &["手机"]);
    meets("iphone手机", "手机和iPhone", &["手机", "iPhone"]);
    meets("ラーメン", "とんこつラーメン屋", &["ラーメン"]);
    meets("ガ", "カ\u{3099}ラス", &["カ\u{3099}"]);
    meets("ภาษา", "เรียนภาษาไทย", &["ภาษา"]);
    meets("ไทย*", "ภาษาไทยง่าย", &["ไทย"]);
    meets("น้ำ", "ดื่มน้ำเย็น", &["น้ำ"]);
    meets("ភាសា", "ភាសាខ្មែរ", &["ភាសា"]);
    meets("\"東京 都\"", "東京都", &["東京都"]);
    meets("2024年", "在2024年", &["2024", "年"]);
}

#[test]
fn a_question_has_bounds() {
    assert_eq!(SearchQuery::parse(&"ä".repeat(257)), Err(QueryError::TooLong));
    assert!(SearchQuery::parse(&"ä".repeat(256)).is_ok());
    assert_eq!(SearchQuery::parse(&"a ".repeat(33)), Err(QueryError::TooManyWords));
    assert!(SearchQuery::parse(&"京".repeat(256)).is_ok());
    for nothing in ["", " ", "\"\"", "*", "-:%_", "\0"] {
        let query = SearchQuery::parse(nothing).unwrap();
        assert!(query.is_empty() && query.find("anything").is_none(), "{nothing:?}");
    }
}

#[test]
fn lexemes_are_bounded_and_hold_what_a_question_wants() {
    let content: String = (0..200_000).map(|n| format!("w{n} ")).collect();
    let all = lexemes(&content);
    assert_eq!(all.split(' ').count(), LEXEMES_MAX);
    let long = lexemes(&"ab ".repeat(9).replace(' ', &"é".repeat(1 << 15)));
    assert!(
        long.len() <= LEXEMES_BYTES_MAX && long.split(' ').all(|lexeme| lexeme.len() <= 200),
        "{}",
        long.len()
    );
    for (query, content) in [
        ("京都 住* \"a b\" 都", "東京都に住む b a b"),
        ("wor* 👍🏽", "👍🏽 the world"),
        (&"é".repeat(150), &"É".repeat(150)),
        ("น้ำ", "ดื่มน้ำเย็น"),
    ] {
        let all = lexemes(content);
        let all: Vec<&str> = all.split(' ').collect();
        let query = SearchQuery::parse(query).unwrap();
        let wanted = query.wanted();
        assert!(query.find(content).is_some(), "{content}");
        assert!(wanted.whole.iter().all(|lexeme| all.contains(&&**lexeme)), "{wanted:?} {all:?}");
        let begins = |prefix: &str| all.iter().any(|lexeme| lexeme.starts_with(prefix));
        assert!(wanted.prefixes.iter().all(|prefix| begins(prefix)), "{wanted:?} {all:?}");
    }
}

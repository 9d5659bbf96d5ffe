//! Header fields (RFC 9112, section 5; RFC 9110, section 5).

use super::{Case, assert_all};

/// A request with this among its headers.
fn with(field: &str) -> String {
    format!("GET /healthz HTTP/1.1\r\nHost: a.test\r\n{field}\r\n\r\n")
}

/// Fields, and the statuses of the answers.
const FIELDS: &[Case<'static>] = &[
    ("A: b", &[200, 200]),
    ("A:b", &[200, 200]),
    ("A: \t b \t ", &[200, 200]),
    ("A:", &[200, 200]),
    ("A: \u{e9}", &[200, 200]),
    ("!#$%&'*+-.^_`|~: b", &[200, 200]),
    // Whitespace before the colon, section 5.1: two servers may read two names.
    ("A : b", &[400]),
    ("A\t: b", &[400]),
    // A line that goes on in the next, section 5.2.
    ("A: b\r\n c", &[400]),
    ("A: b\r\n\tc", &[400]),
    (" A: b", &[400]),
    (": b", &[400]),
    ("A", &[400]),
    ("A\u{e9}: b", &[400]),
    ("A(: b", &[400]),
    // CR without LF, section 2.2, and what no value may have (RFC 9110, section 5.5).
    ("A: b\rc", &[400]),
    ("A: b\r\rc", &[400]),
    ("A\r: b", &[400]),
    ("A: b\u{0}c", &[400]),
    ("A: b\u{7f}c", &[400]),
    ("A: b\u{1}c", &[400]),
];

#[tokio::test]
async fn a_field_is_a_name_and_a_value() {
    let sent: Vec<String> = FIELDS.iter().map(|(field, _)| with(field)).collect();
    let cases: Vec<Case<'_>> =
        sent.iter().zip(FIELDS).map(|(sent, (_, statuses))| (&**sent, *statuses)).collect();
    assert_all(&cases).await;
}

#[tokio::test]
async fn a_head_is_not_too_large() {
    let many = |count: usize| with(&vec!["A: b"; count].join("\r\n"));
    assert_all(&[
        // A line may end with LF alone, section 2.2.
        ("GET /healthz HTTP/1.1\nHost: a.test\n\n", &[200, 200]),
        // RFC 6585, section 5.
        (&many(90), &[200, 200]),
        (&many(101), &[431]),
        (&with(&format!("A: {}", "b".repeat(40_000))), &[200, 200]),
        (&with(&format!("A: {}", "b".repeat(70_000))), &[431]),
    ])
    .await;
}

//! `Expect` (RFC 9110, section 10.1.1). That no body is asked for which is refused is in `http_wire`.

use super::assert_all;

const BODY: &str = "Content-Type: application/json\r\nContent-Length: 2";

#[tokio::test]
async fn who_expects_100_is_told_to_go_on() {
    let post = |version: &str, expect: &str| {
        format!("POST /api/v1/users/ HTTP/{version}\r\nHost: a.test\r\n{BODY}\r\n{expect}\r\n\r\n[]")
    };
    assert_all(&[
        (&post("1.1", "Expect: 100-continue"), &[100, 422, 200]),
        (&post("1.1", "expect: 100-Continue"), &[100, 422, 200]),
        (&post("1.1", "Expect: 100-continue\r\nExpect: 100-continue"), &[100, 422, 200]),
        // What is not known.
        (&post("1.1", "Expect: 200-ok"), &[417]),
        (&post("1.1", "Expect: 100-continue, 200-ok"), &[417]),
        (&post("1.1", "Expect: 100-continue\r\nExpect: x"), &[417]),
        (&post("1.1", "Expect: x\r\nExpect: 100-continue"), &[417]),
        (&post("1.1", "Expect:"), &[417]),
        // HTTP/1.0 knows nothing of it.
        (&post("1.0", "Expect: 100-continue"), &[422]),
        (&post("1.0", "Expect: x"), &[422]),
        // Without a body there is nothing to go on with.
        ("GET /healthz HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n\r\n", &[200, 200]),
    ])
    .await;
}

//! `Host` (RFC 9112, section 3.2; RFC 9110, section 7.2). More of it is in `http_wire`.

use super::assert_all;

#[tokio::test]
async fn a_request_of_1_1_has_one_valid_host() {
    assert_all(&[
        ("GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[200, 200]),
        ("GET /healthz HTTP/1.1\r\nhost:a.test:8000 \t\r\n\r\n", &[200, 200]),
        ("GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", &[200, 200]),
        ("GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", &[200, 200]),
        ("GET /healthz HTTP/1.1\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.1\r\nHost: a.test\r\nhOST: b.test\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.1\r\nHost: http://a.test\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.1\r\nHost: a.test/x\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.1\r\nHost: a@b.test\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.1\r\nHost: a.test:x\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.0\r\n\r\n", &[200]),
        ("GET /healthz HTTP/1.0\r\nHost: a.test\r\n\r\n", &[200]),
        ("GET /healthz HTTP/1.0\r\nHost: a b\r\n\r\n", &[400]),
    ])
    .await;
}

//! Handshakes that are none (RFC 6455, section 4.2.1; RFC 9110, section 7.8).

use super::assert_all;

#[tokio::test]
async fn a_handshake_has_each_of_its_fields_once_and_no_body() {
    const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
    const UPGRADE: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
    let shake = |line: &str, fields: &[&str]| format!("{line}\r\nHost: a.test\r\n{}\r\n", fields.concat());
    let get = |fields: &[&str]| shake("GET /ws HTTP/1.1", fields);
    assert_all(&[
        // The last request is no frame.
        (&get(&[UPGRADE, VERSION, KEY]), &[101]),
        (&get(&["Connection: x\r\nConnection: UPGRADE\r\nUpgrade: x, WebSocket\r\n", VERSION, KEY]), &[101]),
        (&get(&[UPGRADE, VERSION, KEY, "Content-Length: 0\r\n"]), &[101]),
        (&get(&[UPGRADE, VERSION]), &[400]),
        (&get(&[UPGRADE, KEY]), &[400]),
        (&get(&[UPGRADE, VERSION, KEY, KEY]), &[400]),
        (&get(&[UPGRADE, VERSION, KEY, VERSION]), &[400]),
        (&get(&[UPGRADE, VERSION, "Sec-WebSocket-Key: x\r\n"]), &[400]),
        (&get(&[UPGRADE, "Sec-WebSocket-Version: 8\r\n", KEY]), &[426]),
        (&get(&[UPGRADE, "Sec-WebSocket-Version: 13, 8\r\n", KEY]), &[426]),
        (&get(&[UPGRADE, VERSION, KEY, "Content-Length: 2\r\n\r\nxx"]), &[400]),
        (&get(&[UPGRADE, VERSION, KEY, "Transfer-Encoding: chunked\r\n\r\n0\r\n"]), &[400]),
        (&shake("POST /ws HTTP/1.1", &[UPGRADE, VERSION, KEY]), &[405]),
        (&shake("GET /ws HTTP/1.0", &[UPGRADE, VERSION, KEY]), &[400]),
        (&shake("GET /nowhere HTTP/1.1", &[UPGRADE, VERSION, KEY]), &[403]),
    ])
    .await;
}

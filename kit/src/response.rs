//! An HTTP/1.1 answer, taken from bytes. No I/O.

use std::io;
use std::ops::Range;

use httparse::{EMPTY_HEADER, Status};

/// The most headers that an answer may have.
const HEADERS_MAX: usize = 64;

/// One answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// Three digits.
    pub status: u16,
    /// In the order in which they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its chunks, if it came in some, put together.
    pub body: Vec<u8>,
}

/// What was read is not an HTTP/1.1 answer whose end can be found.
#[derive(Debug, thiserror::Error)]
#[error("not an answer: {0}")]
pub struct Malformed(String);

impl Response {
    /// The answer at the start of `bytes` and its length, if all of it is there.
    ///
    /// The request must not have been a `HEAD`, whose answers say a length and have no body.
    ///
    /// # Errors
    /// If no bytes to come can make it an answer: another version than HTTP/1.1, more than 64 headers, neither
    /// a length nor chunks.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut headers);
        let Status::Complete(start) = head.parse(bytes).map_err(malformed)? else { return Ok(None) };
        let (Some(1), Some(status)) = (head.version, head.code) else { return Err(malformed("a version")) };
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = head.headers.iter();
        let headers = headers.map(|header| (header.name.to_ascii_lowercase(), text(header.value))).collect();
        let mut response = Self { status, headers, body: Vec::new() };
        let Some((pieces, end)) = response.pieces(bytes, start)? else { return Ok(None) };
        for piece in pieces {
            response.body.extend_from_slice(&bytes[piece]);
        }
        Ok(Some((response, end)))
    }

    /// The first value of the header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Where the parts of the body stand and where the answer ends, if all of it is there. `start` is where the
    /// head ends.
    fn pieces(&self, bytes: &[u8], start: usize) -> Result<Option<Pieces>, Malformed> {
        if self.status < 200 || matches!(self.status, 204 | 304) {
            return Ok(Some((Vec::new(), start)));
        }
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return chunks(bytes, start);
        }
        let length = self.header("content-length").and_then(|value| value.parse().ok());
        let end =
            length.and_then(|length| start.checked_add(length)).ok_or_else(|| malformed("no length"))?;
        let whole = start..end;
        Ok((bytes.len() >= end).then(|| (vec![whole], end)))
    }
}

/// The parts of a body and the end of the answer.
type Pieces = (Vec<Range<usize>>, usize);

fn chunks(bytes: &[u8], mut next: usize) -> Result<Option<Pieces>, Malformed> {
    let mut pieces = Vec::new();
    loop {
        let head = httparse::parse_chunk_size(&bytes[next..]).map_err(|_| malformed("a chunk's length"))?;
        let Status::Complete((head, length)) = head else { return Ok(None) };
        let start = next + head;
        let length = usize::try_from(length).map_err(malformed)?;
        let end = start.checked_add(length).ok_or_else(|| malformed("a chunk's length"))?;
        match bytes.get(end..).and_then(<[u8]>::first_chunk) {
            None => return Ok(None),
            Some(b"\r\n") => next = end + 2,
            Some(_) => return Err(malformed("a chunk without an end")),
        }
        if length == 0 {
            return Ok(Some((pieces, next)));
        }
        pieces.push(start..end);
    }
}

fn malformed(reason: impl ToString) -> Malformed {
    Malformed(reason.to_string())
}

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &str) -> Option<(u16, String, usize)> {
        let (response, length) = Response::parse(bytes.as_bytes()).unwrap()?;
        Some((response.status, String::from_utf8(response.body).unwrap(), length))
    }

    #[test]
    fn an_answer_is_found_once_all_of_it_is_there() {
        for (answer, status, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404, ""),
            ("HTTP/1.1 100 Continue\r\n\r\n", 100, ""),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
                200,
                "hello",
            ),
        ] {
            for end in 0..answer.len() {
                assert_eq!(parse(&answer[..end]), None, "{}", &answer[..end]);
            }
            let expected = Some((status, body.to_owned(), answer.len()));
            assert_eq!(parse(answer), expected);
            assert_eq!(parse(&format!("{answer}HTTP/1.1 200")), expected, "what follows is another answer's");
        }
    }

    #[test]
    fn what_can_be_no_answer_is_told() {
        for bytes in [
            "SSH-2.0-server\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhello\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        ] {
            assert!(Response::parse(bytes.as_bytes()).is_err(), "{bytes}");
        }
    }

    #[test]
    fn names_of_headers_are_in_lower_case() {
        let answer = b"HTTP/1.1 204 No Content\r\nX-Answer: 42\r\n\r\n";
        let (response, _) = Response::parse(answer).unwrap().unwrap();
        assert_eq!(response.header("x-answer"), Some("42"));
        assert_eq!(response.header("x-question"), None);
    }
}

//! Paths and queries.

use std::borrow::Cow;

use groupcast::compat::fastapi::integer::parse_integer;
use groupcast::compat::fastapi::{Problems, Query, path_integer};
use groupcast::http::fuzzing::templates;
use groupcast::http::{group_asked_for, route};
use percent_encoding::percent_decode;

/// Parameters that queries have.
const NAMES: &[&str] =
    &["after_seq", "before_id", "group_id", "limit", "name", "q", "protocol", "skip", "user_id"];

/// A path leads where a plain comparison with all templates leads; parameters of a query and numbers are what plain twins
/// read; what is wrong with them is told in JSON.
pub fn http(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == b'?').unwrap_or(data.len());
    let (path, query) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let path = percent_decode(path).decode_utf8_lossy();
    let found = route(&path).map(|route| route.template());
    assert_eq!(found, twin(&path), "{path:?}");
    let _ = group_asked_for(data);
    let _ = group_asked_for(&[b"GET ", data, b" HTTP/1.1\r\n"].concat());
    parameters(&String::from_utf8_lossy(query));
    number(&path);
}

/// How a segment of a template takes one of a path, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Taken {
    Spelled,
    Parameter,
    Tail,
}

/// The template that takes a path best, from the left on.
fn twin(path: &str) -> Option<&'static str> {
    let rest = path.strip_prefix('/')?;
    let bare = rest.strip_suffix('/').unwrap_or(rest);
    let segments: Vec<&str> = if rest.is_empty() { Vec::new() } else { bare.split('/').collect() };
    let all =
        templates().flat_map(|(paths, is_socket)| paths.iter().map(move |path| (paths[0], *path, is_socket)));
    let taken =
        all.filter_map(|(name, template, is_socket)| Some((take(template, &segments)?, name, is_socket)));
    let (how, name, is_socket) = taken.min_by(|(one, ..), (other, ..)| one.cmp(other))?;
    let has_parameters = how.iter().any(|taken| *taken != Taken::Spelled);
    (!(is_socket && has_parameters && path.ends_with('/'))).then_some(name)
}

fn take(template: &str, segments: &[&str]) -> Option<Vec<Taken>> {
    let mut taken = Vec::new();
    let mut rest = segments.iter();
    for part in template.split('/').filter(|part| !part.is_empty()) {
        if part.ends_with(":path}") {
            taken.push(rest.next().map(|_| Taken::Tail)?);
            return Some(taken);
        }
        let segment = rest.next()?;
        taken.push(match part.starts_with('{') {
            true if segment.is_empty() => return None,
            true => Taken::Parameter,
            false if part == *segment => Taken::Spelled,
            false => return None,
        });
    }
    rest.next().is_none().then_some(taken)
}

fn parameters(text: &str) {
    let query = Query::new(Some(text));
    let decode =
        |text: &str| percent_decode(text.replace('+', " ").as_bytes()).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let mut problems = Problems::default();
    for name in NAMES {
        let expected = pairs.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        assert_eq!(query.get(name).as_deref(), expected, "{name} of {text:?}");
        let integer = query.integer(name, &mut problems);
        assert_eq!(integer, expected.and_then(|text| parse_integer(text).ok()));
        let count = query.count(name, 7, &mut problems);
        assert_eq!(
            count,
            integer
                .and_then(|count| i64::try_from(count).ok())
                .filter(|count| *count >= 0)
                .map_or(7, |count| count as u64)
        );
        let _: Cow<'_, str> = query.required(name, &mut problems);
        let _ = query.choice(name, &[("one", 1), ("two", 2)], &mut problems);
    }
    told(problems);
}

/// What is wrong with a request is told as a list in JSON.
pub(crate) fn told(problems: Problems) {
    let Err(problems) = problems.check() else { return };
    check_told(&problems.into_json());
}

/// Levels up to which serde_json reads.
const TWIN_DEPTH_MAX: usize = 120;

/// Whether serde_json reads this text, JSON or not: it does not nest too deeply.
pub(crate) fn is_shallow(text: &[u8]) -> bool {
    text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= TWIN_DEPTH_MAX
}

/// A refusal is an object with its reasons. What it repeats of the request may nest as deeply as that.
pub(crate) fn check_told(json: &[u8]) {
    assert!(json.starts_with(b"{\"detail\":") && json.ends_with(b"}"), "{}", String::from_utf8_lossy(json));
    if is_shallow(json) {
        let value: serde_json::Value = serde_json::from_slice(json).expect("JSON");
        let detail = &value["detail"];
        assert!(detail.is_string() || detail.as_array().is_some_and(|list| !list.is_empty()), "{value}");
    }
}

/// Plain integers are read as Rust reads them.
fn number(path: &str) {
    for segment in path.split('/') {
        match path_integer("group_id", segment) {
            Ok(number) => assert_eq!(parse_integer(segment), Ok(number)),
            Err(problems) => told(problems),
        }
        let digits = segment.strip_prefix(['+', '-']).unwrap_or(segment);
        if (1..=38).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            assert_eq!(parse_integer(segment).ok(), segment.parse::<i128>().ok(), "{segment}");
        }
    }
}

//! What does not validate, in FastAPI's shape.

use hyper::{Response, StatusCode};

use crate::protocol::json::{SyntaxError, Value, write_integer, write_string};

use super::body::Body;
use super::response;

/// The part of a request that a problem is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Body,
    Header,
    Path,
    Query,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Header => "header",
            Self::Path => "path",
            Self::Query => "query",
        }
    }
}

/// One thing that does not validate.
pub(super) struct Problem<'a> {
    /// What kind, as a word of pydantic's.
    pub(super) kind: &'static str,
    /// Where.
    pub(super) place: Place,
    /// Which field there; none if all of it is wrong.
    pub(super) field: Option<&'static str>,
    /// What is wrong, for people.
    pub(super) message: &'a str,
    /// What was sent.
    pub(super) input: &'a Value<'a>,
    /// A value that is part of the message, with its name.
    pub(super) context: Option<(&'static str, Value<'a>)>,
}

/// All that does not validate in a request, as JSON under way.
#[derive(Debug, Default)]
pub(super) struct Problems {
    json: Vec<u8>,
}

impl Problems {
    /// Adds a problem.
    pub(super) fn add(&mut self, problem: Problem<'_>) {
        let Problem { kind, place, field, message, input, context } = problem;
        self.start(kind, place);
        if let Some(field) = field {
            self.json.push(b',');
            write_string(&mut self.json, field);
        }
        self.end(message, input, context);
    }

    /// A body that is not JSON.
    pub(super) fn of_syntax(error: SyntaxError) -> Self {
        let mut problems = Self::default();
        problems.start("json_invalid", Place::Body);
        problems.json.push(b',');
        write_integer(&mut problems.json, error.position);
        let context = Some(("error", Value::String(error.reason)));
        problems.end("JSON decode error", &Value::Object(Vec::new()), context);
        problems
    }

    /// A body that is not an object.
    pub(super) fn of_body_type(input: &Value<'_>) -> Self {
        Self::of_body(
            "model_attributes_type",
            "Input should be a valid dictionary or object to extract fields from",
            input,
        )
    }

    /// No body.
    pub(super) fn of_missing_body() -> Self {
        Self::of_body("missing", "Field required", &Value::Null)
    }

    fn of_body(kind: &'static str, message: &str, input: &Value<'_>) -> Self {
        let mut problems = Self::default();
        problems.add(Problem { kind, place: Place::Body, field: None, message, input, context: None });
        problems
    }

    /// `Err` if there are any.
    pub(super) fn check(self) -> Result<(), Self> {
        if self.json.is_empty() { Ok(()) } else { Err(self) }
    }

    /// 422 with the list.
    pub(super) fn into_response(self) -> Response<Body> {
        let mut json = b"{\"detail\":[".to_vec();
        json.extend_from_slice(&self.json);
        json.extend_from_slice(b"]}");
        let mut response = response::json(json);
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        response
    }

    fn start(&mut self, kind: &str, place: Place) {
        if !self.json.is_empty() {
            self.json.push(b',');
        }
        self.json.extend_from_slice(b"{\"type\":");
        write_string(&mut self.json, kind);
        self.json.extend_from_slice(b",\"loc\":[");
        write_string(&mut self.json, place.name());
    }

    fn end(&mut self, message: &str, input: &Value<'_>, context: Option<(&'static str, Value<'_>)>) {
        self.json.extend_from_slice(b"],\"msg\":");
        write_string(&mut self.json, message);
        self.json.extend_from_slice(b",\"input\":");
        input.write(&mut self.json);
        if let Some((name, value)) = context {
            self.json.extend_from_slice(b",\"ctx\":");
            Value::Object(vec![(name, value)]).write(&mut self.json);
        }
        self.json.push(b'}');
    }
}

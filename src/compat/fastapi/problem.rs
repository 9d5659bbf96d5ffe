//! What does not validate, in FastAPI's shape.

use serde::Serialize;

use super::json::{self, SyntaxError, Value};

/// The part of a request that a problem is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The body.
    Body,
    /// A header.
    Header,
    /// The path.
    Path,
    /// The query.
    Query,
}

impl Location {
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
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// Its kind, as a word of pydantic's.
    pub kind: &'static str,
    /// The part of the request that it is in.
    pub location: Location,
    /// The field there; none if all of that part is wrong.
    pub field: Option<&'static str>,
    /// A sentence for people.
    pub message: &'a str,
    /// What was sent.
    pub input: &'a Value<'a>,
    /// A value that is part of the message, with its name.
    pub context: Option<(&'static str, Value<'a>)>,
}

impl Problem<'_> {
    /// There has to be such a field, and there is none.
    pub fn missing(location: Location, field: &'static str) -> Self {
        let (kind, message) = ("missing", "Field required");
        Self { kind, location, field: Some(field), message, input: &Value::Null, context: None }
    }
}

/// All that does not validate in a request.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// The field of the body in which the fields of what is added stand, if they do not stand in the body itself.
    pub(super) within: Option<&'static str>,
    /// The entries as JSON, with commas between them.
    json: Vec<u8>,
}

/// An entry of the list as it is sent.
#[derive(Serialize)]
struct Entry<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    loc: &'a [Step],
    msg: &'a str,
    input: &'a Value<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctx: Option<Value<'a>>,
}

/// A step on the way to what is wrong.
#[derive(Serialize)]
#[serde(untagged)]
enum Step {
    Name(&'static str),
    Offset(usize),
}

impl Problems {
    /// Adds a problem.
    pub fn add(&mut self, problem: Problem<'_>) {
        let Problem { kind, location, field, message: msg, input, context } = problem;
        let ctx = context.map(|context| Value::Object(vec![context]));
        let steps = [Some(location.name()), self.within, field];
        let loc: Vec<Step> = steps.into_iter().flatten().map(Step::Name).collect();
        self.push(&Entry { kind, loc: &loc, msg, input, ctx });
    }

    /// A body that is not JSON.
    pub fn of_syntax(error: SyntaxError) -> Self {
        let mut problems = Self::default();
        problems.push(&Entry {
            kind: "json_invalid",
            loc: &[Step::Name(Location::Body.name()), Step::Offset(error.position)],
            msg: "JSON decode error",
            input: &Value::Object(Vec::new()),
            ctx: Some(Value::Object(vec![("error", Value::String(error.reason))])),
        });
        problems
    }

    /// A body that is not an object.
    pub fn of_body_type(input: &Value<'_>) -> Self {
        Self::of_body(
            "model_attributes_type",
            "Input should be a valid dictionary or object to extract fields from",
            input,
        )
    }

    /// No body, where there has to be one.
    pub fn of_missing_body() -> Self {
        Self::of_body("missing", "Field required", &Value::Null)
    }

    fn of_body(kind: &'static str, message: &str, input: &Value<'_>) -> Self {
        let mut problems = Self::default();
        let location = Location::Body;
        problems.add(Problem { kind, location, field: None, message, input, context: None });
        problems
    }

    /// `Err` if there are any.
    ///
    /// # Errors
    /// The problems themselves.
    pub fn check(self) -> Result<(), Self> {
        if self.json.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The body of the answer, which is a 422: `{"detail":[...]}`.
    pub fn into_json(self) -> Vec<u8> {
        [&b"{\"detail\":["[..], &self.json, b"]}"].concat()
    }

    fn push(&mut self, entry: &Entry<'_>) {
        if !self.json.is_empty() {
            self.json.push(b',');
        }
        json::write(&mut self.json, entry);
    }
}

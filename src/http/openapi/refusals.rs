//! What is answered if something goes wrong.

use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, SchemaType, Type};
use utoipa::openapi::{
    Content, Header, Object, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
};

use super::field::Field;
use super::offer::Offer;
use super::operation::Operation;
use super::parameters::{has_actor, names};
use super::schemas::{Schemas, list};
use super::security::is_demanded;
use super::table::Table;
use crate::compat::fastapi::Length;
use crate::http::need::Need;
use crate::http::response::Detail;

/// Why any operation may refuse a request.
struct Refusal {
    status: u16,
    /// Of the answer in the document.
    name: &'static str,
    /// When it is given.
    text: &'static str,
    /// A header that it has, and what that says.
    header: Option<(&'static str, &'static str)>,
    /// Whether there is such an answer.
    applies: fn(&Circumstances) -> bool,
}

/// What a refusal depends on.
pub(super) struct Circumstances {
    is_plain: bool,
    has_body: bool,
    has_values: bool,
    looks_something_up: bool,
    demands_token: bool,
    knows_who_asks: bool,
}

const RETRY_AFTER: (&str, &str) = ("Retry-After", "When to try again, in seconds.");

/// What goes without saying, in one place.
const SHARED: [Refusal; 9] = [
    Refusal {
        status: 400,
        name: "BadRequest",
        text: "The request is not one that can be read: its body is not UTF-8, or it does not name its host.",
        header: None,
        applies: |_| true,
    },
    Refusal {
        status: 401,
        name: "Unauthenticated",
        text: "No token is shown, or one that is no good.",
        header: Some(("WWW-Authenticate", "`Bearer`")),
        applies: |circumstances| circumstances.demands_token,
    },
    Refusal {
        status: 403,
        name: "Forbidden",
        text: "Who asks may not do this; `detail` says why.",
        header: None,
        applies: |circumstances| circumstances.knows_who_asks,
    },
    Refusal {
        status: 404,
        name: "NotFound",
        text: "There is no such thing, or none that one may know of.",
        header: None,
        applies: |circumstances| circumstances.looks_something_up,
    },
    Refusal {
        status: 408,
        name: "RequestTimeout",
        text: "The body took too long.",
        header: None,
        applies: |circumstances| circumstances.has_body,
    },
    Refusal {
        status: 413,
        name: "ContentTooLarge",
        text: "The body or the content is too long.",
        header: None,
        applies: |circumstances| circumstances.has_body,
    },
    Refusal {
        status: INVALID,
        name: "ValidationError",
        text: "The path, the query, a header or the body does not validate.",
        header: None,
        applies: |circumstances| circumstances.has_values,
    },
    Refusal {
        status: 429,
        name: "TooManyRequests",
        text: "The client asks more often than the server allows.",
        header: Some(RETRY_AFTER),
        applies: |circumstances| !circumstances.is_plain,
    },
    Refusal {
        status: 503,
        name: "Unavailable",
        text: "The database is away, or the server is busy.",
        header: Some(RETRY_AFTER),
        applies: |circumstances| !circumstances.is_plain,
    },
];

/// The status whose answer is a list of mistakes.
const INVALID: u16 = 422;

/// A mistake in a request, as `compat::fastapi` writes it.
const MISTAKE: Table = Table::given(
    "ValidationError",
    "A mistake in a request.",
    &[
        Field::text("type", Length::Any, "Its kind, a word of pydantic's."),
        Field::other("loc", |_| {
            let step = AnyOfBuilder::new().item(Object::with_type(Type::String));
            list(step.item(Object::with_type(Type::Integer)).into())
        }),
        Field::text("msg", Length::Any, "What is wrong."),
        Field::other("input", |_| Object::with_type(SchemaType::AnyValue).into()),
        Field::other("ctx", |_| {
            ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true))).into()
        })
        .optional(),
    ],
);

const MISTAKES: Table = Table::given(
    "HTTPValidationError",
    "All mistakes in a request.",
    &[Field::other("detail", |schemas| list(MISTAKE.schema(schemas)))],
);

/// What operations share, by the names that they refer to it by.
pub(super) fn shared_refusals(schemas: &mut Schemas) -> Vec<(&'static str, Response)> {
    SHARED.iter().map(|refusal| (refusal.name, refusal.response(refusal.text, false, schemas))).collect()
}

/// The refusals of an operation, by status: its own, and those that it shares.
pub(super) fn refusals(
    operation: &Operation,
    circumstances: &Circumstances,
    schemas: &mut Schemas,
) -> Vec<(u16, RefOr<Response>)> {
    let own = |status| operation.refusals.iter().find(|(own, _)| *own == status);
    let mut refusals = Vec::new();
    for refusal in &SHARED {
        match own(refusal.status) {
            Some((status, text)) => {
                refusals.push((*status, RefOr::T(refusal.response(text, true, schemas))));
            }
            None if (refusal.applies)(circumstances) => {
                refusals.push((refusal.status, RefOr::Ref(Ref::from_response_name(refusal.name))));
            }
            None => {}
        }
    }
    for (status, text) in operation.refusals {
        if SHARED.iter().all(|refusal| refusal.status != *status) {
            refusals.push((*status, RefOr::T(answer(text, schemas.of::<Detail<'_>>()).build())));
        }
    }
    refusals
}

impl Refusal {
    /// The answer. An operation that speaks of 422 itself also says it in words.
    fn response(&self, text: &str, is_own: bool, schemas: &mut Schemas) -> Response {
        let schema = match self.status == INVALID {
            true if is_own => {
                let either = AnyOfBuilder::new().item(MISTAKES.schema(schemas));
                either.item(schemas.of::<Detail<'_>>()).into()
            }
            true => MISTAKES.schema(schemas),
            false => schemas.of::<Detail<'_>>(),
        };
        let answer = answer(text, schema);
        let Some((name, about)) = self.header else { return answer.build() };
        let kind = if name == RETRY_AFTER.0 { Type::Integer } else { Type::String };
        let mut header = Header::new(Object::with_type(kind));
        header.description = Some(about.to_owned());
        answer.header(name, header).build()
    }
}

fn answer(text: &str, schema: RefOr<Schema>) -> ResponseBuilder {
    ResponseBuilder::new().description(text).content("application/json", Content::new(Some(schema)))
}

impl Circumstances {
    pub(super) fn new(template: &str, operation: &Operation, need: Need, offer: Offer) -> Self {
        let has_actor = has_actor(operation, need);
        let has_path = names(template).next().is_some();
        let has_body = operation.body.is_some();
        let takes_values = !operation.query.is_empty() || !operation.headers.is_empty();
        Self {
            is_plain: operation.is_plain,
            has_body,
            has_values: has_actor || has_path || has_body || takes_values,
            looks_something_up: has_actor || has_path,
            demands_token: is_demanded(need, offer),
            knows_who_asks: matches!(need, Need::Caller | Need::User | Need::Governor),
        }
    }
}

//! The whole document.

use hyper::Method;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AnyOfBuilder, Type};
use utoipa::openapi::{
    ComponentsBuilder, Content, Info, InfoBuilder, License, Object, OpenApi, OpenApiBuilder, Required,
    Response, ResponseBuilder, path,
};

use super::offer::Offer;
use super::operation::{Operation, Success, TakenBody};
use super::parameters::parameters;
use super::refusals::{Circumstances, refusals, shared_refusals};
use super::schemas::Schemas;
use super::security::{requirements, schemes};
use super::tag::Tag;
use crate::http::need::Need;

const ABOUT: &str = "A group-chat server. Messages and the other entries of a group's log come over WebSockets, which \
    [asyncapi.json](/asyncapi.json) describes, or are asked for here.

Every path works with and without the slash at its end. Unknown fields and parameters are ignored. What does not apply \
is left out of an answer. Numbers of rows are integers below 2⁵³, times are RFC 3339 in UTC. Every answer lets pages of \
other origins read it (CORS), of any unless the server was told which.";

/// A method of a resource.
#[derive(Clone, Copy)]
pub(in crate::http) struct Entry {
    /// Of its path.
    pub(in crate::http) template: &'static str,
    pub(in crate::http) method: &'static Method,
    pub(in crate::http) need: Need,
    pub(in crate::http) operation: &'static Operation,
}

/// The document of a server that has these methods.
pub(in crate::http) fn document(entries: impl Iterator<Item = Entry>, offer: Offer) -> OpenApi {
    let mut schemas = Schemas::new(offer);
    let mut paths = PathsBuilder::new();
    let mut tags: Vec<Tag> = Vec::new();
    for entry in entries.filter(|entry| (entry.operation.is_offered)(offer)) {
        let Some(method) = http_method(entry.method) else { continue };
        paths = paths.path(entry.template, PathItem::new(method, entry.describe(&mut schemas)));
        tags.push(entry.operation.tag);
    }
    tags.sort_unstable();
    tags.dedup();
    let responses = shared_refusals(&mut schemas);
    let mut components = ComponentsBuilder::new().responses_from_iter(responses);
    for (name, scheme) in schemes() {
        components = components.security_scheme(name, scheme);
    }
    OpenApiBuilder::new()
        .info(info())
        .paths(paths)
        .components(Some(components.schemas_from_iter(schemas.into_named()).build()))
        .tags(Some(tags.into_iter().map(Tag::introduction)))
        .build()
}

/// Of the methods that a document can describe.
fn http_method(method: &Method) -> Option<HttpMethod> {
    match method.as_str() {
        "GET" => Some(HttpMethod::Get),
        "PUT" => Some(HttpMethod::Put),
        "POST" => Some(HttpMethod::Post),
        "PATCH" => Some(HttpMethod::Patch),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}

fn info() -> Info {
    InfoBuilder::new()
        .title(env!("CARGO_PKG_NAME"))
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(License::new(env!("CARGO_PKG_LICENSE"))))
        .build()
}

impl Entry {
    fn describe(&self, schemas: &mut Schemas) -> path::Operation {
        let (Self { template, need, operation, .. }, offer) = (*self, schemas.offer);
        let mut described = OperationBuilder::new()
            .operation_id(Some(operation.id))
            .tag(operation.tag.name())
            .summary(Some(operation.summary))
            .description(Some(operation.about).filter(|about| !about.is_empty()))
            .securities(requirements(need, offer));
        for parameter in parameters(template, operation, need, schemas) {
            described = described.parameter(parameter);
        }
        if let Some(body) = &operation.body {
            described = described.request_body(Some(request_body(body, schemas)));
        }
        let (status, answer) = success(operation.success, schemas);
        described = described.response(status, answer);
        let circumstances = Circumstances::new(template, operation, need, offer);
        for (status, refusal) in refusals(operation, &circumstances, schemas) {
            described = described.response(status.to_string(), refusal);
        }
        described.build()
    }
}

fn request_body(body: &TakenBody, schemas: &mut Schemas) -> RequestBody {
    let schema = body.table.schema(schemas);
    let schema = match body.is_optional {
        true => AnyOfBuilder::new().item(schema).item(Object::with_type(Type::Null)).into(),
        false => schema,
    };
    let content = Content::new(Some(schema));
    let required = if body.is_optional { Required::False } else { Required::True };
    let request = RequestBodyBuilder::new().required(Some(required));
    let request = match body.is_form {
        true => request.content("application/x-www-form-urlencoded", content.clone()),
        false => request,
    };
    request.content("application/json", content).build()
}

fn success(success: Success, schemas: &mut Schemas) -> (&'static str, Response) {
    let with = |content_type, schema| {
        let answer = ResponseBuilder::new().description("Successful.");
        ("200", answer.content(content_type, Content::new(Some(schema))).build())
    };
    match success {
        Success::Json(make) => with("application/json", make(schemas)),
        Success::Text(content_type) => with(content_type, Object::with_type(Type::String).into()),
        Success::Nothing => ("204", Response::new("Successful, and there is nothing to tell.")),
    }
}

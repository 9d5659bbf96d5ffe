//! Parameters of operations.

use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use super::field::Field;
use super::offer::Offer;
use super::operation::{Actor, Operation};
use super::schemas::Schemas;
use crate::http::need::Need;

/// Who acts.
fn actor(operation: &Operation, offer: Offer) -> Field {
    let about = match offer.believes_names {
        true => "The user who does this.",
        false => "For a key made with `--as-any`: the user in whose name this is done.",
    };
    let actor = Field::integer("user_id", about);
    match operation.actor {
        Actor::Always => actor.required_by_name(),
        Actor::Maybe | Actor::Never => actor.optional(),
    }
}

/// The parameters in the path that a template has, in their order.
pub(super) fn names(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// Whether the query may say who acts.
pub(super) fn has_actor(operation: &Operation, need: Need) -> bool {
    operation.actor != Actor::Never && matches!(need, Need::Caller | Need::User)
}

/// All parameters.
pub(super) fn parameters(
    template: &'static str,
    operation: &Operation,
    need: Need,
    schemas: &mut Schemas,
) -> Vec<Parameter> {
    let in_path = names(template).map(|name| match operation.path.iter().find(|field| field.name == name) {
        Some(field) => *field,
        None => Field::integer(name, ""),
    });
    let actor = has_actor(operation, need).then(|| actor(operation, schemas.offer));
    let in_query = operation.query.iter().copied().chain(actor);
    let mut parameters = Vec::new();
    let places: [(ParameterIn, &mut dyn Iterator<Item = Field>); 3] = [
        (ParameterIn::Path, &mut in_path.into_iter()),
        (ParameterIn::Query, &mut in_query.into_iter()),
        (ParameterIn::Header, &mut operation.headers.iter().copied()),
    ];
    for (place, fields) in places {
        parameters.extend(fields.map(|field| parameter(place.clone(), field, schemas)));
    }
    parameters
}

fn parameter(place: ParameterIn, field: Field, schemas: &mut Schemas) -> Parameter {
    let required = if field.is_required(schemas.offer) { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(field.name)
        .parameter_in(place)
        .required(required)
        .description(field.description())
        .schema(Some(field.schema(schemas)))
        .build()
}

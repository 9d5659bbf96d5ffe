//! Schemas that have a name.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::{ArrayBuilder, Ref, RefOr, Schema};

use super::offer::Offer;

/// Makes a schema, and names those that it refers to.
pub(in crate::http) type MakeSchema = fn(&mut Schemas) -> RefOr<Schema>;

/// The schemas that something refers to, by their names.
pub(in crate::http) struct Schemas {
    /// Of the server that they are for.
    pub(super) offer: Offer,
    named: BTreeMap<String, RefOr<Schema>>,
}

impl Schemas {
    /// None yet.
    pub(super) fn new(offer: Offer) -> Self {
        Self { offer, named: BTreeMap::new() }
    }

    /// The schema of a type that is serialised, by its name.
    pub(in crate::http) fn of<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let mut found = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut found);
        for (name, schema) in found {
            self.named.insert(name, schema);
        }
        Ref::from_schema_name(T::name()).into()
    }

    /// An array of such a type.
    pub(in crate::http) fn list_of<T: ToSchema>(&mut self) -> RefOr<Schema> {
        list(self.of::<T>())
    }

    /// Names a schema, and refers to it.
    pub(in crate::http) fn name(&mut self, name: &str, schema: impl Into<RefOr<Schema>>) -> RefOr<Schema> {
        self.named.insert(name.to_owned(), schema.into());
        Ref::from_schema_name(name).into()
    }

    /// All of them.
    pub(super) fn into_named(self) -> BTreeMap<String, RefOr<Schema>> {
        self.named
    }
}

/// An array of these.
pub(in crate::http) fn list(item: RefOr<Schema>) -> RefOr<Schema> {
    ArrayBuilder::new().items(item).into()
}

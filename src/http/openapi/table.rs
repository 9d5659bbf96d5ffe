//! Objects that no type stands for: bodies, which are read field by field, and answers that are written by hand.

use serde_json::Value;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

use super::field::Field;
use super::schemas::Schemas;

/// An object by its fields.
#[derive(Clone, Copy)]
pub(in crate::http) struct Table {
    /// In the document, where it is unique.
    pub(in crate::http) name: &'static str,
    /// A sentence.
    about: &'static str,
    /// Those that come first.
    head: &'static [Field],
    fields: &'static [Field],
    /// As JSON; empty for none.
    example: &'static str,
    /// Whether null stands for an optional field as well as its absence.
    takes_null: bool,
}

impl Table {
    /// An object that is sent to the server. Null stands for a field that is absent.
    pub(in crate::http) const fn taken(
        name: &'static str,
        about: &'static str,
        fields: &'static [Field],
    ) -> Self {
        Self { name, about, head: &[], fields, example: "", takes_null: true }
    }

    /// An object that the server sends.
    pub(in crate::http) const fn given(
        name: &'static str,
        about: &'static str,
        fields: &'static [Field],
    ) -> Self {
        Self { name, about, head: &[], fields, example: "", takes_null: false }
    }

    /// The same with these fields before its own.
    pub(in crate::http) const fn behind(self, head: &'static [Field]) -> Self {
        Self { head, ..self }
    }

    /// The same with an example, as JSON.
    pub(in crate::http) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// Names the schema, and refers to it.
    pub(in crate::http) fn schema(&self, schemas: &mut Schemas) -> RefOr<Schema> {
        let mut object = ObjectBuilder::new().description(Some(self.about));
        for field in self.head.iter().chain(self.fields) {
            let is_required = field.is_required(schemas.offer);
            let takes_null = self.takes_null && !is_required;
            let schema = if takes_null { field.or_null() } else { *field }.described_schema(schemas);
            object = object.property(field.name, schema);
            if is_required {
                object = object.required(field.name);
            }
        }
        if !self.example.is_empty() {
            let example: Value = serde_json::from_str(self.example).unwrap_or_default();
            object = object.examples([example]);
        }
        schemas.name(self.name, object)
    }
}

//! Values that have a name.

use serde_json::Value;
use utoipa::openapi::schema::{AnyOfBuilder, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, KnownFormat, Object, ObjectBuilder, RefOr, Schema, SchemaFormat};

use super::offer::Offer;
use super::schemas::{MakeSchema, Schemas};
use crate::compat::fastapi::Length;
use crate::model::limits::EMAIL_CHARS_MAX;

/// A field of an object, or a parameter. It has to be there unless it is said otherwise.
#[derive(Clone, Copy)]
pub(in crate::http) struct Field {
    pub(super) name: &'static str,
    /// A sentence; may be empty.
    pub(super) about: &'static str,
    kind: Kind,
    presence: Presence,
    is_nullable: bool,
    default: Option<u64>,
}

#[derive(Clone, Copy)]
enum Presence {
    Required,
    /// Only where a name is enough to be somebody.
    RequiredByName,
    Optional,
}

#[derive(Clone, Copy)]
enum Kind {
    Text { min: usize, max: Option<usize>, format: Option<&'static str>, pattern: Option<&'static str> },
    Integer { low: Option<i64>, high: Option<i64> },
    Boolean,
    Word(&'static [&'static str]),
    Ids,
    Other(MakeSchema),
}

impl Field {
    const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind, presence: Presence::Required, is_nullable: false, default: None }
    }

    const fn formatted(
        name: &'static str,
        length: Length,
        format: &'static str,
        about: &'static str,
    ) -> Self {
        let max = longest(length);
        Self::new(name, Kind::Text { min: 0, max, format: Some(format), pattern: None }, about)
    }

    /// A text. No text has more characters than bytes, so a bound in bytes is one in characters too.
    pub(in crate::http) const fn text(name: &'static str, length: Length, about: &'static str) -> Self {
        let max = longest(length);
        Self::new(name, Kind::Text { min: 0, max, format: None, pattern: None }, about)
    }

    /// A text that nobody should see.
    pub(in crate::http) const fn secret(name: &'static str, length: Length, about: &'static str) -> Self {
        Self::formatted(name, length, "password", about)
    }

    /// An e-mail address.
    pub(in crate::http) const fn email(name: &'static str, about: &'static str) -> Self {
        Self::formatted(name, Length::Characters(EMAIL_CHARS_MAX), "email", about)
    }

    /// A point in time (RFC 3339).
    pub(in crate::http) const fn instant(name: &'static str, about: &'static str) -> Self {
        Self::formatted(name, Length::Any, "date-time", about)
    }

    /// A boolean.
    pub(in crate::http) const fn boolean(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Boolean, about)
    }

    /// An integer of any size.
    pub(in crate::http) const fn integer(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Integer { low: None, high: None }, about)
    }

    /// An integer from `low` to `high`.
    pub(in crate::http) const fn within(
        name: &'static str,
        low: i64,
        high: i64,
        about: &'static str,
    ) -> Self {
        Self::new(name, Kind::Integer { low: Some(low), high: Some(high) }, about)
    }

    /// An integer from 0 on, of 63 bits at most.
    pub(in crate::http) const fn count(name: &'static str, about: &'static str) -> Self {
        Self::within(name, 0, i64::MAX, about)
    }

    /// An integer from 0 on.
    pub(in crate::http) const fn number(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Integer { low: Some(0), high: None }, about)
    }

    /// One of these words.
    pub(in crate::http) const fn word(
        name: &'static str,
        words: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        Self::new(name, Kind::Word(words), about)
    }

    /// Numbers of rows.
    pub(in crate::http) const fn ids(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Ids, about)
    }

    /// Anything else.
    pub(in crate::http) const fn other(name: &'static str, schema: MakeSchema) -> Self {
        Self::new(name, Kind::Other(schema), "")
    }

    /// The same, which may be absent.
    pub(in crate::http) const fn optional(self) -> Self {
        Self { presence: Presence::Optional, ..self }
    }

    /// The same, which may be absent where a token says it.
    pub(in crate::http) const fn required_by_name(self) -> Self {
        Self { presence: Presence::RequiredByName, ..self }
    }

    /// The same, which may be absent and is this number then.
    pub(in crate::http) const fn or(self, default: u64) -> Self {
        Self { default: Some(default), ..self.optional() }
    }

    /// The same, which may be null.
    pub(in crate::http) const fn or_null(self) -> Self {
        Self { is_nullable: true, ..self }
    }

    /// The same, if it is a text not an empty one.
    pub(in crate::http) const fn filled(self) -> Self {
        match self.kind {
            Kind::Text { max, format, pattern, .. } => {
                Self { kind: Kind::Text { min: 1, max, format, pattern }, ..self }
            }
            _ => self,
        }
    }

    /// The same, if it is a text one without NUL, which not every database can store.
    pub(in crate::http) const fn storable(self) -> Self {
        self.like(r"^[^\u0000]*$")
    }

    /// The same, if it is a text one that this regular expression (ECMA 262) finds something in.
    pub(in crate::http) const fn like(self, pattern: &'static str) -> Self {
        match self.kind {
            Kind::Text { min, max, format, .. } => {
                Self { kind: Kind::Text { min, max, format, pattern: Some(pattern) }, ..self }
            }
            _ => self,
        }
    }

    /// The same without a sentence, which then stands elsewhere.
    pub(super) const fn unexplained(self) -> Self {
        Self { about: "", ..self }
    }

    /// Whether it has to be there.
    pub(super) fn is_required(&self, offer: Offer) -> bool {
        match self.presence {
            Presence::Required => true,
            Presence::RequiredByName => offer.believes_names,
            Presence::Optional => false,
        }
    }

    /// What may stand there.
    pub(super) fn schema(&self, schemas: &mut Schemas) -> RefOr<Schema> {
        let schema = self.not_null(schemas);
        match self.is_nullable {
            true => AnyOfBuilder::new().item(schema).item(Object::with_type(Type::Null)).into(),
            false => schema,
        }
    }

    fn not_null(&self, schemas: &mut Schemas) -> RefOr<Schema> {
        let about = Some(self.about).filter(|about| !about.is_empty());
        let plain = |kind: Type| {
            let default = self.default.map(Value::from);
            ObjectBuilder::new().schema_type(SchemaType::new(kind)).description(about).default(default)
        };
        let object = match self.kind {
            Kind::Text { min, max, format, pattern } => plain(Type::String)
                .min_length(Some(min).filter(|min| *min > 0))
                .max_length(max)
                .pattern(pattern)
                .format(format.map(|format| SchemaFormat::Custom(format.to_owned()))),
            Kind::Integer { low, high } => plain(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .minimum(low.map(|low| low as isize))
                .maximum(high.map(|high| high as isize)),
            Kind::Boolean => plain(Type::Boolean),
            Kind::Word(words) => plain(Type::String).enum_values(Some(words.iter().copied())),
            Kind::Ids => {
                let id = Self::integer("", "").not_null(schemas);
                return ArrayBuilder::new().items(id).description(about).into();
            }
            Kind::Other(make) => return make(schemas),
        };
        object.into()
    }
}

const fn longest(length: Length) -> Option<usize> {
    match length {
        Length::Characters(max) | Length::Bytes(max) => Some(max),
        Length::Any => None,
    }
}

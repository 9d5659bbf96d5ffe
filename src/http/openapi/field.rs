//! Values that have a name.

use serde_json::Value;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{
    ArrayBuilder, KnownFormat, Object, ObjectBuilder, OneOfBuilder, RefOr, Schema, SchemaFormat,
};

use super::schemas::{MakeSchema, Schemas};
use crate::compat::fastapi::Length;
use crate::model::limits::EMAIL_CHARS_MAX;

/// A field of an object, or a parameter. It has to be there unless it is [`optional`](Self::optional).
#[derive(Clone, Copy)]
pub(in crate::http) struct Field {
    pub(super) name: &'static str,
    /// A sentence; may be empty.
    pub(super) about: &'static str,
    kind: Kind,
    pub(super) is_optional: bool,
    is_nullable: bool,
    default: Option<u64>,
}

#[derive(Clone, Copy)]
enum Kind {
    Text { min: usize, max: Option<usize>, format: Option<&'static str> },
    Integer { low: Option<i64>, high: Option<i64> },
    Boolean,
    Word(&'static [&'static str]),
    Ids,
    Other(MakeSchema),
}

impl Field {
    const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind, is_optional: false, is_nullable: false, default: None }
    }

    const fn formatted(
        name: &'static str,
        length: Length,
        format: &'static str,
        about: &'static str,
    ) -> Self {
        Self::new(name, Kind::Text { min: 0, max: longest(length), format: Some(format) }, about)
    }

    /// A text. No text has more characters than bytes, so a bound in bytes is one in characters too.
    pub(in crate::http) const fn text(name: &'static str, length: Length, about: &'static str) -> Self {
        Self::new(name, Kind::Text { min: 0, max: longest(length), format: None }, about)
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
        Self { is_optional: true, ..self }
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
            Kind::Text { max, format, .. } => Self { kind: Kind::Text { min: 1, max, format }, ..self },
            _ => self,
        }
    }

    /// The same without a sentence, which then stands elsewhere.
    pub(super) const fn unexplained(self) -> Self {
        Self { about: "", ..self }
    }

    /// What may stand there, if it refers to nothing.
    pub(in crate::http) fn alone(&self) -> RefOr<Schema> {
        self.schema(&mut Schemas::default())
    }

    /// What may stand there.
    pub(super) fn schema(&self, schemas: &mut Schemas) -> RefOr<Schema> {
        let about = Some(self.about).filter(|about| !about.is_empty());
        let plain = |kind: Type| {
            let of_type = match self.is_nullable {
                true => SchemaType::from_iter([kind, Type::Null]),
                false => SchemaType::new(kind),
            };
            ObjectBuilder::new()
                .schema_type(of_type)
                .description(about)
                .default(self.default.map(Value::from))
        };
        let object = match self.kind {
            Kind::Text { min, max, format } => plain(Type::String)
                .min_length(Some(min).filter(|min| *min > 0))
                .max_length(max)
                .format(format.map(|format| SchemaFormat::Custom(format.to_owned()))),
            Kind::Integer { low, high } => plain(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .minimum(low.map(|low| low as isize))
                .maximum(high.map(|high| high as isize)),
            Kind::Boolean => plain(Type::Boolean),
            Kind::Word(words) => {
                let null = self.is_nullable.then_some(Value::Null);
                let words = words.iter().map(|word| Value::from(*word)).chain(null);
                plain(Type::String).enum_values(Some(words))
            }
            Kind::Ids => {
                let id = Self::integer("", "").schema(schemas);
                return ArrayBuilder::new().items(id).description(about).into();
            }
            Kind::Other(make) if self.is_nullable => {
                let null = Object::with_type(Type::Null);
                return OneOfBuilder::new().item(make(schemas)).item(null).into();
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

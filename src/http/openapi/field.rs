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
    about: &'static str,
    kind: Kind,
    presence: Presence,
    is_nullable: bool,
    default: Option<u64>,
    /// A greater number counts as this one.
    cap: Option<u64>,
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
    Text(Text),
    Integer { low: Option<i64>, high: Option<i64> },
    Boolean,
    Word(&'static [&'static str]),
    Ids,
    Other(MakeSchema),
}

#[derive(Clone, Copy)]
struct Text {
    is_filled: bool,
    length: Length,
    format: Option<&'static str>,
    /// ECMA 262
    pattern: Option<&'static str>,
}

impl Field {
    const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind, presence: Presence::Required, is_nullable: false, default: None, cap: None }
    }

    /// A text. No text has more characters than bytes, so a bound in bytes is one in characters too.
    pub(in crate::http) const fn text(name: &'static str, length: Length, about: &'static str) -> Self {
        Self::new(name, Kind::Text(Text { is_filled: false, length, format: None, pattern: None }), about)
    }

    const fn formatted(self, format: &'static str) -> Self {
        match self.kind {
            Kind::Text(text) => Self { kind: Kind::Text(Text { format: Some(format), ..text }), ..self },
            _ => self,
        }
    }

    /// A text that nobody should see.
    pub(in crate::http) const fn secret(name: &'static str, length: Length, about: &'static str) -> Self {
        Self::text(name, length, about).formatted("password")
    }

    /// An e-mail address.
    pub(in crate::http) const fn email(name: &'static str, about: &'static str) -> Self {
        Self::text(name, Length::Characters(EMAIL_CHARS_MAX), about).formatted("email")
    }

    /// A point in time (RFC 3339).
    pub(in crate::http) const fn instant(name: &'static str, about: &'static str) -> Self {
        Self::text(name, Length::Any, about).formatted("date-time")
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

    /// The same, of which a greater number counts as this one.
    pub(in crate::http) const fn capped(self, cap: u64) -> Self {
        Self { cap: Some(cap), ..self }
    }

    /// The same, which may be null.
    pub(in crate::http) const fn or_null(self) -> Self {
        Self { is_nullable: true, ..self }
    }

    /// The same, if it is a text not an empty one.
    pub(in crate::http) const fn filled(self) -> Self {
        match self.kind {
            Kind::Text(text) => Self { kind: Kind::Text(Text { is_filled: true, ..text }), ..self },
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
            Kind::Text(text) => Self { kind: Kind::Text(Text { pattern: Some(pattern), ..text }), ..self },
            _ => self,
        }
    }

    /// Whether it has to be there.
    pub(super) fn is_required(&self, offer: Offer) -> bool {
        match self.presence {
            Presence::Required => true,
            Presence::RequiredByName => offer.believes_names,
            Presence::Optional => false,
        }
    }

    /// What is to be told of it beyond its schema.
    pub(super) fn description(&self) -> Option<String> {
        let bytes = match self.kind {
            Kind::Text(Text { length: Length::Bytes(max), .. }) => {
                Some(format!("At most {max} bytes of UTF-8."))
            }
            _ => None,
        };
        let cap = self.cap.map(|cap| format!("Above {cap} it counts as {cap}."));
        let about = Some(self.about.to_owned()).filter(|about| !about.is_empty());
        let sentences: Vec<String> = [about, bytes, cap].into_iter().flatten().collect();
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// What may stand there, with its description.
    pub(super) fn described_schema(&self, schemas: &mut Schemas) -> RefOr<Schema> {
        self.make_schema(self.description(), schemas)
    }

    /// What may stand there.
    pub(super) fn schema(&self, schemas: &mut Schemas) -> RefOr<Schema> {
        self.make_schema(None, schemas)
    }

    fn make_schema(&self, description: Option<String>, schemas: &mut Schemas) -> RefOr<Schema> {
        let schema = self.not_null(description, schemas);
        match self.is_nullable {
            true => AnyOfBuilder::new().item(schema).item(Object::with_type(Type::Null)).into(),
            false => schema,
        }
    }

    fn not_null(&self, description: Option<String>, schemas: &mut Schemas) -> RefOr<Schema> {
        let plain = |kind: Type| {
            let default = self.default.map(Value::from);
            ObjectBuilder::new().schema_type(SchemaType::new(kind)).default(default)
        };
        let object = match self.kind {
            Kind::Text(Text { is_filled, length, format, pattern }) => plain(Type::String)
                .min_length(is_filled.then_some(1))
                .max_length(match length {
                    Length::Characters(max) | Length::Bytes(max) => Some(max),
                    Length::Any => None,
                })
                .pattern(pattern)
                .format(format.map(|format| SchemaFormat::Custom(format.to_owned()))),
            Kind::Integer { low, high } => plain(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .minimum(low.map(|low| low as isize))
                .maximum(high.map(|high| high as isize)),
            Kind::Boolean => plain(Type::Boolean),
            Kind::Word(words) => plain(Type::String).enum_values(Some(words.iter().copied())),
            Kind::Ids => {
                let id = Self::integer("", "").schema(schemas);
                return ArrayBuilder::new().items(id).description(description).into();
            }
            Kind::Other(make) => return make(schemas),
        };
        object.description(description).into()
    }
}

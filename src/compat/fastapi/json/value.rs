//! A parsed JSON text.

use serde::{Serialize, Serializer};

/// A JSON value. Strings lie in the buffer that was given to [`parse`](super::parse).
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'s> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction and exponent, between -2^63 and 2^64.
    Integer(i128),
    /// Any other number; finite.
    Float(f64),
    /// A string, unescaped.
    String(&'s str),
    /// An array.
    Array(Vec<Self>),
    /// An object, its fields as they were sent. Of several with one name the last counts.
    Object(Vec<(&'s str, Self)>),
}

impl Value<'_> {
    /// The field `name` of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => {
                fields.iter().rev().find(|(field, _)| *field == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i128(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
        }
    }
}

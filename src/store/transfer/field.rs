//! The fields of a record: what they hold in a database, in JSON and here.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer, ser};

use crate::model::{Timestamp, UserId};

/// What a column holds, in the terms that both databases share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    /// 64 bits, signed.
    Int,
    /// 16 bits, signed.
    Small,
    Bool,
    Text,
    Time,
    /// Bytes, of which there are few.
    Bytes,
    /// Numbers of users.
    Users,
}

/// What stands in a column.
#[derive(PartialEq)]
pub(in crate::store) enum Value<'a> {
    Null,
    Int(i64),
    Small(i16),
    Bool(bool),
    Text(Cow<'a, str>),
    Time(Timestamp),
    Bytes(&'a [u8]),
    Users(Cow<'a, [UserId]>),
}

impl fmt::Debug for Value<'_> {
    /// Says nothing: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}

/// A field.
pub(super) trait Field: Sized {
    /// What its column holds.
    const KIND: Kind;

    /// How it stands there.
    fn value(&self) -> Value<'_>;

    /// From what stands there; `None` if that makes no sense.
    fn of(value: Value<'_>) -> Option<Self>;

    /// Whether nothing stands there.
    fn is_null(&self) -> bool {
        matches!(self.value(), Value::Null)
    }
}

impl<T: Field> Field for Option<T> {
    const KIND: Kind = T::KIND;

    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, T::value)
    }

    fn of(value: Value<'_>) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::of(value).map(Some) }
    }
}

impl Field for bool {
    const KIND: Kind = Kind::Bool;

    fn value(&self) -> Value<'_> {
        Value::Bool(*self)
    }

    fn of(value: Value<'_>) -> Option<Self> {
        if let Value::Bool(value) = value { Some(value) } else { None }
    }
}

/// A number from `MIN` on and below `END`.
#[derive(Clone, Copy, Serialize)]
#[serde(transparent)]
pub(in crate::store) struct Number<const MIN: i64, const END: i64>(pub(in crate::store) i64);

/// The number of a user, group, session or key, a `seq` and the like.
pub(super) type Id = Number<1, { i64::MAX }>;

/// The number of a message.
pub(super) type MessageNumber = Number<1, { 1 << 53 }>;

/// A number that may be 0, which stands for "none so far".
pub(super) type Last = Number<0, { i64::MAX }>;

impl<const MIN: i64, const END: i64> Field for Number<MIN, END> {
    const KIND: Kind = Kind::Int;

    fn value(&self) -> Value<'_> {
        Value::Int(self.0)
    }

    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Int(number) if (MIN..END).contains(&number) => Some(Self(number)),
            _ => None,
        }
    }
}

impl<'de, const MIN: i64, const END: i64> Deserialize<'de> for Number<MIN, END> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        Self::of(Value::Int(number)).ok_or_else(|| D::Error::custom(format_args!("{number} is out of range")))
    }
}

/// A text. There is no NUL in it, which Postgres does not take.
#[derive(Serialize)]
#[serde(transparent)]
pub(in crate::store) struct Text(pub(in crate::store) Box<str>);

impl Field for Text {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(&self.0))
    }

    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) if !text.contains('\0') => Some(Self(text.into())),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::of(Value::Text(text.into())).ok_or_else(|| D::Error::custom("there is a NUL in a text"))
    }
}

/// A point in time, in JSON as it is displayed.
#[derive(Clone, Copy)]
pub(in crate::store) struct Time(pub(in crate::store) Timestamp);

impl Field for Time {
    const KIND: Kind = Kind::Time;

    fn value(&self) -> Value<'_> {
        Value::Time(self.0)
    }

    /// One that cannot be displayed makes no sense.
    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Time(at) if Timestamp::of_text(&at.to_string()) == Some(at) => Some(Self(at)),
            _ => None,
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_text();
        serializer.serialize_str(std::str::from_utf8(&text).map_err(ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Timestamp::of_text(&text).map(Self).ok_or_else(|| {
            D::Error::custom(format_args!("{text:?} is no time such as 2024-01-02T03:04:05.678901Z"))
        })
    }
}

/// A digest of a secret, in JSON in lower-case hexadecimal digits.
pub(in crate::store) struct Digest(crate::model::Digest);

impl Field for Digest {
    const KIND: Kind = Kind::Bytes;

    fn value(&self) -> Value<'_> {
        Value::Bytes(&self.0)
    }

    fn of(value: Value<'_>) -> Option<Self> {
        if let Value::Bytes(bytes) = value { bytes.try_into().ok().map(Self) } else { None }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
        serializer.serialize_str(&digits)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
        let bytes = bytes.filter(|_| rest.is_empty()).and_then(|bytes| bytes.try_into().ok());
        // What it is of is a secret, so it is not quoted.
        bytes.map(Self).ok_or_else(|| D::Error::custom("a digest has 64 lower-case hexadecimal digits"))
    }
}

/// Numbers of users, at least one; nobody is `None`.
pub(in crate::store) struct Users(pub(in crate::store) Box<[UserId]>);

impl Field for Users {
    const KIND: Kind = Kind::Users;

    fn value(&self) -> Value<'_> {
        Value::Users(Cow::Borrowed(&self.0))
    }

    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Users(users) if !users.is_empty() => Some(Self(users.into())),
            _ => None,
        }
    }
}

impl Serialize for Users {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|user| user.0))
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let users = Vec::<Id>::deserialize(deserializer)?;
        let users = users.into_iter().map(|user| UserId(user.0)).collect();
        Self::of(Value::Users(users)).ok_or_else(|| D::Error::custom("a list of users is empty"))
    }
}

//! The fields of a command, by name and type.

use std::num::NonZero;

use simd_json::{Node, StaticNode};

use crate::model::{GroupId, MessageId, Seq};

/// The fields of a frame, not yet looked at. An absent field and `null` are the same; of several with one name the
/// last counts; fields that nobody asks for are ignored.
///
/// What is wrong with a field is told as `name: reason`, a text for the client.
#[derive(Debug)]
pub struct Fields<'t, 'a> {
    /// The nodes of the object behind its own: names and values in turn.
    nodes: &'t [Node<'a>],
    /// Number of fields.
    len: usize,
    /// The names that were asked for, so that a test can compare them with the documents.
    #[cfg(test)]
    pub(crate) asked: std::cell::RefCell<std::collections::BTreeSet<String>>,
}

/// A type that a field may have.
pub trait FromField<'a>: Sized {
    /// Reads the value of the field of this name, which is not `null`. What stands in an array or object is `inner`.
    ///
    /// # Errors
    /// What the value should be.
    fn from_field(name: &str, value: &Node<'a>, inner: &[Node<'a>]) -> Result<Self, String>;
}

impl<'t, 'a> Fields<'t, 'a> {
    /// The fields of the object that these nodes are; `None` if they are something else.
    pub(super) fn of(nodes: &'t [Node<'a>]) -> Option<Self> {
        let (Node::Object { len, .. }, nodes) = nodes.split_first()? else { return None };
        Some(Self {
            nodes,
            len: *len,
            #[cfg(test)]
            asked: std::cell::RefCell::default(),
        })
    }

    /// The value of a field that must be there.
    ///
    /// # Errors
    /// It is missing, or not of this type.
    pub fn required<T: FromField<'a>>(&self, name: &str) -> Result<T, String> {
        self.optional(name)?.ok_or_else(|| missing(name))
    }

    /// The value of a field that may be absent or `null`.
    ///
    /// # Errors
    /// It is not of this type.
    pub fn optional<T: FromField<'a>>(&self, name: &str) -> Result<Option<T>, String> {
        match self.get(name) {
            None | Some((Node::Static(StaticNode::Null), _)) => Ok(None),
            Some((value, inner)) => T::from_field(name, value, inner).map(Some),
        }
    }

    /// A field's value, and what stands in it if it is an array or object.
    pub(super) fn get(&self, name: &str) -> Option<(&'t Node<'a>, &'t [Node<'a>])> {
        #[cfg(test)]
        self.asked.borrow_mut().insert(name.to_owned());
        let (mut found, mut rest) = (None, self.nodes);
        for _ in 0..self.len {
            let [Node::String(field), value, values @ ..] = rest else { return None };
            let (inner, behind) = values.split_at_checked(inner_nodes(value))?;
            if *field == name {
                found = Some((value, inner));
            }
            rest = behind;
        }
        found
    }
}

/// How many nodes stand behind this one and belong to it.
fn inner_nodes(node: &Node<'_>) -> usize {
    match node {
        Node::Object { count, .. } | Node::Array { count, .. } => *count,
        Node::String(_) | Node::Static(_) => 0,
    }
}

fn missing(name: &str) -> String {
    format!("{name}: missing")
}

impl<'a> FromField<'a> for &'a str {
    fn from_field(name: &str, value: &Node<'a>, _: &[Node<'a>]) -> Result<Self, String> {
        match value {
            Node::String(text) => Ok(text),
            _ => Err(format!("{name}: should be a string")),
        }
    }
}

impl<'a> FromField<'a> for bool {
    fn from_field(name: &str, value: &Node<'a>, _: &[Node<'a>]) -> Result<Self, String> {
        match value {
            Node::Static(StaticNode::Bool(value)) => Ok(*value),
            _ => Err(format!("{name}: should be true or false")),
        }
    }
}

impl<'a> FromField<'a> for i64 {
    fn from_field(name: &str, value: &Node<'a>, _: &[Node<'a>]) -> Result<Self, String> {
        match value {
            Node::Static(StaticNode::I64(value)) => Ok(*value),
            Node::Static(StaticNode::U64(value)) => {
                Self::try_from(*value).map_err(|_| format!("{name}: too large"))
            }
            _ => Err(format!("{name}: should be an integer")),
        }
    }
}

/// A count of at least 1.
impl<'a> FromField<'a> for NonZero<u64> {
    fn from_field(name: &str, value: &Node<'a>, inner: &[Node<'a>]) -> Result<Self, String> {
        let count = u64::try_from(i64::from_field(name, value, inner)?).ok().and_then(Self::new);
        count.ok_or_else(|| format!("{name}: should be at least 1"))
    }
}

impl<'a> FromField<'a> for GroupId {
    fn from_field(name: &str, value: &Node<'a>, inner: &[Node<'a>]) -> Result<Self, String> {
        i64::from_field(name, value, inner).map(GroupId)
    }
}

impl<'a> FromField<'a> for MessageId {
    fn from_field(name: &str, value: &Node<'a>, inner: &[Node<'a>]) -> Result<Self, String> {
        i64::from_field(name, value, inner).map(MessageId)
    }
}

impl<'a> FromField<'a> for Seq {
    fn from_field(name: &str, value: &Node<'a>, inner: &[Node<'a>]) -> Result<Self, String> {
        match i64::from_field(name, value, inner)? {
            ..0 => Err(format!("{name}: should not be negative")),
            seq => Ok(Self(seq)),
        }
    }
}

/// An object of `seq` by `group_id`: `{"7": 12}`.
impl<'a> FromField<'a> for Vec<(GroupId, Seq)> {
    fn from_field(name: &str, value: &Node<'a>, inner: &[Node<'a>]) -> Result<Self, String> {
        let wrong = || format!("{name}: should be an object of places by group_id");
        match value {
            Node::Object { len, count } if *count == 2 * len => {}
            _ => return Err(wrong()),
        }
        let pairs = inner.chunks_exact(2).map(|pair| match pair {
            [Node::String(group), seq] if !matches!(seq, Node::Static(StaticNode::Null)) => {
                let group = group.parse().map(GroupId).map_err(|_| wrong())?;
                Ok((group, Seq::from_field(name, seq, &[])?))
            }
            _ => Err(wrong()),
        });
        pairs.collect()
    }
}

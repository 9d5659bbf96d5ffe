//! Which resource a path names.

use std::sync::LazyLock;

use crate::chat::SocketTarget;

use super::error::HttpError;
use super::params::{PARAMS_MAX, Params};
use super::resource::{Resource, Serves};
use super::routes::RESOURCES;

/// A resource that was found, and the parameters in its path.
#[derive(Clone, Copy)]
pub struct Route<'p> {
    pub(super) resource: &'static Resource,
    pub(super) params: Params<'p>,
}

impl Route<'_> {
    /// The path with the names of its parameters in braces, such as `/api/v1/users/{user_id}`; the same for all paths
    /// of one resource.
    pub fn template(&self) -> &'static str {
        self.resource.paths.first().copied().unwrap_or_default()
    }

    /// What a socket under this path is for; `None` if it is no path for sockets.
    pub(super) fn socket_target(&self) -> Option<Result<SocketTarget, HttpError>> {
        match self.resource.serves {
            Serves::Socket(target) => Some(target(&self.params)),
            Serves::Methods(_) | Serves::Page(_) | Serves::Echo => None,
        }
    }

    /// Whether sockets under this path get back what they send.
    pub(super) fn is_echo(&self) -> bool {
        matches!(self.resource.serves, Serves::Echo)
    }
}

/// Finds the resource of a percent-decoded path. A slash at the end makes no difference, but for sockets whose last
/// segment is a name. A segment that a template spells out goes before one that is a parameter, and that before a
/// parameter `{name:path}`, which takes all that is left, slashes too.
pub fn route(path: &str) -> Option<Route<'_>> {
    static ROOT: LazyLock<Node> = LazyLock::new(|| Node::of(RESOURCES));
    ROOT.route(path)
}

/// All paths that begin with the same segments.
#[derive(Default)]
struct Node {
    /// By their next segment.
    literals: Vec<(&'static str, Self)>,
    /// Those whose next segment is a parameter.
    parameter: Option<Box<Self>>,
    /// The one that ends here.
    end: Option<End>,
    /// The one whose last parameter is all that is left.
    tail: Option<End>,
}

/// The end of a path.
struct End {
    resource: &'static Resource,
    /// The names of its parameters.
    names: Vec<&'static str>,
}

impl Node {
    fn of(resources: &'static [&'static Resource]) -> Self {
        let mut root = Self::default();
        for &resource in resources {
            for path in resource.paths {
                let (mut node, mut names) = (&mut root, Vec::new());
                let (path, tail) = match path.strip_suffix(":path}").and_then(|path| path.rsplit_once("/{")) {
                    Some((path, name)) => (path, Some(name)),
                    None => (*path, None),
                };
                for segment in path.split('/').filter(|segment| !segment.is_empty()) {
                    let name = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
                    names.extend(name);
                    node = match name {
                        Some(_) => node.parameter.get_or_insert_default(),
                        None => node.literal(segment),
                    };
                }
                names.extend(tail);
                let end = if tail.is_some() { &mut node.tail } else { &mut node.end };
                *end = Some(End { resource, names });
            }
        }
        root
    }

    fn literal(&mut self, segment: &'static str) -> &mut Self {
        let index = match self.literals.iter().position(|(literal, _)| *literal == segment) {
            Some(index) => index,
            None => {
                self.literals.push((segment, Self::default()));
                self.literals.len() - 1
            }
        };
        &mut self.literals[index].1
    }

    fn route<'p>(&'p self, path: &'p str) -> Option<Route<'p>> {
        let path = path.strip_prefix('/')?;
        let (path, ends_with_slash) = match path.strip_suffix('/') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let mut values = [""; PARAMS_MAX];
        // The path that is a slash and nothing else has no segments.
        let rest = (!path.is_empty() || ends_with_slash).then_some(path);
        let End { resource, names } = self.find(rest, &mut values, 0)?;
        let params = Params::new(names, values);
        let cuts_name = ends_with_slash && !params.is_empty() && matches!(resource.serves, Serves::Socket(_));
        (!cuts_name).then_some(Route { resource, params })
    }

    /// Finds the end of a path of which `rest` is left; none if all its segments were taken, `taken` of them as
    /// parameters.
    fn find<'p>(
        &self,
        rest: Option<&'p str>,
        values: &mut [&'p str; PARAMS_MAX],
        taken: usize,
    ) -> Option<&End> {
        let Some(rest) = rest else { return self.end.as_ref() };
        let left = rest;
        // Segments are a few bytes long; looking for the slash byte by byte is the fastest way to its end.
        let (segment, rest) = match rest.bytes().position(|byte| byte == b'/') {
            Some(end) => (&rest[..end], Some(&rest[end + 1..])),
            None => (rest, None),
        };
        let literal = self.literals.iter().find(|(literal, _)| *literal == segment);
        if let Some(end) = literal.and_then(|(_, node)| node.find(rest, values, taken)) {
            return Some(end);
        }
        if let Some(parameter) = self.parameter.as_ref().filter(|_| !segment.is_empty()) {
            *values.get_mut(taken)? = segment;
            if let Some(end) = parameter.find(rest, values, taken + 1) {
                return Some(end);
            }
        }
        let tail = self.tail.as_ref()?;
        *values.get_mut(taken)? = left;
        Some(tail)
    }
}

#[cfg(test)]
mod tests;

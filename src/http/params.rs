//! Parameters in paths.

/// Most parameters in one path.
pub(super) const PARAMS_MAX: usize = 4;

/// The parameters of a path, percent-decoded and not empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Params<'p> {
    /// As the template calls them.
    names: &'p [&'static str],
    values: [&'p str; PARAMS_MAX],
}

impl<'p> Params<'p> {
    pub(super) fn new(names: &'p [&'static str], values: [&'p str; PARAMS_MAX]) -> Self {
        Self { names, values }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The parameter `name`; an empty text if the template has none of that name.
    pub(super) fn get(&self, name: &str) -> &'p str {
        let pairs = self.names.iter().zip(self.values);
        pairs.filter(|(found, _)| **found == name).map(|(_, value)| value).next().unwrap_or_default()
    }
}

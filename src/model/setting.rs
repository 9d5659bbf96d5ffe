//! Settings, as they are shown.

/// A setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its option without the dashes, or its variable if it has no option.
    pub name: String,
    /// Its value as an operator would write it. That of a secret hides it.
    pub value: String,
    /// Where it comes from, as a phrase: `default`, `command line`, or a variable and where that stands.
    pub source: String,
}

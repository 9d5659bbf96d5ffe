//! A setting, as admins of the server see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Setting;

/// A setting in force. A secret's value hides it.
#[derive(Serialize, ToSchema)]
#[schema(as = Setting)]
pub(in crate::http) struct SettingRow<'s> {
    /// The option without its dashes, or the variable if there is no option.
    name: &'s str,
    value: &'s str,
    /// Where it comes from, as a phrase.
    source: &'s str,
}

impl<'s> From<&'s Setting> for SettingRow<'s> {
    fn from(setting: &'s Setting) -> Self {
        let Setting { name, value, source } = setting;
        Self { name, value, source }
    }
}

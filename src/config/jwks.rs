//! Where the keys of an outside issuer are.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};

use super::ConfigError;
use crate::auth::JwksSource;

/// Parses `--jwks`.
#[derive(Clone)]
pub(super) struct JwksParser;

impl TypedValueParser for JwksParser {
    type Value = JwksSource;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<JwksSource, clap::Error> {
        let source = match value.to_str().map(str::trim) {
            Some(text) => text.parse::<JwksSource>().map_err(|error| error.to_string()),
            None => Err("it is not UTF-8".to_owned()),
        };
        // Where a parser gives a plain error, clap adds the value, which may hold a password.
        source.map_err(|reason| {
            command.clone().error(ErrorKind::ValueValidation, ConfigError::new(format!("--jwks: {reason}")))
        })
    }
}

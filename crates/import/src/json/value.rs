//! Parsing single values.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::problem;
use crate::rows::row::Reason;

/// A string, borrowed unless it has escapes.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

pub(crate) fn parse<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Result<T, Reason> {
    let text = value.get();
    serde_json::from_str(text).map_err(|error| Reason::invalid(problem(&error, text.as_bytes())))
}

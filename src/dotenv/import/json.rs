//! A JSON object as variables. A number keeps its digits as they are written: an id has more of them than a float can hold.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{ImportError, is_dotted_name};
use crate::dotenv::Entry;

/// The members in their order, each as it is written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

pub(super) fn object(text: &str) -> Result<Vec<Entry>, ImportError> {
    // The parser's own message can quote the text.
    let members: Members<'_> = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ImportError::NoObject,
        _ => ImportError::Json { line: error.line(), column: error.column() },
    })?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for (index, (key, raw)) in members.0.into_iter().enumerate() {
        if !is_dotted_name(&key) {
            return Err(ImportError::Name(index + 1));
        }
        if !known.insert(key.clone()) {
            return Err(ImportError::Twice(key));
        }
        match value(raw.get()) {
            Ok(value) => entries.push(Entry { key, value: value.into() }),
            Err(what) => return Err(ImportError::Value { key, what }),
        }
    }
    Ok(entries)
}

/// The text of a value, or what it is instead of a text.
fn value(raw: &str) -> Result<String, &'static str> {
    match raw.chars().next() {
        Some('"') => serde_json::from_str(raw).map_err(|_half_of_a_pair| "no Unicode text"),
        Some('{') => Err("an object"),
        Some('[') => Err("a list"),
        Some('n') | None => Err("null"),
        Some(_) => Ok(raw.to_owned()),
    }
}

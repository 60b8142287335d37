//! Lines that are JSON objects: told in words, and chosen by their fields.

use std::fmt;

use serde_json::{Map, Value};

/// The fields that programs keep the level, the message and the time in.
const LEVELS: [&str; 4] = ["level", "severity", "lvl", "log.level"];
const MESSAGES: [&str; 3] = ["message", "msg", "text"];
const TIMES: [&str; 6] = ["time", "timestamp", "ts", "@timestamp", "datetime", "date"];

/// The object that a line is.
pub fn object(line: &str) -> Option<Map<String, Value>> {
    let line = line.trim();
    if !line.starts_with('{') || !line.ends_with('}') {
        return None;
    }
    serde_json::from_str(line).ok()
}

/// A line in words: level, message, then the other fields as `name=value`. The time is left out, because every line has one.
pub fn told(line: &str) -> Option<String> {
    let object = object(line)?;
    let level = first(&object, &LEVELS);
    let message = first(&object, &MESSAGES);
    if level.is_none() && message.is_none() {
        return None;
    }
    let mut words: Vec<String> = Vec::new();
    words.extend(level.map(|(_, value)| level_word(value).to_uppercase()));
    words.extend(message.map(|(_, value)| plain(value)));
    let is_told = |key: &str| [level, message].into_iter().flatten().any(|(name, _)| name == key) || TIMES.contains(&key);
    words.extend(object.iter().filter(|(key, _)| !is_told(key)).map(|(key, value)| format!("{key}={}", plain(value))));
    Some(words.join(" "))
}

fn first<'a>(object: &'a Map<String, Value>, names: &[&'static str]) -> Option<(&'static str, &'a Value)> {
    names.iter().find_map(|name| Some((*name, object.get(*name)?)))
}

/// A level in words: some programs number them, as pino does.
fn level_word(value: &Value) -> String {
    match value.as_u64() {
        Some(0..=10) => "trace".to_owned(),
        Some(11..=20) => "debug".to_owned(),
        Some(21..=30) => "info".to_owned(),
        Some(31..=40) => "warn".to_owned(),
        Some(41..=50) => "error".to_owned(),
        Some(51..=60) => "fatal".to_owned(),
        _ => plain(value),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a line is an object whose level says that something went wrong; `None` when it has no level.
pub fn is_error(line: &str) -> Option<bool> {
    let object = object(line)?;
    let (_, level) = first(&object, &LEVELS)?;
    let level = level_word(level).to_lowercase();
    Some(["error", "err", "fatal", "panic", "critical", "crit", "alert", "emerg"].iter().any(|word| level.starts_with(word)))
}

/// What a field has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFilter {
    /// The field; a path with periods leads into objects.
    pub field: String,
    /// How it is compared.
    pub compare: Compare,
    /// With what.
    pub value: String,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// It is the same.
    Is,
    /// It is another one, or missing.
    IsNot,
    /// It contains the text.
    Contains,
    /// It is a number and at least as large.
    AtLeast,
    /// It is a number and at most as large.
    AtMost,
}

const SIGNS: [(&str, Compare); 5] =
    [("!=", Compare::IsNot), (">=", Compare::AtLeast), ("<=", Compare::AtMost), ("~", Compare::Contains), ("=", Compare::Is)];

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of `field=value`, `!=`, `~`, `>=`, `<=`")]
pub struct NoFilter(pub String);

impl FieldFilter {
    /// Reads filters with blanks between them.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, NoFilter> {
        text.split_whitespace().map(Self::parse).collect()
    }

    fn parse(word: &str) -> Result<Self, NoFilter> {
        let found = SIGNS.iter().filter_map(|(sign, compare)| Some((word.find(sign)?, sign, *compare)));
        // The first sign counts; of two that begin together the longer.
        let first = found.min_by_key(|(place, sign, _)| (*place, std::cmp::Reverse(sign.len())));
        let parts = first.and_then(|(place, sign, compare)| {
            let (field, value) = word.split_at_checked(place)?;
            Some((field, value.strip_prefix(sign)?, compare)).filter(|(field, ..)| !field.is_empty())
        });
        let (field, value, compare) = parts.ok_or_else(|| NoFilter(word.to_owned()))?;
        Ok(Self { field: field.to_owned(), compare, value: value.to_owned() })
    }

    /// Whether an object passes.
    pub fn passes(&self, object: &Map<String, Value>) -> bool {
        let found = object.get(&self.field).or_else(|| nested(object, &self.field));
        let Some(found) = found else { return self.compare == Compare::IsNot };
        let text = if LEVELS.contains(&self.field.as_str()) { level_word(found) } else { plain(found) };
        let is_same = text.eq_ignore_ascii_case(&self.value) || plain(found) == self.value;
        let numbers = || Some((found.as_f64()?, self.value.parse::<f64>().ok()?));
        match self.compare {
            Compare::Is => is_same,
            Compare::IsNot => !is_same,
            Compare::Contains => text.to_lowercase().contains(&self.value.to_lowercase()),
            Compare::AtLeast => numbers().is_some_and(|(found, least)| found >= least),
            Compare::AtMost => numbers().is_some_and(|(found, most)| found <= most),
        }
    }
}

impl fmt::Display for FieldFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = SIGNS.iter().find(|(_, compare)| *compare == self.compare).map_or("=", |(sign, _)| sign);
        write!(formatter, "{}{sign}{}", self.field, self.value)
    }
}

fn nested<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut names = path.split('.');
    let first = object.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn an_object_is_told_with_what_matters_first() {
        let line = r#"{"time":"x","user":{"id":3},"level":50,"msg":"no way","status":500}"#;
        assert_eq!(told(line).as_deref(), Some(r#"ERROR no way user={"id":3} status=500"#));
        assert_eq!(told(r#"{"severity":"warn","n":1}"#).as_deref(), Some("WARN n=1"));
        for other in ["{}", "{\"a\":1}", "[1]", "level=error", "{\"level\":", ""] {
            assert_eq!(told(other), None, "{other}");
        }
    }

    #[test]
    fn a_level_says_whether_something_went_wrong() {
        assert_eq!(is_error(r#"{"level":"ERROR"}"#), Some(true));
        assert_eq!(is_error(r#"{"level":30}"#), Some(false));
        assert_eq!(is_error("error: no JSON"), None);
    }

    #[test]
    fn fields_are_compared() {
        let object = object(r#"{"level":50,"status":404,"user":{"id":"ada"},"msg":"Timed out"}"#).unwrap();
        let passes = |text: &str| FieldFilter::parse_all(text).unwrap().iter().all(|filter| filter.passes(&object));
        for text in ["level=error", "level=50", "status>=400 status<=499", "user.id=ada", "msg~timed", "other!=x", "status!=200"]
        {
            assert!(passes(text), "{text}");
        }
        for text in ["level=info", "status>=500", "user.name=ada", "other=x", "level!=error", "status>=x"] {
            assert!(!passes(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_named() {
        assert_eq!(
            FieldFilter::parse_all("a=b level").unwrap_err().to_string(),
            "`level` is none of `field=value`, `!=`, `~`, `>=`, `<=`"
        );
        assert_eq!(FieldFilter::parse_all("=x"), Err(NoFilter("=x".to_owned())));
        assert_eq!(FieldFilter::parse_all("a!=b=c").unwrap()[0].to_string(), "a!=b=c");
    }
}

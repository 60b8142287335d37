//! Which lines are wanted: whose, of which stream, with which words and fields.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::log_json::{self, FieldFilter};
use super::log_line::Stream;

/// Which lines are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Whose; `None` means everybody's.
    pub processes: Option<BTreeSet<String>>,
    /// Of which streams.
    pub streams: Streams,
    /// What must be in them, all of it.
    pub patterns: Vec<Pattern>,
    /// What their fields must be; lines without fields are not wanted then.
    pub fields: Vec<FieldFilter>,
}

/// Of which streams lines are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Streams {
    /// Of both.
    #[default]
    Both,
    /// Of standard error.
    Error,
}

/// What is sought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// A text as it is. Without capitals it is found in capitals, too.
    Text(String),
    /// A regular expression; the same holds of capitals.
    Regex(String),
    /// Lines that say that something went wrong.
    Errors,
}

/// What words say that something went wrong, where there is no level that says it.
#[expect(clippy::expect_used, reason = "the expression is a constant that every test compiles")]
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    // ASCII is enough, and quicker.
    let expression = concat!(
        r"(?i-u:\b(?:error|fatal|panic(?:ked)?|exception|traceback|unhandled|segmentation fault|failed|failure)\b)",
        r"|(?-u)[a-z](?:Error|Exception)\b|\bERR!|\bE[A-Z]{4,}: ",
    );
    Regex::new(expression).expect("a valid expression")
});

/// What says the contrary with the same words.
#[expect(clippy::expect_used, reason = "the expression is a constant that every test compiles")]
static NO_ERROR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i-u)\b(?:0|no|without) (?:errors?|failures?|failed)\b").expect("a valid expression"));

/// Whether a line says that something went wrong.
pub fn is_error(line: &str) -> bool {
    log_json::is_error(line).unwrap_or_else(|| ERROR.is_match(line) && !NO_ERROR.is_match(line))
}

impl Pattern {
    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Regex(text) => text,
            Self::Errors => "",
        }
    }

    /// What seeks it.
    pub fn compile(&self) -> Result<Seeker, BadPattern> {
        let expression = match self {
            Self::Text(text) => regex::escape(text),
            Self::Regex(text) => text.clone(),
            Self::Errors => return Ok(Seeker::Errors),
        };
        let has_capitals = has_capitals(self.text());
        let regex = RegexBuilder::new(&expression).case_insensitive(!has_capitals).size_limit(1 << 20).build();
        regex.map(Seeker::Regex).map_err(|error| BadPattern(last_line(&error.to_string())))
    }
}

/// Whether somebody typed a capital; the one in `\W` is none.
fn has_capitals(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character.is_uppercase() {
            return true;
        }
    }
    false
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}

/// Why an expression is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no regular expression: {0}")]
pub struct BadPattern(String);

impl BadPattern {
    /// Why, in a few words.
    pub fn why(&self) -> &str {
        &self.0
    }
}

/// Seeks a pattern.
#[derive(Debug, Clone)]
pub enum Seeker {
    /// By an expression.
    Regex(Regex),
    /// What went wrong.
    Errors,
}

impl Seeker {
    /// Whether it is in a line.
    pub fn finds(&self, line: &str) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(line),
            Self::Errors => is_error(line),
        }
    }

    /// Where it is in a line, as bytes. What takes no room is not shown.
    pub fn places(&self, line: &str) -> Vec<(usize, usize)> {
        match self {
            Self::Regex(regex) => {
                regex.find_iter(line).map(|found| (found.start(), found.end())).filter(|(start, end)| start < end).collect()
            }
            Self::Errors => Vec::new(),
        }
    }
}

/// Decides about lines.
#[derive(Debug, Clone)]
pub struct Filter {
    streams: Streams,
    seekers: Vec<Seeker>,
    fields: Vec<FieldFilter>,
}

impl LogQuery {
    /// Whether the lines of a process are wanted.
    pub fn wants(&self, process: &str) -> bool {
        self.processes.as_ref().is_none_or(|names| names.contains(process))
    }

    /// Whether every line of those processes is wanted.
    pub fn takes_all(&self) -> bool {
        self.streams == Streams::Both && self.patterns.is_empty() && self.fields.is_empty()
    }

    /// What decides about lines. A pattern that is none lets nothing pass.
    pub fn filter(&self) -> Result<Filter, BadPattern> {
        let seekers = self.patterns.iter().map(Pattern::compile).collect::<Result<_, _>>()?;
        Ok(Filter { streams: self.streams, seekers, fields: self.fields.clone() })
    }
}

impl Filter {
    /// Whether a line is wanted.
    pub fn passes(&self, stream: Stream, text: &str) -> bool {
        (self.streams == Streams::Both || stream == Stream::Error)
            && self.seekers.iter().all(|seeker| seeker.finds(text))
            && (self.fields.is_empty()
                || log_json::object(text).is_some_and(|object| self.fields.iter().all(|field| field.passes(&object))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_find_capitals_and_capitals_only_themselves() {
        let finds = |pattern: Pattern, line: &str| pattern.compile().unwrap().finds(line);
        assert!(finds(Pattern::Text("a.b".into()), "xA.B") && !finds(Pattern::Text("a.b".into()), "aXb"));
        assert!(!finds(Pattern::Text("A".into()), "a") && finds(Pattern::Regex("^a.b$".into()), "AxB"));
        assert_eq!(Pattern::Regex("x*".into()).compile().unwrap().places("axxb"), [(1, 3)]);
        let error = Pattern::Regex("a(".into()).compile().unwrap_err().to_string();
        assert_eq!(error, "this is no regular expression: unclosed group");
    }

    #[test]
    fn what_went_wrong_is_told_from_what_did_not() {
        for line in [
            "Error: no",
            "thread 'main' panicked at",
            "TypeError: x",
            "npm ERR! code",
            "2 failed",
            "{\"level\":\"fatal\"}",
            "EADDRINUSE: in use",
        ] {
            assert!(is_error(line), "{line}");
        }
        for line in ["0 errors", "no failures", "terror", "{\"level\":\"info\",\"msg\":\"error page\"}", "ready", "EXAMPLE"] {
            assert!(!is_error(line), "{line}");
        }
    }

    #[test]
    fn streams_words_and_fields_are_all_asked() {
        let query = LogQuery {
            streams: Streams::Error,
            patterns: vec![Pattern::Text("x".into())],
            fields: FieldFilter::parse_all("a=1").unwrap(),
            ..LogQuery::default()
        };
        let filter = query.filter().unwrap();
        assert!(filter.passes(Stream::Error, r#"{"a":1,"m":"x"}"#));
        assert!(!filter.passes(Stream::Output, r#"{"a":1,"m":"x"}"#));
        assert!(!filter.passes(Stream::Error, "a=1 x"));
        assert!(LogQuery::default().takes_all() && !query.takes_all());
    }
}

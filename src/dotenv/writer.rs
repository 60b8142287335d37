//! Writes a value so that every program which reads the file decodes the same text, or says why there is no such form.
//!
//! The rule was measured against 32 readers: bare, else single quotes, else unescaped double quotes, else refuse. A
//! backslash escape is never written, because no escape means the same to all of them.

use std::fmt;

use super::consumer::{Consumer, Misreading};
use super::document::Style;

/// Why a value has no form that every reader decodes alike. Names the reason, never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unportable {
    /// What is in it.
    pub reason: Reason,
    /// Who would misread it in the best form there is.
    pub consumers: Vec<Consumer>,
}

/// What keeps a value from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A character that no `.env` can carry.
    ControlCharacter,
    /// A line end, or another character that only quotes keep, and somebody knows no quotes.
    NeedsQuotes,
    /// direnv up to 2.37 and others read one line only.
    Lines,
    /// Expanded by Next.js, Vite and bun, even inside single quotes.
    Dollar,
    /// Decoded differently by Python, Rust, Go and Node programs.
    Backslash,
    /// Both kinds of quotes, or a quote beside something a shell expands.
    Quotes,
}

impl Reason {
    /// A way out, as an instruction.
    pub const fn way_out(self) -> &'static str {
        match self {
            Self::ControlCharacter => "paste the value again without control characters",
            Self::NeedsQuotes => {
                "choose a value of letters, digits and `!%*+,-./:?@[]^_{}` alone, or let those programs read another file"
            }
            Self::Lines => "store the text in a file that git ignores and set a variable to its path, or use its base64 form",
            Self::Dollar => "in a URL write `%24` in place of `$`; otherwise choose a value without `$`",
            Self::Backslash | Self::Quotes => "choose another value, or store its base64 form and decode it in the program",
        }
    }

    const fn of(misreading: Misreading) -> Self {
        match misreading {
            Misreading::Quotes => Self::NeedsQuotes,
            Misreading::Lines => Self::Lines,
            Misreading::Dollar => Self::Dollar,
            Misreading::Backslash => Self::Backslash,
            Misreading::QuoteInside | Misreading::Backtick => Self::Quotes,
        }
    }
}

impl Unportable {
    /// A way out, as an instruction.
    pub const fn way_out(&self) -> &'static str {
        self.reason.way_out()
    }

    /// Nobody in particular.
    pub const fn is(reason: Reason) -> Self {
        Self { reason, consumers: Vec::new() }
    }
}

impl fmt::Display for Unportable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = || match self.consumers.as_slice() {
            [] => "some programs".to_owned(),
            [one] => one.to_string(),
            [rest @ .., last] => {
                format!("{} and {last}", rest.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
        };
        match self.reason {
            Reason::ControlCharacter => formatter.write_str("it has a control character"),
            Reason::NeedsQuotes => write!(formatter, "it needs quotes, which {} would take for a part of it", who()),
            Reason::Lines => write!(formatter, "it has more than one line, which {} cannot read", who()),
            Reason::Dollar => write!(formatter, "it has a `$` that {} would expand, even in quotes", who()),
            Reason::Backslash => write!(formatter, "it has backslashes that {} would decode differently", who()),
            Reason::Quotes => write!(formatter, "it has quotes that {} cannot tell from those around it", who()),
        }
    }
}

impl std::error::Error for Unportable {}

/// Writes values for the programs that read a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    consumers: Vec<Consumer>,
}

impl Default for Writer {
    /// For every program that knows quotes: those that do not know them are named by who needs them.
    fn default() -> Self {
        Self::new(Consumer::ALL.into_iter().filter(|consumer| consumer.knows_quotes()))
    }
}

impl Writer {
    /// A writer for some programs; Node's dotenv, by whose rules nixstart reads, is always among them.
    pub fn new(consumers: impl IntoIterator<Item = Consumer>) -> Self {
        let mut consumers: Vec<Consumer> = consumers.into_iter().chain([Consumer::Node]).collect();
        consumers.sort_unstable();
        consumers.dedup();
        Self { consumers }
    }

    /// The programs.
    pub fn consumers(&self) -> &[Consumer] {
        &self.consumers
    }

    /// Writes one value as the text that follows `KEY=`.
    pub fn quote(&self, value: &str) -> Result<String, Unportable> {
        self.quote_like(value, Style::Bare)
    }

    /// The same, in the style that is there already where that says it. A value in quotes never loses them.
    pub fn quote_like(&self, value: &str, style: Style) -> Result<String, Unportable> {
        if value.chars().any(|character| character.is_control() && !matches!(character, '\t' | '\n')) {
            return Err(Unportable::is(Reason::ControlCharacter));
        }
        let styles = match style {
            Style::Bare => [Style::Bare, Style::Single, Style::Double],
            Style::Single | Style::Backtick => [Style::Single, Style::Double, Style::Single],
            Style::Double => [Style::Double, Style::Single, Style::Double],
        };
        let fits = |style: &Style| if *style == Style::Bare { is_bare(value) } else { self.misreaders(value, *style).is_empty() };
        let style = styles.into_iter().find(fits).ok_or_else(|| self.why_not(value))?;
        let quote = style.quote().map(String::from).unwrap_or_default();
        Ok(format!("{quote}{value}{quote}"))
    }

    fn misreaders(&self, value: &str, style: Style) -> Vec<(Consumer, Misreading)> {
        self.consumers.iter().filter_map(|consumer| Some((*consumer, consumer.misreads(value, style)?))).collect()
    }

    /// The reason in the form that most programs read, and who does not.
    fn why_not(&self, value: &str) -> Unportable {
        let style = if value.contains('\'') { Style::Double } else { Style::Single };
        let misreaders = self.misreaders(value, style);
        let weight = |misreading: &Misreading| match misreading {
            Misreading::Lines => 0,
            Misreading::Dollar => 1,
            Misreading::Quotes => 2,
            Misreading::Backslash => 3,
            Misreading::QuoteInside | Misreading::Backtick => 4,
        };
        let Some(worst) = misreaders.iter().map(|(_, misreading)| *misreading).min_by_key(weight) else {
            return Unportable::is(Reason::Quotes);
        };
        let reason = match (style, Reason::of(worst)) {
            // Single quotes would do, if it were not for the one inside.
            (Style::Double, Reason::Dollar | Reason::Backslash) => Reason::Quotes,
            (_, reason) => reason,
        };
        let consumers = misreaders.into_iter().filter(|(_, found)| *found == worst).map(|(consumer, _)| consumer).collect();
        Unportable { reason, consumers }
    }
}

/// Writes one value for every program that knows quotes.
pub fn quote(value: &str) -> Result<String, Unportable> {
    Writer::default().quote(value)
}

/// Whether the value means itself to every reader, the raw ones included, without quotes.
pub(super) fn is_bare(value: &str) -> bool {
    let is_beyond_ascii = |character: char| {
        !character.is_ascii() && !character.is_whitespace() && !character.is_control() && character != '\u{FEFF}'
    };
    let is_word = value.bytes().all(is_bare_byte)
        || value.chars().all(|character| u8::try_from(character).is_ok_and(is_bare_byte) || is_beyond_ascii(character));
    is_word && !value.starts_with('=') && !value.contains(":=")
}

const fn is_bare_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'%' | b'*'..=b'/' | b':' | b'=' | b'?' | b'@' | b'[' | b']'..=b'_' | b'{' | b'}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::dotenv::read;

    #[test]
    fn chooses_the_first_form_that_every_reader_decodes_alike() {
        let cases = [
            ("", Ok("")),
            ("postgres://u:p@h:5432/d?x=1", Ok("postgres://u:p@h:5432/d?x=1")),
            ("two words", Ok("'two words'")),
            ("a#b", Ok("'a#b'")),
            ("=x", Ok("'=x'")),
            ("a:=b", Ok("'a:=b'")),
            ("it's", Ok("\"it's\"")),
            ("5$ each", Ok("'5$ each'")),
            ("pa$word", Err(Reason::Dollar)),
            ("$2b$10", Err(Reason::Dollar)),
            ("$(id)", Err(Reason::Dollar)),
            ("c:\\\\x y", Err(Reason::Backslash)),
            ("end \\", Err(Reason::Backslash)),
            ("it's \"it\"", Err(Reason::Quotes)),
            ("a\nb", Err(Reason::Lines)),
            ("a\u{1b}b", Err(Reason::ControlCharacter)),
        ];
        for (value, expected) in cases {
            assert_eq!(quote(value).map_err(|why| why.reason), expected.map(str::to_owned), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in "\\PC{0,40}|[a-z'\"`$\\\\ #=:{}()\t\n]{0,12}") {
            let Ok(written) = quote(&value) else { return Ok(()) };
            let entries = read(&format!("# head\nKEY={written}\nNEXT=1\n"));
            prop_assert_eq!(entries.len(), 2);
            prop_assert_eq!(entries[0].value.expose_secret(), value.as_str());
        }
    }

    #[test]
    fn who_misreads_a_value_is_named() {
        let why = |consumers: &[Consumer], value: &str| {
            Writer::new(consumers.iter().copied()).quote(value).map_err(|why| why.to_string())
        };
        let dollar = ["pa$", "word"].concat();
        assert_eq!(why(&[Consumer::Node, Consumer::Systemd], &dollar), Ok(format!("'{dollar}'")));
        assert_eq!(why(&[Consumer::Next], &dollar), Err("it has a `$` that Next.js would expand, even in quotes".into()));
        assert_eq!(
            why(&[Consumer::Docker], "two words"),
            Err("it needs quotes, which `docker run --env-file` would take for a part of it".into())
        );
        assert_eq!(why(&[Consumer::Node], "a\nb"), Ok("'a\nb'".into()));
        assert_eq!(
            why(&[Consumer::Direnv], "a\nb"),
            Err("it has more than one line, which direnv up to 2.37 cannot read".into())
        );
        assert_eq!(why(&[Consumer::Systemd], "it's 5$"), Ok("\"it's 5$\"".into()));
    }

    #[test]
    fn quotes_that_are_there_stay() {
        let writer = Writer::default();
        assert_eq!(writer.quote_like("v", Style::Single).unwrap(), "'v'");
        assert_eq!(writer.quote_like("v", Style::Double).unwrap(), "\"v\"");
        assert_eq!(writer.quote_like("a\"b", Style::Double).unwrap(), "'a\"b'");
        assert_eq!(writer.quote_like("v", Style::Backtick).unwrap(), "'v'");
    }
}

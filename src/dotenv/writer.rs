//! Writes a value so that all quote-aware readers decode the same text, or says why there is no such form.
//!
//! The rule was measured against 32 readers: bare, else single quotes, else unescaped double quotes, else refuse. A
//! backslash escape is never written, because no escape means the same to all of them.

/// Why a value has no form that every reader decodes alike. Names the reason, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unportable {
    /// A character that no `.env` can carry.
    #[error("it has a control character")]
    ControlCharacter,
    /// direnv up to 2.37 and others read one line only.
    #[error("it has more than one line, which direnv up to 2.37 cannot read")]
    Lines,
    /// Expanded by Next.js, Vite and bun, even inside single quotes.
    #[error("it has a `$` that Next.js, Vite and bun expand, even in quotes")]
    Dollar,
    /// Decoded differently by Python, Rust, Go and Node programs.
    #[error("it has backslashes that programs decode differently")]
    Backslash,
    /// Both kinds of quotes, or a quote beside something a shell expands.
    #[error("it has quotes that no reader can tell from its own")]
    Quotes,
}

impl Unportable {
    /// A way out, as an instruction.
    pub const fn way_out(self) -> &'static str {
        match self {
            Self::ControlCharacter => "paste the value again without control characters",
            Self::Lines => "store the text in a file that git ignores and set a variable to its path, or use its base64 form",
            Self::Dollar => "in a URL write `%24` in place of `$`; otherwise choose a value without `$`",
            Self::Backslash | Self::Quotes => "choose another value, or store its base64 form and decode it in the program",
        }
    }
}

/// Writes one value as the text that follows `KEY=`.
pub fn quote(value: &str) -> Result<String, Unportable> {
    if value.chars().any(|c| matches!(c, '\n')) {
        return Err(Unportable::Lines);
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Unportable::ControlCharacter);
    }
    if is_bare(value) {
        return Ok(value.to_owned());
    }
    if has_expanded_dollar(value) {
        return Err(Unportable::Dollar);
    }
    if !value.contains('\'') {
        let has_ambiguous_backslash = value.ends_with('\\') || value.contains("\\\\");
        return if has_ambiguous_backslash { Err(Unportable::Backslash) } else { Ok(format!("'{value}'")) };
    }
    if value.contains(['"', '$', '`', '\\']) { Err(Unportable::Quotes) } else { Ok(format!("\"{value}\"")) }
}

/// Whether the value means itself to every reader, the raw ones included, without quotes.
fn is_bare(value: &str) -> bool {
    !value.starts_with('=') && !value.contains(":=") && value.chars().all(is_bare_character)
}

fn is_bare_character(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric() || "!%*+,-./:=?@[]^_{}".contains(character)
    } else {
        !character.is_whitespace() && !character.is_control() && character != '\u{FEFF}'
    }
}

fn has_expanded_dollar(value: &str) -> bool {
    let is_expanded = |next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '{' | '$' | '(');
    value.chars().zip(value.chars().skip(1)).any(|(this, next)| this == '$' && is_expanded(next))
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
            ("pa$word", Err(Unportable::Dollar)),
            ("$2b$10", Err(Unportable::Dollar)),
            ("$(id)", Err(Unportable::Dollar)),
            ("c:\\\\x y", Err(Unportable::Backslash)),
            ("end \\", Err(Unportable::Backslash)),
            ("it's \"it\"", Err(Unportable::Quotes)),
            ("a\nb", Err(Unportable::Lines)),
            ("a\u{1b}b", Err(Unportable::ControlCharacter)),
        ];
        for (value, expected) in cases {
            assert_eq!(quote(value), expected.map(str::to_owned), "{value:?}");
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
}

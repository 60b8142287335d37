//! What a written value means: dotenv 17 removes the quotes and, in double ones, decodes `\n` and `\r`.

use std::borrow::Cow;

use memchr::{memchr2, memchr3};

/// JavaScript ends lines at these too.
const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];
/// The byte that both begin with.
const SEPARATOR_BYTE: u8 = 0xE2;

/// The value of a token, which has line feeds only in the end.
pub(super) fn decode(token: &str) -> String {
    if is_plain(token.as_bytes()) {
        return token.to_owned();
    }
    let token = normalized(token);
    let value = unquoted(&token);
    if token.starts_with('"') && value.contains('\\') {
        value.replace("\\n", "\n").replace("\\r", "\r")
    } else {
        value.into_owned()
    }
}

/// Whether every byte means itself: none is a quote or a part of a line end. So is nearly every value.
fn is_plain(token: &[u8]) -> bool {
    memchr3(b'\'', b'"', b'`', token).is_none() && memchr2(b'\r', SEPARATOR_BYTE, token).is_none()
}

/// A text as dotenv sees it.
fn normalized(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

/// A text without quotes around it. dotenv looks for them at the beginning of each line of a value (its expression has `^` and
/// the flag `m`), and JavaScript has more line ends than a value without quotes can be cut at.
fn unquoted(token: &str) -> Cow<'_, str> {
    match in_quotes(token) {
        Some((inner, "")) => Cow::Borrowed(inner),
        _ if token.contains(SEPARATORS) => Cow::Owned(unquoted_by_line(token)),
        _ => Cow::Borrowed(token),
    }
}

fn unquoted_by_line(token: &str) -> String {
    let mut value = String::new();
    let mut rest = token;
    while !rest.is_empty() {
        if let Some((inner, after)) = in_quotes(rest) {
            value.push_str(inner);
            rest = after;
        }
        let line = rest.split_inclusive(SEPARATORS).next().unwrap_or(rest);
        value.push_str(line);
        rest = rest.get(line.len()..).unwrap_or_default();
    }
    value
}

/// What is between a quote at the beginning and the last such quote at the end of a line, and what is behind that.
fn in_quotes(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"' | '`'))?;
    let rest = text.get(1..)?;
    let ends_line = |after: &str| after.is_empty() || after.starts_with('\n') || after.starts_with(SEPARATORS);
    rest.rmatch_indices(quote).find_map(|(close, _)| {
        let after = rest.get(close + 1..)?;
        ends_line(after).then_some((rest.get(..close)?, after))
    })
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn a_value_is_what_dotenv_makes_of_it() {
        let cases = [
            ("v", "v"),
            ("'", "'"),
            ("''", ""),
            ("'a'b'", "a'b"),
            ("'a'b", "'a'b"),
            ("\"a\\n\\r\\t\"", "a\n\r\\t"),
            ("\"a\\nb", "\"a\nb"),
            ("'a\\n\r\nb'", "a\\n\nb"),
            ("=\u{2028}'x'", "=\u{2028}x"),
            ("''\u{2029}'x'\u{2028}y", "'\u{2029}'x\u{2028}y"),
        ];
        for (token, expected) in cases {
            assert_eq!(decode(token), expected, "{token:?}");
        }
    }
}

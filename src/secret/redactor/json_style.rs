//! How programs write a text into JSON: the same text has as many forms as there are ideas of what is to be escaped.

/// What a program escapes in a text of JSON, beside quotes, backslashes and control characters.
pub(super) struct JsonStyle {
    /// Characters that it writes in hexadecimal digits.
    escaped: &'static str,
    /// Whether it does that with every character beyond ASCII, too.
    in_ascii: bool,
    /// Whether the digits are `A` to `F`.
    in_capitals: bool,
    /// Whether a slash has a backslash in front.
    slashes: bool,
}

const IN_JAVASCRIPT: JsonStyle = JsonStyle { escaped: "", in_ascii: false, in_capitals: false, slashes: false };
const IN_PYTHON: JsonStyle = JsonStyle { in_ascii: true, ..IN_JAVASCRIPT };
/// `encoding/json` of Go, and Rails.
const IN_GO: JsonStyle = JsonStyle { escaped: "<>&\u{2028}\u{2029}", ..IN_JAVASCRIPT };
/// Gson of Java.
const IN_GSON: JsonStyle = JsonStyle { escaped: "<>&='\u{2028}\u{2029}", ..IN_JAVASCRIPT };
/// `System.Text.Json`.
const IN_DOTNET: JsonStyle = JsonStyle { escaped: "<>&'+`\"\u{7f}", in_ascii: true, in_capitals: true, slashes: false };
/// `json_encode`, and with `JSON_UNESCAPED_UNICODE`.
const IN_PHP: JsonStyle = JsonStyle { slashes: true, ..IN_PYTHON };
const IN_PHP_WITH_UNICODE: JsonStyle = JsonStyle { slashes: true, ..IN_JAVASCRIPT };
/// Every style that is known.
pub(super) const ALL: [JsonStyle; 8] = [
    IN_PYTHON,
    JsonStyle { in_capitals: true, ..IN_PYTHON },
    IN_GO,
    IN_GSON,
    IN_DOTNET,
    IN_PHP,
    IN_PHP_WITH_UNICODE,
    IN_JAVASCRIPT,
];

impl JsonStyle {
    /// A text as it stands between the quotes.
    pub(super) fn escape(&self, text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                _ if self.writes_digits(character) => {
                    written.extend(character.encode_utf16(&mut [0; 2]).iter().map(|unit| self.digits(*unit)));
                }
                '"' => written += "\\\"",
                '\\' => written += "\\\\",
                '\n' => written += "\\n",
                '\r' => written += "\\r",
                '\t' => written += "\\t",
                '\u{8}' => written += "\\b",
                '\u{c}' => written += "\\f",
                '/' if self.slashes => written += "\\/",
                _ => written.push(character),
            }
        }
        written
    }

    fn writes_digits(&self, character: char) -> bool {
        let has_letter = matches!(character, '\n' | '\r' | '\t' | '\u{8}' | '\u{c}');
        (character < ' ' && !has_letter) || self.escaped.contains(character) || (self.in_ascii && !character.is_ascii())
    }

    fn digits(&self, unit: u16) -> String {
        if self.in_capitals { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever a style writes is JSON and says the text.
        #[test]
        fn an_escaped_text_is_json(text: String) {
            for style in &ALL {
                let quoted = format!("\"{}\"", style.escape(&text));
                prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text.clone());
            }
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(format!("\"{}\"", IN_JAVASCRIPT.escape(&text)), written);
        }
    }
}

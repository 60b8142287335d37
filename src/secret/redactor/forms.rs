//! The forms in which a value turns up in text: as it is, in base64 and in an address.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::form_urlencoded;

use super::json_style;
use crate::secret::shapes::holds_random_text;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As it is; with the line ends of a terminal, or escaped as in JSON.
    Plain,
    /// In base64, also as a part of something longer.
    Base64,
    /// Percent-encoded.
    Url,
}

impl Form {
    /// What follows "the value of a key" in a message.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Base64 => " in base64",
            Self::Url => " in URL encoding",
        }
    }
}

/// Longer values are sought as they are only: sixteen forms of a whole file would fill the memory.
const LONGEST_ENCODED: usize = 4096;
/// A line of a longer value says something from this length on.
const SHORTEST_LINE: usize = 8;
/// A line of a longer value says from this length on what it is a line of, also where it is indented.
const TELLING_LINE: usize = 24;
/// Where programs break base64: `base64` of the GNU tools, and PEM.
const WRAPS: [usize; 2] = [76, 64];

/// RFC 3986, as Python's `quote(safe="")`.
const STRICT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// `quote` of Python.
const PATH_IN_PYTHON: AsciiSet = STRICT.remove(b'/');
/// `encodeURIComponent` of JavaScript.
const COMPONENT: AsciiSet = STRICT.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// `encodeURI` of JavaScript.
const WHOLE: AsciiSet = COMPONENT
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'#');
/// The sets of the URL standard.
const QUERY: AsciiSet = CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');
const PATH: AsciiSet =
    CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'^').add(b'`').add(b'{').add(b'}');
const USER: AsciiSet = PATH.add(b'/').add(b':').add(b';').add(b'=').add(b'@').add(b'[').add(b'\\').add(b']').add(b'|');

/// How much of a value is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The value, a password in it and, of several lines, one that is nobody else's: what has no business anywhere else.
    Whole,
    /// Its lines, too: a line may be a word that is harmless elsewhere.
    Lines,
}

/// Every form of a value that is long enough to be sought, each once. `least` is the shortest value that counts.
pub(super) fn forms(value: &str, least: usize, depth: Depth) -> BTreeMap<String, Form> {
    let mut forms = BTreeMap::new();
    for text in parts(value, depth).into_iter().filter(|text| text.chars().count() >= least) {
        for (form, written) in encoded(&text) {
            forms.entry(written).or_insert(form);
        }
    }
    forms
}

/// A value and what is secret on its own in it: the password of an address, the lines of a key.
fn parts(value: &str, depth: Depth) -> Vec<String> {
    let trimmed = value.trim();
    let mut parts = vec![value.to_owned(), trimmed.to_owned()];
    if let Some(password) = password(trimmed) {
        parts.push(percent_decode_str(password).decode_utf8_lossy().into_owned());
        parts.push(password.to_owned());
    }
    if trimmed.contains('\n') {
        // The marks around a key are no secret.
        let lines = trimmed.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        match depth {
            Depth::Lines => parts.extend(lines.filter(|line| line.chars().count() >= SHORTEST_LINE).map(str::to_owned)),
            // Keys of one kind begin alike: the last of the longest lines is nobody else's.
            Depth::Whole => parts.extend(lines.filter(|line| is_telling(line)).max_by_key(|line| line.len()).map(str::to_owned)),
        }
    }
    parts
}

/// Whether a line can be no word: it is long and was made at random.
fn is_telling(line: &str) -> bool {
    line.len() >= TELLING_LINE && holds_random_text(line)
}

/// The password of an address, as it is written.
fn password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}

fn encoded(value: &str) -> Vec<(Form, String)> {
    let mut forms = vec![(Form::Plain, value.to_owned())];
    if value.contains('\n') {
        forms.push((Form::Plain, value.replace("\r\n", "\n").replace('\n', "\r\n")));
    }
    if value.len() > LONGEST_ENCODED {
        return forms;
    }
    // Most values of long files: nothing escapes anything in them.
    if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        forms.extend(json_style::ALL.iter().map(|style| (Form::Plain, style.escape(value))));
        forms.extend(in_address(value).into_iter().map(|text| (Form::Url, text)));
    }
    forms.extend(in_base64(value.as_bytes()).into_iter().map(|text| (Form::Base64, text)));
    forms
}

/// The value in base64, wherever it begins in what is encoded: of the first and last characters only those count that hold
/// nothing of its neighbours.
fn in_base64(value: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for alphabet in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for (before, cut) in [(0, 0), (1, 2), (2, 3)] {
            let bytes = [vec![0; before], value.to_vec()].concat();
            let whole = bytes.len() * 8 / 6;
            let text = alphabet.encode(&bytes);
            forms.extend(text.get(cut..whole).map(str::to_owned));
            if before == 0 {
                forms.extend(WRAPS.iter().flat_map(|width| wrapped(text.get(..whole).unwrap_or_default(), *width)));
                forms.extend(WRAPS.iter().flat_map(|width| wrapped(&text, *width)));
                forms.push(text);
            }
        }
    }
    forms
}

/// A text in lines of a width, when it needs more than one.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    if text.len() <= width {
        return Vec::new();
    }
    let characters: Vec<char> = text.chars().collect();
    let lines: Vec<String> = characters.chunks(width).map(|line| line.iter().collect()).collect();
    vec![lines.join("\n"), lines.join("\r\n")]
}

fn in_address(value: &str) -> Vec<String> {
    let sets = [&STRICT, &PATH_IN_PYTHON, &COMPONENT, &WHOLE, &QUERY, &PATH, &USER];
    let mut forms: Vec<String> = sets.iter().map(|set| utf8_percent_encode(value, set).to_string()).collect();
    forms.extend(sets.iter().take(1).map(|set| utf8_percent_encode(value, set).to_string().replace("%20", "+")));
    forms.push(form_urlencoded::byte_serialize(value.as_bytes()).collect());
    let small: Vec<String> = forms.iter().map(|text| with_small_digits(text)).collect();
    forms.extend(small);
    forms
}

/// A percent-encoded text with the digits `a` to `f`.
fn with_small_digits(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        whole + "%" + &digits.to_ascii_lowercase() + rest
    })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    fn has(value: &str, text: &str) -> Option<Form> {
        forms(value, 6, Depth::Lines).get(text).copied()
    }

    #[test]
    fn a_password_has_the_forms_that_programs_write() {
        let value = "p@ss w/ö~\"";
        for (text, form) in [
            (value, Form::Plain),
            ("p@ss w/ö~\\\"", Form::Plain),
            ("p@ss w/\\u00f6~\\\"", Form::Plain),
            ("p@ss w/\\u00F6~\\\"", Form::Plain),
            ("p@ss w\\/\\u00f6~\\\"", Form::Plain),
            ("p@ss w\\/ö~\\\"", Form::Plain),
            ("p@ss w/\\u00F6~\\u0022", Form::Plain),
            ("p%40ss%20w%2F%C3%B6~%22", Form::Url),
            ("p%40ss%20w%2f%c3%b6~%22", Form::Url),
            ("p%40ss%20w/%C3%B6~%22", Form::Url),
            ("p@ss%20w/%C3%B6~%22", Form::Url),
            ("p%40ss+w%2F%C3%B6%7E%22", Form::Url),
            (&STANDARD_NO_PAD.encode(value), Form::Base64),
            (&URL_SAFE_NO_PAD.encode(value), Form::Base64),
        ] {
            assert_eq!(has(value, text), Some(form), "{text}");
        }
    }

    #[test]
    fn what_programs_escape_in_json_is_known() {
        let value = "a<b>c&d=e'f+g\u{1}\n\t";
        for text in [
            r"a\u003cb\u003ec\u0026d=e'f+g\u0001\n\t",
            r"a\u003cb\u003ec\u0026d\u003de\u0027f+g\u0001\n\t",
            r"a\u003Cb\u003Ec\u0026d=e\u0027f\u002Bg\u0001\n\t",
        ] {
            assert_eq!(has(value, text), Some(Form::Plain), "{text}");
        }
    }

    #[test]
    fn base64_is_known_wherever_the_value_begins_in_it() {
        let value = "\u{3ff}\u{3fe}?>hunter2";
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy", "xyz"] {
                let whole = format!("{before}{value}{after}");
                for text in [STANDARD.encode(&whole), URL_SAFE.encode(&whole)] {
                    assert!(forms(value, 6, Depth::Lines).keys().any(|form| text.contains(form.as_str())), "{before} {after}");
                }
            }
        }
    }

    #[test]
    fn the_password_of_an_address_and_the_lines_of_a_key_are_secrets_themselves() {
        let address = "postgres://app:hunter2%2B@db.example.org/x";
        assert_eq!((has(address, "hunter2%2B").is_some(), has(address, "hunter2+")), (true, Some(Form::Plain)));
        let key = "-----BEGIN KEY-----\nabcdefgh\nshort\n-----END KEY-----\n";
        assert_eq!(has(key, "abcdefgh"), Some(Form::Plain));
        assert_eq!(has(key, "-----BEGIN KEY-----\r\nabcdefgh\r\nshort\r\n-----END KEY-----"), Some(Form::Plain));
        assert_eq!((has(key, "short"), has(key, "-----END KEY-----")), (None, None));
    }

    #[test]
    fn one_line_tells_of_a_value_that_is_indented() {
        let lines = ["b3BlbnNzaC1rZXktdjEAAAAABG5vbmU", "Zq7Vb2Kd9xQw3Er5Ty7Ui9Op1As3Df5", "short"];
        let key = format!("-----BEGIN KEY-----\n{}\n-----END KEY-----\n", lines.join("\n"));
        let found = forms(&key, 8, Depth::Whole);
        assert_eq!(lines.map(|line| found.contains_key(line)), [false, true, false]);
    }

    #[test]
    fn long_base64_is_known_in_the_lines_of_the_usual_tools() {
        let value = "aB3".repeat(40);
        let text = STANDARD_NO_PAD.encode(&value);
        let (first, second) = (text.get(..76).unwrap(), text.get(76..152).unwrap());
        assert_eq!(has(&value, &format!("{first}\n{second}\n{}", text.get(152..).unwrap())), Some(Form::Base64));
    }
}

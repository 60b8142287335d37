//! What a text means to dotenv 17, by its own expression, and what an edit may do to the bytes.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The expression of dotenv 17 (`LINE` in its `lib/main.js`) with every line end but U+2028 and U+2029.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    let expression = concat!(
        r"(?mR)^\s*(export\s+)?([0-9A-Za-z_.-]+)(\s*=\s*?|:(?:\r\n|\s)\s*?)",
        r#"(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?"#,
        r"\s*(?:#.*)?$",
    );
    let space = r"[\t\n\x0B\x0C\r \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}]";
    Regex::new(&expression.replace(r"\s", space)).unwrap()
});

/// Whether the expression can judge a text: it knows two line ends fewer than JavaScript.
pub fn can_judge(text: &str) -> bool {
    !text.contains(['\u{2028}', '\u{2029}'])
}

/// An assignment as dotenv sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub key: String,
    pub value: String,
    pub is_exported: bool,
    /// Where the name is.
    pub name: Range<usize>,
    /// Where the value is, with quotes and without space; empty where there is none.
    pub token: Range<usize>,
}

/// Every assignment that dotenv sees.
pub fn seen(text: &str) -> Vec<Seen> {
    LINE.captures_iter(text).map(|found| assignment(&found)).collect()
}

fn assignment(found: &Captures<'_>) -> Seen {
    let name = found.get(2).unwrap();
    let raw = found.get(4).map_or("", |value| value.as_str());
    let token = raw.trim_matches(is_space);
    let start = match found.get(4) {
        Some(value) if !token.is_empty() => value.start() + raw.len() - raw.trim_start_matches(is_space).len(),
        _ => found.get(3).unwrap().end(),
    };
    Seen {
        key: name.as_str().to_owned(),
        value: decoded(&token.replace("\r\n", "\n").replace('\r', "\n")),
        is_exported: found.get(1).is_some(),
        name: name.range(),
        token: start..start + token.len(),
    }
}

/// JavaScript's `trim`.
fn is_space(character: char) -> bool {
    (character.is_whitespace() && character != '\u{85}') || character == '\u{FEFF}'
}

fn decoded(token: &str) -> String {
    let inner = |quote: char| token.strip_prefix(quote)?.strip_suffix(quote);
    let value = ['\'', '"', '`'].into_iter().find_map(inner).unwrap_or(token);
    if token.starts_with('"') { value.replace("\\n", "\n").replace("\\r", "\r") } else { value.to_owned() }
}

/// The forms in which a value may stand in a file.
fn forms(value: &str) -> Vec<String> {
    let forms = [value.to_owned(), format!("'{value}'"), format!("\"{value}\"")];
    forms.iter().flat_map(|form| [form.clone(), format!("{form} ")]).collect()
}

/// Whether `new` is `old` with nothing but the values at some places written anew.
pub fn differs_only_in(old: &str, new: &str, tokens: &[Range<usize>], value: &str) -> bool {
    let forms = forms(value);
    let mut kept = 0;
    // Every place in `new` that `old` up to a token may end at.
    let mut places = vec![0];
    for token in tokens {
        let Some(segment) = old.get(kept..token.start) else { return false };
        kept = token.end;
        places.retain(|place| new[*place..].starts_with(segment));
        let behind = |place: &usize| {
            let place = place + segment.len();
            let rest = new.get(place..).unwrap_or_default();
            forms.iter().filter(|form| rest.starts_with(form.as_str())).map(|form| place + form.len()).collect::<Vec<_>>()
        };
        places = places.iter().flat_map(behind).collect();
        places.sort_unstable();
        places.dedup();
    }
    places.iter().any(|place| new[*place..] == old[kept..])
}

/// Whether `new` is `old` with one more line, which holds an assignment.
pub fn has_one_line_more(old: &str, new: &str, key: &str, value: &str) -> bool {
    let is_line =
        |text: &str| forms(value).iter().any(|form| text.trim_matches(['\r', '\n']) == format!("{key}={form}").trim_end());
    let same_start = old.bytes().zip(new.bytes()).take_while(|(one, other)| one == other).count();
    let Some(added) = new.len().checked_sub(old.len()) else { return false };
    // Where what was added begins is open when it begins like what it stands before.
    (0..=same_start).rev().take(added + 1).any(|start| {
        let (Some(piece), Some(above), Some(below)) = (new.get(start..start + added), old.get(..start), old.get(start..)) else {
            return false;
        };
        is_line(piece) && new.get(..start) == Some(above) && new.get(start + added..) == Some(below)
    })
}

/// A text without the lines that some places are in.
pub fn without_lines(text: &str, places: &[Range<usize>]) -> String {
    let mark = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let mut kept = text[..mark].to_owned();
    let mut start = mark;
    for line in split(&text[mark..]) {
        let end = start + line.len();
        // A value that is empty at the end of a line is in that line.
        let is_in = |place: &Range<usize>| place.start < end && place.end.max(place.start + 1) > start;
        if !places.iter().any(is_in) {
            kept.push_str(line);
        }
        start = end;
    }
    kept
}

fn split(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.find(['\n', '\r']).map_or(rest.len(), |at| if rest[at..].starts_with("\r\n") { at + 2 } else { at + 1 });
        lines.push(&rest[..at]);
        rest = &rest[at..];
    }
    lines
}

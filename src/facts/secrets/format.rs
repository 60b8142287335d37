//! How a `.env` is written where programs do not read it alike: line, name and kind of fault, never a value.

use std::collections::BTreeMap;

use crate::dotenv::unread_lines;
use crate::secret::shapes;

/// Something in a `.env` that programs read differently or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The variable, where its name may be shown.
    pub key: Option<String>,
    /// What it is.
    pub kind: FaultKind,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The file begins with a byte-order mark.
    ByteOrderMark,
    /// Lines end in carriage returns.
    CarriageReturns,
    /// The variable has been given before.
    Duplicate,
    /// `export` stands before it.
    Export,
    /// A space is in a value without quotes.
    UnquotedSpace,
    /// A space is at the end of the line, or just inside quotes.
    OuterSpace,
    /// A quote is not closed.
    OpenQuote,
    /// A `#` follows the value without a space.
    GluedComment,
    /// A comment takes the place of the value.
    CommentAsValue,
    /// No program reads the line.
    Unread,
    /// Something was copied along with the value, as a past-tense fragment.
    CopiedAlong(String),
}

impl FaultKind {
    /// Whether it is something of a variable, so that its description begins with a verb.
    pub const fn is_of_variable(&self) -> bool {
        !matches!(self, Self::ByteOrderMark | Self::CarriageReturns | Self::Unread)
    }

    /// What it does, as a fragment.
    pub fn describe(&self) -> String {
        let text = match self {
            Self::ByteOrderMark => "a byte-order mark that becomes part of the first name",
            Self::CarriageReturns => "lines end in carriage returns that shells make part of the value",
            Self::Duplicate => "is there twice; which one counts differs by program",
            Self::Export => "begins with `export`, which systemd and Docker do not read",
            Self::UnquotedSpace => "has a space and no quotes",
            Self::OuterSpace => "has a space before or after its value",
            Self::OpenQuote => "has a quote that is not closed",
            Self::GluedComment => "has a `#` inside, where some programs end the value",
            Self::CommentAsValue => "has a comment in place of a value, which some programs take for the value",
            Self::Unread => "no program reads this line",
            Self::CopiedAlong(what) => return format!("has something around its value; nixstart would have it {what}"),
        };
        text.to_owned()
    }
}

/// A variable as it stands in the text.
#[derive(Debug)]
struct Assignment<'a> {
    line: usize,
    key: &'a str,
    is_exported: bool,
    raw: &'a str,
    /// The lines that belong to a value in quotes, this one not counted; `None` when the quote is not closed.
    further_lines: Option<usize>,
}

/// Finds everything that programs read differently.
pub fn faults(text: &str) -> Vec<Fault> {
    let mut faults = whole_file(text);
    let bare = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for assignment in assignments(bare) {
        let mut add = |kind| faults.push(Fault { line: assignment.line, key: shown_name(assignment.key), kind });
        if assignment.is_exported {
            add(FaultKind::Export);
        }
        if first.insert(assignment.key, assignment.line).is_some() {
            add(FaultKind::Duplicate);
        }
        value_faults(&assignment).into_iter().for_each(add);
    }
    faults.extend(unread_lines(text).into_iter().map(|line| Fault { line, key: None, kind: FaultKind::Unread }));
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// The line on which a variable gets the value that counts.
pub fn line_of(text: &str, key: &str) -> Option<usize> {
    let bare = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    assignments(bare).iter().rev().find(|assignment| assignment.key == key).map(|assignment| assignment.line)
}

fn whole_file(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if text.starts_with('\u{FEFF}') {
        faults.push(Fault { line: 1, key: None, kind: FaultKind::ByteOrderMark });
    }
    if let Some(index) = text.split('\n').position(|line| line.ends_with('\r')) {
        faults.push(Fault { line: index + 1, key: None, kind: FaultKind::CarriageReturns });
    }
    faults
}

fn value_faults(assignment: &Assignment<'_>) -> Vec<FaultKind> {
    let raw = assignment.raw;
    let value = raw.trim();
    let mut kinds = Vec::new();
    let Some(further) = assignment.further_lines else { return vec![FaultKind::OpenQuote] };
    let quote = value.chars().next().filter(|first| is_quote(*first));
    if let Some(quote) = quote {
        let inner = value.strip_prefix(quote).and_then(|rest| rest.split(quote).next()).unwrap_or_default();
        if further == 0 && !inner.is_empty() && inner.trim() != inner {
            kinds.push(FaultKind::OuterSpace);
        }
        return kinds;
    }
    if value.starts_with('#') {
        kinds.push(FaultKind::CommentAsValue);
        return kinds;
    }
    let before_comment = value.split('#').next().unwrap_or_default();
    let has_comment = before_comment.len() < value.len();
    if has_comment && !before_comment.ends_with([' ', '\t']) {
        kinds.push(FaultKind::GluedComment);
    }
    if before_comment.trim_end().contains([' ', '\t']) {
        kinds.push(FaultKind::UnquotedSpace);
    }
    let ends_in_space = !has_comment && raw.trim_end_matches('\r').ends_with([' ', '\t']);
    if !value.is_empty() && (ends_in_space || raw.starts_with([' ', '\t'])) {
        kinds.push(FaultKind::OuterSpace);
    }
    kinds
}

fn assignments(text: &str) -> Vec<Assignment<'_>> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        let parsed = parse_line(line);
        if let Some((is_exported, key, raw)) = parsed {
            let further_lines = lines_to_close(raw, lines.get(index + 1..).unwrap_or_default());
            found.push(Assignment { line: index + 1, key, is_exported, raw, further_lines });
            index += further_lines.unwrap_or(0);
        }
        index += 1;
    }
    found
}

fn parse_line(line: &str) -> Option<(bool, &str, &str)> {
    let line = line.trim_start();
    let after_export = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
    let (key, raw) = after_export.unwrap_or(line).trim_start().split_once('=')?;
    let key = key.trim_end();
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    is_name.then_some((after_export.is_some(), key, raw))
}

/// How many further lines belong to a value that begins with a quote; `None` when no line closes it.
fn lines_to_close(raw: &str, further: &[&str]) -> Option<usize> {
    let value = raw.trim_start();
    let Some(quote) = value.chars().next().filter(|first| is_quote(*first)) else { return Some(0) };
    let closes = |text: &str| text.replace(&format!("\\{quote}"), "").contains(quote);
    if closes(value.strip_prefix(quote).unwrap_or_default()) {
        return Some(0);
    }
    further.iter().position(|line| closes(line)).map(|index| index + 1)
}

const fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'' | '`')
}

/// A variable's name, unless it may be a value that was pasted in its place.
pub fn shown_name(name: &str) -> Option<String> {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    let is_word = |word: &str| {
        let has_digit = word.contains(|c: char| c.is_ascii_digit());
        word.len() <= if has_digit { 8 } else { 15 }
    };
    let is_shown = !name.is_empty() && name.len() <= 64 && is_name && name.split('_').all(is_word);
    (is_shown && shapes::shape_of_word(name).is_none()).then(|| name.to_owned())
}

/// Whether a variable that nobody declares may be a piece of a secret: the last line of a key in base64, which stands in the
/// file without quotes, ends in `=`.
pub fn may_be_piece(name: &str, value: &str) -> bool {
    let has = |test: fn(&u8) -> bool| name.as_bytes().iter().any(test);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let ends_there = value.bytes().all(|byte| byte == b'=');
    has(u8::is_ascii_digit) && (is_mixed || ends_there) && shown_name(name).is_none()
}

/// The name of a variable that nobody declares, as it is shown where nobody asked to see any value.
pub fn shown_undeclared<'a>(name: &'a str, value: &str) -> &'a str {
    if may_be_piece(name, value) { "(hidden name)" } else { name }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_ends_in_padding_may_be_a_piece_of_a_key() {
        for (name, value) in
            [("Zq7Vb2Kd9xQw3Er5", "="), ("JBSWY3DPEHPK3PXP", "==="), ("b3BlbnNzaC1rZXktdjE", ""), ("aB3dE5gH7jK", "x")]
        {
            assert!(may_be_piece(name, value), "{name}");
        }
        for (name, value) in
            [("PORT", ""), ("S3_BUCKET", ""), ("AWSS3BUCKETNAME", "x"), ("spring.datasource2.url", "x"), ("Key1", "")]
        {
            assert!(!may_be_piece(name, value), "{name}");
        }
    }

    fn kinds(text: &str) -> Vec<(usize, FaultKind)> {
        faults(text).into_iter().map(|fault| (fault.line, fault.kind)).collect()
    }

    #[test]
    fn names_what_programs_read_differently() {
        use FaultKind::*;
        let cases: &[(&str, &[(usize, FaultKind)])] = &[
            ("A=1\nB='two words' # c\nC=\"m\nn\"\nD=v # c\n# x\n\n", &[]),
            ("\u{FEFF}A=1\n", &[(1, ByteOrderMark)]),
            ("A=1\nB=2\r\nC=3\r\n", &[(2, CarriageReturns)]),
            ("A=1\nexport B=2\nA=3\n", &[(2, Export), (3, Duplicate)]),
            ("A=two words\nB=x \nC= y\nD=' z'\n", &[(1, UnquotedSpace), (2, OuterSpace), (3, OuterSpace), (4, OuterSpace)]),
            ("A=a#b\nB= # c\n", &[(1, GluedComment), (2, CommentAsValue)]),
            ("A=\"open\nB=2\njunk\n", &[(1, OpenQuote), (3, Unread)]),
            ("A='m\nB=2 3\nn'\nA=1\n", &[(4, Duplicate)]),
        ];
        for (text, expected) in cases {
            assert_eq!(kinds(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn finds_the_line_that_counts() {
        assert_eq!(line_of("A=1\nB=2\nA=3\n", "A"), Some(3));
        assert_eq!(line_of("A='x\nB=1\n'\nB=2", "B"), Some(4));
    }

    #[test]
    fn a_pasted_value_is_no_name() {
        for (_, token) in shapes::synthetic() {
            assert_eq!(shown_name(&token), None);
        }
        assert_eq!(shown_name("BOT_TOKEN"), Some("BOT_TOKEN".to_owned()));
        assert_eq!(shown_name("a8f5f167f44f4964e6c998dee827110c"), None);
    }

    proptest! {
        #[test]
        fn says_nothing_of_values(text in "([A-Zexport ]{0,9}[=:]?[ '\"`#]{0,2}QQ77QQ88QQ[ '\"`\\\\#]{0,2}[\r\n]{0,2}){0,6}|\\PC{0,40}") {
            let said = format!("{:?}", faults(&text));
            prop_assert!(!said.contains("QQ77QQ88QQ"));
        }
    }
}

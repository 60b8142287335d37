//! Gives a value to a variable that a `.env` leaves empty. Every other byte of the text stays as it is.

use regex_lite::Captures;
use secrecy::ExposeSecret;

use super::reader::{ASSIGNMENT, Entry, normalized, read};

/// Puts a written value where a text leaves a variable empty. `None` when it does not, or when the value would be read
/// differently at that place.
pub fn fill(text: &str, key: &str, written: &str) -> Option<String> {
    let normal = normalized(text);
    let is_meant = |assignment: &Captures<'_>| assignment.get(1).is_some_and(|name| name.as_str() == key);
    let (start, end) = place_of_value(&ASSIGNMENT.captures_iter(&normal).filter(is_meant).last()?)?;
    let (before, rest) = text.split_at_checked(original(text, start))?;
    let (_, after) = rest.split_at_checked(end - start)?;
    // A comment that begins right behind a bare value is a part of it to many readers.
    if after.starts_with('#') {
        return None;
    }
    let filled = [before, written, after].concat();
    changes_only(key, written, &read(text), &read(&filled)).then_some(filled)
}

/// Where the value of an assignment begins and ends, quotes included.
fn place_of_value(assignment: &Captures<'_>) -> Option<(usize, usize)> {
    let Some(value) = assignment.get(3) else {
        let end = assignment.get(2)?.end();
        return Some((end, end));
    };
    let token = value.as_str().trim();
    let spaces = if token.is_empty() { 0 } else { value.as_str().len() - value.as_str().trim_start().len() };
    let start = value.start() + spaces;
    Some((start, start + token.len()))
}

/// The place in a text that a place of its normalized form came from.
fn original(text: &str, place: usize) -> usize {
    let body = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let returns = body.match_indices("\r\n").enumerate().take_while(|(earlier, (at, _))| at - earlier < place).count();
    text.len() - body.len() + place + returns
}

/// Whether two readings differ only in that an empty variable has the written value.
fn changes_only(key: &str, written: &str, before: &[Entry], after: &[Entry]) -> bool {
    let meant = read(&format!("{key}={written}"));
    let is_as_meant = |(before, after): (&Entry, &Entry)| {
        let expected = if before.key == key { meant.first().filter(|_| !before.has_value()) } else { Some(before) };
        after.key == before.key && expected.is_some_and(|expected| expected.value.expose_secret() == after.value.expose_secret())
    };
    before.len() == after.len() && before.iter().zip(after).all(is_as_meant)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;
    use crate::dotenv::quote;

    #[test]
    fn fills_the_line_that_readers_see() {
        let cases = [
            ("KEY=", "KEY=v"),
            ("KEY=\r\nB=1\r\n", "KEY=v\r\nB=1\r\n"),
            ("\u{FEFF}A='1\r\n2'\r\nexport KEY = ''  # why\r\n", "\u{FEFF}A='1\r\n2'\r\nexport KEY = v  # why\r\n"),
            ("KEY= # why\n", "KEY=v # why\n"),
            ("KEY=1\nKEY=\n", "KEY=1\nKEY=v\n"),
            ("  KEY: \"\"", "  KEY: v"),
        ];
        for (text, expected) in cases {
            assert_eq!(fill(text, "KEY", "v").as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn leaves_what_has_a_value_or_no_place_for_one() {
        for text in ["", "KEY=1", "KEYS=", "# KEY=", "KEY=\nKEY=2", "KEY=# glued", "KEY=''#glued", "KEY=' '", "KEY=\n''"] {
            assert_eq!(fill(text, "KEY", "v"), None, "{text:?}");
        }
    }

    /// Lines around the one that is filled.
    fn lines() -> impl Strategy<Value = Vec<&'static str>> {
        let line =
            ["# note", "", "A=1", "export B = 'x # y'", "C=\"one\ntwo\"", "KEYS=", "#KEY=", "junk", "KEY=early", "D: 'ü' # d"];
        prop::collection::vec(prop::sample::select(line.to_vec()), 0..5)
    }

    proptest! {
        #[test]
        fn only_the_value_changes_and_it_is_read_back(
            (above, below) in (lines(), lines()),
            (head, token, tail) in prop::sample::select(vec![
                ("KEY=", "", ""), ("KEY=", "", "  # why"), ("export KEY=", "''", ""), (" KEY = ", "\"\"", " # why"), ("KEY: ", "``", " "),
            ]),
            value in "\\PC{1,20}|[a-z'\"`$\\\\ #=:{}()\t]{1,12}",
            (mark, end) in (prop::sample::select(vec!["", "\u{FEFF}"]), prop::sample::select(vec!["\n", "\r\n", "\r"])),
        ) {
            let Ok(written) = quote(&value) else { return Ok(()) };
            let below: Vec<&str> = below.into_iter().filter(|line| !line.starts_with("KEY=")).collect();
            let join = |lines: &[&str], last: &str| lines.iter().map(|line| line.replace('\n', end) + end).collect::<String>() + last;
            let (before, after) = (format!("{mark}{}{head}", join(&above, "")), format!("{tail}{end}{}", join(&below, "")));
            let filled = fill(&format!("{before}{token}{after}"), "KEY", &written);
            prop_assert_eq!(&filled, &Some(format!("{before}{written}{after}")));
            let found = read(&filled.unwrap()).into_iter().find(|entry| entry.key == "KEY").unwrap();
            prop_assert_eq!(found.value.expose_secret(), value.as_str());
        }

        #[test]
        fn whatever_the_text_nothing_else_is_read_differently(text in "([KA'\"`=: #\n\r\t]|KEY=|KEY: ){0,12}", value in "[a-z #']{1,5}") {
            let Ok(written) = quote(&value) else { return Ok(()) };
            let Some(filled) = fill(&text, "KEY", &written) else { return Ok(()) };
            let others = |text: &str| -> Vec<_> {
                let entries = read(text).into_iter().filter(|entry| entry.key != "KEY");
                entries.map(|entry| (entry.key, entry.value.expose_secret().to_owned())).collect()
            };
            prop_assert_eq!(others(&filled), others(&text));
        }
    }
}

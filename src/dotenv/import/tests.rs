//! What each dialect reads, what it refuses, and that no error holds a piece of the text.

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::dotenv::Writer;
use crate::dotenv::export::{self, Format, export};

fn pairs(text: &str, dialect: Dialect) -> Result<Vec<(String, String)>, String> {
    let import = import(text.as_bytes(), dialect).map_err(|error| error.to_string())?;
    Ok(import.entries.into_iter().map(|entry| (entry.key, entry.value.expose_secret().to_owned())).collect())
}

#[track_caller]
fn reads(text: &str, dialect: Dialect, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(pairs(text, dialect), Ok(expected), "{text:?}");
}

#[track_caller]
fn refuses(text: &str, dialect: Dialect, expected: &str) {
    assert_eq!(pairs(text, dialect), Err(expected.to_owned()), "{text:?}");
}

#[test]
fn reads_json_with_every_digit() {
    let text =
        "{\"A\": \"x\\n\\u00e9\", \"B\": 1100000000000000001, \"C\": 3.10, \"D\": true, \"E\": 123456789012345678901234567890}";
    let expected =
        [("A", "x\né"), ("B", "1100000000000000001"), ("C", "3.10"), ("D", "true"), ("E", "123456789012345678901234567890")];
    reads(text, Dialect::Json, &expected);
    reads(&format!("\u{FEFF}\n {text}"), Dialect::Auto, &expected);
}

#[test]
fn refuses_json_that_is_no_object_of_texts() {
    refuses("{\"A\": {\"B\": 1}}", Dialect::Json, "`A` is an object, not a string, a number or a boolean");
    refuses("{\"A\": [1]}", Dialect::Json, "`A` is a list, not a string, a number or a boolean");
    refuses("{\"A\": null}", Dialect::Json, "`A` is null, not a string, a number or a boolean");
    refuses("{\"A\": \"\\ud800\"}", Dialect::Json, "`A` is no Unicode text, not a string, a number or a boolean");
    refuses("{\"A\": 1, \"A\": 2}", Dialect::Json, "`A` is there twice");
    refuses("{\"A\": 1, \"a b\": 2}", Dialect::Json, "member 2 of the JSON object has no name that a variable can have");
    refuses("\"text\"", Dialect::Json, "this JSON is no object of variables");
    refuses("{\"A\": 1,\n  oops}", Dialect::Json, "line 2, column 3: this is no JSON");
    refuses("{\"A\": 1} 2", Dialect::Json, "line 1, column 10: this is no JSON");
}

#[test]
fn reads_a_dotenv_as_node_does_and_names_what_it_skips() {
    let found = import(b"A='x y' # c\njunk\nB=1\nB=2\n", Dialect::Auto).unwrap();
    assert_eq!(found.unread, [2]);
    reads("A='x y' # c\njunk\nB=1\nB=2\n", Dialect::Auto, &[("A", "x y"), ("B", "2")]);
    refuses("A=1\nB='open\n", Dialect::Node, "line 2, column 3: the quote of `B` is not closed");
}

#[test]
fn does_not_guess_what_a_backslash_means() {
    let text = "A=1\nB=\"a\\\"b\\$c\\\\d\\ne\"\n";
    refuses(text, Dialect::Auto, "line 2 has a backslash in the double quotes of `B`, which programs decode differently");
    reads(text, Dialect::Node, &[("A", "1"), ("B", "a\\\"b\\$c\\\\d\ne")]);
    reads(text, Dialect::Shell, &[("A", "1"), ("B", "a\"b$c\\d\\ne")]);
    reads(text, Dialect::Secretspec, &[("A", "1"), ("B", "a\"b$c\\d\ne")]);
    reads("B=\"a\\nb\"\n", Dialect::Auto, &[("B", "a\nb")]);
}

#[test]
fn reads_raw_lines_as_docker_does() {
    reads("  # c\n\nA=\"x\" # y \r\n  B==1\nC=\n", Dialect::Raw, &[("A", "\"x\" # y "), ("B", "=1"), ("C", "")]);
    refuses("A=1\nB\n", Dialect::Raw, "line 2 is no assignment");
    refuses("A =1\n", Dialect::Raw, "line 1 has no name of a variable before its `=`");
}

#[test]
fn reads_github_blocks() {
    reads("A=1\n\nB<<END\nx\n\ny=z\nEND\nC=a<<b\n", Dialect::Github, &[("A", "1"), ("B", "x\n\ny=z"), ("C", "a<<b")]);
    reads("B<<END\n\nEND", Dialect::Github, &[("B", "")]);
    reads("A=1\r\nB<<END\r\nx\r\ny\r\nEND\r\n", Dialect::Github, &[("A", "1"), ("B", "x\ny")]);
    reads("B<<END\nx\r\ny\nEND\n", Dialect::Github, &[("B", "x\r\ny")]);
    refuses("B<<END\nx\n", Dialect::Github, "line 1 begins a block for `B` whose end is missing");
}

#[test]
fn reads_single_words_of_a_shell() {
    reads(
        "# c\nexport A='it'\\''s'; B=\"x $ y\" # c\nC=a\\ b\"c\"\n",
        Dialect::Shell,
        &[("A", "it's"), ("B", "x $ y"), ("C", "a bc")],
    );
    reads("declare -x A=$'a\\nb'\ntypeset -x B=\"\"\n", Dialect::Shell, &[("A", "a\nb"), ("B", "")]);
    reads("A='x\ny'\r\nB=\"a\\\nb\"", Dialect::Shell, &[("A", "x\ny"), ("B", "ab")]);
}

#[test]
fn refuses_what_a_shell_would_expand() {
    for text in ["A=$B", "A=\"${B}\"", "A=$(id)", "A=`id`", "A=\"`id`\"", "A=~", "A=x:~/y", "A=1 &", "A=(1 2)", "A=$\"x\""] {
        let message = pairs(text, Dialect::Shell).unwrap_err();
        let is_named = message == "line 1 has something in `A` that a shell would expand or run"
            || message == "line 1 has more than one word behind `A`";
        assert!(is_named, "{text}: {message}");
    }
    refuses("A=1 B=2\n", Dialect::Shell, "line 1 has more than one word behind `A`");
    refuses("\nA='1\n", Dialect::Shell, "line 2 opens a quote in `A` that nothing closes");
    refuses("A=$'\\x41'", Dialect::Shell, "line 1 has a backslash in `A` whose meaning is not known");
    refuses("fi\n", Dialect::Shell, "line 1 is no assignment");
    refuses("a b=1\n", Dialect::Shell, "line 1 has no name of a variable before its `=`");
}

#[test]
fn refuses_what_is_no_text_and_what_is_too_large() {
    let message = |bytes: &[u8]| import(bytes, Dialect::Json).unwrap_err().to_string();
    assert_eq!(message(b"\xff\xfe{\0"), "it is UTF-16 text; save it as UTF-8");
    assert_eq!(message(b"{\n\"A\": \"\xff\"}"), "line 2, column 7 is no UTF-8 text");
    assert_eq!(message(b"{\0}"), "line 1, column 2 is a zero byte, so this is no text");
    assert_eq!(message(&vec![b' '; LIMIT + 1]), "it is larger than 16 MiB");
}

/// The dialect that reads a format.
const BACK: [(Format, Dialect); 8] = [
    (Format::Dotenv, Dialect::Auto),
    (Format::Dotenv, Dialect::Node),
    (Format::Shell, Dialect::Shell),
    (Format::Json, Dialect::Auto),
    (Format::Json, Dialect::Json),
    (Format::Docker, Dialect::Raw),
    (Format::Github, Dialect::Github),
    (Format::Systemd, Dialect::Shell),
];

proptest! {
    #[test]
    fn what_was_exported_can_be_imported(values in proptest::collection::vec("([A-Za-z'\"`$\\\\ #=:{}()~;<\t\n\ré]|\\PC){0,16}", 1..4)) {
        let entries: Vec<Entry> =
            values.iter().enumerate().map(|(index, value)| Entry { key: format!("K{index}"), value: value.clone().into() }).collect();
        let expected: Vec<_> = entries.iter().map(|entry| (entry.key.clone(), entry.value.expose_secret().to_owned())).collect();
        let writer = Writer::default();
        for (format, dialect) in BACK {
            let Ok(text) = export(&entries, format, &export::Options { name: "app", writer: &writer }) else { continue };
            let back = pairs(text.expose_secret(), dialect);
            prop_assert_eq!(back.as_ref(), Ok(&expected), "{:?}: {:?}", format, text.expose_secret());
        }
    }

    #[test]
    fn no_error_holds_a_piece_of_the_text(noise in "[=<{}\\[\\]\"'`$#;: \\\\\n]{0,12}", place in 0usize..3) {
        let secret = ["hunter", "2secret"].concat();
        let text = match place {
            0 => format!("{noise}{secret}"),
            1 => format!("A={noise}{secret}{noise}"),
            _ => format!("{{\"A\": {noise}\"{secret}\"{noise}}}"),
        };
        for dialect in Dialect::value_variants() {
            if let Err(error) = import(text.as_bytes(), *dialect) {
                let said = format!("{error} {error:?} {:?}", error.way_out());
                // A word at the beginning of a line is a name, whatever it was meant to be: `=` or `<<` may follow it.
                let is_name = place == 0 || (place == 1 && noise.trim_end_matches([' ', '`']).ends_with('\n'));
                if !is_name {
                    prop_assert!(!said.contains(&secret), "{:?} {:?}", dialect, said);
                }
            }
        }
    }
}

//! A key in the first line, a value in the second (U+0001 is a line end in it), any document below: an edit changes what it
//! is to change and no other byte, or says why it does not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nixstart_fuzz::dotenv::document::Document;
use nixstart_fuzz::dotenv::edit::EditError;
use nixstart_fuzz::dotenv::writer::Writer;
use nixstart_fuzz::judge::{self, Seen};
use secrecy::ExposeSecret;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let (Some(key), Some(value), Some(text)) = (parts.next(), parts.next(), parts.next()) else { return };
    let (Ok(key), Ok(value)) = (std::str::from_utf8(key), std::str::from_utf8(value)) else { return };
    let document = Document::parse(text);
    set(&document, key, &value.replace('\u{1}', "\n"));
    unset(&document, key);
});

fn text(document: &Document) -> &str {
    std::str::from_utf8(document.as_bytes()).unwrap()
}

/// Every assignment but those of a key.
fn others(document: &Document, key: &str) -> Vec<(String, String, bool)> {
    let others = document.assignments().iter().filter(|found| found.key != key);
    others.map(|found| (found.key.clone(), found.value.expose_secret().to_owned(), found.is_exported)).collect()
}

fn own(document: &Document, key: &str) -> Vec<Seen> {
    judge::seen(text(document)).into_iter().filter(|seen| seen.key == key).collect()
}

fn set(document: &Document, key: &str, value: &str) {
    let edited = match document.with(key, value, &Writer::default()) {
        Err(EditError::Fault(fault)) => return assert_eq!(document.fault(), Some(&fault)),
        Err(error) => return assert_silent(&error, key, value),
        Ok(None) => return assert_eq!(document.find(key).unwrap().value.expose_secret(), value),
        Ok(Some(edited)) => edited,
    };
    assert_eq!(edited.find(key).unwrap().value.expose_secret(), value);
    assert_eq!(others(document, key), others(&edited, key));
    assert!(edited.with(key, value, &Writer::default()).unwrap().is_none(), "a second time is no change");
    if !judge::can_judge(text(document)) {
        return;
    }
    for seen in own(&edited, key) {
        let after = text(&edited).get(seen.token.end..).unwrap();
        // To many readers a comment that touches a value is a part of it, and one behind nothing is the value.
        assert!(!after.starts_with('#'));
        assert!(!seen.token.is_empty() || !after.trim_start_matches([' ', '\t']).starts_with('#'));
    }
    let tokens: Vec<_> = own(document, key).into_iter().map(|seen| seen.token).collect();
    if tokens.is_empty() {
        assert!(judge::has_one_line_more(text(document), text(&edited), key, value));
    } else {
        assert!(judge::differs_only_in(text(document), text(&edited), &tokens, value));
    }
}

/// An error names the key it was given, and nothing of the value beside it.
fn assert_silent(error: &EditError, key: &str, value: &str) {
    let (EditError::Name(name) | EditError::Ambiguous(name) | EditError::Unportable { key: name, .. }) = error else { return };
    assert_eq!(name, key);
    let words = error.to_string().replacen(key, "", 1);
    assert!(value.len() < 8 || !words.contains(value));
}

fn unset(document: &Document, key: &str) {
    let edited = match document.without(key) {
        Err(_) => return,
        Ok(None) => return assert!(document.find(key).is_none()),
        Ok(Some(edited)) => edited,
    };
    assert!(edited.find(key).is_none());
    assert_eq!(others(document, key), others(&edited, key));
    if judge::can_judge(text(document)) {
        let places: Vec<_> = own(document, key).into_iter().map(|seen| seen.name.start..seen.token.end).collect();
        assert_eq!(text(&edited), judge::without_lines(text(document), &places));
    }
}

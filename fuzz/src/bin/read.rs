//! Any bytes: they come out as they went in, and dotenv's own expression sees the same assignments.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nixstart_fuzz::dotenv::document::{Document, Fault};
use nixstart_fuzz::judge;
use secrecy::ExposeSecret;

fuzz_target!(|bytes: &[u8]| {
    let document = Document::parse(bytes);
    assert_eq!(document.as_bytes(), bytes);
    let lines = bytes.len() + 1;
    assert!(document.unread_lines().iter().all(|line| (1..=lines).contains(line)));
    if bytes.contains(&0) || std::str::from_utf8(bytes).is_err() {
        assert!(matches!(document.fault(), Some(Fault::Utf16 | Fault::Nul { .. } | Fault::NotUtf8 { .. })));
    }
    let text = String::from_utf8_lossy(bytes);
    if judge::can_judge(&text) {
        let seen: Vec<_> = judge::seen(&text).into_iter().map(|seen| (seen.key, seen.value, seen.is_exported)).collect();
        let read = document.assignments().iter();
        let read: Vec<_> =
            read.map(|found| (found.key.clone(), found.value.expose_secret().to_owned(), found.is_exported)).collect();
        assert_eq!(read, seen);
    }
});

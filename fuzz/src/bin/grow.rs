//! A piece that is repeated to a megabyte, with something before and behind it: work that grows with the square of the
//! length would take minutes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nixstart_fuzz::dotenv::document::Document;
use nixstart_fuzz::dotenv::writer::Writer;
use rustix::time::{ClockId, clock_gettime};

/// The length a piece is brought to.
const LENGTH: usize = 1024 * 1024;
/// More than this takes what grows with the square. It is some twenty times what there is to do.
const MOST_SECONDS: i64 = 8;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0xFF);
    let (Some(head), Some(piece), Some(tail)) = (parts.next(), parts.next(), parts.next()) else { return };
    if piece.is_empty() {
        return;
    }
    let start = clock_gettime(ClockId::ThreadCPUTime).tv_sec;
    let text = [head, &piece.repeat(LENGTH / piece.len()), tail].concat();
    let document = Document::parse(&text);
    assert_eq!(document.as_bytes(), text);
    let _lines = document.unread_lines();
    let _set = document.with("A", "longer than it was", &Writer::default());
    let _unset = document.without("A");
    assert!(clock_gettime(ClockId::ThreadCPUTime).tv_sec - start <= MOST_SECONDS);
});

//! The store against a plain list of lines.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::walk::{Route, Step};
use super::*;
use crate::process::KeptLine;
use crate::process::log_query::{Pattern, Streams};

fn store(budget: usize) -> (tempfile::TempDir, LogStore) {
    let directory = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    (directory, LogStore::new(budget, path))
}

fn push(store: &mut LogStore, process: &str, stream: Stream, text: &str) {
    store.push(&process.into(), (stream, None), &LogText::read(text, str::to_owned));
}

/// Walks to the end, however often it pauses.
fn numbers(store: &LogStore, query: &LogQuery, route: Route, blocks: usize) -> Vec<u64> {
    let mut walk = store.walk(query, route).unwrap();
    let (mut found, mut left) = (Vec::new(), blocks);
    loop {
        match walk.step(store, &mut left) {
            Step::Line(line) => found.push(line.number),
            Step::Pause => left = blocks,
            Step::End => return found,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn ring_and_disk_together_are_a_plain_list(
        said in proptest::collection::vec((0..4_usize, 0..400_usize, any::<bool>()), 0..600),
        budget in 1_usize..60_000,
        (from, until) in (0..700_u64, 0..700_u64),
        blocks in 1..5_usize,
        chosen in proptest::option::of(proptest::collection::btree_set(0..4_usize, 0..4)),
        is_filtered in any::<bool>(),
    ) {
        let (_directory, mut store) = store(budget);
        let mut plain = Vec::new();
        for (number, (process, length, is_error)) in (1_u64..).zip(&said) {
            let stream = if *is_error { Stream::Error } else { Stream::Output };
            let text = format!("{} {}", "x".repeat(*length), number % 7);
            push(&mut store, &format!("p{process}"), stream, &text);
            plain.push((number, *process, *is_error, text));
        }
        let query = LogQuery {
            processes: chosen.as_ref().map(|chosen| chosen.iter().map(|number| format!("p{number}")).collect()),
            streams: if is_filtered { Streams::Error } else { Streams::Both },
            patterns: is_filtered.then(|| Pattern::Text(" 3".into())).into_iter().collect(),
            fields: Vec::new(),
        };
        let is_wanted = |process: usize, is_error: bool, text: &str| {
            chosen.as_ref().is_none_or(|chosen| chosen.contains(&process)) && (!is_filtered || (is_error && text.contains(" 3")))
        };
        let wanted: Vec<u64> =
            plain.iter().filter(|(_, process, is_error, text)| is_wanted(*process, *is_error, text)).map(|line| line.0).collect();
        let newer: Vec<u64> = wanted.iter().copied().filter(|number| *number >= from && *number <= until).collect();
        let mut older: Vec<u64> = wanted.iter().copied().filter(|number| *number <= from && *number >= until).collect();
        older.reverse();
        prop_assert_eq!(numbers(&store, &query, Route::newer(from).until(until), blocks), newer);
        prop_assert_eq!(numbers(&store, &query, Route::older(from).until(until), blocks), older);
        prop_assert!(store.held <= budget.max(500) && store.lost() == 0);
        prop_assert_eq!(store.held, store.piles.iter().map(|pile| pile.held).sum::<usize>());
    }
}

#[test]
fn lines_come_back_from_disk_as_they_were() {
    let (_directory, mut store) = store(1000);
    let said: Vec<LogText> =
        (0..200).map(|number| LogText::read(&format!("\u{1b}[3{}mline {number}", number % 8), str::to_owned)).collect();
    for (number, text) in (0_u64..).zip(&said) {
        store.push(&"api".into(), (Stream::Output, Some(number * 1000)), text);
    }
    let query = LogQuery::default();
    let mut walk = store.walk(&query, Route::newer(0)).unwrap();
    let mut left = usize::MAX;
    for (number, text) in (0_u64..).zip(said) {
        let expected =
            KeptLine { number: number + 1, process: "api".into(), stream: Stream::Output, time: Some(number * 1000), text };
        assert_eq!(walk.step(&store, &mut left), Step::Line(expected));
    }
    assert_eq!((walk.step(&store, &mut left), store.lines(&query)), (Step::End, 200));
}

#[test]
fn a_noisy_process_does_not_push_a_quiet_one_out_when_the_disk_is_full() {
    // Nobody can make a directory below a device.
    let mut store = LogStore::new(50_000, "/dev/null/logs".into());
    push(&mut store, "quiet", Stream::Error, "the one line that matters");
    for number in 0..5000 {
        push(&mut store, "noisy", Stream::Output, &format!("line {number} and some more words of it"));
    }
    let only = |name: &str| LogQuery { processes: Some(BTreeSet::from([name.to_owned()])), ..LogQuery::default() };
    assert_eq!(numbers(&store, &only("quiet"), Route::older(u64::MAX), 9), [1]);
    let noisy = store.lines(&only("noisy"));
    assert!(store.lost() > 0 && store.lost() + noisy == 5000 && store.trouble().is_some(), "{} {noisy}", store.lost());
    assert_eq!(numbers(&store, &only("noisy"), Route::older(u64::MAX), 9).first(), Some(&5001));
}

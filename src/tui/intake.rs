//! Where lines come in: cleaned, without secrets, and kept. Nothing behind it ever sees a secret, so no pane, search or copy can
//! show one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::host::log_store::LogStore;
use crate::process::{LogLine, LogText, Stream};
use crate::ui::redaction;

/// A private key has no more lines than this; then what was taken for one was none.
const LONGEST_KEY: u16 = 200;

/// Where lines come in.
#[derive(Debug)]
pub(super) struct Intake {
    /// Where they are kept.
    pub(super) store: Mutex<LogStore>,
    /// Whether somebody was told that there are new ones and has not looked yet.
    is_told: AtomicBool,
    /// Who is in the middle of a private key, and how many lines of it may still come.
    keys: Mutex<BTreeMap<Arc<str>, u16>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Intake {
    /// An intake into a store.
    pub(super) const fn new(store: LogStore) -> Self {
        Self { store: Mutex::new(store), is_told: AtomicBool::new(false), keys: Mutex::new(BTreeMap::new()) }
    }

    /// Takes lines in, and says whether somebody has to be told.
    pub(super) fn take(&self, lines: &[LogLine]) -> bool {
        let clean: Vec<LogText> = lines.iter().map(|line| self.clean(line)).collect();
        let mut store = lock(&self.store);
        for (line, text) in lines.iter().zip(&clean) {
            store.push(&line.process, (line.stream, line.time), text);
        }
        drop(store);
        !lines.is_empty() && !self.is_told.swap(true, Ordering::SeqCst)
    }

    /// Takes a line of ours in, among those of a process.
    pub(super) fn note(&self, process: &str, text: &str) -> bool {
        self.take(&[LogLine { process: process.into(), stream: Stream::Unknown, time: None, text: text.to_owned() }])
    }

    /// From now on, somebody is told again.
    pub(super) fn listen(&self) {
        self.is_told.store(false, Ordering::SeqCst);
    }

    fn clean(&self, line: &LogLine) -> LogText {
        let clean = LogText::read(&line.text, redaction::redact);
        if self.is_in_key(line) { LogText { text: "[a private key]".to_owned(), runs: Vec::new() } } else { clean }
    }

    /// Whether a line belongs to a private key that began in another one.
    fn is_in_key(&self, line: &LogLine) -> bool {
        let mut keys = lock(&self.keys);
        let begins = line.text.contains("-----BEGIN ") && line.text.contains("PRIVATE KEY-----");
        let ends = line.text.contains("-----END ");
        match keys.get_mut(&line.process) {
            Some(left) if *left > 0 && !ends => {
                *left -= 1;
                true
            }
            Some(_) => keys.remove(&line.process).is_some(),
            None if begins && !ends => {
                keys.insert(Arc::clone(&line.process), LONGEST_KEY);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::host::log_store::walk::{Route, Step};
    use crate::process::LogQuery;

    fn kept(intake: &Intake) -> Vec<String> {
        let store = lock(&intake.store);
        let mut walk = store.walk(&LogQuery::default(), Route::newer(0)).unwrap();
        let mut left = usize::MAX;
        std::iter::from_fn(|| match walk.step(&store, &mut left) {
            Step::Line(line) => Some(line.text.text),
            Step::Pause | Step::End => None,
        })
        .collect()
    }

    #[test]
    fn no_secret_is_kept_and_news_is_told_once() {
        let intake = Intake::new(LogStore::new(1 << 20, "/dev/null/logs".into()));
        let said = |text: &str| LogLine { process: "api".into(), stream: Stream::Output, time: None, text: text.to_owned() };
        let token = ["token gh", "p_zZ9y\u{1b}[1m", "X8wV7uT6sR5qP4oN3mL2kJ1iH0gF9eD8"].concat();
        let key = ["-----BEGIN ", "PRIVATE KEY-----"].concat();
        let lines: Vec<LogLine> = [&token, &key, "MIIEvQ", "-----END PRIVATE KEY-----", "after"].map(said).into();
        assert!(intake.take(&lines) && !intake.take(&[]));
        let key = "[a private key]";
        assert_eq!(kept(&intake), ["token [a GitHub token]", key, key, key, "after"]);
        assert!(!intake.note("api", "3 lines were lost here"));
        intake.listen();
        assert!(intake.note("api", "3 lines were lost here"));
    }
}

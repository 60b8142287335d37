//! Answers questions about what processes have said. The store is held for a moment only, however much has to be read.

use std::collections::BTreeSet;
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::reading::{Answer, Around, From, Matches, Page, Reading, Task};
use crate::host::log_store::LogStore;
use crate::host::log_store::walk::{Route, Step};
use crate::process::log_query::{BadPattern, Pattern, is_error};
use crate::process::{KeptLine, LogQuery};

/// So many blocks are read before somebody else may have the store.
const BLOCKS: usize = 32;
/// Terminals take no more for the clipboard: about 100 000 characters in base64.
const MOST_COPIED: usize = 74_000;
/// So many lines may belong to an error, before it and after it.
const MOST_AROUND: usize = 60;

/// More lines with what was sought are not counted.
const MOST_COUNTED: usize = 9_999;

/// Why there is no answer.
enum Stopped {
    /// There is a newer question.
    Outdated,
    /// The pattern is none.
    Bad(BadPattern),
}

/// Whoever reads.
struct Reader<'a> {
    store: &'a Mutex<LogStore>,
    is_outdated: &'a dyn Fn() -> bool,
}

/// Answers questions until nobody can ask any more; of several that wait, only the newest.
pub(super) fn serve(store: &Mutex<LogStore>, questions: &Receiver<Reading>, reply: impl Fn(Answer)) {
    let mut next = questions.recv().ok();
    while let Some(reading) = next.take() {
        let newest = Mutex::new(None);
        let is_outdated = || {
            let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
            *newest = questions.try_iter().last().or(newest.take());
            newest.is_some()
        };
        if !is_outdated() {
            answers(store, &reading, &is_outdated, &reply);
        }
        next = newest.into_inner().unwrap_or_else(PoisonError::into_inner).or_else(|| questions.recv().ok());
    }
}

/// Answers a question, and then says how many lines have what was sought, unless there is another question before that is known.
pub fn answers(store: &Mutex<LogStore>, reading: &Reading, is_outdated: &dyn Fn() -> bool, reply: impl Fn(Answer)) {
    let Some(answer) = answer(store, reading, is_outdated) else { return };
    let sought = match (&reading.task, &answer) {
        (Task::Find { pattern, .. }, Answer::Page(Page { found: Some(found), .. })) => Some((pattern.clone(), *found)),
        _ => None,
    };
    reply(answer);
    let Some((pattern, found)) = sought.filter(|(pattern, _)| *pattern != Pattern::Errors) else { return };
    if let Ok(matches) = (Reader { store, is_outdated }).count(&reading.query, &pattern, found) {
        reply(Answer::Count { id: reading.id, matches });
    }
}

/// Answers a question; not when it is outdated before that.
pub fn answer(store: &Mutex<LogStore>, reading: &Reading, is_outdated: &dyn Fn() -> bool) -> Option<Answer> {
    let reader = Reader { store, is_outdated };
    match reader.answer(reading) {
        Ok(answer) => Some(answer),
        Err(Stopped::Outdated) => None,
        Err(Stopped::Bad(why)) => Some(Answer::Nothing { id: reading.id, why: Some(why.to_string()) }),
    }
}

impl Reader<'_> {
    fn lock(&self) -> MutexGuard<'_, LogStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, reading: &Reading) -> Result<Answer, Stopped> {
        let query = &reading.query;
        let nothing = Answer::Nothing { id: reading.id, why: None };
        Ok(match &reading.task {
            Task::Page(around, lines) => Answer::Page(self.page(reading, *around, *lines)?),
            Task::Tail { after, lines } => {
                let mut page = self.blank(reading);
                page.lines = self.take(query, Route::older(u64::MAX).until(after + 1), lines + 1)?;
                page.has_older = page.lines.len() > *lines;
                page.lines.truncate(*lines);
                page.lines.reverse();
                Answer::Tail(page)
            }
            Task::Find { pattern, from, lines } => match self.find(query, pattern, *from)? {
                None => nothing,
                Some((found, is_around)) => {
                    let page = self.page(reading, Around::Line(found), *lines)?;
                    Answer::Page(Page { found: Some(found), is_around, ..page })
                }
            },
            Task::Copy { first, last } => Self::copy(self.take(query, Route::newer(*first).until(*last), usize::MAX)?),
            Task::CopyError => match self.newest_error(query)? {
                lines if lines.is_empty() => nothing,
                lines => Self::copy(lines),
            },
        })
    }

    /// Takes the first lines of a walk.
    fn take(&self, query: &LogQuery, route: Route, most: usize) -> Result<Vec<KeptLine>, Stopped> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        self.walk(query, route, &mut |line| {
            bytes += line.text.text.len();
            lines.push(line);
            // A megabyte more than the clipboard takes is enough for everybody.
            lines.len() < most && (most < usize::MAX || bytes <= MOST_COPIED)
        })?;
        Ok(lines)
    }

    /// Hands out the lines of a walk until nobody wants more.
    fn walk(&self, query: &LogQuery, route: Route, wants_more: &mut dyn FnMut(KeptLine) -> bool) -> Result<(), Stopped> {
        let mut walk = self.lock().walk(query, route).map_err(Stopped::Bad)?;
        loop {
            let store = self.lock();
            let mut left = BLOCKS;
            loop {
                match walk.step(&store, &mut left) {
                    Step::Line(line) => {
                        if !wants_more(line) {
                            return Ok(());
                        }
                    }
                    Step::End => return Ok(()),
                    Step::Pause => break,
                }
            }
            drop(store);
            if (self.is_outdated)() {
                return Err(Stopped::Outdated);
            }
            thread::yield_now();
        }
    }

    fn blank(&self, reading: &Reading) -> Page {
        let store = self.lock();
        Page {
            id: reading.id,
            newest: store.newest(),
            total: store.lines(&reading.query),
            lost: store.lost(),
            trouble: store.trouble().map(str::to_owned),
            ..Page::default()
        }
    }

    fn page(&self, reading: &Reading, around: Around, most: usize) -> Result<Page, Stopped> {
        let mut page = self.blank(reading);
        let query = &reading.query;
        let (older, newer) = match around {
            Around::Newest => (Some(u64::MAX), None),
            Around::Oldest => (None, Some(0)),
            Around::Line(number) => (Some(number), number.checked_add(1)),
        };
        let older = older.map(|from| self.take(query, Route::older(from), most + 1)).transpose()?.unwrap_or_default();
        let newer = newer.map(|from| self.take(query, Route::newer(from), most + 1)).transpose()?.unwrap_or_default();
        (page.has_older, page.has_newer) = (older.len() > most, newer.len() > most);
        page.lines = older.into_iter().take(most).collect();
        page.lines.reverse();
        page.lines.extend(newer.into_iter().take(most));
        Ok(page)
    }

    /// How many lines have a pattern, and which of them was found.
    fn count(&self, query: &LogQuery, pattern: &Pattern, found: u64) -> Result<Matches, Stopped> {
        let query = LogQuery { patterns: query.patterns.iter().chain([pattern]).cloned().collect(), ..query.clone() };
        let mut matches = Matches { found, place: None, all: 0, is_cut: false };
        self.walk(&query, Route::newer(0), &mut |line| {
            matches.is_cut = matches.all >= MOST_COUNTED;
            if !matches.is_cut {
                matches.all += 1;
                matches.place = matches.place.or_else(|| (line.number == found).then_some(matches.all));
            }
            !matches.is_cut
        })?;
        Ok(matches)
    }

    /// The nearest line with a pattern, and whether it is beyond an end.
    fn find(&self, query: &LogQuery, pattern: &Pattern, from: From) -> Result<Option<(u64, bool)>, Stopped> {
        let query = LogQuery { patterns: query.patterns.iter().chain([pattern]).cloned().collect(), ..query.clone() };
        let (near, far) = match from {
            From::Up(number) => (Route::older(number), Route::older(u64::MAX).until(number.saturating_add(1))),
            From::Down(number) => (Route::newer(number), Route::newer(0).until(number.saturating_sub(1))),
        };
        for (route, is_around) in [(near, false), (far, true)] {
            if let Some(line) = self.take(&query, route, 1)?.first() {
                return Ok(Some((line.number, is_around)));
            }
        }
        Ok(None)
    }

    fn copy(lines: Vec<KeptLine>) -> Answer {
        let mut text = String::new();
        let all = lines.len();
        let mut copied = 0;
        for line in lines {
            if text.len() + line.text.text.len() > MOST_COPIED {
                break;
            }
            text += &line.text.text;
            text.push('\n');
            copied += 1;
        }
        Answer::Text { text: text.trim_end_matches('\n').to_owned(), lines: copied, is_cut: copied < all }
    }

    /// The newest error, with the trace that belongs to it.
    fn newest_error(&self, query: &LogQuery) -> Result<Vec<KeptLine>, Stopped> {
        let errors = LogQuery { patterns: query.patterns.iter().cloned().chain([Pattern::Errors]).collect(), ..query.clone() };
        let Some(error) = self.take(&errors, Route::older(u64::MAX), 1)?.pop() else { return Ok(Vec::new()) };
        let own = LogQuery { processes: Some(BTreeSet::from([error.process.to_string()])), ..LogQuery::default() };
        let belongs = |line: &KeptLine| line.text.text.starts_with([' ', '\t']) || is_error(&line.text.text);
        let before = self.take(&own, Route::older(error.number.saturating_sub(1)), MOST_AROUND)?;
        let after = self.take(&own, Route::newer(error.number + 1), MOST_AROUND)?;
        let mut lines: Vec<KeptLine> = before.into_iter().take_while(belongs).collect();
        lines.reverse();
        lines.push(error);
        lines.extend(after.into_iter().take_while(|line| line.text.text.starts_with([' ', '\t'])));
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::process::{LogText, Stream};

    fn store(said: &[(&str, &str)]) -> Mutex<LogStore> {
        let mut store = LogStore::new(1 << 20, Utf8PathBuf::from("/dev/null/logs"));
        for (process, text) in said {
            store.push(&(*process).into(), (Stream::Unknown, None), &LogText::read(text, str::to_owned));
        }
        Mutex::new(store)
    }

    fn ask(store: &Mutex<LogStore>, task: Task) -> Answer {
        answer(store, &Reading { id: 1, query: LogQuery::default(), task }, &|| false).unwrap()
    }

    fn texts(answer: &Answer) -> Vec<&str> {
        match answer {
            Answer::Page(page) | Answer::Tail(page) => page.lines.iter().map(|line| line.text.text.as_str()).collect(),
            Answer::Text { text, .. } => text.lines().collect(),
            Answer::Count { .. } | Answer::Nothing { .. } => Vec::new(),
        }
    }

    #[test]
    fn pages_are_around_a_line_and_say_whether_there_is_more() {
        let store = store(&[("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")]);
        let answer = ask(&store, Task::Page(Around::Line(2), 1));
        assert_eq!(texts(&answer), ["2", "3"]);
        let Answer::Page(page) = answer else { unreachable!() };
        assert!(page.has_older && page.has_newer && page.total == 4);
        assert_eq!(texts(&ask(&store, Task::Page(Around::Newest, 2))), ["3", "4"]);
        assert_eq!(texts(&ask(&store, Task::Page(Around::Oldest, 2))), ["1", "2"]);
        assert_eq!(texts(&ask(&store, Task::Tail { after: 2, lines: 9 })), ["3", "4"]);
        assert_eq!(texts(&ask(&store, Task::Tail { after: 1, lines: 1 })), ["4"]);
        assert_eq!(texts(&ask(&store, Task::Copy { first: 2, last: 3 })), ["2", "3"]);
    }

    #[test]
    fn a_search_goes_on_at_the_other_end() {
        let store = store(&[("a", "x1"), ("a", "y"), ("a", "x3")]);
        let found = |pattern: &str, from| match ask(&store, Task::Find { pattern: Pattern::Text(pattern.into()), from, lines: 1 })
        {
            Answer::Page(page) => page.found.map(|found| (found, page.is_around)),
            _ => None,
        };
        assert_eq!(found("x", From::Up(2)), Some((1, false)));
        assert_eq!(found("x3", From::Up(2)), Some((3, true)));
        assert_eq!(found("x1", From::Down(2)), Some((1, true)));
        assert_eq!(found("z", From::Down(2)), None);
    }

    #[test]
    fn matches_are_counted_from_the_oldest_and_not_without_end() {
        let counted = |store: &Mutex<LogStore>, from, pattern: Pattern| {
            let task = Task::Find { pattern, from, lines: 1 };
            let told = std::cell::RefCell::new(Vec::new());
            let reading = Reading { id: 7, query: LogQuery::default(), task };
            answers(store, &reading, &|| false, |answer| told.borrow_mut().push(answer));
            match told.into_inner().as_slice() {
                [Answer::Page(_), Answer::Count { id: 7, matches }] => Some((matches.place, matches.all, matches.is_cut)),
                _ => None,
            }
        };
        let text = |text: &str| Pattern::Text(text.into());
        let few = store(&[("a", "x1"), ("b", "y"), ("a", "x3"), ("b", "x4 error")]);
        assert_eq!(counted(&few, From::Up(3), text("x")), Some((Some(2), 3, false)));
        assert_eq!(counted(&few, From::Up(3), text("z")), None);
        assert_eq!(counted(&few, From::Up(9), Pattern::Errors), None);
        let many = store(&vec![("a", "x"); MOST_COUNTED + 2]);
        assert_eq!(counted(&many, From::Down(3), text("x")), Some((Some(3), MOST_COUNTED, true)));
        assert_eq!(counted(&many, From::Up(u64::MAX), text("x")), Some((None, MOST_COUNTED, true)));
    }

    #[test]
    fn the_newest_error_comes_with_its_trace_and_no_line_of_others() {
        let store = store(&[
            ("a", "ready"),
            ("a", "Traceback (most recent call last):"),
            ("b", "busy"),
            ("a", "  File x.py"),
            ("a", "ValueError: no"),
            ("a", "  at y"),
            ("a", "listening"),
        ]);
        let expected = ["Traceback (most recent call last):", "  File x.py", "ValueError: no", "  at y"];
        assert_eq!(texts(&ask(&store, Task::CopyError)), expected);
    }

    #[test]
    fn an_expression_that_is_none_is_told_and_an_outdated_question_is_not_answered() {
        let store = store(&[("a", "x")]);
        let task = Task::Find { pattern: Pattern::Regex("(".into()), from: From::Up(1), lines: 1 };
        let Answer::Nothing { why, .. } = ask(&store, task) else { unreachable!() };
        assert!(why.unwrap().contains("unclosed group"));
        let many = self::store(&vec![("a", "y".repeat(1000).leak() as &str); 2000]);
        let query = LogQuery { patterns: vec![Pattern::Text("z".into())], ..LogQuery::default() };
        assert_eq!(answer(&many, &Reading { id: 1, query, task: Task::Page(Around::Newest, 1) }, &|| true), None);
    }
}

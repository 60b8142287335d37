//! Bytes in, bytes out: a value is found wherever the chunks end, and nothing waits that cannot be the beginning of one.

use super::{Match, Redactor};

/// As much of what may be a value is shown when nothing more comes: a prompt that ends in it would look like a program that
/// hangs. It tells nothing.
const TELLS_NOTHING: usize = 3;

/// Redacts bytes that come one chunk after the other.
#[derive(Debug)]
pub struct Stream<'a> {
    redactor: &'a Redactor,
    /// What may be the beginning of a value, and what came after it.
    held: Held,
}

/// Bytes that wait. They are never shown by `Debug`.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    /// How many of the first bytes were shown or replaced already; they are here to find the value that they begin.
    done: usize,
    /// The pattern of the value that was replaced last, when no other byte has come after it.
    last: Option<usize>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} bytes", self.bytes.len())
    }
}

impl<'a> Stream<'a> {
    pub(super) fn new(redactor: &'a Redactor) -> Self {
        Self { redactor, held: Held::default() }
    }

    /// Takes bytes and gives out what is certain.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.bytes.extend_from_slice(bytes);
        let end = self.redactor.patterns.first_open(&self.held.bytes);
        self.give_out(end)
    }

    /// Gives out what is left: nothing more comes.
    pub fn finish(&mut self) -> Vec<u8> {
        self.give_out(self.held.bytes.len())
    }

    /// Whether something waits.
    pub fn is_waiting(&self) -> bool {
        self.held.done < self.held.bytes.len()
    }

    /// Gives out a little of what waits, because nothing has come for a while: whole values, and so few bytes of what may be
    /// one that they tell nothing. When the rest of it comes, the rest is replaced.
    pub fn pause(&mut self) -> Vec<u8> {
        let Self { redactor, held } = self;
        let first = redactor.patterns.matches(&held.bytes).find(|found| found.end > held.done);
        // What follows a piece of a value is hardly a prompt, and three characters of each piece would tell something.
        let most = if held.last.is_some_and(|last| redactor.is_piece(last)) { 0 } else { TELLS_NOTHING };
        let mut out = Vec::new();
        held.show(first.map_or(held.bytes.len(), |found| found.start).min(most), &mut out);
        if let Some(found) = first.filter(|found| found.start <= held.done) {
            held.replace(redactor, found, &mut out);
        }
        out
    }

    /// Gives out everything before a place, with the values replaced that begin there.
    fn give_out(&mut self, end: usize) -> Vec<u8> {
        let Self { redactor, held } = self;
        let mut out = Vec::with_capacity(held.bytes.len());
        let matches: Vec<Match> = redactor.patterns.matches(&held.bytes).take_while(|found| found.start < end).collect();
        for found in matches {
            if found.end > held.done {
                held.show(found.start, &mut out);
                held.replace(redactor, found, &mut out);
            }
        }
        held.show(end, &mut out);
        held.done -= end;
        held.bytes.drain(..end);
        out
    }
}

impl Held {
    /// Gives out the bytes before a place that were not given out yet.
    fn show(&mut self, end: usize, out: &mut Vec<u8>) {
        if let Some(bytes) = self.bytes.get(self.done..end).filter(|bytes| !bytes.is_empty()) {
            out.extend_from_slice(bytes);
            (self.done, self.last) = (end, None);
        }
    }

    /// Gives out what stands for a value, once for all its pieces.
    fn replace(&mut self, redactor: &Redactor, found: Match, out: &mut Vec<u8>) {
        if !redactor.goes_on(self.last, found, self.done) {
            out.extend_from_slice(redactor.stand_in(found).as_bytes());
        }
        (self.done, self.last) = (found.end, Some(found.pattern));
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    fn redactor(values: &[(&str, &str)]) -> Redactor {
        let values: Vec<(&str, SecretString)> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        Redactor::new(values.iter().map(|(name, value)| (*name, value)))
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_value_is_found_over_the_border_of_chunks_and_nothing_else_waits() {
        let redactor = redactor(&[("TOKEN", "hunter22")]);
        let mut stream = redactor.stream();
        assert_eq!(text(stream.push(b"$ echo \x1b[31mhun")), "$ echo \x1b[31m");
        assert!(stream.is_waiting());
        assert_eq!(text(stream.push(b"ter22\x1b[0m\n$ ")), "[TOKEN]\x1b[0m\n$ ");
        assert!(!stream.is_waiting());
        assert_eq!(text(stream.push(b"a hunt")), "a ");
        assert_eq!(text(stream.push(b"er")), "");
        assert_eq!(text(stream.finish()), "hunter");
    }

    #[test]
    fn a_pause_shows_three_characters_and_the_rest_stays_a_secret() {
        let redactor = redactor(&[("TOKEN", "hunter22")]);
        let mut stream = redactor.stream();
        stream.push(b"password: hunter");
        assert_eq!(text(stream.pause()), "hun");
        assert_eq!(text(stream.pause()), "");
        assert_eq!(text(stream.push(b"22!")), "[TOKEN]!");
        stream.push(b"a hunter");
        stream.pause();
        assert_eq!(text(stream.push(b"s\n")), "ters\n");
    }

    #[test]
    fn a_pause_does_not_hold_a_whole_value_that_might_be_longer() {
        let redactor = redactor(&[("SHORT", "hunter"), ("LONG", "hunter2 and more")]);
        let mut stream = redactor.stream();
        assert_eq!(text(stream.push(b"hunter2")), "");
        assert_eq!(text(stream.pause()), "[SHORT]");
        assert_eq!(text(stream.push(b" and more.")), "[LONG].");
        assert_eq!(text(redactor.redact_bytes(b"hunter2 and more hunter2")), "[LONG] [SHORT]2");
    }

    #[test]
    fn a_long_value_is_one_value_however_slowly_it_comes() {
        let value: String = (0..400).map(|number| number.to_string()).collect();
        let redactor = redactor(&[("LONG", &value)]);
        let mut stream = redactor.stream();
        let mut out = stream.push(b"it is ");
        for chunk in value.as_bytes().chunks(100) {
            out.extend(stream.push(chunk));
            out.extend(stream.pause());
            assert!(stream.held.bytes.len() < 1024, "it keeps no more than a piece");
        }
        out.extend(stream.push(b"."));
        assert_eq!(text(out), "it is 012[LONG].");
        assert_eq!(text(redactor.redact_bytes(format!("{value}{value}").as_bytes())), "[LONG]");
    }

    #[test]
    fn values_that_overlap_leave_nothing_of_each_other() {
        let redactor = redactor(&[("A", "abcdef"), ("B", "defghi"), ("C", "xyxyxy")]);
        assert_eq!(text(redactor.redact_bytes(b"abcdefghi")), "[A][B]");
        assert!(!text(redactor.redact_bytes(b"xyxyxyxyx")).contains("xyx"));
        let mut stream = redactor.stream();
        assert!((0..1000).all(|_| stream.push(b"xy").len() < 9 && stream.held.bytes.len() < 9), "it keeps no more than a value");
    }

    /// Values with every character, and texts made of pieces of them.
    fn values() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[ab]{6,9}|[a-c/+? é\"]{6,12}|\\PC{6,20}|[a-z]{3}\n[a-z]{9}", 1..4)
    }

    /// The same, and values that are sought in pieces.
    fn long_values() -> impl Strategy<Value = Vec<String>> {
        let long = proptest::collection::vec("(ab){300,800}c?|[abö]{700}", 0..2);
        (values(), long).prop_map(|(short, long)| [short, long].concat())
    }

    fn pieces() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
        proptest::collection::vec((0_usize..4, 0_usize..9, "\\PC{0,4}|\n|\u{1b}\\[3[0-9]m"), 0..8)
    }

    fn written(values: &[String], pieces: &[(usize, usize, String)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, form, around) in pieces {
            let value = &values[index % values.len()];
            bytes.extend_from_slice(around.as_bytes());
            match form {
                0..=2 => bytes.extend_from_slice(value.as_bytes()),
                3 => bytes.extend_from_slice(STANDARD.encode(format!("{around}{value}")).as_bytes()),
                4 => bytes.extend_from_slice(URL_SAFE.encode(value).as_bytes()),
                5 => bytes.extend(url::form_urlencoded::byte_serialize(value.as_bytes()).flat_map(str::bytes)),
                6 => bytes.extend_from_slice(&value.as_bytes()[..value.len() / 2]),
                _ => bytes.push(0xff),
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn no_chunking_lets_a_value_through_or_changes_what_is_said(
            values in long_values(),
            pieces in pieces(),
            cuts in proptest::collection::vec(0_usize..40, 0..12),
        ) {
            let named: Vec<(String, &str)> = values.iter().enumerate().map(|(index, value)| (index.to_string(), value.as_str())).collect();
            let named: Vec<(&str, &str)> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let redactor = redactor(&named);
            let bytes = written(&values, &pieces);
            let whole = redactor.redact_bytes(&bytes);
            let mut stream = redactor.stream();
            let (mut chunked, mut rest) = (Vec::new(), bytes.as_slice());
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                chunked.extend(stream.push(chunk));
                rest = after;
            }
            chunked.extend(stream.push(rest));
            chunked.extend(stream.finish());
            prop_assert_eq!(String::from_utf8_lossy(&chunked), String::from_utf8_lossy(&whole));
            // What is between two stand-ins may only by chance be a value again; nothing that was there is.
            for pattern in redactor.patterns.iter().map(|pattern| &pattern.text) {
                let is_name = named.iter().any(|(name, _)| format!("[{name}]").as_bytes().windows(pattern.len()).any(|part| part == pattern));
                prop_assert!(is_name || !whole.split(|byte| *byte == b'[').any(|part| part.windows(pattern.len()).any(|part| part == pattern)));
            }
        }

        #[test]
        fn pauses_never_let_a_whole_value_through(values in values(), pieces in pieces(), step in 1_usize..5) {
            let named: Vec<(&str, &str)> = values.iter().map(|value| ("N", value.as_str())).collect();
            let redactor = redactor(&named);
            let bytes = written(&values, &pieces);
            let mut stream = redactor.stream();
            let mut out = Vec::new();
            for chunk in bytes.chunks(step) {
                out.extend(stream.push(chunk));
                out.extend(stream.pause());
            }
            out.extend(stream.finish());
            for part in out.split(|byte| *byte == b'[') {
                let is_free = |pattern: &Vec<u8>| !part.windows(pattern.len()).any(|part| part == pattern);
                prop_assert!(redactor.patterns.iter().map(|pattern| &pattern.text).all(is_free));
            }
        }

        #[test]
        fn text_without_secrets_passes_unchanged(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
            let redactor = redactor(&[("TOKEN", "hunter22"), ("URL", "postgres://app:correct-horse@db/x")]);
            let (before, after) = bytes.split_at(cut.min(bytes.len()));
            let mut stream = redactor.stream();
            let out = [stream.push(before), stream.pause(), stream.push(after), stream.finish()].concat();
            prop_assert_eq!(out, bytes);
        }
    }
}

//! A line that is typed into. It may be a secret: it is wiped when it goes, and `Debug` does not show it.

use std::fmt;

use secrecy::zeroize::Zeroizing;

use super::keymap::LineAction;

/// Room for what is usually pasted, so that a value is not copied when a line grows.
const ROOM: usize = 4096;

/// A line with a cursor. The cursor stands before the character at its place in bytes, or at the end.
#[derive(Clone)]
pub struct Line {
    text: Zeroizing<String>,
    cursor: usize,
}

impl fmt::Debug for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Line")
    }
}

impl Line {
    /// A line with a text in it and the cursor at its end.
    pub fn new(text: &str) -> Self {
        let mut line = Self { text: Zeroizing::new(String::with_capacity(ROOM.max(text.len()))), cursor: 0 };
        line.insert(text);
        line
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor, and behind it.
    pub fn parts(&self) -> (&str, &str) {
        self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""))
    }

    /// Puts a text in at the cursor.
    pub fn insert(&mut self, text: &str) {
        let needed = self.text.len() + text.len();
        if needed > self.text.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity(needed * 2));
            larger.push_str(&self.text);
            self.text = larger;
        }
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    /// Moves or takes out.
    pub fn act(&mut self, action: LineAction) {
        let (before, after) = self.parts();
        let (left, right, word) = (self.cursor - last(before), self.cursor + first(after), word_before(before));
        match action {
            LineAction::Left => self.cursor = left,
            LineAction::Right => self.cursor = right,
            LineAction::Start => self.cursor = 0,
            LineAction::End => self.cursor = self.text.len(),
            LineAction::Back => self.take_out(left, self.cursor),
            LineAction::Delete => self.take_out(self.cursor, right),
            LineAction::Word => self.take_out(word, self.cursor),
            LineAction::ToStart => self.take_out(0, self.cursor),
        }
    }

    fn take_out(&mut self, start: usize, end: usize) {
        self.text.replace_range(start..end, "");
        self.cursor = start;
    }
}

/// How many bytes the last character of a text takes.
fn last(text: &str) -> usize {
    text.chars().next_back().map_or(0, char::len_utf8)
}

/// How many bytes the first character of a text takes.
fn first(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Where the last word of a text begins, as shells see words.
fn word_before(text: &str) -> usize {
    let word = text.trim_end();
    word.rfind(char::is_whitespace).map_or(0, |space| space + word.get(space..).map_or(0, first))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(text: &str, actions: &[LineAction]) -> (String, String) {
        let mut line = Line::new(text);
        for action in actions {
            line.act(*action);
        }
        let (before, after) = line.parts();
        (before.to_owned(), after.to_owned())
    }

    #[test]
    fn keys_do_what_they_do_in_a_shell() {
        use LineAction::{Back, Delete, End, Left, Right, Start, ToStart, Word};
        let parts = |before: &str, after: &str| (before.to_owned(), after.to_owned());
        assert_eq!(after("aé", &[Left]), parts("a", "é"));
        assert_eq!(after("aé", &[Left, Delete, Back, Back]), parts("", ""));
        assert_eq!(after("one two  ", &[Word]), parts("one ", ""));
        assert_eq!(after("one\u{a0}two", &[Word, Word]), parts("", ""));
        assert_eq!(after("abc", &[Start, Right, ToStart, End]), parts("bc", ""));
    }

    #[test]
    fn a_line_does_not_show_itself() {
        let secret = ["very", "-secret"].concat();
        assert!(!format!("{:?}", Line::new(&secret)).contains(&secret));
    }

    proptest! {
        #[test]
        fn nothing_breaks_and_nothing_is_mixed_up(
            text in "\\PC{0,12}",
            actions in proptest::collection::vec((0..9_usize, "\\PC{0,3}"), 0..20),
        ) {
            use LineAction::{Back, Delete, End, Left, Right, Start, ToStart, Word};
            let all = [Left, Right, Start, End, Back, Delete, Word, ToStart];
            let mut line = Line::new(&text);
            for (index, typed) in actions {
                match all.get(index) {
                    Some(action) => line.act(*action),
                    None => line.insert(&typed),
                }
                let (before, after) = line.parts();
                prop_assert_eq!(format!("{before}{after}"), line.text());
            }
        }
    }
}

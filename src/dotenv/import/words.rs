//! Assignments of one word each, in the quoting of a shell or of secretspec. Nothing is expanded and nothing is run: what a
//! shell would do either with is refused.

use std::iter::Peekable;
use std::str::Chars;

use super::{ImportError, LineFault};
use crate::dotenv::Entry;
use crate::dotenv::edit::is_name;

/// What a backslash means in double quotes, and whether a `$` means anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// POSIX: before `"`, `\`, `$`, `` ` `` and a line end.
    Shell,
    /// Before `"`, `\`, `$`, and `\n` is a line end.
    Secretspec,
}

/// Every assignment of a text.
pub(super) fn read(text: &str, escapes: Escapes) -> Result<Vec<Entry>, ImportError> {
    let mut reader = Reader { rest: text.chars().peekable(), line: 1, escapes };
    let mut entries = Vec::new();
    while let Some(entry) = reader.entry()? {
        entries.push(entry);
    }
    Ok(entries)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    escapes: Escapes,
}

impl Reader<'_> {
    /// The next assignment; `None` at the end.
    fn entry(&mut self) -> Result<Option<Entry>, ImportError> {
        loop {
            match self.rest.peek() {
                None => return Ok(None),
                Some('#') => self.skip_while(|character| character != '\n'),
                Some(character) if character.is_whitespace() || *character == ';' => {
                    self.next();
                }
                Some(_) => break,
            }
        }
        let line = self.line;
        let key = self.name(line)?;
        let value = self.word(&key).map_err(|why| ImportError::line(line, why))?;
        self.end(&key).map_err(|why| ImportError::line(line, why))?;
        Ok(Some(Entry { key, value: value.into() }))
    }

    /// What stands before `=`, behind `export` or `declare -x`.
    fn name(&mut self, line: usize) -> Result<String, ImportError> {
        let mut head = String::new();
        loop {
            match self.next() {
                Some('=') => break,
                Some('\n') | None => return Err(ImportError::line(line, LineFault::NoAssignment)),
                Some(character) => head.push(character),
            }
        }
        let name = ["export ", "declare -x ", "typeset -x "].iter().find_map(|word| head.strip_prefix(word)).unwrap_or(&head);
        let name = name.trim_start_matches(' ');
        if is_name(name) { Ok(name.to_owned()) } else { Err(ImportError::line(line, LineFault::Name)) }
    }

    /// One word, taken out of its quotes.
    fn word(&mut self, key: &str) -> Result<String, LineFault> {
        let mut word = String::new();
        let mut is_at_start = true;
        while let Some(character) = self.rest.next_if(|character| !character.is_whitespace() && *character != ';') {
            match character {
                '\'' => self.single(&mut word, key)?,
                '"' => self.double(&mut word, key)?,
                '\\' if self.escapes == Escapes::Shell => self.escaped(&mut word, key)?,
                '$' if self.escapes == Escapes::Shell && self.rest.next_if_eq(&'\'').is_some() => self.ansi(&mut word, key)?,
                '$' if self.expands() => return Err(LineFault::Expansion(key.to_owned())),
                '~' if is_at_start || word.ends_with(':') => return Err(LineFault::Expansion(key.to_owned())),
                '`' | '&' | '|' | '<' | '>' | '(' | ')' => return Err(LineFault::Expansion(key.to_owned())),
                character => word.push(character),
            }
            is_at_start = false;
        }
        Ok(word)
    }

    /// Behind a word: blanks, a comment, and the end of the line or of the command.
    fn end(&mut self, key: &str) -> Result<(), LineFault> {
        let mut has_blank = false;
        while self.rest.next_if(|character| matches!(character, ' ' | '\t' | '\r')).is_some() {
            has_blank = true;
        }
        match self.rest.peek() {
            None | Some('\n' | ';') => Ok(()),
            Some('#') if has_blank => Ok(()),
            Some(_) => Err(LineFault::Words(key.to_owned())),
        }
    }

    fn single(&mut self, word: &mut String, key: &str) -> Result<(), LineFault> {
        loop {
            match self.next() {
                Some('\'') => return Ok(()),
                Some(character) => word.push(character),
                None => return Err(LineFault::Open(key.to_owned())),
            }
        }
    }

    fn double(&mut self, word: &mut String, key: &str) -> Result<(), LineFault> {
        loop {
            match self.next() {
                Some('"') => return Ok(()),
                Some('\\') => self.escaped_in_double(word, key)?,
                Some('$') if self.expands() => return Err(LineFault::Expansion(key.to_owned())),
                Some('`') if self.escapes == Escapes::Shell => return Err(LineFault::Expansion(key.to_owned())),
                Some(character) => word.push(character),
                None => return Err(LineFault::Open(key.to_owned())),
            }
        }
    }

    fn escaped_in_double(&mut self, word: &mut String, key: &str) -> Result<(), LineFault> {
        match (self.next(), self.escapes) {
            (Some(character @ ('"' | '\\' | '$')), _) | (Some(character @ '`'), Escapes::Shell) => word.push(character),
            (Some('\n'), Escapes::Shell) => {}
            (Some(character), Escapes::Shell) => word.extend(['\\', character]),
            (Some('n'), Escapes::Secretspec) => word.push('\n'),
            (Some('r'), Escapes::Secretspec) => word.push('\r'),
            (Some(_), Escapes::Secretspec) => return Err(LineFault::Escape(key.to_owned())),
            (None, _) => return Err(LineFault::Open(key.to_owned())),
        }
        Ok(())
    }

    /// A backslash outside of quotes takes the meaning from what follows; a line end behind it is nothing.
    fn escaped(&mut self, word: &mut String, key: &str) -> Result<(), LineFault> {
        match self.next() {
            Some('\n') => {}
            Some(character) => word.push(character),
            None => return Err(LineFault::Escape(key.to_owned())),
        }
        Ok(())
    }

    /// `$'…'`, in which bash's `export -p` writes line ends.
    fn ansi(&mut self, word: &mut String, key: &str) -> Result<(), LineFault> {
        loop {
            match self.next() {
                Some('\'') => return Ok(()),
                Some('\\') => word.push(match self.next() {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some('E' | 'e') => '\u{1b}',
                    Some(character @ ('\\' | '\'' | '"' | '?')) => character,
                    _ => return Err(LineFault::Escape(key.to_owned())),
                }),
                Some(character) => word.push(character),
                None => return Err(LineFault::Open(key.to_owned())),
            }
        }
    }

    /// Whether a shell would expand the `$` just read.
    fn expands(&mut self) -> bool {
        let begins = |character: &char| character.is_ascii_alphanumeric() || "_{([@*#?$!-'\"".contains(*character);
        self.escapes == Escapes::Shell && self.rest.peek().is_some_and(begins)
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        self.line += usize::from(character == '\n');
        Some(character)
    }

    fn skip_while(&mut self, is_skipped: fn(char) -> bool) {
        while self.rest.next_if(|character| is_skipped(*character)).is_some() {}
    }
}

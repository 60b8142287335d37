//! The comment right above a variable, and where variables stand in a file of dotenv's form.

use crate::dotenv::Document;

/// A variable and what is written above it.
pub(super) struct Commented {
    pub(super) name: String,
    /// Its line, from 1.
    pub(super) line: usize,
    pub(super) value: secrecy::SecretString,
    /// Whether quotes are around the value.
    pub(super) is_quoted: bool,
    /// The lines of the comment without `#`, with their indentation.
    pub(super) comment: Vec<String>,
    /// The comment behind the value, without `#`.
    pub(super) behind: Option<String>,
}

/// Every variable of a text, each once.
pub(super) fn variables(text: &str) -> Vec<Commented> {
    let document = Document::parse(text.as_bytes());
    let lines: Vec<&str> = text.lines().collect();
    let mut found: Vec<Commented> = Vec::new();
    for assignment in document.assignments() {
        if found.iter().any(|known| known.name == assignment.key) {
            continue;
        }
        let above = lines.get(..assignment.line - 1).unwrap_or_default();
        let mut comment: Vec<String> = above
            .iter()
            .rev()
            .map_while(|line| line.trim_start().strip_prefix('#'))
            .map(|line| line.trim_end().to_owned())
            .collect();
        comment.reverse();
        found.push(Commented {
            name: assignment.key.clone(),
            line: assignment.line,
            value: assignment.value.clone(),
            is_quoted: assignment.style != crate::dotenv::Style::Bare,
            comment,
            behind: lines.get(assignment.line - 1).and_then(|line| behind(line)).map(str::to_owned),
        });
    }
    found
}

/// What stands behind a `#` that is neither inside quotes nor inside a word.
fn behind(line: &str) -> Option<&str> {
    let mut quote = None;
    let mut previous = ' ';
    for (place, character) in line.char_indices() {
        match quote {
            Some(open) if character == open => quote = None,
            None if matches!(character, '"' | '\'' | '`') => quote = Some(character),
            None if character == '#' && previous.is_whitespace() => return line.get(place + 1..),
            Some(_) | None => {}
        }
        previous = character;
    }
    None
}

//! Lists whose values go up to the line end, without quotes.

use super::{ImportError, LineFault, is_dotted_name};
use crate::dotenv::Entry;

/// As `docker run --env-file` does: blanks in front and lines of comments do not count, blanks at the end do.
pub(super) fn raw(text: &str) -> Result<Vec<Entry>, ImportError> {
    let lines = numbered(text, true).map(|(number, line)| (number, line.trim_start()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(number, line)| assignment(number, line)).collect()
}

/// As GitHub's runner reads `$GITHUB_ENV`.
pub(super) fn github(text: &str) -> Result<Vec<Entry>, ImportError> {
    // A block may hold a carriage return of its own, unless all lines end in one.
    let is_crlf = text.ends_with('\n') && text.matches('\n').count() == text.matches("\r\n").count();
    let mut lines = numbered(text, is_crlf);
    let mut entries = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let Some((key, delimiter)) = block(line) else {
            entries.push(assignment(number, line)?);
            continue;
        };
        let key = name(number, key)?;
        if delimiter.is_empty() {
            return Err(ImportError::line(number, LineFault::Block(key)));
        }
        let mut value = Vec::new();
        loop {
            match lines.next() {
                Some((_, line)) if line == delimiter => break,
                Some((_, line)) => value.push(line),
                None => return Err(ImportError::line(number, LineFault::Block(key))),
            }
        }
        entries.push(Entry { key, value: value.join("\n").into() });
    }
    Ok(entries)
}

/// `K<<DELIMITER`, where no `=` comes first.
fn block(line: &str) -> Option<(&str, &str)> {
    line.split_once("<<").filter(|(key, _)| !key.contains('='))
}

fn assignment(number: usize, line: &str) -> Result<Entry, ImportError> {
    let (key, value) = line.split_once('=').ok_or_else(|| ImportError::line(number, LineFault::NoAssignment))?;
    Ok(Entry { key: name(number, key)?, value: value.to_owned().into() })
}

fn name(number: usize, key: &str) -> Result<String, ImportError> {
    // What is no name may be a piece of a value, so it is not shown.
    if is_dotted_name(key) { Ok(key.to_owned()) } else { Err(ImportError::line(number, LineFault::Name)) }
}

/// Lines with their numbers from 1, without `\n`, and without `\r` before it where that is a part of the line end.
fn numbered(text: &str, is_crlf: bool) -> impl Iterator<Item = (usize, &str)> {
    let whole = text.strip_suffix('\n').unwrap_or(text);
    (1..).zip(whole.split('\n').map(move |line| line.strip_suffix('\r').filter(|_| is_crlf).unwrap_or(line)))
}

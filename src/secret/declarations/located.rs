//! TOML with the lines things stand on. What is wrong is told by file, line and key; the library's own messages quote values.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::TextFile;
use crate::diagnostic::{Diagnostic, Place};

/// Reads a file; what is no TOML is told by its place.
pub(super) fn parse(file: &TextFile) -> Result<Spanned<DeTable<'_>>, Diagnostic> {
    DeTable::parse(&file.text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let before = file.text.get(..offset).unwrap_or_default();
        let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
        let message = format!("this is no valid TOML from column {column} on");
        Diagnostic::error(place(file, offset), "unreadable-file", message)
            .hint("correct this line; until then the file says nothing")
    })
}

/// The place of an offset.
pub(super) fn place(file: &TextFile, offset: usize) -> Place {
    let before = file.text.get(..offset).unwrap_or_default();
    Place::new(&file.name, before.matches('\n').count() + 1)
}

/// A table inside a table.
pub(super) fn table<'a, 'i>(parent: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    parent.get(key)?.get_ref().as_table()
}

/// The fields of one variable.
pub(super) struct Fields<'a> {
    pub(super) file: &'a TextFile,
    /// The variable, as messages name it.
    pub(super) owner: &'a str,
    pub(super) table: &'a DeTable<'a>,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Fields<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a DeValue<'a>> {
        self.table.get(key).map(Spanned::get_ref)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = self.get(key)?.as_str().map(str::to_owned);
        self.told(key, "a text", text)
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let flag = self.get(key)?.as_bool();
        self.told(key, "`true` or `false`", flag)
    }

    pub(super) fn list(&mut self, key: &str) -> Option<Vec<String>> {
        let texts = texts(self.get(key)?);
        self.told(key, "a list of texts", texts)
    }

    /// Says that a field is not what it should be.
    pub(super) fn wrong(&mut self, key: &str, expected: &str) {
        let message = format!("`{key}` of `{}` should be {expected}", self.owner);
        self.report(key, "wrong-field", message);
    }

    /// Says something of a field.
    pub(super) fn report(&mut self, key: &str, code: &'static str, message: String) {
        let offset = self.table.get(key).map_or(0, |value| value.span().start);
        self.diagnostics.push(Diagnostic::error(place(self.file, offset), code, message));
    }

    fn told<T>(&mut self, key: &str, expected: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.wrong(key, expected);
        }
        value
    }
}

/// The texts of a list; `None` when it is no list of texts.
pub(super) fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
}

/// A number that is not negative.
pub(super) fn number(value: &DeValue<'_>) -> Option<usize> {
    let integer = value.as_integer()?;
    usize::from_str_radix(integer.as_str(), integer.radix()).ok()
}

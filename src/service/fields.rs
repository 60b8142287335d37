//! Reads a table of a service field by field and remembers what is wrong, so that a person sees all of it at once.
//!
//! Which names a table knows is said by [`super::field`], nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use toml::{Table, Value};

use super::command::Command;
use super::error::ServiceError;
use super::secret_use::SecretUse;
use super::{field, quantity};
use crate::error::did_you_mean;

/// Whether texts are what they are, or what a template makes them from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// As in `nixstart.toml`.
    Rendered,
    /// As in `template.toml`: a text with `{{` can become anything.
    Templates,
}

/// What is remembered while a service is read.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    pub(super) service: &'s str,
    pub(super) texts: Texts,
    pub(super) errors: Vec<ServiceError>,
    /// The fields that are there, as rows of [`field::FIELDS`].
    pub(super) declared: BTreeSet<String>,
}

/// A table of a service.
#[derive(Debug)]
pub(super) struct Fields<'r, 's> {
    reader: &'r mut Reader<'s>,
    path: String,
    row: String,
    table: &'r Table,
}

/// A value in a table of a service.
#[derive(Debug)]
pub(super) struct Entry<'r, 's> {
    reader: &'r mut Reader<'s>,
    path: String,
    row: String,
    /// The last part of `path`.
    name: &'r str,
    value: &'r Value,
}

impl<'r, 's> Fields<'r, 's> {
    /// The table of a whole service.
    pub(super) fn of_service(reader: &'r mut Reader<'s>, table: &'r Table) -> Self {
        Self::new(reader, String::new(), String::new(), table)
    }

    fn new(reader: &'r mut Reader<'s>, path: String, row: String, table: &'r Table) -> Self {
        let known: Vec<&str> = field::below(&row).collect();
        for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
            let hint = did_you_mean(key, known.iter().copied());
            let field = joined(&path, key);
            reader.errors.push(ServiceError::UnknownField { service: reader.service.to_owned(), field, hint });
        }
        Self { reader, path, row, table }
    }

    /// Whether a field is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Remembers that the table itself is wrong.
    pub(super) fn wrong(&mut self, expected: &'static str) {
        self.reader.wrong(self.path.clone(), expected);
    }

    /// Remembers that a field is wrong.
    pub(super) fn wrong_field(&mut self, key: &str, expected: &'static str) {
        self.reader.wrong(joined(&self.path, key), expected);
    }

    /// Remembers that nothing says what to run.
    pub(super) fn nothing_to_run(&mut self) {
        self.reader.errors.push(ServiceError::NothingToRun { service: self.reader.service.to_owned() });
    }

    fn entry(&mut self, key: &str) -> Option<Entry<'_, 's>> {
        let (name, value) = self.table.get_key_value(key)?;
        let row = joined(&self.row, key);
        self.reader.declared.insert(row.clone());
        if self.reader.is_template(value) {
            return None;
        }
        Some(Entry { reader: self.reader, path: joined(&self.path, key), row, name, value })
    }

    /// A value that is read from TOML.
    pub(super) fn get<T>(&mut self, key: &str, expected: &'static str, parse: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        self.entry(key)?.read(expected, parse)
    }

    /// A value that is read from a text.
    pub(super) fn word<T>(&mut self, key: &str, expected: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.get(key, expected, |value| value.as_str().and_then(parse))
    }

    /// A text that says something.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.get(key, "a string", text_of)
    }

    /// A text that has to be there.
    pub(super) fn required_text(&mut self, key: &str) -> Option<String> {
        self.need(key, "a string");
        self.text(key)
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.get(key, "`true` or `false`", Value::as_bool)
    }

    /// A time that may be none.
    pub(super) fn duration(&mut self, key: &str) -> Option<Duration> {
        self.word(key, quantity::DURATION, quantity::duration)
    }

    /// A time that may not be none.
    pub(super) fn positive_duration(&mut self, key: &str) -> Option<Duration> {
        let positive = |text: &str| quantity::duration(text).filter(|duration| !duration.is_zero());
        self.word(key, quantity::POSITIVE_DURATION, positive)
    }

    /// A number from 1.
    pub(super) fn count(&mut self, key: &str) -> Option<u32> {
        self.get(key, "a number from 1", |value| u32::try_from(value.as_integer()?).ok().filter(|count| *count > 0))
    }

    /// A port.
    pub(super) fn port(&mut self, key: &str) -> Option<u16> {
        self.get(key, PORT, port_of)
    }

    /// A port that has to be there.
    pub(super) fn required_port(&mut self, key: &str) -> Option<u16> {
        self.need(key, PORT);
        self.port(key)
    }

    /// A user or a group: a name or a number.
    pub(super) fn account(&mut self, key: &str) -> Option<String> {
        self.get(key, "a name or a number", |value| match value {
            Value::Integer(number) => u32::try_from(*number).ok().map(|number| number.to_string()),
            _ => text_of(value),
        })
    }

    /// A path in the project.
    pub(super) fn path(&mut self, key: &str) -> Option<Utf8PathBuf> {
        path_in_project(&mut self.entry(key)?)
    }

    /// A path in the project that has to be there.
    pub(super) fn required_path(&mut self, key: &str) -> Option<Utf8PathBuf> {
        self.need(key, "a path");
        self.path(key)
    }

    /// A command.
    pub(super) fn command(&mut self, key: &str) -> Option<Command> {
        self.get(key, Command::EXPECTED, Command::parse)
    }

    /// One shell command, or a list of commands.
    pub(super) fn commands(&mut self, key: &str) -> Vec<Command> {
        self.list(key, |entry| entry.read(Command::EXPECTED, Command::parse))
    }

    /// One text or a list of texts.
    pub(super) fn texts(&mut self, key: &str) -> Vec<String> {
        self.list(key, |entry| entry.read("a string", text_of))
    }

    /// A list whose values are read one by one. What is no list is a list of one.
    pub(super) fn list<T>(&mut self, key: &str, mut read: impl FnMut(&mut Entry<'_, 's>) -> Option<T>) -> Vec<T> {
        let Some(mut entry) = self.entry(key) else { return Vec::new() };
        let Value::Array(values) = entry.value else { return read(&mut entry).into_iter().collect() };
        let mut items = Vec::new();
        for value in values {
            if entry.reader.is_template(value) {
                continue;
            }
            items.extend(read(&mut Entry {
                reader: entry.reader,
                path: entry.path.clone(),
                row: entry.row.clone(),
                name: entry.name,
                value,
            }));
        }
        items
    }

    /// A table from names to values that are read one by one.
    pub(super) fn map<T>(&mut self, key: &str, mut read: impl FnMut(&mut Entry<'_, 's>) -> Option<T>) -> BTreeMap<String, T> {
        let Some(mut entry) = self.entry(key) else { return BTreeMap::new() };
        let Some(table) = entry.read("a table", Value::as_table) else { return BTreeMap::new() };
        let row = joined(&entry.row, "*");
        let mut items = BTreeMap::new();
        for (name, value) in table {
            if entry.reader.is_template(value) {
                continue;
            }
            let path = joined(&entry.path, name);
            let item = read(&mut Entry { reader: entry.reader, path, row: row.clone(), name, value });
            items.extend(item.map(|item| (name.clone(), item)));
        }
        items
    }

    /// A table with fields of its own.
    pub(super) fn table<T>(&mut self, key: &str, read: impl FnOnce(&mut Fields<'_, 's>) -> T) -> Option<T> {
        self.entry(key)?.table(read)
    }

    fn need(&mut self, key: &str, expected: &'static str) {
        if !self.has(key) {
            self.wrong_field(key, expected);
        }
    }
}

impl<'r, 's> Entry<'r, 's> {
    /// The value as it is.
    pub(super) fn value(&self) -> &'r Value {
        self.value
    }

    /// Reads the value, or remembers what it would have to be.
    pub(super) fn read<T>(&mut self, expected: &'static str, parse: impl FnOnce(&'r Value) -> Option<T>) -> Option<T> {
        let parsed = parse(self.value);
        if parsed.is_none() {
            self.reader.wrong(self.path.clone(), expected);
        }
        parsed
    }

    /// Reads a table with fields of its own.
    pub(super) fn table<T>(&mut self, read: impl FnOnce(&mut Fields<'_, 's>) -> T) -> Option<T> {
        let table = self.read("a table", Value::as_table)?;
        Some(read(&mut Fields::new(self.reader, self.path.clone(), self.row.clone(), table)))
    }
}

impl Reader<'_> {
    fn wrong(&mut self, field: String, expected: &'static str) {
        self.errors.push(ServiceError::WrongValue { service: self.service.to_owned(), field, expected });
    }

    fn is_template(&self, value: &Value) -> bool {
        self.texts == Texts::Templates && value.as_str().is_some_and(|text| text.contains("{{"))
    }
}

/// Reads a text, a number or a truth value as a text.
pub(super) fn plain(entry: &mut Entry<'_, '_>) -> Option<String> {
    entry.read("a string, a whole number, `true` or `false`", |value| match value {
        Value::String(text) => (!text.contains('\0')).then(|| text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    })
}

/// Reads a path that stays in the project.
pub(super) fn path_in_project(entry: &mut Entry<'_, '_>) -> Option<Utf8PathBuf> {
    let text = entry.read("a path", text_of)?;
    let path = Utf8PathBuf::from(&text);
    if leaves_project(&path) {
        let (service, field) = (entry.reader.service.to_owned(), entry.path.clone());
        entry.reader.errors.push(ServiceError::LeavesProject { service, field, path: text });
        return None;
    }
    Some(path)
}

/// Reads the value of a variable, whose name is the last part of the field's.
pub(super) fn variable(entry: &mut Entry<'_, '_>) -> Option<String> {
    check_variable_name(entry);
    plain(entry)
}

/// Reads how a service gets the secret that the field is named after.
pub(super) fn secret(entry: &mut Entry<'_, '_>) -> Option<SecretUse> {
    check_variable_name(entry);
    entry.table(SecretUse::read)
}

fn check_variable_name(entry: &mut Entry<'_, '_>) {
    if !is_variable_name(entry.name) {
        let (service, field) = (entry.reader.service.to_owned(), entry.path.clone());
        entry.reader.errors.push(ServiceError::VariableName { service, field });
    }
}

/// What a port has to be.
const PORT: &str = "a port from 1 to 65535";

/// Reads a port: a number, or its digits, as compose and templates have them.
pub(super) fn port_of(value: &Value) -> Option<u16> {
    let port = match value {
        Value::Integer(number) => u16::try_from(*number).ok(),
        Value::String(digits) if digits.chars().all(|c| c.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    port.filter(|port| *port != 0)
}

/// Reads permission bits: three or four octal digits.
pub(super) fn mode_of(text: &str) -> Option<u32> {
    let is_octal = matches!(text.len(), 3 | 4) && text.chars().all(|c| c.is_digit(8));
    is_octal.then(|| u32::from_str_radix(text, 8).ok()).flatten()
}

/// Reads a text, which may be empty.
pub(super) fn any_text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.contains('\0')).map(str::to_owned)
}

fn text_of(value: &Value) -> Option<String> {
    any_text(value).filter(|text| !text.is_empty())
}

fn is_variable_name(name: &str) -> bool {
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_word && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Whether a path is absolute or goes above where it starts.
fn leaves_project(path: &Utf8Path) -> bool {
    let mut depth = 0_usize;
    for component in path.components() {
        match component {
            Utf8Component::Prefix(_) | Utf8Component::RootDir => return true,
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => match depth.checked_sub(1) {
                None => return true,
                Some(above) => depth = above,
            },
            Utf8Component::Normal(_) => depth += 1,
        }
    }
    false
}

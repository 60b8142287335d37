//! `team/recipients.toml`: who can open the sealed files of a project. Public keys only; committed, so that a change of it is
//! seen in review. What people write into it beside our fields stays.

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};
use toml_edit::{Array, ArrayOfTables, Document, DocumentMut, Item, Table, Value, value};

use super::recipient::Recipient;
use crate::error::did_you_mean;
use crate::file_tree::hex;

/// Where the list is in a project.
pub const PATH: &str = "team/recipients.toml";
/// The newest format that is understood.
const FORMAT: i64 = 1;
const HEAD: &str = "\
# Who can open the files of team/env. The keys are public; compare a fingerprint with its owner before you trust it.
# Written by `nixstart env share`, `recipients` and `revoke`.
format = 1
";

/// Somebody a project's files are sealed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What the team calls them.
    pub name: String,
    /// Their keys; several where somebody has several.
    pub keys: Vec<Recipient>,
    /// The day they were added, such as `2026-11-21`.
    pub added: String,
}

/// The list and the text it came from.
#[derive(Debug, Clone)]
pub struct Recipients {
    /// The text as it was read, as long as nothing is changed: the editor would normalise its line ends.
    untouched: Option<String>,
    /// Whether its lines end as on Windows; the editor knows only the other way.
    is_crlf: bool,
    document: DocumentMut,
    project: Option<String>,
    members: Vec<Member>,
}

/// What is wrong with the list. A line is counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RecipientsError {
    /// The line.
    pub line: usize,
    /// What is wrong, with the field it is in.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Why somebody cannot be added or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The name is taken.
    #[error("`{name}` is a recipient already, with another key: {keys}")]
    OtherKey {
        /// The name.
        name: String,
        /// The keys that are there.
        keys: String,
    },
    /// The key is somebody else's.
    #[error("`{owner}` has this key already: {key}")]
    OtherName {
        /// Who has it.
        owner: String,
        /// The key.
        key: String,
    },
    /// Nobody has the name.
    #[error("nobody is called `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// A name that is near.
        near: Option<String>,
    },
}

impl Default for Recipients {
    fn default() -> Self {
        Self { untouched: None, is_crlf: false, document: HEAD.parse().unwrap_or_default(), project: None, members: Vec::new() }
    }
}

impl fmt::Display for Recipients {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.untouched {
            Some(text) => formatter.write_str(text),
            None if self.is_crlf => formatter.write_str(&self.document.to_string().replace("\r\n", "\n").replace('\n', "\r\n")),
            None => self.document.fmt(formatter),
        }
    }
}

impl Recipients {
    /// Reads the text of the list.
    pub fn parse(text: &str) -> Result<Self, RecipientsError> {
        let at = Lines(text);
        if let Some(offset) = conflict(text) {
            let hint = "keep the entries of both sides, delete the marks of git, and run `nixstart env share` again";
            return Err(at.error(Some(offset), "two branches have changed the list", hint));
        }
        let document = Document::parse(text).map_err(|error| {
            let offset = error.span().map(|span| span.start);
            at.error(offset, error.message().lines().next().unwrap_or_default(), "mend the TOML by hand")
        })?;
        let format = document.get("format");
        if format.is_some_and(|format| format.as_integer().is_none_or(|format| !(1..=FORMAT).contains(&format))) {
            let span = format.and_then(Item::span).map(|span| span.start);
            return Err(at.error(
                span,
                "`format` is none that this nixstart knows",
                "use the version that wrote it, or a newer one",
            ));
        }
        let project = optional_text(&document, "project", at)?;
        let members = members(document.get("recipient"), at)?;
        let is_crlf = text.contains("\r\n");
        Ok(Self { untouched: Some(text.to_owned()), is_crlf, project, members, document: document.into_mut() })
    }

    /// The name that sealed files give the project.
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// Everybody, in the order of the list.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &Recipient> {
        self.members.iter().flat_map(|member| &member.keys)
    }

    /// A member by name.
    pub fn find(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// SHA-256 of all keys in order, in hexadecimal. Names and comments do not count.
    pub fn digest(&self) -> String {
        let keys: BTreeSet<&str> = self.keys().map(Recipient::as_str).collect();
        hex(&Sha256::digest(keys.into_iter().collect::<Vec<_>>().join("\n")))
    }

    /// The list with a name for the project.
    #[must_use]
    pub fn with_project(mut self, project: &str) -> Self {
        self.untouched = None;
        self.document.insert("project", value(project));
        self.project = Some(project.to_owned());
        self
    }

    /// The list with somebody. `None` when they are in it with these keys.
    pub fn with(&self, member: Member) -> Result<Option<Self>, MemberError> {
        for key in &member.keys {
            if let Some(owner) = self.members.iter().find(|other| other.name != member.name && other.keys.contains(key)) {
                return Err(MemberError::OtherName { owner: owner.name.clone(), key: key.to_string() });
            }
        }
        if let Some(known) = self.find(&member.name) {
            let is_known = member.keys.iter().all(|key| known.keys.contains(key));
            let keys = known.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return if is_known { Ok(None) } else { Err(MemberError::OtherKey { name: member.name, keys }) };
        }
        let mut changed = Self { untouched: None, ..self.clone() };
        let list = changed.document.entry("recipient").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(list) = list.as_array_of_tables_mut() {
            list.push(entry(&member));
        }
        changed.members.push(member);
        Ok(Some(changed))
    }

    /// The list without somebody.
    pub fn without(&self, name: &str) -> Result<Self, MemberError> {
        let mut changed = Self { untouched: None, ..self.clone() };
        let unknown = || MemberError::Unknown {
            name: name.to_owned(),
            near: did_you_mean(name, self.members.iter().map(|member| member.name.as_str())),
        };
        let index = self.members.iter().position(|member| member.name == name).ok_or_else(unknown)?;
        changed.members.remove(index);
        if let Some(list) = changed.document.get_mut("recipient").and_then(Item::as_array_of_tables_mut) {
            list.remove(index);
        }
        Ok(changed)
    }
}

/// Checks what a team wants to call somebody.
pub fn parse_name(name: &str) -> Result<&str, String> {
    let name = name.trim();
    let is_plain = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-' | '@' | '+');
    if name.is_empty() || name.chars().count() > 64 || !name.chars().all(is_plain) || name.starts_with('-') {
        return Err("a name is one word of letters, digits and `._-@+`".to_owned());
    }
    Ok(name)
}

fn entry(member: &Member) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    let fingerprints: Vec<String> = member.keys.iter().filter_map(Recipient::fingerprint).collect();
    table.insert("name", value(&member.name));
    table.insert("key", one_or_many(member.keys.iter().map(Recipient::as_str)));
    if !fingerprints.is_empty() {
        table.insert("fingerprint", one_or_many(fingerprints.iter().map(String::as_str)));
    }
    table.insert("added", value(&member.added));
    table
}

fn one_or_many<'a>(mut texts: impl ExactSizeIterator<Item = &'a str>) -> Item {
    if texts.len() == 1 {
        return value(texts.next().unwrap_or_default());
    }
    let mut array: Array = texts.collect();
    array.iter_mut().for_each(|item| item.decor_mut().set_prefix("\n    "));
    array.set_trailing_comma(true);
    array.set_trailing("\n");
    value(array)
}

/// A text in which places are found again by their line.
#[derive(Clone, Copy)]
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn error(self, offset: Option<usize>, message: impl Into<String>, hint: impl Into<String>) -> RecipientsError {
        let above = self.0.get(..offset.unwrap_or_default()).unwrap_or_default();
        RecipientsError { line: above.matches('\n').count() + 1, message: message.into(), hint: hint.into() }
    }
}

/// Where git has left the marks of a conflict.
fn conflict(text: &str) -> Option<usize> {
    let is_mark = |line: &str| ["<<<<<<< ", ">>>>>>> "].iter().any(|mark| line.starts_with(mark));
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if is_mark(line) {
            return Some(offset);
        }
        offset += line.len();
    }
    None
}

fn members(list: Option<&Item>, at: Lines<'_>) -> Result<Vec<Member>, RecipientsError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let Some(tables) = list.as_array_of_tables() else {
        let hint = "each recipient is a section `[[recipient]]` of its own";
        return Err(at.error(list.span().map(|span| span.start), "`recipient` is no list of sections", hint));
    };
    let mut members: Vec<Member> = Vec::new();
    for table in tables {
        let member = member(table, at)?;
        let here = table.span().map(|span| span.start);
        if members.iter().any(|known| known.name == member.name) {
            let hint = "give one of them another name, or put both keys into one entry: `key = [\"…\", \"…\"]`";
            return Err(at.error(here, format!("there are two recipients called `{}`", member.name), hint));
        }
        let owner = members.iter().find(|known| known.keys.iter().any(|key| member.keys.contains(key)));
        if let Some(owner) = owner {
            let message = format!("`{}` has the same key as `{}`", member.name, owner.name);
            return Err(at.error(here, message, "delete one of the two entries"));
        }
        members.push(member);
    }
    Ok(members)
}

fn member(table: &Table, at: Lines<'_>) -> Result<Member, RecipientsError> {
    let here = table.span().map(|span| span.start);
    let place = |field: &str| table.get(field).and_then(Item::span).map(|span| span.start).or(here);
    let name = texts(table, "name", at)?.pop().unwrap_or_default();
    let name =
        parse_name(&name).map_err(|why| at.error(place("name"), format!("`name`: {why}"), "write a name into it"))?.to_owned();
    let mut keys = Vec::new();
    for text in texts(table, "key", at)? {
        let key = Recipient::parse(&text)
            .map_err(|why| at.error(place("key"), format!("`key` of `{name}`: {}", why.message), why.hint))?;
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(at.error(
            here,
            format!("`{name}` has no `key`"),
            format!("give it one with `nixstart env share --name {name} --to …`"),
        ));
    }
    let expected: Vec<String> = keys.iter().filter_map(Recipient::fingerprint).collect();
    if table.contains_key("fingerprint") && texts(table, "fingerprint", at)? != expected {
        let hint = format!(
            "ask `{name}` for the fingerprint of their key, which is {} if the key is right; somebody has changed one of the two",
            expected.join(", ")
        );
        return Err(at.error(place("fingerprint"), format!("`fingerprint` of `{name}` is not that of `key`"), hint));
    }
    let added = table.get("added").map(|added| added.as_str().map_or_else(|| added.to_string(), str::to_owned));
    Ok(Member { name, keys, added: added.unwrap_or_default().trim().to_owned() })
}

/// A field that is a text or a list of texts.
fn texts(table: &Table, field: &str, at: Lines<'_>) -> Result<Vec<String>, RecipientsError> {
    let Some(item) = table.get(field) else { return Ok(Vec::new()) };
    let wrong = || at.error(item.span().map(|span| span.start), format!("`{field}` is no text"), "put it into quotes");
    match item.as_value() {
        Some(Value::String(text)) => Ok(vec![text.value().clone()]),
        Some(Value::Array(list)) if field != "name" => {
            list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

fn optional_text(table: &Table, field: &str, at: Lines<'_>) -> Result<Option<String>, RecipientsError> {
    Ok(texts(table, field, at)?.pop())
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::super::recipient::tests::ssh;
    use super::*;

    const AGE: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

    fn member(name: &str, keys: &[&str]) -> Member {
        let keys = keys.iter().map(|key| Recipient::parse(key).unwrap()).collect();
        Member { name: name.into(), keys, added: "2026-11-21".into() }
    }

    fn key(byte: u8) -> String {
        ssh("ssh-ed25519", &[&[byte; 32]])
    }

    fn error(text: &str) -> RecipientsError {
        Recipients::parse(text).unwrap_err()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let list = Recipients::default().with_project("bot-1a2b");
        let list = list.with(member("alice", &[&key(1), &key(2)])).unwrap().unwrap();
        let list = list.with(member("bob", &[AGE])).unwrap().unwrap();
        let read = Recipients::parse(&list.to_string()).unwrap();
        assert_eq!((read.members(), read.project()), (list.members(), Some("bot-1a2b")));
        assert_eq!(read.digest(), list.digest());
        assert_eq!(
            list.to_string().split_once("format = 1\n").unwrap().1,
            format!(
                "project = \"bot-1a2b\"\n\n[[recipient]]\nname = \"alice\"\nkey = [\n    \"{}\",\n    \"{}\",\n]\nfingerprint = [\n    \
                 \"{}\",\n    \"{}\",\n]\nadded = \"2026-11-21\"\n\n[[recipient]]\nname = \"bob\"\nkey = \"{AGE}\"\nadded = \
                 \"2026-11-21\"\n",
                key(1),
                key(2),
                Recipient::parse(&key(1)).unwrap().fingerprint().unwrap(),
                Recipient::parse(&key(2)).unwrap().fingerprint().unwrap()
            )
        );
    }

    #[test]
    fn what_people_wrote_stays() {
        let text = format!(
            "# ours\nformat=1 # one\n\n# the boss\n[[recipient]]\nname = 'alice'\nkey = '{} alice@laptop'\nteam = 'core'\n\n\
             [[recipient]]\nadded = 2026-11-20\nkey = '{AGE}' # her laptop\nname = 'carol'\n",
            key(1)
        );
        let list = Recipients::parse(&text).unwrap();
        assert_eq!(list.members()[1].added, "2026-11-20");
        let grown = list.with(member("bob", &[&key(2)])).unwrap().unwrap();
        assert!(grown.to_string().starts_with(&text), "{grown}");
        assert_eq!(grown.without("bob").unwrap().to_string(), text);
        let windows = text.replace('\n', "\r\n");
        let grown = Recipients::parse(&windows).unwrap().with(member("bob", &[&key(2)])).unwrap().unwrap().to_string();
        assert!(grown.starts_with(&windows) && grown.matches('\n').count() == grown.matches("\r\n").count(), "{grown}");
        assert_eq!(list.without("carol").unwrap().to_string(), text.split_once("\n[[recipient]]\nadded").unwrap().0);
    }

    #[test]
    fn names_and_keys_belong_to_one_person() {
        let list = Recipients::default().with(member("alice", &[&key(1)])).unwrap().unwrap();
        assert_eq!(list.with(member("alice", &[&key(1)])).unwrap().map(|_| ()), None);
        assert!(matches!(list.with(member("alice", &[&key(2)])), Err(MemberError::OtherKey { .. })));
        assert!(matches!(list.with(member("bob", &[&key(1)])), Err(MemberError::OtherName { .. })));
        let Err(MemberError::Unknown { near, .. }) = list.without("alise") else { panic!("it was removed") };
        assert_eq!(near.as_deref(), Some("did you mean `alice`?"));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let alice = format!("[[recipient]]\nname = 'alice'\nkey = '{}'\n", key(1));
        let cases = [
            ("format = 2\n".to_owned(), 1, "`format` is none"),
            ("a = 1\nb = \n".to_owned(), 2, ""),
            ("recipient = 1\n".to_owned(), 1, "no list of sections"),
            (format!("{alice}{alice}"), 4, "two recipients called `alice`"),
            (format!("{alice}{}", alice.replace("'alice'", "'bob'")), 4, "`bob` has the same key as `alice`"),
            (alice.replace("ssh-ed25519 ", "ssh-ed25519 A"), 3, "`key` of `alice`: "),
            ("[[recipient]]\nname = 'a b'\n".to_owned(), 2, "`name`: a name is one word"),
            ("[[recipient]]\nname = 'a'\n".to_owned(), 1, "`a` has no `key`"),
            ("[[recipient]]\nname = 7\n".to_owned(), 2, "`name` is no text"),
            (format!("{alice}fingerprint = 'SHA256:x'\n"), 4, "`fingerprint` of `alice` is not that of `key`"),
            (format!("format = 1\n<<<<<<< HEAD\n{alice}=======\n>>>>>>> x\n"), 2, "two branches"),
        ];
        for (text, line, message) in cases {
            let error = error(&text);
            assert!(error.line == line && error.message.contains(message), "{text}: {error:?}");
        }
    }

    #[test]
    fn the_digest_is_of_the_keys_alone() {
        let list = Recipients::default();
        let one = list.with(member("alice", &[&key(1)])).unwrap().unwrap().with(member("bob", &[&key(2)])).unwrap().unwrap();
        let other = list.with(member("x", &[&format!("{} c", key(2)), &key(1)])).unwrap().unwrap();
        assert_eq!(one.digest(), other.digest());
        assert_ne!(one.digest(), one.without("bob").unwrap().digest());
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_a_mistake_on_one_of_its_lines(text in "(\\[\\[recipient\\]\\]|\n|name = |key = |'a'|\"|1|format = |<<<<<<< |#|ü|\\[|\\]|\r\n|\t){0,25}") {
            match Recipients::parse(&text) {
                Ok(list) => prop_assert_eq!(list.to_string(), text),
                Err(error) => prop_assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1, "{:?}", error),
            }
        }

        #[test]
        fn whoever_is_added_is_read_back_and_gone_when_removed(
            head in prop::sample::select(vec!["", "# ours\n", "format = 1\n", "x = 1 # c\n\n[other]\na = 1\n", "[[other]]\na = 1\n"]),
            names in prop::collection::btree_set("[a-z]{1,6}", 1..4),
        ) {
            let mut list = Recipients::parse(head).unwrap();
            for (index, name) in names.iter().enumerate() {
                list = list.with(member(name, &[&key(u8::try_from(index).unwrap())])).unwrap().unwrap();
            }
            let read = Recipients::parse(&list.to_string()).unwrap();
            prop_assert_eq!(read.members(), list.members());
            prop_assert!(list.to_string().contains(head.trim_end()));
            let emptied = names.iter().fold(read, |list, name| list.without(name).unwrap());
            prop_assert!(Recipients::parse(&emptied.to_string()).unwrap().members().is_empty());
            let text = emptied.to_string();
            prop_assert_eq!(text.trim_end(), head.trim_end());
        }
    }
}

//! `nixstart.toml`: where a project came from, so that a later update can merge, and what other commands need to know.
//!
//! It holds answers, never secrets, and the git blob id of every rendered file: the base of a three-way merge is then
//! found in the repository itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml_edit::{DocumentMut, Item, Table, value};

use crate::file_tree::FileTree;
use crate::question::{Answer, Answers};
use crate::secret::SecretSpec;

/// The name of the file.
pub const RECORD: &str = "nixstart.toml";

const HEAD: &str = "# Written by nixstart; commit it. It says which template this project came from, so that\n# it can be updated, and what the project needs. It never holds a secret.\n\n";

/// Where a project came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Name of the project, as typed.
    pub project: String,
    /// Name of the template.
    pub template: String,
    /// Version of the template.
    pub template_version: String,
    /// Version of nixstart that rendered it.
    pub nixstart: String,
    /// Where the template was; records before this field do not say.
    pub source: Option<Source>,
    /// Answers given.
    pub answers: Answers,
    /// What was added that there can be any number of; records before this field have none.
    pub parts: Vec<Part>,
    /// Git blob id of every rendered file, by path.
    pub files: BTreeMap<String, String>,
}

/// Something that a project can have any number of, such as an app.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Part {
    /// What it is: the name that the template has for it.
    pub part: String,
    /// Its own name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The port that it listens on.
    #[serde(default)]
    pub port: Option<u16>,
}

/// Where a template was. Two of one name are two templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In nixstart itself.
    BuiltIn,
    /// In a folder.
    Folder,
}

impl Source {
    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Folder => "folder",
        }
    }
}

/// The parts of the file that are read back. Unknown fields are other commands' business.
#[derive(Deserialize)]
struct Form {
    project: ProjectForm,
    template: TemplateForm,
}

#[derive(Deserialize)]
struct ProjectForm {
    name: String,
}

#[derive(Deserialize)]
struct TemplateForm {
    name: String,
    version: String,
    #[serde(default)]
    nixstart: String,
    #[serde(default)]
    source: Option<Source>,
    #[serde(default)]
    answers: Answers,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

impl Record {
    /// Reads the record of a project.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let Form { project, template } = toml::from_str(text)?;
        let TemplateForm { name, version, nixstart, source, answers, parts, files } = template;
        Ok(Self { project: project.name, template: name, template_version: version, nixstart, source, answers, parts, files })
    }

    /// Notes the blob id of every file of a tree.
    #[must_use]
    pub fn with_files(mut self, tree: &FileTree) -> Self {
        self.files = tree.iter().map(|(path, file)| (path.to_string(), file.blob_id())).collect();
        self
    }

    /// The text of `nixstart.toml`, with the declarations of secrets and services that other commands read.
    pub fn to_toml(&self, secrets: &[SecretSpec], services: &toml::Table) -> String {
        let mut document = DocumentMut::new();
        let mut project = Table::new();
        project.insert("name", value(&self.project));
        document.insert("project", Item::Table(project));
        document.insert("template", Item::Table(self.template_table()));
        document.insert("secrets", nested(secrets.iter().map(|secret| (secret.name.clone(), sidecar(secret)))));
        let services = services.iter().map(|(name, fields)| (name.clone(), to_item(fields)));
        document.insert("services", nested(services));
        format!("{HEAD}{document}")
    }

    fn template_table(&self) -> Table {
        let mut table = Table::new();
        table.insert("name", value(&self.template));
        table.insert("version", value(&self.template_version));
        table.insert("nixstart", value(&self.nixstart));
        if let Some(source) = self.source {
            table.insert("source", value(source.word()));
        }
        let mut answers = Table::new();
        for (name, answer) in &self.answers {
            answers.insert(name, answer_item(answer));
        }
        table.insert("answers", Item::Table(answers));
        if !self.parts.is_empty() {
            table.insert("parts", Item::ArrayOfTables(self.parts.iter().map(part_table).collect()));
        }
        let mut files = Table::new();
        for (path, blob) in &self.files {
            files.insert(path, value(blob));
        }
        files.decor_mut().set_prefix("\n# The git blob id of each file as it was rendered.\n");
        table.insert("files", Item::Table(files));
        table
    }
}

fn part_table(part: &Part) -> Table {
    let mut table = Table::new();
    for (key, text) in [("part", &part.part), ("name", &part.name), ("kind", &part.kind)] {
        table.insert(key, value(text));
    }
    if let Some(port) = part.port {
        table.insert("port", value(i64::from(port)));
    }
    table
}

fn answer_item(answer: &Answer) -> Item {
    match answer {
        Answer::Bool(flag) => value(*flag),
        Answer::Text(text) => value(text),
        Answer::List(values) => value(values.iter().collect::<toml_edit::Array>()),
    }
}

/// A table that shows only its sub-tables.
fn nested(tables: impl Iterator<Item = (String, Item)>) -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    for (name, item) in tables {
        table.insert(&name, item);
    }
    Item::Table(table)
}

/// What `secretspec.toml` has no field for.
fn sidecar(secret: &SecretSpec) -> Item {
    let mut table = Table::new();
    table.insert("kind", value(secret.kind.name()));
    table.insert("sensitive", value(secret.sensitive));
    if secret.personal {
        table.insert("personal", value(true));
    }
    if let Some(obtain) = &secret.obtain {
        let steps: toml_edit::Array = obtain.steps.iter().collect();
        let fields: toml_edit::InlineTable =
            [("url", obtain.url.as_str().into()), ("steps", toml_edit::Value::from(steps))].into_iter().collect();
        table.insert("obtain", value(fields));
    }
    let texts = [("pattern", &secret.pattern), ("example", &secret.example), ("verify", &secret.verify)];
    for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?))) {
        table.insert(key, value(text));
    }
    let lists = [("profiles", &secret.profiles), ("scopes", &secret.scopes)];
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        table.insert(key, value(list.iter().collect::<toml_edit::Array>()));
    }
    Item::Table(table)
}

/// A TOML value in the editor's form: the outermost table as a section, what is in it inline.
fn to_item(from: &toml::Value) -> Item {
    match from {
        toml::Value::Table(fields) => {
            let mut table = Table::new();
            for (key, field) in fields {
                table.insert(key, Item::Value(to_inline(field)));
            }
            Item::Table(table)
        }
        other => Item::Value(to_inline(other)),
    }
}

fn to_inline(from: &toml::Value) -> toml_edit::Value {
    match from {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(flag) => (*flag).into(),
        toml::Value::Datetime(moment) => (*moment).into(),
        toml::Value::Array(values) => values.iter().map(to_inline).collect::<toml_edit::Array>().into(),
        toml::Value::Table(fields) => {
            fields.iter().map(|(key, field)| (key.as_str(), to_inline(field))).collect::<toml_edit::InlineTable>().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_tree::{File, RelativePath};

    #[test]
    fn what_is_written_is_read_back() {
        let tree: FileTree = [(RelativePath::parse("a \"b\".txt").unwrap(), File::text("x"))].into_iter().collect();
        let answers = [("extras".to_owned(), Answer::List(vec!["a".into()])), ("yes".to_owned(), Answer::Bool(true))];
        let record = Record {
            project: "my \"bot\"".into(),
            template: "discord-bot".into(),
            template_version: "1.2.3".into(),
            nixstart: "0.1.0".into(),
            source: Some(Source::Folder),
            answers: answers.into_iter().collect(),
            parts: vec![
                Part { part: "app".into(), name: "admin".into(), kind: "web".into(), port: Some(3002) },
                Part { part: "app".into(), name: "jobs".into(), kind: "empty".into(), port: None },
            ],
            files: BTreeMap::new(),
        }
        .with_files(&tree);
        let services: toml::Table = "[bot]\ncommand = ['node', '.']\ndepends_on = { install = 'completed' }".parse().unwrap();
        let secret: SecretSpec =
            toml::from_str("name = 'TOKEN'\ndescription = 'x'\nobtain = { url = 'https://example.org', steps = ['a'] }").unwrap();
        let text = record.to_toml(&[secret], &services);
        assert_eq!(Record::parse(&text).unwrap(), record);
        let parsed: toml::Table = text.parse().unwrap();
        assert_eq!(parsed["template"]["parts"][0]["port"].as_integer(), Some(3002));
        assert_eq!(parsed["services"]["bot"]["depends_on"]["install"].as_str(), Some("completed"));
        assert_eq!(parsed["secrets"]["TOKEN"]["obtain"]["steps"][0].as_str(), Some("a"));
    }
}

//! `template.toml`: what a template is called, asks, writes and needs.

use semver::Version;
use serde::Deserialize;

use super::part::PartSpec;
use crate::dotenv::writer::Reason;
use crate::dotenv::{Unportable, quote};
use crate::file_tree::RelativePath;
use crate::question::{self, Answers, Question, QuestionKind};
use crate::secret::SecretSpec;
use crate::secret::schema::is_variable_name;
use crate::service::{self, Service, ServiceSet};

/// The manifest of a template. `assets/template.schema.json` describes it for editors.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the manifest format; 1.
    pub schema: u32,
    /// Name on the command line, `[a-z][a-z0-9-]*`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// One sentence about the result.
    pub description: String,
    /// Version of the template.
    pub version: Version,
    /// Files that nixstart carries and puts into the project, by name.
    #[serde(default)]
    pub carried: Vec<String>,
    /// What is asked, in order.
    #[serde(default, rename = "question")]
    pub questions: Vec<Question>,
    /// Rules for files; a file without one is always written at its own path.
    #[serde(default, rename = "file")]
    pub files: Vec<FileRule>,
    /// What a project can have any number of.
    #[serde(default, rename = "part")]
    pub parts: Vec<PartSpec>,
    /// Secrets of the project.
    #[serde(default, rename = "secret")]
    pub secrets: Vec<SecretSpec>,
    /// Services of the project, with the fields of [`crate::service`], [`CONDITION`] and [`EACH`].
    #[serde(default)]
    pub services: toml::Table,
    /// What to type next, in order.
    #[serde(default, rename = "next_step")]
    pub next_steps: Vec<NextStep>,
    /// What a project can be given later.
    #[serde(default, rename = "feature")]
    pub features: Vec<Feature>,
}

/// Something that a project can be given later: other answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// What kind of thing it is: the word behind `nixstart add`, `service` or `ci`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it is, as a fragment.
    pub about: String,
    /// The answers of a project that has it.
    pub answers: Answers,
}

/// The field of a service in a manifest that says when a project has it. It is answered when a project is made, so that
/// no project has it.
pub const CONDITION: &str = "when";
/// The field of a service in a manifest that names a kind of part: every part of that kind has one, of its own name.
pub const EACH: &str = "each";

/// A rule for one file or folder below `files/`. The longest path that matches a file wins: one among the rules for its own
/// place, and one among those for each kind of part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// A file, or a folder with a trailing slash.
    pub path: String,
    /// Where it goes, as a Handlebars text; its own path when left out. For a folder this takes the folder's place.
    #[serde(default)]
    pub to: Option<String>,
    /// When it is written, as a Handlebars expression.
    #[serde(default)]
    pub when: Option<String>,
    /// The kind of part that it is for: it is written once for every part of that kind, which the texts see as `part`. What
    /// has only such rules is written for parts alone.
    #[serde(default)]
    pub each: Option<String>,
    /// Whether it gets the executable bits.
    #[serde(default)]
    pub executable: bool,
}

/// Something to type after the project exists.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextStep {
    /// The command, as a Handlebars text.
    pub command: String,
    /// What it does, as a fragment.
    pub about: String,
    /// When it is shown, as a Handlebars expression; `host.nix` and the like say which tools exist.
    #[serde(default)]
    pub when: Option<String>,
    /// When given, nixstart offers to run the command, without a shell.
    #[serde(default)]
    pub offer: Option<Offer>,
}

/// A next step that nixstart offers to run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Files and folders the command makes; undo removes those that did not exist before.
    pub produces: Vec<RelativePath>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The folder has no manifest.
    #[error("there is no `template.toml`")]
    Missing,
    /// The manifest is not UTF-8.
    #[error("`template.toml` is not text")]
    NotText(#[source] std::string::FromUtf8Error),
    /// The manifest is not the TOML we expect.
    #[error("cannot read `template.toml`: {} at line {line}", source.message())]
    Toml {
        /// 1-based line.
        line: usize,
        /// What the parser says.
        source: Box<toml::de::Error>,
    },
    /// A rule that TOML cannot express is broken.
    #[error("`template.toml`, line {line}: {message}")]
    Invalid {
        /// 1-based line.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl Manifest {
    /// Reads a manifest and checks what its types cannot.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of_offset(text, span.start));
            ManifestError::Toml { line, source: Box::new(error) }
        })?;
        match manifest.first_fault() {
            Some((needle, message)) => Err(ManifestError::Invalid { line: line_of(text, &needle), message }),
            None => Ok(manifest),
        }
    }

    /// The first broken rule, with a text to find its line by.
    fn first_fault(&self) -> Option<(String, String)> {
        if self.schema != 1 {
            return Some(("schema".into(), format!("schema {} is not known; this nixstart reads schema 1", self.schema)));
        }
        if !is_word(&self.name, '-') {
            return Some(("name".into(), format!("the name `{}` must be lower-case words joined by dashes", self.name)));
        }
        self.question_fault()
            .or_else(|| self.part_fault())
            .or_else(|| self.secret_fault())
            .or_else(|| self.service_fault())
            .or_else(|| self.feature_fault())
    }

    fn question_fault(&self) -> Option<(String, String)> {
        for (index, question) in self.questions.iter().enumerate() {
            let needle = format!("\"{}\"", question.name);
            let is_reserved = matches!(question.name.as_str(), "project" | "template" | "nixstart" | "host" | "secrets");
            let is_reserved = is_reserved || !self.parts.is_empty() && matches!(question.name.as_str(), "part" | "parts");
            if !is_word(&question.name, '_') || is_reserved {
                return Some((needle, format!("a question cannot be named `{}`", question.name)));
            }
            if self.questions.iter().take(index).any(|earlier| earlier.name == question.name) {
                return Some((needle, format!("two questions are named `{}`", question.name)));
            }
            if let Some(message) = shape_fault(question) {
                return Some((needle, message));
            }
        }
        None
    }

    fn part_fault(&self) -> Option<(String, String)> {
        let mut kinds: Vec<&str> = Vec::new();
        for spec in &self.parts {
            let fault = |message: String| Some((format!("\"{}\"", spec.name), message));
            if !is_word(&spec.name, '-') || spec.kinds.is_empty() {
                return fault(format!("the part `{}` must have a name of lower-case words, and kinds", spec.name));
            }
            for kind in &spec.kinds {
                if !is_word(&kind.value, '-') || kinds.contains(&kind.value.as_str()) {
                    return fault(format!("the kind `{}` must be lower-case words, and be there once", kind.value));
                }
                kinds.push(&kind.value);
            }
            if spec.first_port.is_none() && spec.kinds.iter().any(|kind| kind.listens) {
                return fault(format!("parts of `{}` listen, so it needs `first_port`", spec.name));
            }
        }
        self.files.iter().find_map(|rule| {
            let each = rule.each.as_deref()?;
            let fault = |message: String| Some((format!("\"{}\"", rule.path), message));
            if !kinds.contains(&each) {
                return fault(format!("`{}` is for parts of kind `{each}`, which is not declared", rule.path));
            }
            let is_apart = rule.to.as_ref().is_some_and(|to| to.contains("part.name"));
            if is_apart {
                None
            } else {
                fault(format!("`to` of `{}` must have `{{{{part.name}}}}`, as it is for each part", rule.path))
            }
        })
    }

    fn feature_fault(&self) -> Option<(String, String)> {
        self.features.iter().find_map(|feature| {
            let fault = |message: String| Some((format!("\"{}\"", feature.name), message));
            if !is_word(&feature.kind, '-') || !is_word(&feature.name, '-') {
                return fault(format!("the feature `{}` must have a kind and a name of lower-case words", feature.name));
            }
            feature.answers.iter().find_map(|(name, answer)| {
                let question = question::find(&self.questions, name);
                let error = question.and_then(|question| question.check(answer.clone())).err()?;
                fault(format!("the feature `{}` cannot be had: {error}", feature.name))
            })
        })
    }

    fn secret_fault(&self) -> Option<(String, String)> {
        for (index, secret) in self.secrets.iter().enumerate() {
            let fault = |message: String| Some((format!("\"{}\"", secret.name), message));
            if !is_variable_name(&secret.name) {
                return fault(format!("`{}` is no name for a variable; use `[A-Z_][A-Z0-9_]*`", secret.name));
            }
            if self.secrets.iter().take(index).any(|earlier| earlier.name == secret.name) {
                return fault(format!("two secrets are named `{}`", secret.name));
            }
            if secret.default.is_some() && (secret.sensitive || secret.generate.is_some()) {
                return fault(format!("`{}` has a default, so it can be neither sensitive nor generated", secret.name));
            }
            if let Some(message) = value_fault(secret) {
                return fault(message);
            }
            if let Some(error) = secret.pattern.as_deref().and_then(|pattern| regex_lite::Regex::new(pattern).err()) {
                return fault(format!("the pattern of `{}` is no regular expression: {error}", secret.name));
            }
            if let Some(missing) = secret.after.iter().find(|name| !self.secrets.iter().any(|other| other.name == **name)) {
                return fault(format!("`{}` comes after `{missing}`, which is not declared", secret.name));
            }
        }
        None
    }

    fn service_fault(&self) -> Option<(String, String)> {
        let mut services = self.services.clone();
        for (name, fields) in &mut services {
            let fault = |message: String| Some((format!("[services.{name}"), message));
            for field in [CONDITION, EACH] {
                let value = fields.as_table_mut().and_then(|fields| fields.remove(field));
                let Some(value) = value else { continue };
                let Some(text) = value.as_str() else { return fault(format!("`{field}` of service `{name}` must be a string")) };
                if field == EACH && !self.parts.iter().flat_map(|spec| &spec.kinds).any(|kind| kind.value == text) {
                    return fault(format!("service `{name}` is for parts of kind `{text}`, which is not declared"));
                }
            }
        }
        let error = service::check(&services).into_iter().next()?;
        Some(("[services".into(), error.to_string()))
    }

    /// The declaration of a secret.
    pub fn secret(&self, name: &str) -> Option<&SecretSpec> {
        self.secrets.iter().find(|secret| secret.name == name)
    }

    /// The rule for a file in its own place: the longest path that is the file or a folder above it.
    pub fn rule_for(&self, path: &str) -> Option<&FileRule> {
        self.longest_rule(path, None)
    }

    /// The rules for a file that is for parts, one for each kind.
    pub fn part_rules_for(&self, path: &str) -> Vec<&FileRule> {
        let kinds = self.parts.iter().flat_map(|spec| &spec.kinds);
        kinds.filter_map(|kind| self.longest_rule(path, Some(&kind.value))).collect()
    }

    fn longest_rule(&self, path: &str, each: Option<&str>) -> Option<&FileRule> {
        let rules = self.files.iter().filter(|rule| rule.each.as_deref() == each && rule.applies_to(path));
        rules.max_by_key(|rule| rule.path.len())
    }

    /// The name of the service that listens on a port.
    pub fn service_on(&self, port: u16) -> Option<String> {
        let services = ServiceSet::of_template(&self.services);
        let listens = |service: &&Service| service.ports.values().any(|listening| listening.port == port);
        services.iter().find(listens).map(|service| service.name.clone())
    }
}

impl FileRule {
    /// Whether it is about a file.
    pub fn applies_to(&self, path: &str) -> bool {
        if self.path.ends_with('/') { path.starts_with(&self.path) } else { path == self.path }
    }
}

/// The condition of a service on the answers.
pub fn service_condition(fields: &toml::Value) -> Option<&str> {
    fields.get(CONDITION)?.as_str()
}

/// The kind of part that each has such a service.
pub fn service_each(fields: &toml::Value) -> Option<&str> {
    fields.get(EACH)?.as_str()
}

/// What is wrong with the values that a secret brings along for `.env` and `.env.example`.
fn value_fault(secret: &SecretSpec) -> Option<String> {
    let values = [("default", secret.default.as_deref()), ("example", secret.example.as_deref())];
    values.into_iter().find_map(|(field, value)| {
        let value = value?;
        let reason = if value.contains('\t') { Unportable::is(Reason::ControlCharacter) } else { quote(value).err()? };
        Some(format!("the {field} of `{}` cannot be written to `.env`: {reason}", secret.name))
    })
}

fn shape_fault(question: &Question) -> Option<String> {
    let has_choices = matches!(question.kind, QuestionKind::Select | QuestionKind::Multiselect);
    let name = &question.name;
    if has_choices == question.choices.is_empty() {
        return Some(if has_choices { format!("`{name}` has no choices") } else { format!("`{name}` cannot have choices") });
    }
    if question.validate.is_some() && question.kind != QuestionKind::Text {
        return Some(format!("`{name}` cannot have a rule for its text"));
    }
    if let Some(error) = question.validate.as_ref().and_then(|rule| regex_lite::Regex::new(&rule.pattern).err()) {
        return Some(format!("the pattern of `{name}` is no regular expression: {error}"));
    }
    let Some(default) = question.default.clone() else {
        return question.advanced.then(|| format!("`{name}` is not asked, so it needs a default"));
    };
    if question.kind == QuestionKind::Text {
        // Only the rendered text is held to the question's rule, and that is not known here.
        let is_text = matches!(default, question::Answer::Text(_));
        return (!is_text).then(|| format!("the default of `{name}` must be text"));
    }
    question.check(default).err().map(|error: question::AnswerError| format!("the default does not fit: {error}"))
}

fn is_word(name: &str, joiner: char) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joiner)
}

/// The 1-based line of a byte offset.
pub fn line_of_offset(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The 1-based line of the first occurrence of a text, 1 when there is none.
pub fn line_of(text: &str, needle: &str) -> usize {
    text.find(needle).map_or(1, |offset| line_of_offset(text, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "schema = 1\nname = \"x\"\ntitle = \"X\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";

    fn message(rest: &str) -> String {
        Manifest::parse(&format!("{HEAD}{rest}")).unwrap_err().to_string()
    }

    #[test]
    fn names_the_line_of_what_is_wrong() {
        assert_eq!(
            message("titel = \"x\""),
            "cannot read `template.toml`: unknown field `titel`, expected one of `schema`, `name`, `title`, `description`, `version`, `carried`, `question`, `file`, `part`, `secret`, `services`, `next_step`, `feature` at line 6"
        );
        assert_eq!(message("[[question]]\nname = \"q\"\ntype = \"select\""), "`template.toml`, line 7: `q` has no choices");
        assert_eq!(
            message("[[question]]\nname = \"q\"\ntype = \"confirm\"\ndefault = \"x\""),
            "`template.toml`, line 7: the default does not fit: the answer to `q` must be `yes` or `no`, not text"
        );
        assert_eq!(
            message("[[question]]\nname = \"q\"\ntype = \"text\"\nadvanced = true"),
            "`template.toml`, line 7: `q` is not asked, so it needs a default"
        );
        assert_eq!(
            message("[[question]]\nname = \"q\"\ntype = \"text\"\ndefault = true"),
            "`template.toml`, line 7: the default of `q` must be text"
        );
        assert_eq!(
            message("[services.a]\ncommand = 'x'\nwhen = true"),
            "`template.toml`, line 6: `when` of service `a` must be a string"
        );
        assert_eq!(
            message("[[next_step]]\ncommand = \"a\"\nabout = \"b\"\noffer = { produces = [\"ok\", \"../x\"] }"),
            "cannot read `template.toml`: the path `../x` has the component `..` at line 9"
        );
        assert_eq!(
            message("[[secret]]\nname = \"token\"\ndescription = \"x\""),
            "`template.toml`, line 7: `token` is no name for a variable; use `[A-Z_][A-Z0-9_]*`"
        );
    }

    #[test]
    fn refuses_values_that_no_env_file_can_carry() {
        let secret =
            |fields: &str| message(&format!("[[secret]]\nname = \"KEY\"\ndescription = \"x\"\nsensitive = false\n{fields}"));
        let expected = |what: &str| format!("`template.toml`, line 7: the {what}");
        assert_eq!(
            secret("default = 'pa$word'"),
            expected(
                "default of `KEY` cannot be written to `.env`: it has a `$` that Next.js, Vite and bun would expand, even in quotes"
            )
        );
        assert_eq!(
            secret("default = \"a\\nEVIL=1\""),
            expected(
                "default of `KEY` cannot be written to `.env`: it has more than one line, which direnv up to 2.37 and honcho cannot read"
            )
        );
        for control in ["\\t", "\\u001b", "\\r", "\\u0085"] {
            let message = secret(&format!("example = \"a{control}b\""));
            assert_eq!(message, expected("example of `KEY` cannot be written to `.env`: it has a control character"));
        }
    }

    #[test]
    fn the_longest_rule_wins() {
        let manifest =
            Manifest::parse(&format!("{HEAD}[[file]]\npath = \"a/\"\n[[file]]\npath = \"a/b/\"\n[[file]]\npath = \"a/b/c\"\n"))
                .unwrap();
        let rule = |path: &str| manifest.rule_for(path).map(|rule| rule.path.as_str());
        assert_eq!([rule("a/x"), rule("a/b/x"), rule("a/b/c"), rule("b")], [Some("a/"), Some("a/b/"), Some("a/b/c"), None]);
    }

    #[test]
    fn a_part_has_kinds_that_files_and_services_can_be_for() {
        let part = |kinds: &str| format!("[[part]]\nname = \"app\"\nabout = \"x\"\nkinds = [{kinds}]\n");
        assert_eq!(message(&part("")), "`template.toml`, line 7: the part `app` must have a name of lower-case words, and kinds");
        let twice = "{ value = \"a\" }, { value = \"a\" }";
        assert_eq!(message(&part(twice)), "`template.toml`, line 7: the kind `a` must be lower-case words, and be there once");
        let listens = "{ value = \"a\", listens = true }";
        assert_eq!(message(&part(listens)), "`template.toml`, line 7: parts of `app` listen, so it needs `first_port`");
        let with = |rest: &str| message(&(part("{ value = \"a\" }") + rest));
        assert_eq!(
            with("[[file]]\npath = \"f/\"\neach = \"b\""),
            "`template.toml`, line 11: `f/` is for parts of kind `b`, which is not declared"
        );
        assert_eq!(
            with("[[file]]\npath = \"f/\"\neach = \"a\"\nto = \"x\""),
            "`template.toml`, line 11: `to` of `f/` must have `{{part.name}}`, as it is for each part"
        );
        assert_eq!(
            with("[services.s]\ncommand = \"x\"\neach = \"b\""),
            "`template.toml`, line 10: service `s` is for parts of kind `b`, which is not declared"
        );
        assert_eq!(
            with("[[question]]\nname = \"parts\"\ntype = \"confirm\""),
            "`template.toml`, line 11: a question cannot be named `parts`"
        );
    }
}

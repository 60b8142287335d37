//! Templates: a manifest and files, from which the tree of a new project is rendered.

pub mod catalog;
pub mod check;
pub mod command_line;
pub mod escape;
pub mod manifest;
pub mod part;
pub mod render;
pub mod scaffold;
pub mod syntax;
pub mod update;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

pub use manifest::{Manifest, ManifestError};
pub use render::{Context, RenderError};

use crate::project::record::Part;
use crate::project::{self, ProjectName};
use crate::question::{Answer, Answers, Question, QuestionKind};
use crate::secret::SecretSpec;
use render::Renderer;

/// The name of the manifest in a template's folder.
pub const MANIFEST: &str = "template.toml";
/// The folder of a template that holds what is rendered.
pub const FILES: &str = "files/";

/// The raw content of a template's folder: path relative to the folder → bytes.
pub type Source = BTreeMap<String, SourceFile>;

/// A file of a template, as it lies in its folder.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The bytes.
    pub contents: Vec<u8>,
    /// Whether its mode has the executable bits.
    pub executable: bool,
}

/// A template that can be used: manifest and files.
#[derive(Debug, Clone)]
pub struct Template {
    /// What the manifest says.
    pub manifest: Manifest,
    /// The text of the manifest, for messages that name a line of it.
    pub manifest_text: String,
    /// What lies below `files/`, by path below it.
    pub files: Source,
    /// The folder it was read from, as an absolute path; a built-in template has none.
    pub folder: Option<Utf8PathBuf>,
}

impl Template {
    /// Where it was read from.
    pub const fn source(&self) -> project::record::Source {
        match self.folder {
            Some(_) => project::record::Source::Folder,
            None => project::record::Source::BuiltIn,
        }
    }

    /// The answer that Enter gives. That of a text is rendered, so that it can follow from the project and earlier answers.
    pub fn default_of(question: &Question, context: &Context) -> Result<Option<Answer>, RenderError> {
        match (question.kind, &question.default) {
            (QuestionKind::Text, Some(Answer::Text(text))) => {
                Renderer::default().render(MANIFEST, text, context).map(|text| Some(Answer::Text(text)))
            }
            (_, default) => Ok(default.clone()),
        }
    }

    /// Answers that belong together: what is not asked with them is left out, and what is now asked has its default.
    pub fn completed(&self, name: &ProjectName, given: &Answers) -> Result<Answers, RenderError> {
        let renderer = Renderer::default();
        let mut answers = Answers::new();
        for question in &self.manifest.questions {
            let context = self.context(name, &answers);
            if renderer.holds(MANIFEST, question.when.as_deref(), &context)? {
                let answer = given.get(&question.name).cloned();
                let answer = if answer.is_none() { Self::default_of(question, &context)? } else { answer };
                answers.extend(answer.map(|answer| (question.name.clone(), answer)));
            }
        }
        Ok(answers)
    }

    /// The secrets that a project with these values has. What is for a kind of part is for every part of that kind.
    pub fn secrets(&self, context: &Context) -> Result<Vec<SecretSpec>, RenderError> {
        let renderer = Renderer::default();
        let mut secrets = Vec::new();
        for secret in &self.manifest.secrets {
            if renderer.holds(MANIFEST, secret.when.as_deref(), context)? {
                let scopes = scopes(secret, context.parts());
                secrets.push(SecretSpec { when: None, scopes, ..secret.clone() });
            }
        }
        Ok(secrets)
    }

    /// Reads a template from the content of its folder.
    pub fn parse(mut source: Source) -> Result<Self, ManifestError> {
        let manifest = source.remove(MANIFEST).ok_or(ManifestError::Missing)?;
        let manifest_text = String::from_utf8(manifest.contents).map_err(ManifestError::NotText)?;
        let manifest = Manifest::parse(&manifest_text)?;
        let below_files = |(path, file): (String, SourceFile)| Some((path.strip_prefix(FILES)?.to_owned(), file));
        Ok(Self { manifest, manifest_text, files: source.into_iter().filter_map(below_files).collect(), folder: None })
    }
}

/// Who gets a secret.
fn scopes(secret: &SecretSpec, parts: &[Part]) -> Vec<String> {
    let of_a_kind = parts.iter().filter(|part| secret.scopes.contains(&part.kind));
    secret.scopes.iter().chain(of_a_kind.map(|part| &part.name)).cloned().collect()
}

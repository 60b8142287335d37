//! Gathers the answers to a template's questions: flags first, then a file, then an earlier run, then the person.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::Value;

use super::Session;
use crate::ask::Asked;
use crate::error::{Error, Result};
use crate::project::ProjectName;
use crate::question::{self, Answer, AnswerError, Answers, Question};
use crate::template::render::Renderer;
use crate::template::{Context, Manifest, Template};

/// Answers that were given before anybody is asked: for questions, and for secrets that may be shown.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Answers to questions.
    pub(super) answers: Answers,
    /// Values of secrets that are not sensitive, by name.
    pub(super) plain_secrets: BTreeMap<String, String>,
}

/// Reads `--set` and `--answers`. A flag wins over the file.
pub(super) fn read_given(manifest: &Manifest, set: &[String], file: Option<&Utf8Path>) -> Result<Given> {
    let mut given = Given::default();
    if let Some(file) = file {
        read_file(manifest, file, &mut given)?;
    }
    for pair in set {
        let Some((name, text)) = pair.split_once('=') else {
            return Err(without_answer(manifest, pair));
        };
        match take_secret(manifest, name, Some(text), &mut given) {
            Taken::Question => {}
            Taken::PlainSecret => continue,
            Taken::SensitiveSecret => return Err(sensitive_on_command_line(name)),
        }
        let answer = question::find(&manifest.questions, name)
            .and_then(|question| question.parse(text))
            .map_err(|error| explain(error, true))?;
        given.answers.insert(name.to_owned(), answer);
    }
    Ok(given)
}

fn read_file(manifest: &Manifest, path: &Utf8Path, given: &mut Given) -> Result<()> {
    let text = fs_err::read_to_string(path)?;
    let parsed: Result<BTreeMap<String, Value>, String> = if path.extension() == Some("json") {
        // The parser repeats a value of the wrong type.
        serde_json::from_str(&text)
            .map_err(|error| if error.is_data() { "it is no object".to_owned() } else { error.to_string() })
    } else {
        toml::from_str(&text).map_err(|error| error.message().to_owned())
    };
    let values = parsed.map_err(|message| {
        Error::failed(format!("cannot read `{path}`: {message}")).hint("an answers file is TOML, or JSON when it ends in `.json`")
    })?;
    for (name, value) in values {
        let in_file = |error: Error| error.hint(format!("it is in `{path}`"));
        match take_secret(manifest, &name, value.as_str(), given) {
            Taken::Question => {}
            Taken::PlainSecret => continue,
            Taken::SensitiveSecret => return Err(sensitive_in_file(&name, path)),
        }
        let question = question::find(&manifest.questions, &name).map_err(|error| in_file(explain(error, false)))?;
        let answer = question.parse_value(&value).map_err(|error| in_file(explain(error, false)))?;
        given.answers.insert(name, answer);
    }
    Ok(())
}

/// What a name that was given an answer turned out to be.
enum Taken {
    /// The name of a question, as far as is known yet.
    Question,
    /// A secret that may be shown; its value is taken.
    PlainSecret,
    /// A secret that must not come this way.
    SensitiveSecret,
}

/// Takes the value when the name is that of a secret that may be shown.
fn take_secret(manifest: &Manifest, name: &str, value: Option<&str>, given: &mut Given) -> Taken {
    match manifest.secret(name) {
        None => Taken::Question,
        Some(spec) if spec.sensitive => Taken::SensitiveSecret,
        Some(_) => {
            given.plain_secrets.insert(name.to_owned(), value.unwrap_or_default().to_owned());
            Taken::PlainSecret
        }
    }
}

/// What has no `=` is repeated only when it is a name of the template: it may be a value that was pasted without its name.
fn without_answer(manifest: &Manifest, text: &str) -> Error {
    let is_name = manifest.secret(text).is_some() || question::find(&manifest.questions, text).is_ok();
    let what = if is_name { format!("`--set {text}`") } else { "what was given with `--set`".to_owned() };
    Error::usage(format!("{what} has no `=`")).hint("write `--set name=answer`")
}

fn sensitive_on_command_line(name: &str) -> Error {
    Error::usage(format!(
        "{name} is a secret, and the command line is visible to everybody on this machine and kept in your shell's history"
    ))
    .hint("leave it out and type it when nixstart asks")
    .hint("or bring it in a file: `--env-file FILE`, or on standard input: `--env-file -`")
    .hint("the value you just typed is in your shell's history now; remove it there, or change it")
}

fn sensitive_in_file(name: &str, path: &Utf8Path) -> Error {
    Error::usage(format!("{name} is a secret, and an answers file is no place for one; it is in `{path}`"))
        .hint("bring it in a file of its own that git ignores: `--env-file FILE`")
}

/// On the command line a wrong answer is a mistake of usage; in a file it is one the user can mend there.
fn explain(error: AnswerError, on_command_line: bool) -> Error {
    let hint = match &error {
        AnswerError::Unknown { hint, .. } => hint.clone(),
        AnswerError::WrongType { .. } | AnswerError::NoSuchChoice { .. } | AnswerError::Invalid { .. } => None,
    };
    let error = if on_command_line { Error::usage(error) } else { Error::failed(error) };
    error.maybe_hint(hint)
}

/// Asks what is not given yet. The answers of an earlier run of the same template are the defaults.
pub(super) fn complete(
    session: &mut Session,
    template: &Template,
    name: &ProjectName,
    given: Answers,
    earlier: &Answers,
) -> Result<Answers> {
    let renderer = Renderer::default();
    let mut answers = Answers::new();
    let mut taken = Vec::new();
    for question in &template.manifest.questions {
        let context = template.context(name, &answers);
        let is_asked = renderer.holds("template.toml", question.when.as_deref(), &context).map_err(Error::failed)?;
        if !is_asked {
            if given.contains_key(&question.name) {
                session
                    .ui
                    .warn(&format!("`{}` is not asked with these answers, so what you gave for it has no effect", question.name));
            }
            continue;
        }
        let answer = match given.get(&question.name) {
            Some(answer) => answer.clone(),
            None => ask(session, question, &context, earlier, &mut taken)?,
        };
        answers.insert(question.name.clone(), answer);
    }
    if !taken.is_empty() {
        session.ui.say(&format!("Not asked: {}; `--set NAME=…` gives another answer", taken.join(", ")));
    }
    Ok(answers)
}

/// Asks one question. What need not be asked takes its default, which goes to `taken` where somebody reads along; where nobody
/// does, each default has a line of its own like all others.
fn ask(
    session: &mut Session,
    question: &Question,
    context: &Context,
    earlier: &Answers,
    taken: &mut Vec<String>,
) -> Result<Answer> {
    let remembered = earlier.get(&question.name).cloned().and_then(|answer| question.check(answer).ok());
    let default = match remembered {
        None => Template::default_of(question, context).map_err(Error::failed)?,
        remembered => remembered,
    };
    let flag = format!("--set {}=…", question.name);
    let asked = Asked { question, default: default.as_ref(), flag: &flag };
    let answer = match default.as_ref().filter(|_| question.advanced && session.ask.is_interactive()) {
        Some(default) => {
            taken.push(format!("{} = {}", question.name, default.display()));
            default.clone()
        }
        None => session.ask.ask(&mut session.ui, asked)?,
    };
    question.check(answer).map_err(Error::failed)
}

//! The form in numbered lines, for screen readers, dumb terminals and small windows.

use crate::ask::Asked;
use crate::cli::{Session, carry_out};
use crate::error::Result;
use crate::question::{Answer, Choice, Question, QuestionKind};
use crate::secret::form::{Draft, Field, Form};
use crate::secret::mask::mask;
use crate::tui::screen::secrets::Outcome;
use crate::ui::columns::count;
use secrecy::ExposeSecret;

const ADD: &str = "a";
const GENERATE: &str = "g";
const UNSET: &str = "x";
const UNDO: &str = "u";
const SAVE: &str = "s";
const LEAVE: &str = "q";

/// Lets a person change a form until they save it or leave.
pub(super) fn edit(session: &mut Session, title: &str, mut form: Form) -> Result<Outcome> {
    if form.fields.is_empty() {
        session.ui.say("There is no variable yet and nothing declares one; add the first one with `a`");
    }
    loop {
        form.tidy();
        match choose(session, title, &form)?.as_str() {
            SAVE if form.differences().is_empty() => session.ui.say("There is nothing to save"),
            SAVE => {
                if confirm_saving(session, &form)? {
                    return Ok(Outcome::Save(form));
                }
            }
            LEAVE => {
                let changes = form.differences().len();
                let question = format!("Leave, and lose {}?", count(changes, "change", "changes"));
                if changes == 0 || carry_out::confirm(session, &question, false, "--yes")? {
                    return Ok(Outcome::Leave(form));
                }
            }
            ADD => add(session, &mut form)?,
            GENERATE => {
                let index = pick(session, &form, "Which one is made at random?", &|field| field.generate().is_some())?;
                form.generate(index);
            }
            UNSET => {
                let index = pick(session, &form, "Which one is taken out?", &|field| field.value().is_some())?;
                form.unset(index);
            }
            UNDO => {
                let index = pick(session, &form, "Which one stays as it is in the file?", &|field| field.draft().is_some())?;
                form.undo(index);
            }
            chosen => {
                if let Some(index) = form.position(key(chosen)) {
                    type_value(session, &mut form, index)?;
                }
            }
        }
    }
}

/// A variable may have the name of a command.
fn choice(field: &Field) -> Choice {
    Choice { value: format!("={}", field.name), label: Some(label(field)), help: None }
}

fn key(chosen: &str) -> &str {
    chosen.strip_prefix('=').unwrap_or(chosen)
}

/// A variable in a line: its name, how it stands, and its value as it may be seen.
fn label(field: &Field) -> String {
    let value = match (field.draft(), field.value()) {
        (Some(Draft::Generate(_)), _) => "made at random on saving".to_owned(),
        (Some(Draft::Unset), _) => "taken out on saving".to_owned(),
        (_, None) => match field.only_in() {
            Some(file) => format!("in `{file}`"),
            None => field.default().map(ToOwned::to_owned).unwrap_or_default(),
        },
        (_, Some(value)) if !field.is_public() => mask(value.expose_secret()).to_owned(),
        (_, Some(value)) => value.expose_secret().to_owned(),
    };
    let line = format!("{}, {}, {value}", field.name, field.state().word());
    line.trim_end_matches([' ', ',']).to_owned()
}

fn choose(session: &mut Session, title: &str, form: &Form) -> Result<String> {
    let command =
        |value: &str, words: &str| Choice { value: value.to_owned(), label: Some(format!("`{value}` {words}")), help: None };
    let any = |holds: &dyn Fn(&Field) -> bool| form.fields.iter().any(holds);
    let commands = [
        (ADD, "add a variable", true),
        (GENERATE, "make one at random", any(&|field| field.generate().is_some())),
        (UNSET, "take one out", any(&|field| field.value().is_some())),
        (UNDO, "leave one as it is in the file", any(&|field| field.draft().is_some())),
        (SAVE, "save", any(&|field| field.draft().is_some())),
        (LEAVE, "leave", true),
    ];
    let commands = commands.into_iter().filter(|(.., is_possible)| *is_possible).map(|(value, words, _)| command(value, words));
    let choices = form.fields.iter().map(choice).chain(commands).collect();
    select(session, title, choices)
}

/// Asks for one of the fields of which something holds.
fn pick(session: &mut Session, form: &Form, prompt: &str, holds: &dyn Fn(&Field) -> bool) -> Result<usize> {
    let choices: Vec<Choice> = form.fields.iter().filter(|field| holds(field)).map(choice).collect();
    let chosen = select(session, prompt, choices)?;
    Ok(form.position(key(&chosen)).unwrap_or(usize::MAX))
}

fn select(session: &mut Session, prompt: &str, choices: Vec<Choice>) -> Result<String> {
    let question = Question { kind: QuestionKind::Select, choices, ..Question::confirm("choice", prompt) };
    let answer = session.ask.ask(&mut session.ui, Asked { question: &question, default: None, flag: "env set NAME --stdin" })?;
    Ok(answer.display())
}

fn add(session: &mut Session, form: &mut Form) -> Result<()> {
    let question = Question { kind: QuestionKind::Text, ..Question::confirm("name", "Name of the new variable") };
    let asked = Asked { question: &question, default: None, flag: "env set NAME --stdin" };
    let Answer::Text(name) = session.ask.ask(&mut session.ui, asked)? else { return Ok(()) };
    match form.add(&name) {
        Ok(index) => type_value(session, form, index),
        Err(rejection) => {
            session.ui.refuse(&rejection.message);
            session.ui.hint(&rejection.hint);
            Ok(())
        }
    }
}

/// Asks for a value; nothing typed is no change.
fn type_value(session: &mut Session, form: &mut Form, index: usize) -> Result<()> {
    let Some(field) = form.fields.get(index) else { return Ok(()) };
    let spec = field.spec().into_owned();
    crate::cli::secrets::introduce(session, &spec);
    if let Some(fault) = field.fault() {
        session.ui.warn(&format!("what is in the file is not accepted: {fault}"));
    }
    if let Some(remark) = field.remark() {
        session.ui.say(&format!("  {remark}"));
    }
    if field.value().is_some() {
        session.ui.say("  Enter alone keeps the value that is there");
    }
    if let Some(value) = session.ask.secret(&mut session.ui, &spec, &|input| form.check(&spec, input))? {
        form.set(index, value);
    }
    Ok(())
}

fn confirm_saving(session: &mut Session, form: &Form) -> Result<bool> {
    let differences = form.differences();
    for (key, difference) in &differences {
        session.ui.say(&difference.line(key));
    }
    if form.loses_values() {
        session.ui.note("old values are not kept, so this cannot be undone");
    }
    form.warnings().iter().for_each(|warning| session.ui.warn(warning));
    carry_out::confirm(session, &format!("Save {}?", count(differences.len(), "change", "changes")), true, "--yes")
}

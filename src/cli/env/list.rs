//! `nixstart env list`: which variables there are, which are missing, and where each value comes from; no secret.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::iter::repeat_n;
use std::sync::Arc;

use camino::Utf8PathBuf;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Flags;
use super::site::Site;
use crate::cli::Session;
use crate::dotenv::{Assignment, Consumer, Document, Writer, in_force};
use crate::env_vars;
use crate::error::Result;
use crate::facts::secrets::format::shown_undeclared;
use crate::host::{clock, dotenvy, paths};
use crate::secret::SecretSpec;
use crate::secret::form::{Field, Form, State};
use crate::secret::lint;
use crate::secret::mask::mask;
use crate::ui::style::Role;

/// List the variables, declared and others, without their secrets
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show the values
    #[arg(long)]
    reveal: bool,
}

/// In which role a state is shown.
const fn role(state: State) -> Role {
    match state {
        State::Set => Role::Success,
        State::Missing | State::Invalid => Role::Warning,
        State::Optional | State::Default | State::Extra | State::Changed | State::Removed => Role::Quiet,
    }
}

/// Where the value of a variable stands.
struct Found<'a> {
    file: &'a Layer,
    assignment: &'a Assignment,
    /// An earlier line of the same file that has it, too.
    overruled: Option<usize>,
    /// Files that have it, too, and count less.
    shadowed: Vec<&'a Layer>,
}

/// A file, as an absolute path and as a person would type it, and what is in it.
struct Layer {
    path: Utf8PathBuf,
    shown: String,
    document: Arc<Document>,
    /// The programs of the project that read something else, by line.
    misreaders: HashMap<usize, Vec<Consumer>>,
}

/// A variable of the list.
#[derive(Clone, Copy)]
struct Row<'a> {
    key: &'a str,
    /// The value that a program sees.
    value: Option<&'a str>,
    /// How it stands.
    state: State,
    /// What its declaration says; `None` when nobody declares it.
    field: Option<&'a Field>,
    found: Option<&'a Found<'a>>,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find_with_source(flags, session)?;
    let layers = read(&site, session)?;
    let found = in_layers(&layers);
    let specs = &site.declarations.specs;
    let names: HashSet<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    let is_declared = |found: &&Found<'_>| names.contains(found.assignment.key.as_str());
    let declared: HashMap<&str, &Found<'_>> =
        found.iter().filter(is_declared).map(|found| (found.assignment.key.as_str(), found)).collect();
    let entries = declared.iter().map(|(key, found)| ((*key).to_owned(), found.assignment.value.clone())).collect();
    let is_required = |spec: &SecretSpec| spec.required.in_default_profile();
    let writer = Writer::new(site.consumers.iter().copied());
    let form = Form::new(specs, entries, &is_required, (writer, clock::now_milliseconds()));
    // Where nobody declares anything, no variable is one too many.
    let undeclared = if specs.is_empty() { State::Set } else { State::Extra };
    let rows = || {
        let fields = form.fields.iter().map(|field| Row::declared(field, declared.get(field.name.as_str()).copied()));
        fields.chain(found.iter().filter(|found| !is_declared(found)).map(|found| Row::undeclared(found, undeclared)))
    };
    if flags.json {
        let environment = env_vars::all();
        let rows: Vec<Value> = rows().map(|row| to_json(row, &environment, args.reveal)).collect();
        return session.print_json(&json!({
            "schema": 1, "file": site.path, "exists": site.path.exists(), "app": site.app, "profile": site.profile,
            "consumers": site.consumers, "variables": rows,
        }));
    }
    if rows().next().is_none() {
        session.ui.say(&format!("`{}` has no variables, and none are declared", site.shown()));
        session.ui.hint(&format!("set the first one with `{}`", site.command("set NAME")));
        return Ok(());
    }
    show(session, &rows, args.reveal)
}

/// Every file that counts, the one that wins first.
fn read(site: &Site, session: &mut Session) -> Result<Vec<Layer>> {
    let read = |path: Utf8PathBuf| {
        let document = site.read_to_use(&path, session)?;
        let misreaders = misreaders(&document, &site.consumers);
        Ok(Layer { shown: paths::shown(&path), path, document, misreaders })
    };
    site.layers().into_iter().map(read).collect()
}

/// Of a file with more variables dotenvy is not asked: that takes longer than all the rest. `check` asks it always.
const MOST_ASKED: usize = 1000;

/// What is known to be read differently, and what dotenvy itself says.
fn misreaders(document: &Document, consumers: &[Consumer]) -> HashMap<usize, Vec<Consumer>> {
    let mut misreaders = lint::misreaders(document, consumers);
    let is_asked = consumers.contains(&Consumer::Rust) && document.assignments().len() <= MOST_ASKED;
    if is_asked && document.fault().is_none() {
        for difference in dotenvy::differences(document) {
            let known = misreaders.entry(difference.line).or_default();
            if !known.contains(&Consumer::Rust) {
                known.push(Consumer::Rust);
                known.sort_unstable();
            }
        }
    }
    misreaders
}

/// The last line, by variable, on which one stands that gets its value on a later line.
fn overruled<'a>(all: &'a [Assignment], in_force: &[&Assignment]) -> HashMap<&'a str, usize> {
    if all.len() == in_force.len() {
        return HashMap::new();
    }
    let lines: HashSet<usize> = in_force.iter().map(|assignment| assignment.line).collect();
    let earlier = all.iter().filter(|assignment| !lines.contains(&assignment.line));
    earlier.map(|assignment| (assignment.key.as_str(), assignment.line)).collect()
}

/// Every variable of every file, in the order of the files; the first file that has one says what it is.
fn in_layers(layers: &[Layer]) -> Vec<Found<'_>> {
    let mut all: Vec<Found<'_>> = Vec::new();
    for file in layers {
        let known = all.iter().enumerate().map(|(place, found)| (found.assignment.key.as_str(), place));
        let known: HashMap<&str, usize> = known.collect();
        let in_force = in_force(&file.document);
        let overruled = overruled(file.document.assignments(), &in_force);
        for assignment in in_force {
            let key = assignment.key.as_str();
            match known.get(key).and_then(|place| all.get_mut(*place)) {
                Some(found) => found.shadowed.push(file),
                None => all.push(Found { file, assignment, overruled: overruled.get(key).copied(), shadowed: Vec::new() }),
            }
        }
    }
    all
}

impl<'a> Row<'a> {
    fn declared(field: &'a Field, found: Option<&'a Found<'a>>) -> Self {
        let given = field.value().map(ExposeSecret::expose_secret);
        // An empty value stands for the default.
        let value = given.filter(|value| !value.is_empty()).or(field.default()).or(given);
        Self { key: &field.name, value, state: field.state(), field: Some(field), found }
    }

    fn undeclared(found: &'a Found<'a>, state: State) -> Self {
        let Assignment { key, value, .. } = found.assignment;
        Self { key, value: Some(value.expose_secret()), state, field: None, found: Some(found) }
    }

    fn shown_key(self, reveals: bool) -> &'a str {
        if reveals || self.field.is_some() { self.key } else { shown_undeclared(self.key, self.value.unwrap_or_default()) }
    }

    fn shown(self, reveals: bool) -> Cow<'a, str> {
        match self.value {
            None => "-".into(),
            Some(value) if reveals || self.field.is_some_and(Field::is_public) => value.escape_debug().to_string().into(),
            Some(value) => mask(value).into(),
        }
    }

    /// The programs of the project that read something else.
    fn misreaders(self) -> &'a [Consumer] {
        self.found.and_then(|found| found.file.misreaders.get(&found.assignment.line)).map_or(&[], Vec::as_slice)
    }

    /// What else is worth knowing.
    fn remarks(self, environment: &BTreeMap<String, String>) -> Vec<String> {
        let fault = self.field.and_then(Field::fault);
        let mut remarks: Vec<String> = fault.map(|fault| fault.message.clone()).into_iter().collect();
        if let Some(line) = self.found.and_then(|found| found.overruled) {
            remarks.push(format!("also on line {line}; which one counts differs by program"));
        }
        for file in self.found.iter().flat_map(|found| &found.shadowed) {
            remarks.push(format!("also in `{}`, which counts less", file.shown));
        }
        let misreaders: Vec<String> = self.misreaders().iter().map(ToString::to_string).collect();
        if !misreaders.is_empty() {
            remarks.push(format!("read differently by {}", misreaders.join(", ")));
        }
        if environment.get(self.key).is_some_and(|own| Some(own.as_str()) != self.value) {
            remarks.push("the environment has another value, which wins".to_owned());
        }
        remarks
    }
}

/// So many lines are printed together.
const TOGETHER: usize = 500;

fn show<'a, I: Iterator<Item = Row<'a>>>(session: &mut Session, rows: &dyn Fn() -> I, reveals: bool) -> Result<()> {
    let width = rows().map(|row| row.shown_key(reveals).chars().count()).max().unwrap_or_default().min(40);
    let environment = env_vars::all();
    // A list can have thousands of lines: they are put together from pieces, and what is painted is painted once.
    let states = State::ALL.map(|state| (state, session.ui.paint_data(role(state), &format!("{:<8}", state.word()))));
    let space = |text: &str, columns: usize| columns.saturating_sub(text.chars().count());
    let mut text = String::new();
    for (index, row) in rows().enumerate() {
        let (key, shown) = (row.shown_key(reveals), row.shown(reveals));
        let state = states.iter().find(|(state, _)| *state == row.state).map_or("", |(_, painted)| painted);
        text.extend([key].into_iter().chain(repeat_n(" ", space(key, width) + 2)).chain([state, " ", &shown]));
        if let Some(Found { file, assignment, .. }) = row.found {
            text.extend(repeat_n(" ", space(&shown, 17) + 2).chain([&file.shown, ":", &assignment.line.to_string()]));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        for remark in row.remarks(&environment) {
            text += &format!("{:width$}  {remark}\n", "");
        }
        if index % TOGETHER == TOGETHER - 1 {
            session.ui.data(&text)?;
            text.clear();
        }
    }
    session.ui.data(&text)?;
    let count = |state: State| rows().filter(|row| row.state == state).count();
    session.ui.say(&format!(
        "{} set, {} missing, {} invalid, {} not declared",
        count(State::Set) + count(State::Default),
        count(State::Missing),
        count(State::Invalid),
        count(State::Extra)
    ));
    Ok(())
}

fn to_json(row: Row<'_>, environment: &BTreeMap<String, String>, reveals: bool) -> Value {
    let mut fields = json!({
        "key": row.shown_key(reveals), "state": row.state.word(), "declared": row.field.is_some(),
        "required": row.field.is_some_and(|field| field.is_required),
        "sensitive": row.field.is_none_or(Field::is_sensitive),
        "kind": row.field.and_then(Field::declaration).map(|spec| spec.kind.name()),
        "file": row.found.map(|found| &found.file.path), "line": row.found.map(|found| found.assignment.line),
        "misread_by": row.misreaders(), "remarks": row.remarks(environment),
    });
    if let Some(fields) = fields.as_object_mut().filter(|_| reveals) {
        fields.insert("value".to_owned(), json!(row.value));
    }
    fields
}

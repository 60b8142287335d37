//! `nixstart env list`: which variables there are, which are missing, and where each value comes from; no secret.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::iter::repeat_n;
use std::sync::Arc;

use camino::Utf8PathBuf;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Flags;
use super::site::Site;
use crate::cli::Session;
use crate::dotenv::{Consumer, Document, Writer, in_force};
use crate::env_vars;
use crate::error::Result;
use crate::host::{clock, paths};
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
    line: usize,
    /// The programs of the project that read something else there.
    misreaders: Vec<Consumer>,
    /// Files that have it, too, and count less.
    shadowed: Vec<&'a Layer>,
}

/// A file, as an absolute path and as a person would type it, and what is in it.
struct Layer {
    path: Utf8PathBuf,
    shown: String,
    document: Arc<Document>,
}

/// Where values stand, by key.
type Places<'a> = HashMap<&'a str, Found<'a>>;

/// A variable of the list.
struct Row<'a> {
    field: &'a Field,
    found: Option<&'a Found<'a>>,
    /// How it stands.
    state: State,
    /// What the environment of this process says it is.
    environment: Option<&'a str>,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find_with_source(flags, session)?;
    let layers = read(&site, session)?;
    let (found, entries) = in_layers(&layers, &site.consumers);
    let is_required = |spec: &SecretSpec| spec.required.in_default_profile();
    let writer = Writer::new(site.consumers.iter().copied());
    let form = Form::new(&site.declarations.specs, entries, &is_required, (writer, clock::now_milliseconds()));
    let declares = form.fields.iter().any(|field| field.declaration().is_some());
    let environment = env_vars::all();
    let row = |field| Row::new(field, &found, &environment, declares);
    let rows: Vec<Row<'_>> = form.fields.iter().map(row).collect();
    if flags.json {
        let rows: Vec<Value> = rows.iter().map(|row| to_json(row, args.reveal)).collect();
        return session.print_json(&json!({
            "schema": 1, "file": site.path, "exists": site.path.exists(), "app": site.app, "profile": site.profile,
            "consumers": site.consumers, "variables": rows,
        }));
    }
    if rows.is_empty() {
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
        Ok(Layer { shown: paths::shown(&path), path, document })
    };
    site.layers().into_iter().map(read).collect()
}

/// Every variable of every file, in the order of the files; the first file that has one says what it is.
fn in_layers<'a>(layers: &'a [Layer], consumers: &[Consumer]) -> (Places<'a>, Vec<(String, SecretString)>) {
    let count = layers.iter().map(|file| file.document.assignments().len()).max().unwrap_or_default();
    let mut places = Places::with_capacity(count);
    let mut values = Vec::with_capacity(count);
    for file in layers {
        let mut misreaders = lint::misreaders(&file.document, consumers);
        for assignment in in_force(&file.document) {
            match places.entry(assignment.key.as_str()) {
                Entry::Occupied(mut found) => found.get_mut().shadowed.push(file),
                Entry::Vacant(place) => {
                    let line = assignment.line;
                    let misreaders = misreaders.remove(&line).unwrap_or_default();
                    place.insert(Found { file, line, misreaders, shadowed: Vec::new() });
                    values.push((assignment.key.clone(), assignment.value.clone()));
                }
            }
        }
    }
    (places, values)
}

impl<'a> Row<'a> {
    /// Where nobody declares anything, no variable is one too many.
    fn new(field: &'a Field, found: &'a Places<'_>, environment: &'a BTreeMap<String, String>, declares: bool) -> Self {
        let state = match field.state() {
            State::Extra if !declares => State::Set,
            state => state,
        };
        let environment = environment.get(&field.name).map(String::as_str).filter(|own| !own.is_empty());
        Self { field, found: found.get(field.name.as_str()), state, environment }
    }

    fn key(&self) -> &str {
        &self.field.name
    }

    /// The value that a program sees.
    fn value(&self) -> Option<&str> {
        let given = self.field.value().map(ExposeSecret::expose_secret);
        given.or(self.field.default())
    }

    fn shown(&self, reveals: bool) -> Cow<'static, str> {
        match self.value() {
            None => "-".into(),
            Some(value) if reveals || self.field.is_public() => value.escape_debug().to_string().into(),
            Some(value) => mask(value).into(),
        }
    }

    /// The programs of the project that read something else.
    fn misreaders(&self) -> &[Consumer] {
        self.found.map_or(&[], |found| &found.misreaders)
    }

    /// What else is worth knowing.
    fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> = self.field.fault().map(|fault| fault.message.clone()).into_iter().collect();
        for file in self.found.iter().flat_map(|found| &found.shadowed) {
            remarks.push(format!("also in `{}`, which counts less", file.shown));
        }
        let misreaders: Vec<String> = self.misreaders().iter().map(ToString::to_string).collect();
        if !misreaders.is_empty() {
            remarks.push(format!("read differently by {}", misreaders.join(", ")));
        }
        if self.environment.is_some_and(|own| Some(own) != self.value()) {
            remarks.push("the environment has another value, which wins".to_owned());
        }
        remarks
    }
}

fn show(session: &mut Session, rows: &[Row<'_>], reveals: bool) -> Result<()> {
    let width = rows.iter().map(|row| row.key().chars().count()).max().unwrap_or_default().min(40);
    // A list can have thousands of lines: they are put together from pieces, and what is painted is painted once.
    let states = State::ALL.map(|state| (state, role(state).paint(&format!("{:<8}", state.word()))));
    let mut text = String::with_capacity(rows.len() * (width + 64));
    for row in rows {
        let (key, shown) = (row.key(), row.shown(reveals));
        let state = states.iter().find(|(state, _)| *state == row.state).map_or("", |(_, painted)| painted);
        let space = |text: &str, columns: usize| columns.saturating_sub(text.chars().count());
        text.extend([key].into_iter().chain(repeat_n(" ", space(key, width) + 2)).chain([state, " ", &shown]));
        if let Some(found) = row.found {
            text.extend(repeat_n(" ", space(&shown, 17) + 2).chain([&found.file.shown, ":", &found.line.to_string()]));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        for remark in row.remarks() {
            text += &format!("{:width$}  {remark}\n", "");
        }
    }
    session.ui.data(&text)?;
    let count = |state: State| rows.iter().filter(|row| row.state == state).count();
    session.ui.say(&format!(
        "{} set, {} missing, {} invalid, {} not declared",
        count(State::Set) + count(State::Default),
        count(State::Missing),
        count(State::Invalid),
        count(State::Extra)
    ));
    Ok(())
}

fn to_json(row: &Row<'_>, reveals: bool) -> Value {
    let mut fields = json!({
        "key": row.key(), "state": row.state.word(), "declared": row.field.declaration().is_some(),
        "required": row.field.is_required, "sensitive": row.field.is_sensitive(),
        "kind": row.field.declaration().map(|spec| spec.kind.name()),
        "file": row.found.map(|found| &found.file.path), "line": row.found.map(|found| found.line),
        "misread_by": row.misreaders(), "remarks": row.remarks(),
    });
    if let Some(fields) = fields.as_object_mut().filter(|_| reveals) {
        fields.insert("value".to_owned(), json!(row.value()));
    }
    fields
}

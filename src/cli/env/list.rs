//! `nixstart env list`: which variables there are, which are missing, and where each value comes from; no secret.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use camino::Utf8PathBuf;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Flags;
use super::site::Site;
use crate::cli::Session;
use crate::dotenv::{Consumer, Writer, in_force};
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

/// How a state is painted.
const fn role(state: State) -> Role {
    match state {
        State::Set => Role::Success,
        State::Missing | State::Invalid => Role::Warning,
        State::Optional | State::Default | State::Extra | State::Changed | State::Removed => Role::Quiet,
    }
}

/// Where the value of a variable stands.
struct Found {
    file: Rc<Layer>,
    line: usize,
    /// The programs of the project that read something else there.
    misreaders: Vec<Consumer>,
    /// Files that have it, too, and count less.
    shadowed: Vec<Rc<Layer>>,
}

/// A file, as an absolute path and as a person would type it.
struct Layer {
    path: Utf8PathBuf,
    shown: String,
}

/// Where values stand, by key.
type Places = HashMap<String, Found>;

/// A variable of the list.
struct Row<'a> {
    field: &'a Field,
    found: Option<&'a Found>,
    /// How it stands.
    state: State,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find_with_source(flags, session)?;
    let (found, entries) = read(&site, session)?;
    let is_required = |spec: &SecretSpec| spec.required.in_default_profile();
    let writer = Writer::new(site.consumers.iter().copied());
    let form = Form::new(&site.declarations.specs, entries, &is_required, (writer, clock::now_milliseconds()));
    let declares = form.fields.iter().any(|field| field.is_declared);
    let row = |field| Row::new(field, found.get(field.spec.name.as_str()), declares);
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

/// Every variable of every file that counts, in the order of the files; the first file that has one says what it is.
fn read(site: &Site, session: &mut Session) -> Result<(Places, Vec<(String, SecretString)>)> {
    let mut places = Places::new();
    let mut values = Vec::new();
    for path in site.layers() {
        let document = site.read_to_use(&path, session)?;
        let file = Rc::new(Layer { shown: paths::shown(&path), path });
        let mut misreaders = lint::misreaders(&document, &site.consumers);
        for assignment in in_force(&document) {
            if let Some(found) = places.get_mut(&assignment.key) {
                found.shadowed.push(Rc::clone(&file));
                continue;
            }
            let line = assignment.line;
            let misreaders = misreaders.remove(&line).unwrap_or_default();
            places.insert(assignment.key.clone(), Found { file: Rc::clone(&file), line, misreaders, shadowed: Vec::new() });
            values.push((assignment.key.clone(), assignment.value.clone()));
        }
    }
    Ok((places, values))
}

impl<'a> Row<'a> {
    /// Where nobody declares anything, no variable is one too many.
    fn new(field: &'a Field, found: Option<&'a Found>, declares: bool) -> Self {
        let state = match field.state() {
            State::Extra if !declares => State::Set,
            state => state,
        };
        Self { field, found, state }
    }

    fn key(&self) -> &str {
        &self.field.spec.name
    }

    /// The value that a program sees.
    fn value(&self) -> Option<&str> {
        let given = self.field.value().map(ExposeSecret::expose_secret);
        given.or(self.field.spec.default.as_deref())
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
        if env_vars::get(self.key()).is_some_and(|own| Some(own.as_str()) != self.value()) {
            remarks.push("the environment has another value, which wins".to_owned());
        }
        remarks
    }
}

fn show(session: &mut Session, rows: &[Row<'_>], reveals: bool) -> Result<()> {
    let width = rows.iter().map(|row| row.key().chars().count()).max().unwrap_or_default().min(40);
    let text = rows.iter().fold(String::new(), |mut text, row| {
        let state = role(row.state).paint(&format!("{:<8}", row.state.word()));
        text += &format!("{:<width$}  {state} {:<17}  ", row.key(), row.shown(reveals));
        if let Some(found) = row.found {
            text += &format!("{}:{}", found.file.shown, found.line);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        for remark in row.remarks() {
            text += &format!("{:width$}  {remark}\n", "");
        }
        text
    });
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
    let spec = &row.field.spec;
    let mut fields = json!({
        "key": row.key(), "state": row.state.word(), "declared": row.field.is_declared,
        "required": row.field.is_required, "sensitive": spec.sensitive,
        "kind": row.field.is_declared.then(|| spec.kind.name()),
        "file": row.found.map(|found| &found.file.path), "line": row.found.map(|found| found.line),
        "misread_by": row.misreaders(), "remarks": row.remarks(),
    });
    if let Some(fields) = fields.as_object_mut().filter(|_| reveals) {
        fields.insert("value".to_owned(), json!(row.value()));
    }
    fields
}

//! The part of a wizard that collects secrets: from a file, from standard input, from the person, or later.

use std::collections::BTreeMap;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::{ExposeSecret, SecretString};

use super::Session;
use crate::dotenv::{self, Entry, Writer};
use crate::error::{Error, Result, did_you_mean};
use crate::host::vault::Vault;
use crate::host::{clock, paths};
use crate::plan::{SecretEntry, SecretSource};
use crate::secret::example::comment;
use crate::secret::schema::{in_question_order, is_variable_name};
use crate::secret::{SecretSpec, check, cross_check};
use crate::ui::Ui;

/// Where values come from, before anybody is asked.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Values that were brought along, by name.
    entries: Vec<Entry>,
    /// The file they came from; `None` is standard input.
    path: Option<Utf8PathBuf>,
}

impl Sources {
    /// Reads `--env-file`, and says which lines of it nobody reads.
    pub(super) fn read(ui: &mut Ui, file: Option<&Utf8Path>) -> Result<Self> {
        let Some(file) = file else { return Ok(Self::default()) };
        let mut text = String::new();
        let path = if file == "-" {
            if Ui::is_interactive() {
                ui.question("Paste lines of the form NAME=value; Ctrl-D on a line of its own ends them");
            }
            std::io::stdin().read_to_string(&mut text)?;
            None
        } else {
            text = fs_err::read_to_string(file)?;
            Some(paths::absolute(file)?)
        };
        for line in dotenv::unread_lines(&text) {
            ui.warn(&format!("line {line} of `{file}` is no assignment, so it is left out"));
        }
        let mut entries = dotenv::read(SecretString::from(text).expose_secret());
        // A pasted secret without a name can look like one; it must not get into a plan.
        let count = entries.len();
        entries.retain(|entry| is_variable_name(&entry.key));
        if entries.len() < count {
            ui.warn(&format!("`{file}` has names that are no variables (`[A-Z_][A-Z0-9_]*`), so they are left out"));
        }
        Ok(Self { entries, path })
    }

    fn source(&self) -> SecretSource {
        self.path.as_ref().map_or(SecretSource::StandardInput, |path| SecretSource::File { path: path.clone() })
    }
}

/// What was collected.
pub(super) struct Collected {
    /// Every variable and where its value comes from; no values.
    pub(super) entries: Vec<SecretEntry>,
    /// What looks like a copying mistake.
    pub(super) warnings: Vec<String>,
}

/// Collects a value, or a reason why there is none yet, for every declared secret and every other variable brought along.
/// The values go to the vault; what is returned holds none.
pub(super) fn collect(
    session: &mut Session,
    specs: &[SecretSpec],
    sources: &Sources,
    plain: &BTreeMap<String, String>,
    vault: &mut Vault,
) -> Result<Collected> {
    let mut found: BTreeMap<&str, SecretSource> = BTreeMap::new();
    for spec in in_question_order(specs) {
        let source = collect_one(session, spec, sources, plain.get(&spec.name), vault)?;
        found.insert(&spec.name, source);
    }
    let warnings = mix_ups(session, specs, sources, vault);
    let entry = |spec: &SecretSpec| SecretEntry {
        name: spec.name.clone(),
        comment: comment(spec),
        source: found.get(spec.name.as_str()).cloned().unwrap_or(SecretSource::Later),
    };
    let declared = specs.iter().map(entry).collect::<Vec<_>>();
    let others = sources.entries.iter().filter(|brought| !specs.iter().any(|spec| spec.name == brought.key));
    let others = others.map(|brought| {
        dotenv::quote(brought.value.expose_secret())
            .map_err(|reason| refused(&brought.key, &format!("it cannot be written to `.env`: {reason}"), reason.way_out()))?;
        vault.insert(&brought.key, brought.value.clone());
        Ok(SecretEntry { name: brought.key.clone(), comment: String::new(), source: sources.source() })
    });
    let entries = declared.into_iter().map(Ok).chain(others).collect::<Result<_>>()?;
    Ok(Collected { entries, warnings })
}

fn collect_one(
    session: &mut Session,
    spec: &SecretSpec,
    sources: &Sources,
    plain: Option<&String>,
    vault: &mut Vault,
) -> Result<SecretSource> {
    let (writer, now) = (Writer::default(), clock::now_milliseconds());
    let brought = sources.entries.iter().find(|entry| entry.key == spec.name && !entry.value.expose_secret().trim().is_empty());
    let given = plain
        .map(|text| (text.clone().into(), SecretSource::Entered))
        .or_else(|| brought.map(|entry| (entry.value.clone(), sources.source())));
    if let Some((value, source)) = given {
        let accepted = check(spec, SecretString::expose_secret(&value), (&writer, now))
            .map_err(|rejection| refused(&spec.name, &rejection.message, &rejection.hint))?;
        accepted.notes.iter().for_each(|note| session.ui.say(&format!("{}: {note}", spec.name)));
        accepted.warnings.iter().for_each(|warning| session.ui.warn(&format!("{}: {warning}", spec.name)));
        vault.insert(&spec.name, accepted.into_value());
        return Ok(source);
    }
    if let Some(how) = &spec.generate {
        return Ok(SecretSource::Generated { how: how.clone() });
    }
    if !spec.required.elsewhere().is_empty() {
        // Nobody has the values of production on the day a project begins.
        return Ok(spec.default.as_ref().map_or(SecretSource::Later, |value| SecretSource::Default { value: value.clone() }));
    }
    if session.ask.is_interactive() {
        introduce(session, spec);
    }
    let answer = session.ask.secret(&mut session.ui, spec, &|input| check(spec, input, (&writer, now)))?;
    Ok(match (answer, &spec.default) {
        (Some(value), _) => {
            vault.insert(&spec.name, value);
            SecretSource::Entered
        }
        (None, Some(default)) => SecretSource::Default { value: default.clone() },
        (None, None) => SecretSource::Later,
    })
}

/// Says what a variable is for and where a person gets it.
pub(super) fn introduce(session: &mut Session, spec: &SecretSpec) {
    let required = if spec.required.in_default_profile() { "" } else { " (optional)" };
    session.ui.say("");
    session.ui.say(&format!("{}{required}", spec.description));
    if spec.personal {
        session.ui.say("  Personal: use one of your own, not the team's; `nixstart env share` leaves it out");
    }
    let Some(obtain) = &spec.obtain else { return };
    session.ui.say(&format!("  Get it: {}", obtain.url));
    for (index, step) in obtain.steps.iter().enumerate() {
        session.ui.say(&format!("  {}. {step}", index + 1));
    }
}

/// Says what looks like a mistake: values that do not belong together, and names that are nearly those of a secret.
fn mix_ups(session: &mut Session, specs: &[SecretSpec], sources: &Sources, vault: &Vault) -> Vec<String> {
    let values: Vec<(&SecretSpec, &SecretString)> =
        specs.iter().filter_map(|spec| Some((spec, vault.get(&spec.name)?))).collect();
    let mut warnings = cross_check(&values);
    let names = || specs.iter().map(|spec| spec.name.as_str());
    let unknown = sources.entries.iter().filter(|entry| !names().any(|name| name == entry.key));
    warnings.extend(
        unknown.filter_map(|entry| Some(format!("the template has no `{}`; {}", entry.key, did_you_mean(&entry.key, names())?))),
    );
    for warning in &warnings {
        session.ui.warn(warning);
    }
    warnings
}

fn refused(name: &str, message: &str, hint: &str) -> Error {
    Error::failed(format!("the value of {name} is not accepted: {message}")).hint(hint)
}

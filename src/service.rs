//! Services a project runs, as `[services.<name>]` tables. The words are those of compose and Kubernetes.
//!
//! A template declares them once and `nixstart.toml` carries them on. Every field is read and checked, whether the built-in
//! runner acts on it or not; [`field::FIELDS`] is the one table of them.

mod checks;
mod command;
mod config_file;
mod dependency;
mod deployment;
mod env_file;
mod error;
pub mod field;
mod fields;
mod graph;
mod honoured;
mod kind;
mod location;
mod port;
mod probe;
mod quantity;
mod restart;
mod secret_use;
mod service_set;
mod signal;
mod stop;
mod volume;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use toml::{Table, Value};

pub use command::Command;
pub use config_file::{ConfigFile, Contents};
pub use dependency::{Condition, Dependency};
pub use deployment::{Deployment, Hardening, Image, Logging, Reload, Resources};
pub use env_file::EnvFile;
pub use error::ServiceError;
pub use honoured::unhonoured;
pub use kind::Kind;
pub use location::line_of;
pub use port::{Expose, Port, Protocol};
pub use probe::{Check, Probe, Scheme};
pub use quantity::Size;
pub use restart::{Policy, Restart};
pub use secret_use::SecretUse;
pub use service_set::ServiceSet;
pub use signal::Signal;
pub use stop::Stop;
pub use volume::Volume;

use fields::{Fields, Reader, Texts};

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it is, for people.
    pub description: Option<String>,
    /// How long it runs.
    pub kind: Kind,
    /// What is run. Without it, the main program of `package`.
    pub command: Option<Command>,
    /// More arguments.
    pub args: Vec<String>,
    /// The flake or nixpkgs attribute it comes from.
    pub package: Option<String>,
    /// The program of `package` that is run when there is no command.
    pub main_program: Option<String>,
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// Files with variables; later ones win, and `env` wins over all.
    pub env_files: Vec<EnvFile>,
    /// Where it runs, relative to the project.
    pub working_dir: Option<Utf8PathBuf>,
    /// What it waits for before it starts.
    pub depends_on: BTreeMap<String, Dependency>,
    /// How one finds out whether it is ready.
    pub readiness: Option<Probe>,
    /// What happens when it has ended by itself.
    pub restart: Restart,
    /// How it is stopped.
    pub stop: Stop,
    /// What runs before each start, one after the other.
    pub pre_start: Vec<Command>,
    /// Where it listens, by name.
    pub ports: BTreeMap<String, Port>,
    /// The secrets it gets, by the name of their variable.
    pub secrets: BTreeMap<String, SecretUse>,
    /// Whether it is there at all.
    pub enabled: bool,
    /// Whether it starts with the others; else when it is asked for, or needed.
    pub autostart: bool,
    /// Whether all have failed when it has.
    pub required: bool,
    /// What only matters where it is deployed.
    pub deployment: Deployment,
    declared: BTreeSet<String>,
}

impl Service {
    /// Reads a service, and what is wrong with it. There is none when it is no table.
    fn read(name: &str, value: &Value, texts: Texts) -> (Option<Self>, Vec<ServiceError>) {
        let mut reader = Reader { service: name, texts, errors: Vec::new(), declared: BTreeSet::new() };
        if !is_service_name(name) {
            reader.errors.push(ServiceError::Name { service: name.to_owned() });
        }
        let Some(table) = value.as_table() else {
            reader.errors.push(ServiceError::NoTable { service: name.to_owned() });
            return (None, reader.errors);
        };
        let mut service = Self::of(name, &mut Fields::of_service(&mut reader, table));
        service.declared = reader.declared;
        (Some(service), reader.errors)
    }

    fn of(name: &str, fields: &mut Fields<'_, '_>) -> Self {
        if !fields.has("command") && !fields.has("package") {
            fields.nothing_to_run();
        }
        let service = Self {
            name: name.to_owned(),
            description: fields.text("description"),
            kind: fields.word("type", "`service`, `oneshot` or `scheduled`", Kind::parse).unwrap_or_default(),
            command: fields.command("command"),
            args: fields.list("args", |entry| entry.read("a list of strings", fields::any_text)),
            package: fields.text("package"),
            main_program: fields.text("main_program"),
            env: fields.map("env", fields::variable),
            env_files: fields.list("env_files", EnvFile::read),
            working_dir: fields.path("working_dir"),
            depends_on: fields.map("depends_on", Dependency::read),
            readiness: fields.table("readiness", Probe::read).flatten(),
            restart: fields.table("restart", Restart::read).unwrap_or_default(),
            stop: fields.table("stop", Stop::read).unwrap_or_default(),
            pre_start: fields.commands("pre_start"),
            ports: fields.map("ports", Port::read),
            secrets: fields.map("secrets", fields::secret),
            enabled: fields.flag("enabled").unwrap_or(true),
            autostart: fields.flag("autostart").unwrap_or(true),
            required: fields.flag("required").unwrap_or(true),
            deployment: Deployment::read(fields),
            declared: BTreeSet::new(),
        };
        if service.kind == Kind::Oneshot && service.restart.policy == Policy::Always {
            fields.wrong_field("restart.policy", "`never` or `on-failure`, as its type is `oneshot`");
        }
        let is_scheduled = service.kind == Kind::Scheduled;
        if is_scheduled && !fields.has("schedule") {
            fields.wrong_field("schedule", "there, as its type is `scheduled`");
        }
        if fields.has("schedule") && !is_scheduled {
            fields.wrong_field("type", "`scheduled`, as it has a `schedule`");
        }
        service
    }

    /// The program to run and its arguments; `None` when only Nix knows the main program of `package`.
    pub fn argv(&self) -> Option<Vec<String>> {
        match (&self.command, &self.main_program) {
            (Some(command), _) => Some(command.argv(&self.args)),
            (None, Some(program)) => Some(std::iter::once(program).chain(&self.args).cloned().collect()),
            (None, None) => None,
        }
    }

    /// Whether it is started with the project. What is scheduled runs elsewhere at its time; here, when somebody asks for it.
    pub fn starts_by_itself(&self) -> bool {
        self.enabled && self.autostart && self.kind != Kind::Scheduled
    }

    /// Whether the file has a field, by its row in [`field::FIELDS`] (`restart.policy`, `ports.*.expose`).
    pub fn is_declared(&self, row: &str) -> bool {
        self.declared.contains(row)
    }
}

/// Whether a name can be that of a process, a unit and a container.
fn is_service_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 63
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Checks the `[services]` table of a template, whose texts are not rendered yet: one with `{{` can become anything, and
/// services may exclude each other. What the template makes of it is read by [`ServiceSet::parse`].
pub fn check(services: &Table) -> Vec<ServiceError> {
    let (set, mut errors) = ServiceSet::read_with(services, Texts::Templates);
    errors.extend(checks::unknown_dependencies(&set));
    errors
}

#[cfg(test)]
mod tests;

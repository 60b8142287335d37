//! Services a project runs, as `[services.<name>]` tables. The words are those of compose and Kubernetes.
//!
//! A template declares them once and `nixstart.toml` carries them on; this checks that every field is a known one and
//! that dependencies exist.

use toml::{Table, Value};

use crate::error::did_you_mean;

/// Every field a service may have.
pub const FIELDS: [&str; 41] = [
    "args",
    "autostart",
    "command",
    "config_files",
    "depends_on",
    "description",
    "documentation",
    "enabled",
    "entrypoint",
    "env",
    "env_files",
    "group",
    "hardening",
    "image",
    "labels",
    "liveness",
    "logging",
    "main_program",
    "package",
    "packages",
    "ports",
    "post_start",
    "post_stop",
    "pre_start",
    "profiles",
    "readiness",
    "reload",
    "replicas",
    "required",
    "resources",
    "restart",
    "schedule",
    "secrets",
    "silence",
    "stop",
    "targets",
    "type",
    "user",
    "volumes",
    "watch",
    "working_dir",
];

/// What a dependency can wait for.
const CONDITIONS: [&str; 3] = ["started", "healthy", "completed"];

/// Why a service is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// A field that does not exist.
    #[error("service `{service}` has the unknown field `{field}`{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    UnknownField {
        /// Name of the service.
        service: String,
        /// The field.
        field: String,
        /// Fields with a similar name.
        hint: Option<String>,
    },
    /// Neither `command` nor `package` says what to run.
    #[error("service `{service}` has neither `command` nor `package`")]
    NothingToRun {
        /// Name of the service.
        service: String,
    },
    /// A field has the wrong type.
    #[error("`{field}` of service `{service}` must be {expected}")]
    WrongType {
        /// Name of the service.
        service: String,
        /// The field.
        field: String,
        /// What it takes.
        expected: &'static str,
    },
    /// A dependency that is not declared.
    #[error("service `{service}` depends on `{dependency}`, which is not declared")]
    UnknownDependency {
        /// Name of the service.
        service: String,
        /// The missing one.
        dependency: String,
    },
}

/// Checks every service of a `[services]` table and returns all that is wrong.
pub fn check(services: &Table) -> Vec<ServiceError> {
    services.iter().flat_map(|(name, fields)| check_service(name, fields, services)).collect()
}

fn check_service(name: &str, fields: &Value, services: &Table) -> Vec<ServiceError> {
    let wrong = |field: &str, expected| ServiceError::WrongType { service: name.to_owned(), field: field.to_owned(), expected };
    let Some(fields) = fields.as_table() else { return vec![wrong("(itself)", "a table")] };
    let mut errors = unknown_fields(name, fields);
    if !fields.contains_key("command") && !fields.contains_key("package") {
        errors.push(ServiceError::NothingToRun { service: name.to_owned() });
    }
    if fields.get("command").is_some_and(|command| !is_command(command)) {
        errors.push(wrong("command", "a string or a list of strings"));
    }
    if fields.get("type").is_some_and(|kind| !matches!(kind.as_str(), Some("service" | "oneshot" | "scheduled"))) {
        errors.push(wrong("type", "`service`, `oneshot` or `scheduled`"));
    }
    match fields.get("depends_on").map(Value::as_table) {
        None => {}
        Some(None) => errors.push(wrong("depends_on", "a table of service = condition")),
        Some(Some(dependencies)) => {
            for (dependency, condition) in dependencies {
                if !services.contains_key(dependency) {
                    errors.push(ServiceError::UnknownDependency { service: name.to_owned(), dependency: dependency.clone() });
                }
                if condition.as_str().is_some_and(|condition| !CONDITIONS.contains(&condition)) {
                    errors.push(wrong("depends_on", "`started`, `healthy` or `completed` for each service"));
                }
            }
        }
    }
    errors
}

fn unknown_fields(service: &str, fields: &Table) -> Vec<ServiceError> {
    fields
        .keys()
        .filter(|field| !FIELDS.contains(&field.as_str()))
        .map(|field| ServiceError::UnknownField {
            service: service.to_owned(),
            field: field.clone(),
            hint: did_you_mean(field, FIELDS),
        })
        .collect()
}

fn is_command(command: &Value) -> bool {
    command.is_str() || command.as_array().is_some_and(|words| !words.is_empty() && words.iter().all(Value::is_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(toml: &str) -> Vec<String> {
        check(&toml.parse().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn accepts_services_that_build_on_each_other() {
        let toml = "[install]\ntype = 'oneshot'\ncommand = 'pnpm install'\n[bot]\ncommand = ['node', '.']\ndepends_on = { install = 'completed' }";
        assert_eq!(messages(toml), Vec::<String>::new());
    }

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(
            messages("[bot]\ncomand = 'x'\npackage = 'y'"),
            ["service `bot` has the unknown field `comand`; did you mean `command`?"]
        );
        assert_eq!(messages("[bot]\ncommand = 3"), ["`command` of service `bot` must be a string or a list of strings"]);
        assert_eq!(
            messages("[bot]\ncommand = 'x'\ndepends_on = { db = 'healthy' }"),
            ["service `bot` depends on `db`, which is not declared"]
        );
        assert_eq!(messages("[bot]\nenv = {}"), ["service `bot` has neither `command` nor `package`"]);
    }
}

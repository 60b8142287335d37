//! Why services are not understood.

/// What is wrong with a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// A name that no process, unit or container could have.
    #[error("a service cannot be named `{service}`; use letters, digits, `-`, `_` and `.`, and begin with a letter or a digit")]
    Name {
        /// Name of the service.
        service: String,
    },
    /// A field that does not exist.
    #[error("service `{service}` has the unknown field `{field}`{}", appended(hint.as_ref()))]
    UnknownField {
        /// Name of the service.
        service: String,
        /// The field, with those around it (`readiness.http.prot`).
        field: String,
        /// Fields with a similar name.
        hint: Option<String>,
    },
    /// Something else than a table.
    #[error("service `{service}` must be a table such as `[services.{service}]`")]
    NoTable {
        /// Name of the service.
        service: String,
    },
    /// Neither `command` nor `package` says what to run.
    #[error("service `{service}` has neither `command` nor `package`")]
    NothingToRun {
        /// Name of the service.
        service: String,
    },
    /// A field has a value it cannot have.
    #[error("`{field}` of service `{service}` must be {expected}")]
    WrongValue {
        /// Name of the service.
        service: String,
        /// The field, with those around it.
        field: String,
        /// What it takes.
        expected: &'static str,
    },
    /// A variable that no program could be given.
    #[error("`{field}` of service `{service}` is no name for a variable; use `[A-Za-z_][A-Za-z0-9_]*`")]
    VariableName {
        /// Name of the service.
        service: String,
        /// The field, with those around it.
        field: String,
    },
    /// A path out of the project.
    #[error("`{field}` of service `{service}` leaves the project: `{path}`")]
    LeavesProject {
        /// Name of the service.
        service: String,
        /// The field, with those around it.
        field: String,
        /// The path.
        path: String,
    },
    /// A dependency that is not declared.
    #[error("service `{service}` depends on `{dependency}`, which is not declared{}", appended(hint.as_ref()))]
    UnknownDependency {
        /// Name of the service.
        service: String,
        /// The missing one.
        dependency: String,
        /// Services with a similar name.
        hint: Option<String>,
    },
    /// A dependency that is switched off, and without which the service does not start.
    #[error("service `{service}` depends on `{dependency}`, which is not enabled")]
    DisabledDependency {
        /// Name of the service.
        service: String,
        /// The one that is switched off.
        dependency: String,
    },
    /// A dependency that has to be healthy and that nothing says it of.
    #[error("service `{service}` waits until `{dependency}` is healthy, but `{dependency}` has no `readiness`")]
    NeverHealthy {
        /// Name of the service.
        service: String,
        /// The one without a probe.
        dependency: String,
    },
    /// Services that wait for each other.
    #[error("services wait for each other: {}", .services.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → "))]
    Cycle {
        /// The services; the first is also the last.
        services: Vec<String>,
    },
    /// Two services that would listen on one port.
    #[error("services `{first}` and `{second}` both have port {port}")]
    PortClash {
        /// The earlier one.
        first: String,
        /// The later one.
        second: String,
        /// The port.
        port: u16,
    },
}

impl ServiceError {
    /// The service that has to be changed.
    pub fn service(&self) -> &str {
        match self {
            Self::Name { service }
            | Self::UnknownField { service, .. }
            | Self::NoTable { service }
            | Self::NothingToRun { service }
            | Self::WrongValue { service, .. }
            | Self::VariableName { service, .. }
            | Self::LeavesProject { service, .. }
            | Self::UnknownDependency { service, .. }
            | Self::DisabledDependency { service, .. }
            | Self::NeverHealthy { service, .. } => service,
            Self::Cycle { services } => services.first().map_or("", String::as_str),
            Self::PortClash { second, .. } => second,
        }
    }

    /// The field that has to be changed, with those around it; empty when the service as a whole is meant.
    pub fn field(&self) -> &str {
        match self {
            Self::UnknownField { field, .. }
            | Self::WrongValue { field, .. }
            | Self::VariableName { field, .. }
            | Self::LeavesProject { field, .. } => field,
            Self::UnknownDependency { .. } | Self::DisabledDependency { .. } | Self::NeverHealthy { .. } | Self::Cycle { .. } => {
                "depends_on"
            }
            Self::PortClash { .. } => "ports",
            Self::Name { .. } | Self::NoTable { .. } | Self::NothingToRun { .. } => "",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NothingToRun { .. } => Some("say what to run: `command = [\"node\", \".\"]`".to_owned()),
            Self::DisabledDependency { dependency, .. } => Some(format!(
                "enable `{dependency}`, or start without it: `depends_on.{dependency} = {{ condition = \"started\", required = false }}`"
            )),
            Self::NeverHealthy { dependency, .. } => {
                Some(format!("give `{dependency}` a `readiness`, or wait until it is `started`"))
            }
            Self::LeavesProject { .. } => Some("write a path relative to the project".to_owned()),
            Self::Cycle { .. } => Some("leave one of these dependencies out".to_owned()),
            Self::PortClash { .. } => Some("give one of them another port".to_owned()),
            Self::Name { .. }
            | Self::NoTable { .. }
            | Self::UnknownField { .. }
            | Self::WrongValue { .. }
            | Self::VariableName { .. }
            | Self::UnknownDependency { .. } => None,
        }
    }
}

fn appended(hint: Option<&String>) -> String {
    hint.map(|hint| format!("; {hint}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::super::ServiceSet;
    use super::super::tests::table;

    #[test]
    fn every_error_says_whom_it_is_about_and_most_what_to_do() {
        let toml = "['a b']\ncommand = 'x'\n[none]\n[db]\ncommand = 'x'\nports.a = 1\n[off]\ncommand = 'x'\nenabled = false\n[web]\ncommand = 'x'\nports.a = 1\nworking_dir = '..'\nenv.'1' = ''\nx = 1\ndepends_on = { db = 'healthy', off = 'started', gone = 'started', web = 'started' }\nargs = [1]";
        let errors = ServiceSet::parse(&table(toml)).unwrap_err();
        let mut said: Vec<_> = errors.iter().map(|error| (error.service(), error.field(), error.hint())).collect();
        said.sort_unstable();
        let hint = |text: &str| Some(text.to_owned());
        assert_eq!(
            said,
            [
                ("a b", "", None),
                ("none", "", hint("say what to run: `command = [\"node\", \".\"]`")),
                ("web", "args", None),
                ("web", "depends_on", None),
                (
                    "web",
                    "depends_on",
                    hint("enable `off`, or start without it: `depends_on.off = { condition = \"started\", required = false }`")
                ),
                ("web", "depends_on", hint("give `db` a `readiness`, or wait until it is `started`")),
                ("web", "depends_on", hint("leave one of these dependencies out")),
                ("web", "env.1", None),
                ("web", "ports", hint("give one of them another port")),
                ("web", "working_dir", hint("write a path relative to the project")),
                ("web", "x", None),
            ]
        );
    }
}

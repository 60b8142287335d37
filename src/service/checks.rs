//! Whether services fit together.

use super::error::ServiceError;
use super::{Condition, Kind, Service, ServiceSet};
use crate::diagnostic::{Diagnostic, Place};
use crate::error::did_you_mean;

/// The file that services are declared in.
pub(super) const FILE: &str = "nixstart.toml";

/// What keeps the services from running as they are declared.
pub(super) fn errors(set: &ServiceSet) -> Vec<ServiceError> {
    let mut errors = unknown_dependencies(set);
    errors.extend(set.iter().flat_map(|service| unmet(set, service)));
    errors.extend(port_clashes(set));
    errors
}

/// Dependencies that are not declared.
pub(super) fn unknown_dependencies(set: &ServiceSet) -> Vec<ServiceError> {
    let names: Vec<&str> = set.names().collect();
    let missing = |service: &Service| {
        let dependencies = service.depends_on.keys().filter(|name| !names.contains(&name.as_str()));
        let error = |dependency: &String| ServiceError::UnknownDependency {
            service: service.name.clone(),
            dependency: dependency.clone(),
            hint: did_you_mean(dependency, names.iter().copied().filter(|name| *name != service.name)),
        };
        dependencies.map(error).collect::<Vec<_>>()
    };
    set.iter().flat_map(missing).collect()
}

/// Dependencies that can never be as a service waits for.
fn unmet(set: &ServiceSet, service: &Service) -> Vec<ServiceError> {
    let mut errors = Vec::new();
    for (name, dependency) in &service.depends_on {
        let Some(other) = set.get(name) else { continue };
        let (service_name, other_name) = (service.name.clone(), name.clone());
        if service.enabled && !other.enabled && dependency.required {
            errors.push(ServiceError::DisabledDependency { service: service_name, dependency: other_name });
        } else if dependency.condition == Condition::Healthy && other.readiness.is_none() && !other.is_declared("readiness") {
            errors.push(ServiceError::NeverHealthy { service: service_name, dependency: other_name });
        }
    }
    errors
}

/// Ports of the machine that two services have. Those that are off, or belong to a profile, may never meet.
fn port_clashes(set: &ServiceSet) -> Vec<ServiceError> {
    let mut taken: Vec<(&Service, u16, super::Protocol)> = Vec::new();
    let mut errors = Vec::new();
    for service in set.iter().filter(|service| service.enabled && service.deployment.profiles.is_empty()) {
        for port in service.ports.values() {
            let key = (port.on_host(), port.protocol);
            let first = taken.iter().find(|(_, number, protocol)| (*number, *protocol) == key);
            match first {
                None => taken.push((service, key.0, key.1)),
                Some((first, _, _)) if first.name == service.name => {}
                Some((first, _, _)) => {
                    errors.push(ServiceError::PortClash { first: first.name.clone(), second: service.name.clone(), port: key.0 });
                }
            }
        }
    }
    errors
}

/// What does not keep a service from running and is probably not meant.
pub(super) fn findings(set: &ServiceSet, service: &Service) -> Vec<Diagnostic> {
    let waits = service.depends_on.iter().filter(|(_, dependency)| dependency.condition == Condition::Completed);
    let endless = waits.filter(|(name, _)| set.get(name).is_some_and(|other| other.kind == Kind::Service));
    let finding = |name: &String| {
        let message = format!("service `{}` waits until `{name}` has ended, which runs until it is stopped", service.name);
        let hint = format!("give `{name}` the type `oneshot`, or wait until it is `started` or `healthy`");
        Diagnostic::warning(Place::new(FILE, 0), "endless-dependency", message).hint(hint)
    };
    endless.map(|(name, _)| finding(name)).collect()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::super::tests::{NONE, messages, must_be, of_web, set};

    #[test]
    fn services_fit_together() {
        let two = |first: &str, second: &str| messages(&format!("[db]\ncommand = 'x'\n{first}\n[web]\ncommand = 'x'\n{second}"));
        assert_eq!(
            two("", "depends_on.bd = 'started'"),
            ["service `web` depends on `bd`, which is not declared; did you mean `db`?"]
        );
        assert_eq!(two("", "depends_on.cache = 'started'"), ["service `web` depends on `cache`, which is not declared"]);
        assert_eq!(two("", "depends_on.db = 'ready'"), must_be("depends_on.db", "`started`, `healthy` or `completed`"));
        assert_eq!(
            two("", "depends_on.db.condition = 'ready'"),
            must_be("depends_on.db.condition", "`started`, `healthy` or `completed`")
        );
        assert_eq!(two("", "depends_on = ['db']"), must_be("depends_on", "a table"));
        assert_eq!(
            two("", "depends_on.db = 'healthy'"),
            ["service `web` waits until `db` is healthy, but `db` has no `readiness`"]
        );
        assert_eq!(two("enabled = false", "depends_on.db = 'started'"), ["service `web` depends on `db`, which is not enabled"]);
        assert_eq!(two("enabled = false", "depends_on.db = { required = false }"), NONE);
        assert_eq!(two("enabled = false", "enabled = false\ndepends_on.db = 'started'"), NONE);
        assert_eq!(two("ports.a = 1", "ports.b = 1"), ["services `db` and `web` both have port 1"]);
        assert_eq!(two("ports.a = 1", "ports.b = { port = 1, protocol = 'udp' }"), NONE);
        assert_eq!(two("ports.a = 1", "ports.b = { port = 1, host_port = 2 }"), NONE);
        assert_eq!(two("ports.a = 1\nenabled = false", "ports.b = 1"), NONE);
        assert_eq!(two("ports.a = 1\nprofiles = ['test']", "ports.b = 1"), NONE);
        assert_eq!(
            two("depends_on.web = 'started'", "depends_on.db = 'started'"),
            ["services wait for each other: `db` → `web` → `db`"]
        );
        assert_eq!(of_web("depends_on.web = 'started'"), ["services wait for each other: `web` → `web`"]);
    }

    #[test]
    fn waiting_for_the_end_of_what_runs_on_is_found() {
        let findings = |kind: &str| {
            let set = set(&format!("[db]\ncommand = 'x'\ntype = '{kind}'\n[web]\ncommand = 'x'\ndepends_on.db = 'completed'"));
            set.findings().into_iter().map(|finding| (finding.code, finding.message, finding.hint.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(findings("oneshot"), []);
        assert_eq!(
            findings("service"),
            [(
                "endless-dependency",
                "service `web` waits until `db` has ended, which runs until it is stopped".to_owned(),
                "give `db` the type `oneshot`, or wait until it is `started` or `healthy`".to_owned()
            )]
        );
    }
}

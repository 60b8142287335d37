//! What the built-in runner does not act on.

use super::checks::FILE;
use super::field::{FIELDS, Runner};
use super::{Kind, SecretUse, Service};
use crate::diagnostic::{Diagnostic, Place};

/// The built-in runner, as `silence` calls it.
const TARGET: &str = "builtin";

/// What the file says of a service and the built-in runner cannot honour: a warning for each outermost such field that is
/// there, unless it is silenced.
pub fn unhonoured(service: &Service) -> Vec<Diagnostic> {
    let ignored = FIELDS.iter().filter(|field| field.runner == Runner::Ignores && service.is_declared(field.row));
    let mut rows: Vec<&str> = Vec::new();
    for field in ignored {
        let is_inside = rows.iter().any(|row| field.row.strip_prefix(row).is_some_and(|rest| rest.starts_with('.')));
        if !is_inside {
            rows.push(field.row);
        }
    }
    let mut findings: Vec<Diagnostic> =
        rows.into_iter().filter(|row| !is_silenced(service, row)).map(|row| ignores(service, row)).collect();
    findings.extend(secret_files(service));
    if service.argv().is_none() && service.kind != Kind::Scheduled && service.enabled {
        findings.push(unknown_program(service));
    }
    findings
}

fn is_silenced(service: &Service, row: &str) -> bool {
    service.deployment.silence.iter().any(|silenced| silenced.split_once(':') == Some((TARGET, row)))
}

fn ignores(service: &Service, row: &str) -> Diagnostic {
    let message = format!("the built-in runner does not act on `{row}` of service `{}`", service.name);
    let hint = format!("`silence = [\"{TARGET}:{row}\"]` keeps this quiet");
    Diagnostic::warning(Place::new(FILE, 0), "not-honoured", message).hint(hint)
}

/// A secret that is wanted as a file is not given.
fn secret_files(service: &Service) -> Option<Diagnostic> {
    const ROW: &str = "secrets.*.as";
    let (name, _) = service.secrets.iter().find(|(_, how)| **how == SecretUse::File)?;
    let message = format!("the built-in runner gives no secrets as files, and service `{}` wants `{name}` as one", service.name);
    let finding = Diagnostic::warning(Place::new(FILE, 0), "not-honoured", message);
    (!is_silenced(service, ROW)).then(|| finding.hint(format!("`silence = [\"{TARGET}:{ROW}\"]` keeps this quiet")))
}

fn unknown_program(service: &Service) -> Diagnostic {
    let package = service.package.as_deref().unwrap_or_default();
    let message =
        format!("the built-in runner cannot start service `{}`: only Nix knows the main program of `{package}`", service.name);
    Diagnostic::warning(Place::new(FILE, 0), "unknown-program", message).hint("say which with `main_program` or `command`")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::super::tests::{NONE, set};
    use super::*;

    #[test]
    fn the_runner_says_once_per_field_what_it_cannot_honour() {
        let said = |fields: &str| {
            let set = set(&format!("[web]\ncommand = 'x'\n{fields}"));
            let findings = unhonoured(set.get("web").unwrap());
            findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(said(""), NONE);
        let of = |row: &str| format!("the built-in runner does not act on `{row}` of service `web`");
        let many = "user = 'me'\nreplicas = 2\nvolumes.a = { path = '/a', size = '1Gi' }\nvolumes.b = { path = '/b' }\nliveness.tcp.port = 1\nhardening = { confine = true }\nconfig_files.a.text = ''";
        let rows = ["liveness", "replicas", "user", "volumes", "config_files", "hardening"];
        assert_eq!(said(many), rows.map(of));
        assert_eq!(said("readiness.notify = true"), [of("readiness.notify")]);
        assert_eq!(said("silence = ['builtin:user', 'compose:group']\nuser = 'me'\ngroup = 'us'"), [of("group")]);
        let secrets = "secrets = { A = {}, B = { as = 'file' }, C = { as = 'file' } }";
        let as_file = "the built-in runner gives no secrets as files, and service `web` wants `B` as one";
        assert_eq!(said(secrets), [as_file]);
        assert_eq!(said(&format!("{secrets}\nsilence = ['builtin:secrets.*.as']")), NONE);
        let honoured = "secrets.A = {}\ndescription = 'x'\nargs = ['a']\nenv.A = 'x'\nenv_files = '.env'\nworking_dir = 'a'\ntype = 'oneshot'\nreadiness = { tcp.port = 1, period = '1s' }\nrestart = { policy = 'on-failure', window = '1m' }\nstop = { command = 'x' }\npre_start = 'x'\nports.a = { port = 1, host_port = 1, expose = 'local' }\nenabled = true\nautostart = false\nrequired = false\nimage.name = 'x'\nlabels.a = 'x'\npackage = 'x'";
        assert_eq!(said(honoured), NONE);
        let hint = unhonoured(set("[web]\ncommand = 'x'\nuser = 'me'").get("web").unwrap()).remove(0).hint.unwrap();
        assert_eq!(hint, "`silence = [\"builtin:user\"]` keeps this quiet");
    }

    #[test]
    fn the_runner_needs_to_know_the_program_of_a_package() {
        let said =
            |fields: &str| unhonoured(set(&format!("[web]\npackage = 'nixpkgs\u{23}redis'\n{fields}")).get("web").unwrap());
        let unknown = said("").remove(0);
        assert_eq!(
            unknown.message,
            "the built-in runner cannot start service `web`: only Nix knows the main program of `nixpkgs#redis`"
        );
        assert_eq!(unknown.hint.as_deref(), Some("say which with `main_program` or `command`"));
        assert_eq!(said("main_program = 'redis-server'"), []);
        assert_eq!(said("enabled = false"), []);
    }
}

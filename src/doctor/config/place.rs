//! Where a setting is changed: never in a file that something else makes, and in the narrowest place that has an effect.

use camino::Utf8Path;

use crate::doctor::remedy::Restart;
use crate::doctor::{Fix, Remedy};
use crate::facts::Facts;
use crate::facts::config::ConfigFile;
use crate::facts::daemon::User;
use crate::nix::conf::{Place, Setting};

/// Whether a list of users, such as `trusted-users`, names this one.
pub(in crate::doctor) fn named(user: &User, words: &[&str]) -> bool {
    let in_group = |group: &str| user.groups.iter().chain(&user.session_groups).any(|own| own == group);
    words.iter().any(|word| *word == "*" || *word == user.name || word.strip_prefix('@').is_some_and(in_group))
}

fn file<'a>(facts: &'a Facts, path: &Utf8Path) -> Option<&'a ConfigFile> {
    facts.config.files.known()?.iter().find(|file| file.path == path)
}

fn lines(settings: &[(&str, &str)]) -> Vec<String> {
    settings.iter().map(|(name, value)| format!("{name} = {value}")).collect()
}

/// Adds settings that the daemon reads, too.
pub(in crate::doctor) fn system_setting(facts: &Facts, title: &str, settings: &[(&str, &str)]) -> Fix {
    let path = facts.config.system_file.known().map_or(Utf8Path::new("/etc/nix/nix.conf"), |path| path.as_path());
    let made_by = file(facts, path).and_then(|file| file.made_by.as_deref());
    let configuration = facts.nix.machine.known().and_then(|machine| machine.configuration());
    if let Some(by) = configuration {
        return declared(title, by, settings);
    }
    let own = facts.config.files.known().into_iter().flatten();
    let own = own.filter(|file| file.is_system).find(|file| file.path.file_name() == Some("nixstart.conf"));
    let target = match (own, made_by) {
        (Some(own), _) => own.path.clone(),
        // Both include it, and leave it to people.
        (None, Some("Determinate Nix" | "nix-installer")) => path.with_file_name("nix.custom.conf"),
        (None, Some(by)) => return declared(title, by, settings),
        (None, None) => path.to_owned(),
    };
    let lines = lines(settings);
    Fix::new(title, Remedy::AddLines { path: target, lines, as_root: true }).restarting(Restart::Daemon)
}

/// Adds settings that have an effect without the daemon knowing them.
pub(in crate::doctor) fn user_setting(facts: &Facts, title: &str, settings: &[(&str, &str)]) -> Fix {
    let Some(path) = facts.config.user_file.known() else {
        let lines = lines(settings);
        return Fix::by_hand(title, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    };
    match file(facts, path).and_then(|file| file.made_by.as_deref()) {
        Some(by) => declared(title, by, settings),
        None => Fix::new(title, Remedy::AddLines { path: path.clone(), lines: lines(settings), as_root: false }),
    }
}

/// What to write where `nix.conf` is made from a configuration.
fn declared(title: &str, by: &str, settings: &[(&str, &str)]) -> Fix {
    let option = |(name, value): &(&str, &str)| match *value {
        "true" | "false" => format!("nix.settings.{name} = {value};"),
        _ if name.ends_with("users")
            || name.ends_with("features")
            || name.ends_with("substituters")
            || name.ends_with("keys") =>
        {
            let words: Vec<String> = value.split_whitespace().map(crate::template::escape::nix).collect();
            format!("nix.settings.{name} = [ {} ];", words.join(" "))
        }
        _ => format!("nix.settings.{name} = {};", crate::template::escape::nix(value)),
    };
    let options: Vec<String> = settings.iter().map(option).collect();
    let title = format!("{title}, in the configuration of {by}");
    Fix::by_hand(&title, &options.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Puts another value in the place of a setting.
pub(in crate::doctor) fn replace(facts: &Facts, title: &str, setting: &Setting, value: &str) -> Fix {
    let new = format!("{} = {value}", setting.name);
    let Place::File { path, .. } = &setting.place else {
        return Fix::by_hand(&format!("{title}, in the variable NIX_CONFIG"), &[&new]);
    };
    let file = file(facts, path);
    if let Some(by) = file.and_then(|file| file.made_by.as_deref()) {
        return declared(title, by, &[(&setting.name, value)]);
    }
    let as_root = file.is_some_and(|file| file.is_system);
    match &setting.raw {
        Some(old) => {
            let fix = Fix::new(title, Remedy::ReplaceLine { path: path.clone(), old: old.clone(), new, as_root });
            if as_root { fix.restarting(Restart::Daemon) } else { fix }
        }
        None => Fix::by_hand(&format!("{title}, in {}", setting.place), &[&new]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::nix::Machine;

    fn facts(made_by: Option<&str>) -> Facts {
        let mut facts = Facts::default();
        facts.nix.machine = Machine::Linux { has_systemd: true }.into();
        let path = camino::Utf8PathBuf::from("/etc/nix/nix.conf");
        facts.config.system_file = path.clone().into();
        let file = ConfigFile { path, is_system: true, made_by: made_by.map(str::to_owned), ..ConfigFile::default() };
        facts.config.files = vec![file].into();
        facts
    }

    fn target(facts: &Facts) -> Option<String> {
        match system_setting(facts, "Set it", &[("extra-trusted-substituters", "https://a"), ("sandbox", "true")]).remedy {
            Remedy::AddLines { path, lines, as_root: true } => {
                assert_eq!(lines, ["extra-trusted-substituters = https://a", "sandbox = true"]);
                Some(path.into_string())
            }
            Remedy::ByHand { commands } => {
                assert_eq!(
                    commands,
                    ["nix.settings.extra-trusted-substituters = [ \"https://a\" ];", "nix.settings.sandbox = true;"]
                );
                None
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn changes_no_file_that_something_else_makes() {
        assert_eq!(target(&facts(None)).as_deref(), Some("/etc/nix/nix.conf"));
        assert_eq!(target(&facts(Some("nix-installer"))).as_deref(), Some("/etc/nix/nix.custom.conf"));
        assert_eq!(target(&facts(Some("a program"))), None);
        let mut nixos = facts(None);
        nixos.nix.machine = Machine::NixOs.into();
        assert_eq!(target(&nixos), None);
        let mut own = facts(None);
        let file = ConfigFile { path: "/etc/nix/nixstart.conf".into(), is_system: true, ..ConfigFile::default() };
        own.config.files = vec![file].into();
        assert_eq!(target(&own).as_deref(), Some("/etc/nix/nixstart.conf"));
    }

    #[test]
    fn replaces_a_line_where_it_stands() {
        let place = Place::File { path: "/etc/nix/nix.conf".into(), line: 6 };
        let setting = Setting { name: "sandbox".into(), words: vec!["false".into()], place, raw: Some("sandbox = false".into()) };
        let fix = replace(&facts(None), "Set it", &setting, "true");
        let (old, new) = ("sandbox = false".to_owned(), "sandbox = true".to_owned());
        assert_eq!(fix.remedy, Remedy::ReplaceLine { path: "/etc/nix/nix.conf".into(), old, new, as_root: true });
        assert_eq!(fix.restarts, Some(Restart::Daemon));
        let in_variable = Setting { place: Place::Variable, ..setting };
        assert!(matches!(replace(&facts(None), "Set it", &in_variable, "true").remedy, Remedy::ByHand { .. }));
    }
}

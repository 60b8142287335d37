//! Where a setting is changed: never in a file that something else makes, and in the narrowest place that has an effect.

use camino::Utf8Path;

use crate::doctor::Fix;
use crate::doctor::remedy::{FileEdit, Restart};
use crate::facts::Facts;
use crate::facts::config::ConfigFile;
use crate::facts::daemon::User;
use crate::nix::conf::{Place, Setting};
use crate::nix::system_file;

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
    let lines = lines(settings);
    match made_by {
        None => {
            let edits = system_file::edits(path, lines).into_iter();
            let edits = edits.map(|(path, edit)| FileEdit { path, edit }).collect();
            Fix::edit_as_root(title, edits).restarting(Restart::Daemon)
        }
        Some(by) => declared(title, by, settings),
    }
}

/// Adds settings that have an effect without the daemon knowing them.
pub(in crate::doctor) fn user_setting(facts: &Facts, title: &str, settings: &[(&str, &str)]) -> Fix {
    let Some(path) = facts.config.user_file.known() else {
        let lines = lines(settings);
        return Fix::by_hand(title, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    };
    match file(facts, path).and_then(|file| file.made_by.as_deref()) {
        Some(by) => declared(title, by, settings),
        None => Fix::edit(title, vec![FileEdit::add(path, lines(settings))]),
    }
}

/// What to write where `nix.conf` is made from a configuration.
fn declared(title: &str, by: &str, settings: &[(&str, &str)]) -> Fix {
    if by == "Determinate Nix" {
        let edit = "sudo ${EDITOR:-vi} /etc/nix/nix.custom.conf    # add:".to_owned();
        let commands: Vec<String> = std::iter::once(edit).chain(lines(settings)).collect();
        let title = format!("{title}, in the file that Determinate Nix leaves to you");
        return Fix::by_hand(&title, &commands.iter().map(String::as_str).collect::<Vec<_>>()).restarting(Restart::Daemon);
    }
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
            let edits = vec![FileEdit::replace(path, old, new)];
            if as_root { Fix::edit_as_root(title, edits).restarting(Restart::Daemon) } else { Fix::edit(title, edits) }
        }
        None => Fix::by_hand(&format!("{title}, in {}", setting.place), &[&new]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Remedy;
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
            Remedy::Edit { edits, as_root: true } => {
                let lines = vec!["extra-trusted-substituters = https://a".to_owned(), "sandbox = true".to_owned()];
                let include = vec!["!include nixstart.conf".to_owned()];
                assert_eq!(edits, [FileEdit::add("/etc/nix/nixstart.conf", lines), FileEdit::add("/etc/nix/nix.conf", include)]);
                Some("nixstart.conf".to_owned())
            }
            Remedy::ByHand { commands } if commands[0].contains("nix.custom.conf") => Some("nix.custom.conf".to_owned()),
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
        assert_eq!(target(&facts(None)).as_deref(), Some("nixstart.conf"));
        assert_eq!(target(&facts(Some("Determinate Nix"))).as_deref(), Some("nix.custom.conf"));
        assert_eq!(target(&facts(Some("a program"))), None);
        let mut nixos = facts(None);
        nixos.nix.machine = Machine::NixOs.into();
        assert_eq!(target(&nixos), None);
    }

    #[test]
    fn replaces_a_line_where_it_stands() {
        let place = Place::File { path: "/etc/nix/nix.conf".into(), line: 6 };
        let setting = Setting { name: "sandbox".into(), words: vec!["false".into()], place, raw: Some("sandbox = false".into()) };
        let fix = replace(&facts(None), "Set it", &setting, "true");
        let edits = vec![FileEdit::replace("/etc/nix/nix.conf", "sandbox = false", "sandbox = true")];
        assert_eq!(fix.remedy, Remedy::Edit { edits, as_root: true });
        assert_eq!(fix.restarts, Some(Restart::Daemon));
        let in_variable = Setting { place: Place::Variable, ..setting };
        assert!(matches!(replace(&facts(None), "Set it", &in_variable, "true").remedy, Remedy::ByHand { .. }));
        let of_determinate = Setting { place: Place::File { path: "/etc/nix/nix.conf".into(), line: 6 }, ..in_variable };
        let Remedy::ByHand { commands } = replace(&facts(Some("Determinate Nix")), "Set it", &of_determinate, "true").remedy
        else {
            panic!("it is edited")
        };
        assert_eq!(commands[1], "sandbox = true");
    }
}

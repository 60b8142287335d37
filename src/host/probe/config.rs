//! Reads Nix's settings: the files that Nix would read, and one call that says what is in force.

pub(super) mod files;
mod project;

use std::thread;

use super::Vantage;
use super::nix::{call, machine, places};
use super::shell::text_file;
use crate::facts::Fact;
use crate::facts::config::Config;
use crate::facts::nix::Machine;
use crate::nix::conf::words_of;
use crate::nix::settings::{self, Effective};

/// Variables that change what is read, of which only the names are kept.
const VARIABLES: [&str; 3] = ["NIX_CONFIG", "NIX_CONF_DIR", "NIX_USER_CONF_FILES"];

pub(super) fn look(vantage: &Vantage) -> Config {
    let machine = machine(vantage);
    let read = files::read(vantage, machine);
    let all = [read.system.as_slice(), read.user.as_slice()].concat();
    let is_readable = read.faults.is_empty();
    let (in_force, trust, flakes_needed_by, github) = thread::scope(|scope| {
        let in_force = scope.spawn(|| in_force(vantage, is_readable));
        let trust = scope.spawn(|| trust(vantage));
        let github = scope.spawn(|| project::github_requests_left(vantage, &all));
        let needed = project::flakes_needed_by(vantage);
        let unknown = || (Fact::default(), Fact::default());
        (
            in_force.join().unwrap_or_else(|_| unknown()),
            trust.join().unwrap_or_default(),
            needed,
            github.join().unwrap_or_default(),
        )
    });
    let (effective, unknown) = in_force;
    let sandbox = match machine {
        Machine::MacOs { .. } => Fact::irrelevant("this is not Linux"),
        Machine::NixOs | Machine::Linux { .. } => effective.clone().map(|settings: Effective| settings.sandbox),
    };
    let flake = project::flake(vantage);
    Config {
        project_caches: project::caches(vantage, flake.known().map_or(&[], Vec::as_slice)).into(),
        files: read.files.into(),
        faults: read.faults.into(),
        system: read.system.into(),
        user: read.user.into(),
        system_text: text_file(vantage, &read.system_file).into(),
        user_text: read.user_file.as_ref().map(|path| text_file(vantage, path)).map_or_else(Fact::default, Fact::Known),
        system_file: read.system_file.into(),
        user_file: read.user_file.map_or_else(|| Fact::failed("HOME is not set"), Fact::Known),
        variables: VARIABLES
            .iter()
            .filter(|name| vantage.variable(name).is_some())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .into(),
        effective,
        unknown,
        sandbox,
        trust,
        flakes_needed_by,
        flake,
        agreed: project::agreed(vantage),
        github_requests_left: github,
    }
}

/// What is in force, and the settings this Nix does not know.
fn in_force(vantage: &Vantage, is_readable: bool) -> (Fact<Effective>, Fact<Vec<String>>) {
    if !is_readable {
        let why = "Nix cannot read its settings";
        return (Fact::not_looked(why), Fact::not_looked(why));
    }
    match call::renamed(vantage, &["show-config", "--json"], &["config", "show", "--json"]) {
        Fact::Known(output) if output.is_success() => {
            let unknown = settings::unknown(&output.stderr);
            let effective = settings::parse(&output.stdout);
            (
                effective.map_or_else(|| Fact::failed("`nix show-config --json` prints something else"), Fact::Known),
                unknown.into(),
            )
        }
        Fact::Known(output) => {
            let said = call::complaint(&output.stderr).join("; ");
            let why = format!("`nix show-config` ended with an error: {said}");
            (Fact::failed(&why), Fact::failed(why))
        }
        Fact::Unknown(why) => (Fact::Unknown(why.clone()), Fact::Unknown(why)),
    }
}

/// Whether the store trusts the user; Nix says so from 2.15 on.
fn trust(vantage: &Vantage) -> Fact<bool> {
    if !vantage.reach.deep {
        return Fact::not_looked("only with `--deep`");
    }
    let output = match call::renamed(vantage, &["store", "ping", "--json"], &["store", "info", "--json"]) {
        Fact::Known(output) => output,
        Fact::Unknown(why) => return Fact::Unknown(why),
    };
    let info: Option<serde_json::Value> = serde_json::from_str(&output.stdout).ok();
    let trusted = info.as_ref().and_then(|info| info.get("trusted"));
    let said = trusted.and_then(|trusted| trusted.as_bool().or_else(|| trusted.as_u64().map(|number| number == 1)));
    said.map_or_else(|| Fact::not_looked("this Nix does not say whom its store trusts"), Fact::Known)
}

/// Whether files switch flakes on.
fn has_flakes(vantage: &Vantage) -> bool {
    let read = files::read(vantage, machine(vantage));
    let all = [read.system, read.user].concat();
    words_of(&all, "experimental-features").is_some_and(|words| words.contains(&"flakes") && words.contains(&"nix-command"))
}

/// The `nix.conf` of the user.
fn user_file(vantage: &Vantage) -> Option<camino::Utf8PathBuf> {
    if let Some(first) = vantage.variable("NIX_USER_CONF_FILES").and_then(|files| files.split(':').find(|file| !file.is_empty()))
    {
        return Some(first.into());
    }
    Some(places::config(vantage)?.join("nix/nix.conf"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::vantage;
    use super::*;
    use crate::nix::settings::Sandbox;

    /// The `nix` of this machine with settings of our own; `None` where there is none.
    fn with_nix() -> Option<(camino::Utf8PathBuf, Vantage)> {
        let (root, mut vantage) = vantage();
        vantage.environment.insert("PATH".into(), std::env::var("PATH").unwrap());
        vantage.environment.insert("NIX_CONF_DIR".into(), root.join("etc/nix").to_string());
        vantage.environment.insert("NIX_REMOTE".into(), root.join("store").to_string());
        fs_err::create_dir_all(root.join("etc/nix")).unwrap();
        vantage.find("nix").map(|_| (root, vantage))
    }

    #[test]
    fn asks_nix_what_is_in_force() {
        let Some((root, vantage)) = with_nix() else { return };
        fs_err::write(root.join("etc/nix/nix.conf"), "sandbox = false\nmax-jobs = 3\nno-such-setting = 1\n").unwrap();
        let found = look(&vantage);
        let effective = found.effective.known().unwrap();
        assert_eq!((effective.sandbox, effective.max_jobs), (Sandbox::Off, Some(3)));
        assert_eq!(found.unknown, vec!["no-such-setting".to_owned()].into());
        assert_eq!(found.variables, vec!["NIX_CONF_DIR".to_owned()].into());
    }

    #[test]
    fn finds_the_fault_that_nix_finds() {
        let Some((root, vantage)) = with_nix() else { return };
        for text in ["foo bar\n", "include /no/such/file\n", "!include a b\n", "foo\n", "foo=1\n"] {
            fs_err::write(root.join("etc/nix/nix.conf"), text).unwrap();
            let refused = !call::nix(&vantage, &["show-config"]).known().unwrap().is_success();
            assert_eq!(look(&vantage).faults.known().unwrap().len(), usize::from(refused), "{text}");
            assert!(refused, "{text}");
        }
        fs_err::write(root.join("etc/nix/nix.conf"), "!include /no/such/file\n# x\nmax-jobs =  3 # x\n").unwrap();
        assert!(call::nix(&vantage, &["show-config"]).known().unwrap().is_success());
        assert_eq!(look(&vantage).faults, Vec::new().into());
    }

    #[test]
    fn a_machine_without_nix_has_settings_all_the_same() {
        let (_root, vantage) = vantage();
        let found = look(&vantage);
        assert_eq!(found.effective.get().unwrap_err().to_string(), "Nix is not installed");
        assert_eq!((found.files, found.system, found.faults), (Vec::new().into(), Vec::new().into(), Vec::new().into()));
    }
}

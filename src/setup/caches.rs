//! The cache of devenv, for everybody who uses the daemon. Nobody becomes a trusted user for it, which is as good as root:
//! the daemon is told that this cache may be asked for, and by which key it knows what comes from there.

use camino::{Utf8Path, Utf8PathBuf};

use super::edit_target::edit_target;
use super::{Recognised, Route, Setup, daemon, program};
use crate::facts::Facts;
use crate::facts::nix::StoreMode;
use crate::facts::system::{Init, Privilege as Who};
use crate::line_edit::LineEdit;
use crate::nix::conf::{Setting, words_of};
use crate::nix::settings::DEVENV_CACHE;
use crate::nix::system_file;
use crate::plan::{Action, Privilege, Step, Undo};

/// What is said to who may not do it.
pub(super) const ADVICE: &str =
    "somebody who may become root can let projects use the cache of devenv: `nixstart setup --only caches`";
/// The name in the marks around the settings of a user.
const BLOCK: &str = "caches";
/// What they are for.
const EXPLANATION: &str = "A project may then fetch what devenv has built; without this it is built here, which takes long. You do not become a trusted user.";

/// What a configuration in Nix says instead.
pub(super) fn options() -> [String; 2] {
    let (url, key) = DEVENV_CACHE;
    let option = |name: &str, word: &str| format!("nix.settings.{name} = [ \"{word}\" ];");
    [option("extra-trusted-substituters", url), option("extra-trusted-public-keys", key)]
}

/// Whose settings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    /// The daemon's.
    OfAll,
    /// The user's, who owns the store.
    OfUser,
}

/// Adds the steps that allow the cache.
pub(super) fn add(facts: &Facts, setup: &mut Setup) {
    match store(facts, setup) {
        Some(Store::OfAll) => for_all(facts, setup),
        Some(Store::OfUser) => for_user(facts, setup),
        None => {}
    }
}

fn store(facts: &Facts, setup: &Setup) -> Option<Store> {
    if setup.plan.step("nix").is_some() {
        return match setup.route? {
            Route::NixInstaller | Route::ScriptDaemon | Route::Distro => Some(Store::OfAll),
            Route::ScriptSingleUser => Some(Store::OfUser),
            Route::ChrootStore => None,
        };
    }
    // What is too old or broken fetches nothing for a project.
    facts.nix.version.known().filter(|version| version.is_new_enough())?;
    match facts.nix.store_mode.known()? {
        StoreMode::MultiUser => Some(Store::OfAll),
        StoreMode::SingleUser { is_own: true, .. } => Some(Store::OfUser),
        StoreMode::SingleUser { is_own: false, .. } | StoreMode::Chroot(_) | StoreMode::Absent => None,
    }
}

fn is_allowed(settings: &[Setting], names: &[&str]) -> bool {
    let (url, key) = DEVENV_CACHE;
    let words = |name: &str| words_of(settings, name).unwrap_or_default();
    names.iter().any(|name| words(name).iter().any(|word| word.trim_end_matches('/') == url))
        && words("trusted-public-keys").contains(&key)
}

fn lines(caches: &str) -> Vec<String> {
    let (url, key) = DEVENV_CACHE;
    vec![format!("{caches} = {url}"), format!("extra-trusted-public-keys = {key}")]
}

fn for_all(facts: &Facts, setup: &mut Setup) {
    let settings = facts.config.system.known().map_or([].as_slice(), Vec::as_slice);
    if is_allowed(settings, &["substituters", "trusted-substituters"]) {
        return;
    }
    let lines = lines("extra-trusted-substituters");
    let path = facts.config.system_file.known().map_or(Utf8Path::new("/etc/nix/nix.conf"), Utf8PathBuf::as_path);
    let including = match including(facts, path) {
        Ok(including) => including,
        Err(note) => return setup.plan.notes.push(format!("{note}: {}", lines.join("; "))),
    };
    let own = path.with_file_name(system_file::NAME);
    let is_read = facts.config.files.known().is_some_and(|files| files.iter().any(|file| file.is_system && file.path == own));
    if !is_read {
        setup.add_optional(Step {
            id: "caches-include".to_owned(),
            title: format!("Let Nix read `{own}`"),
            explanation: format!("One line in `{including}` is all that is changed there."),
            privilege: Privilege::Root,
            action: Action::EditFile { path: including, edit: LineEdit::Add { lines: vec![system_file::INCLUDE.to_owned()] } },
            undo: Undo::Restore,
            is_satisfied: false,
            proof: None,
        });
        setup.require("caches-include", &["nix"]);
    }
    setup.add_optional(Step {
        id: "caches".to_owned(),
        title: "Let projects use the cache of devenv".to_owned(),
        explanation: EXPLANATION.to_owned(),
        privilege: Privilege::Root,
        action: Action::EditFile { path: own, edit: LineEdit::Add { lines } },
        undo: Undo::Restore,
        is_satisfied: false,
        proof: None,
    });
    setup.require("caches", &["nix", "caches-include"]);
    setup.require("caches-include", &["caches"]);
    restart(facts, setup);
}

/// The file that gets the line, or what to say where nothing is edited because something else makes it.
fn including(facts: &Facts, path: &Utf8Path) -> Result<Utf8PathBuf, String> {
    // Determinate makes `nix.conf` again and again, and leaves this one to people.
    let custom = path.with_file_name("nix.custom.conf");
    let mut files = facts.config.files.known().into_iter().flatten();
    let made_by = files.find(|file| file.path == path).and_then(|file| file.made_by.as_deref());
    if Recognised::of(facts) == Some(Recognised::Determinate) || made_by == Some("Determinate Nix") {
        return Err(format!("Determinate Nix makes `{path}`; to use the cache of devenv, add to `{custom}`"));
    }
    if let Some(by) = made_by {
        return Err(format!("{by} makes `{path}`; to use the cache of devenv, add to its configuration"));
    }
    let target = facts.config.system_text.known().map(|file| edit_target(file, Privilege::Root));
    target.unwrap_or_else(|| Ok(path.to_owned())).map_err(|why| format!("`{path}` is not edited, because {why}; add by hand"))
}

/// The daemon reads its settings when it starts.
fn restart(facts: &Facts, setup: &mut Setup) {
    // Every installation that makes a daemon makes a socket with it.
    let has_socket = setup.plan.step("nix").is_some() || daemon::has_socket(facts);
    let Some(change) = daemon::restart(facts, has_socket) else {
        // In a container Nix is for root alone, without a daemon.
        let is_for_root = facts.system.privilege.known().is_some_and(Who::is_root);
        if !is_for_root || facts.system.init.known() != Some(&Init::Other) {
            setup.plan.notes.push("restart the Nix daemon afterwards: it reads its settings when it starts".to_owned());
        }
        return;
    };
    let (title, why) = ("Restart the Nix daemon".to_owned(), "The daemon reads its settings when it starts.");
    setup.add_optional(program::change("daemon-restart", title, why, &change, &setup.plan.root.clone()));
    setup.require("daemon-restart", &["caches"]);
}

fn for_user(facts: &Facts, setup: &mut Setup) {
    let settings: Vec<Setting> =
        [facts.config.system.known(), facts.config.user.known()].into_iter().flatten().flatten().cloned().collect();
    if is_allowed(&settings, &["substituters"]) {
        return;
    }
    let lines = lines("extra-substituters");
    let edit = LineEdit::Block { name: BLOCK.to_owned(), lines: lines.clone() };
    match super::user_settings(facts, &edit) {
        Some(Ok(path)) => {
            setup.add_optional(Step {
                id: "caches".to_owned(),
                title: format!("Use the cache of devenv: `{path}`"),
                explanation: EXPLANATION.to_owned(),
                privilege: Privilege::User,
                action: Action::EditFile { path, edit },
                undo: Undo::Inverse { by: "remove the block".to_owned() },
                is_satisfied: false,
                proof: None,
            });
        }
        Some(Err(why)) => setup.plan.notes.push(format!("{why}; to use the cache of devenv, add: {}", lines.join("; "))),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::facts::config::ConfigFile;
    use crate::facts::daemon::{Unit, Units};
    use crate::facts::nix::Origin;
    use crate::nix::NixVersion;
    use crate::nix::conf::Place;
    use crate::setup::tests::empty;

    fn multi_user() -> Facts {
        let mut facts = Facts::default();
        facts.nix.store_mode = StoreMode::MultiUser.into();
        facts.nix.version = NixVersion::parse("nix (Nix) 2.26.3").unwrap().into();
        facts.system.init = Init::Systemd.into();
        facts.config.system_file = Utf8PathBuf::from("/etc/nix/nix.conf").into();
        facts.config.user_file = Utf8PathBuf::from("/home/ada/.config/nix/nix.conf").into();
        facts.config.files = vec![file("/etc/nix/nix.conf", None)].into();
        facts.daemon.units = Units { socket: Unit { is_loaded: true, ..Unit::default() }, ..Units::default() }.into();
        facts
    }

    fn file(path: &str, made_by: Option<&str>) -> ConfigFile {
        ConfigFile { path: path.into(), is_system: true, made_by: made_by.map(str::to_owned), ..ConfigFile::default() }
    }

    fn settings(text: &str) -> Vec<Setting> {
        let setting = |line: &str| {
            let (name, words) = line.split_once(" = ").unwrap();
            Setting { name: name.into(), words: words.split(' ').map(str::to_owned).collect(), place: Place::Variable, raw: None }
        };
        text.lines().map(setting).collect()
    }

    fn planned(facts: &Facts, route: Option<Route>) -> Setup {
        let mut setup = empty(route);
        add(facts, &mut setup);
        setup
    }

    /// The files that are edited, by step.
    fn edits(setup: &Setup) -> Vec<(&str, &str)> {
        let edited = |step: &'_ Step| match &step.action {
            Action::EditFile { path, .. } => Some(path.as_str().to_owned()),
            _ => None,
        };
        let steps = setup.plan.steps.iter().filter(|step| step.id != "nix");
        steps.map(|step| (step.id.as_str(), edited(step).map_or("", |path| path.leak()))).collect()
    }

    #[test]
    fn the_settings_are_in_a_file_of_their_own_and_the_daemon_reads_them() {
        let setup = planned(&multi_user(), None);
        assert_eq!(
            edits(&setup),
            [("caches-include", "/etc/nix/nix.conf"), ("caches", "/etc/nix/nixstart.conf"), ("daemon-restart", "")]
        );
        assert!(setup.plan.steps.iter().all(|step| step.privilege == Privilege::Root && setup.optional.contains(&step.id)));
        let Action::EditFile { edit, .. } = &setup.plan.step("caches").unwrap().action else { panic!("no edit") };
        let written = String::from_utf8(edit.apply(b"").unwrap()).unwrap();
        assert_eq!(
            written,
            "extra-trusted-substituters = https://devenv.cachix.org\nextra-trusted-public-keys = devenv.cachix.org-1:w1cLUi8dv3hnoSPGAuibQv+f9TZLr6cv/Hm9XgU50cw=\n"
        );
        let Action::Run { takes_back, .. } = &setup.plan.step("daemon-restart").unwrap().action else { panic!("no program") };
        assert_eq!(takes_back[2], "systemctl stop nix-daemon.service && systemctl start nix-daemon.socket");
    }

    #[test]
    fn they_come_with_a_daemon_that_the_same_plan_brings() {
        for route in [Route::Distro, Route::ScriptDaemon, Route::NixInstaller] {
            let mut facts = multi_user();
            facts.nix.store_mode = StoreMode::Absent.into();
            facts.config.files = Vec::new().into();
            let setup = planned(&facts, Some(route));
            assert_eq!(edits(&setup)[0], ("caches-include", "/etc/nix/nix.conf"));
            assert_eq!(setup.requires["caches-include"], ["nix", "caches"]);
        }
        assert_eq!(edits(&planned(&Facts::default(), Some(Route::ChrootStore))), []);
    }

    #[test]
    fn a_nix_that_is_too_old_or_broken_gets_no_settings() {
        let mut facts = multi_user();
        for version in [NixVersion::parse("nix (Nix) 2.8.0").unwrap().into(), crate::facts::Fact::failed("it is broken")] {
            facts.nix.version = version;
            assert_eq!(edits(&planned(&facts, None)), []);
        }
    }

    #[test]
    fn what_is_allowed_already_is_not_planned_again() {
        let key = "trusted-public-keys = a:b devenv.cachix.org-1:w1cLUi8dv3hnoSPGAuibQv+f9TZLr6cv/Hm9XgU50cw=";
        for caches in ["extra-trusted-substituters = https://devenv.cachix.org/", "substituters = https://devenv.cachix.org"] {
            let mut facts = multi_user();
            facts.config.system = settings(&format!("{caches}\n{key}")).into();
            assert_eq!(edits(&planned(&facts, None)), []);
            facts.config.system = settings(caches).into();
            assert_eq!(edits(&planned(&facts, None)).len(), 3, "without the key it is of no use");
        }
    }

    #[test]
    fn a_file_of_ours_that_is_read_already_takes_no_line() {
        let mut facts = multi_user();
        facts.config.files = vec![file("/etc/nix/nix.conf", None), file("/etc/nix/nixstart.conf", None)].into();
        let setup = planned(&facts, None);
        assert_eq!(edits(&setup), [("caches", "/etc/nix/nixstart.conf"), ("daemon-restart", "")]);
    }

    #[test]
    fn generated_settings_are_never_edited() {
        for (made_by, said) in [
            (
                "Determinate Nix",
                "Determinate Nix makes `/etc/nix/nix.conf`; to use the cache of devenv, add to `/etc/nix/nix.custom.conf`: extra-trusted-substituters = https://devenv.cachix.org; ",
            ),
            ("a program", "a program makes `/etc/nix/nix.conf`; to use the cache of devenv, add to its configuration: "),
        ] {
            let mut facts = multi_user();
            facts.config.files = vec![file("/etc/nix/nix.conf", Some(made_by))].into();
            let setup = planned(&facts, None);
            assert_eq!(edits(&setup), []);
            assert!(setup.plan.notes[0].starts_with(said), "{:?}", setup.plan.notes);
        }
        let mut facts = multi_user();
        facts.nix.origin = Origin { installer: crate::facts::nix::Installer::Determinate, evidence: Vec::new() }.into();
        assert_eq!(edits(&planned(&facts, None)), []);
    }

    #[test]
    fn who_owns_the_store_has_it_in_settings_of_their_own() {
        let mut facts = multi_user();
        facts.nix.store_mode = StoreMode::SingleUser { uid: 1000, is_own: true }.into();
        let setup = planned(&facts, None);
        assert_eq!(edits(&setup), [("caches", "/home/ada/.config/nix/nix.conf")]);
        let step = setup.plan.step("caches").unwrap();
        let Action::EditFile { edit: LineEdit::Block { lines, .. }, .. } = &step.action else { panic!("{step:?}") };
        assert_eq!((lines[0].as_str(), step.privilege), ("extra-substituters = https://devenv.cachix.org", Privilege::User));
        facts.nix.store_mode = StoreMode::SingleUser { uid: 7, is_own: false }.into();
        assert_eq!(edits(&planned(&facts, None)), []);
    }

    #[test]
    fn where_nothing_known_starts_the_daemon_a_person_restarts_it() {
        let mut facts = multi_user();
        facts.system.init = Init::Other.into();
        let setup = planned(&facts, None);
        assert!(setup.plan.step("daemon-restart").is_none() && setup.plan.notes[0].contains("restart the Nix daemon"));
    }
}

//! How steps that come after the installation run `nix`: which program it will be, and in which group. They depend on
//! no setting of the user, so the features they need are passed each time.

use camino::Utf8Path;

use super::{Route, Setup, distro, route};
use crate::facts::Facts;
use crate::facts::nix::{Installer, StoreMode};
use crate::file_tree::RelativePath;
use crate::nix::NixVersion;
use crate::nix::conf::{Setting, words_of};
use crate::plan::{Action, Privilege, Step, Undo};
use crate::template::escape;

/// Where an installation for all users has its programs.
const OF_ALL_USERS: &str = "/nix/var/nix/profiles/default/bin/nix";

/// A `nix` that is there when the steps before are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NixCommand {
    /// The program: a name on PATH or an absolute path.
    program: String,
    /// The group that it has to run in, because the user's membership is newer than the login.
    group: Option<&'static str>,
    /// What changes the profile.
    keeper: Keeper,
    /// Where the profile of the user is.
    profile: Profile,
    /// Whether shells have the programs of the profile on PATH.
    is_on_path: bool,
}

/// What changes a profile. One that `nix-env` has made stays its own: `nix profile` would take it over, and `nix-env` could
/// not change it any more, whatever is taken back (measured with 2.26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeper {
    /// `nix profile`, which is told what to remove by name (from 2.20 on).
    ByName,
    /// `nix profile`, which compares a pattern with the whole attribute (measured with 2.8).
    ByPattern,
    /// `nix-env`.
    Env,
}

/// Where the profile of a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// Where it always was: `~/.nix-profile`.
    BelowHome,
    /// Below `$XDG_STATE_HOME`, where `use-xdg-base-directories` puts it.
    OfXdg,
}

impl Profile {
    /// Where the settings put it.
    pub(super) fn of(facts: &Facts) -> Self {
        let settings: Vec<Setting> =
            [facts.config.system.known(), facts.config.user.known()].into_iter().flatten().flatten().cloned().collect();
        let is_of_xdg = words_of(&settings, "use-xdg-base-directories").is_some_and(|words| words == ["true"]);
        if is_of_xdg { Self::OfXdg } else { Self::BelowHome }
    }

    /// Its path as a shell reads it.
    pub(super) const fn in_shell(self) -> &'static str {
        match self {
            Self::BelowHome => "$HOME/.nix-profile",
            Self::OfXdg => "${XDG_STATE_HOME:-$HOME/.local/state}/nix/profile",
        }
    }

    /// A file in it, below the user's directory; `None` where a variable could put it elsewhere.
    fn file(self, path: &str) -> Option<RelativePath> {
        match self {
            Self::BelowHome => RelativePath::parse(&format!(".nix-profile/{path}")).ok(),
            Self::OfXdg => None,
        }
    }
}

/// A package that comes into the user's profile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Package<'a> {
    /// The step.
    pub(super) id: &'static str,
    /// Its attribute in nixpkgs.
    pub(super) attribute: &'static str,
    /// A file in it.
    pub(super) holds: &'a str,
    /// What it is for.
    pub(super) explanation: &'a str,
}

impl NixCommand {
    /// The `nix` that steps after those of the plan can run; `None` when there is none that a profile works with.
    pub(super) fn after(facts: &Facts, setup: &Setup) -> Option<Self> {
        let is_coming = setup.plan.step("nix").is_some();
        let program = if is_coming { program_of(setup.route?, &setup.plan.root)? } else { program_here(facts)? };
        Some(Self {
            program,
            group: is_new_in_group(facts, setup).then_some(distro::USERS),
            keeper: keeper(facts, setup),
            profile: Profile::of(facts),
            is_on_path: !leaves_profile_off_path(facts, setup) || setup.plan.step("nix-path").is_some(),
        })
    }

    /// The step that installs a package.
    pub(super) fn install(&self, package: Package<'_>, home: &Utf8Path) -> Step {
        let attribute = package.attribute;
        let (installable, pattern) = (format!("nixpkgs#{attribute}"), format!(".*[.]{attribute}"));
        // `install` is an alias since 2.30 and works everywhere.
        let (installation, removal) = match self.keeper {
            Keeper::ByName => (vec!["profile", "install", &installable], vec!["profile", "remove", attribute]),
            Keeper::ByPattern => (vec!["profile", "install", &installable], vec!["profile", "remove", &pattern]),
            Keeper::Env => (vec!["-f", "flake:nixpkgs", "-iA", attribute], vec!["-e", attribute]),
        };
        let (program, arguments) = self.words(&installation);
        let (remover, removal) = self.words(&removal);
        Step {
            id: package.id.to_owned(),
            title: format!("Install {attribute} into your profile"),
            explanation: self.explain(package),
            privilege: Privilege::User,
            action: Action::Run {
                directory: home.to_owned(),
                program,
                arguments,
                produces: self.profile.file(package.holds).into_iter().collect(),
                takes_back: std::iter::once(remover).chain(removal).collect(),
                settles: Vec::new(),
            },
            undo: Undo::Inverse { by: format!("take {attribute} out of your profile") },
            is_satisfied: false,
            proof: None,
        }
    }

    fn explain(&self, package: Package<'_>) -> String {
        let is_reached = self.is_on_path || !package.holds.starts_with("bin/");
        let rest = "The packages of your distribution leave `~/.nix-profile/bin` off PATH; add it in your start-up file, if you have not yet.";
        if is_reached { package.explanation.to_owned() } else { format!("{} {rest}", package.explanation) }
    }

    /// A command of what keeps the profile, with the features it needs.
    fn words(&self, command: &[&str]) -> (String, Vec<String>) {
        let program = match self.keeper {
            Keeper::ByName | Keeper::ByPattern => self.program.clone(),
            // It is beside the other.
            Keeper::Env => format!("{}-env", self.program),
        };
        let always = [program.as_str(), "--extra-experimental-features", "nix-command flakes"];
        let words: Vec<&str> = always.iter().chain(command).copied().collect();
        match self.group {
            // A membership that is newer than the login counts only where `sg` starts a shell.
            Some(group) => {
                let line = words.iter().map(|word| escape::sh(word)).collect::<Vec<_>>().join(" ");
                ("sg".to_owned(), vec![group.to_owned(), "-c".to_owned(), line])
            }
            None => (program.clone(), words.iter().skip(1).map(ToString::to_string).collect()),
        }
    }
}

/// Where a route puts the program. A store in the user's directory has no paths that direnv or a shell could use.
fn program_of(route: Route, home: &Utf8Path) -> Option<String> {
    match route {
        Route::NixInstaller | Route::ScriptDaemon => Some(OF_ALL_USERS.to_owned()),
        Route::ScriptSingleUser => Some(home.join(".nix-profile/bin/nix").into_string()),
        Route::Distro => Some("nix".to_owned()),
        Route::ChrootStore => None,
    }
}

/// The program of a Nix that is there and new enough.
fn program_here(facts: &Facts) -> Option<String> {
    let is_new_enough = facts.nix.version.known().is_some_and(NixVersion::is_new_enough);
    let has_store_of_its_own = match facts.nix.store_mode.known() {
        Some(StoreMode::MultiUser | StoreMode::SingleUser { is_own: true, .. }) | None => false,
        // nix-portable and a store below the home: nothing outside finds what is in a profile there.
        Some(StoreMode::Chroot(_) | StoreMode::Absent | StoreMode::SingleUser { is_own: false, .. }) => true,
    };
    if !is_new_enough || has_store_of_its_own {
        return None;
    }
    let is_on_path = facts.nix.on_path.known().is_some_and(Option::is_some);
    if is_on_path { Some("nix".to_owned()) } else { facts.nix.program().map(ToString::to_string) }
}

fn is_new_in_group(facts: &Facts, setup: &Setup) -> bool {
    let joined = facts.system.privilege.known().is_some_and(|privilege| privilege.joined_since_login(distro::USERS));
    setup.plan.step("nix-group").is_some() || joined
}

/// Debian's packages put nothing of a profile on PATH (measured with 2.26.3: neither login shells nor SSH have it).
pub(super) fn leaves_profile_off_path(facts: &Facts, setup: &Setup) -> bool {
    let is_there = facts.nix.origin.known().is_some_and(|origin| matches!(origin.installer, Installer::Package { .. }));
    if setup.plan.step("nix").is_some() { setup.route == Some(Route::Distro) } else { is_there }
}

fn keeper(facts: &Facts, setup: &Setup) -> Keeper {
    let is_of_env = facts.nix.profiles.known().is_some_and(|profiles| profiles.is_of_nix_env);
    // The script puts Nix itself into the profile, with `nix-env`.
    let will_be_of_env = setup.plan.step("nix").is_some() && setup.route == Some(Route::ScriptSingleUser);
    if is_of_env || will_be_of_env {
        return Keeper::Env;
    }
    let names = version(facts, setup).is_none_or(|version| version.names_packages_of_profiles());
    if names { Keeper::ByName } else { Keeper::ByPattern }
}

/// The version that will be there, as far as it is known: installers bring a recent one.
fn version(facts: &Facts, setup: &Setup) -> Option<NixVersion> {
    match (setup.plan.step("nix").is_some(), setup.route) {
        (true, Some(Route::Distro)) => route::packaged(facts),
        (true, _) => None,
        (false, _) => facts.nix.version.known().cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::facts::system::Privilege as Who;
    use crate::setup::tests::empty;

    fn with_nix(version: &str) -> Facts {
        let mut facts = Facts::default();
        facts.nix.on_path = Some("/usr/bin/nix".into()).into();
        facts.nix.version = NixVersion::parse(version).unwrap().into();
        facts
    }

    fn after(facts: &Facts, route: Option<Route>) -> Option<NixCommand> {
        NixCommand::after(facts, &empty(route))
    }

    fn words(step: &Step) -> (String, String) {
        let Action::Run { program, arguments, takes_back, .. } = &step.action else { panic!("{step:?}") };
        (format!("{program} {}", arguments.join(" ")), takes_back.join(" "))
    }

    const PACKAGE: Package<'_> =
        Package { id: "nix-direnv", attribute: "nix-direnv", holds: "share/nix-direnv/direnvrc", explanation: "why" };

    #[test]
    fn the_program_is_where_the_route_puts_it() {
        let program = |route| after(&Facts::default(), Some(route)).map(|nix| nix.program);
        for (route, expected) in [
            (Route::NixInstaller, Some(OF_ALL_USERS)),
            (Route::ScriptDaemon, Some(OF_ALL_USERS)),
            (Route::ScriptSingleUser, Some("/home/ada/.nix-profile/bin/nix")),
            (Route::Distro, Some("nix")),
            (Route::ChrootStore, None),
        ] {
            assert_eq!(program(route).as_deref(), expected, "{route:?}");
        }
    }

    #[test]
    fn a_nix_that_is_there_is_used_unless_it_is_too_old_or_below_the_home() {
        assert_eq!(after(&with_nix("nix (Nix) 2.26.3"), None).unwrap().program, "nix");
        assert_eq!(after(&with_nix("nix (Nix) 2.8.0"), None), None);
        assert_eq!(after(&Facts::default(), None), None);
        let broken = Fact::failed("`nix --version` says nothing that can be read");
        let facts = with_nix("nix (Nix) 2.26.3");
        assert_eq!(after(&Facts { nix: crate::facts::Nix { version: broken, ..facts.nix.clone() }, ..facts }, None), None);
        let elsewhere = StoreMode::Chroot("/home/ada/.local/share/nix/root".into());
        for mode in [elsewhere, StoreMode::Absent, StoreMode::SingleUser { uid: 7, is_own: false }] {
            let mut facts = with_nix("nix (Nix) 2.26.3");
            facts.nix.store_mode = mode.into();
            assert_eq!(after(&facts, None), None);
        }
        let mut off_path = with_nix("nix (Nix) 2.34.0");
        off_path.nix.on_path = None.into();
        off_path.nix.elsewhere = vec![OF_ALL_USERS.into()].into();
        assert_eq!(after(&off_path, None).unwrap().program, OF_ALL_USERS);
    }

    #[test]
    fn features_are_passed_and_packages_are_removed_by_what_the_version_calls_them() {
        let home = Utf8Path::new("/home/ada");
        for (version, name) in [("2.18.1", ".*[.]nix-direnv"), ("2.20.0", "nix-direnv"), ("2.26.3", "nix-direnv")] {
            let step = after(&with_nix(&format!("nix (Nix) {version}")), None).unwrap().install(PACKAGE, home);
            let always = "nix --extra-experimental-features nix-command flakes profile";
            let expected = (format!("{always} install nixpkgs#nix-direnv"), format!("{always} remove {name}"));
            assert_eq!(words(&step), expected);
        }
    }

    #[test]
    fn a_program_that_shells_will_not_find_is_said() {
        let program = Package { holds: "bin/devenv", ..PACKAGE };
        let explanation =
            |route, package| after(&Facts::default(), Some(route)).unwrap().install(package, "/h".into()).explanation;
        assert!(explanation(Route::Distro, program).contains("off PATH"));
        assert_eq!(explanation(Route::Distro, PACKAGE), "why");
        assert_eq!(explanation(Route::NixInstaller, program), "why");
    }

    #[test]
    fn a_profile_of_nix_env_stays_its_own() {
        let mut facts = with_nix("nix (Nix) 2.26.3");
        facts.nix.profiles = crate::facts::nix::Profiles { is_of_nix_env: true, ..crate::facts::nix::Profiles::default() }.into();
        let features = "--extra-experimental-features nix-command flakes";
        assert_eq!(
            words(&after(&facts, None).unwrap().install(PACKAGE, "/home/ada".into())),
            (format!("nix-env {features} -f flake:nixpkgs -iA nix-direnv"), format!("nix-env {features} -e nix-direnv"))
        );
        let single = after(&Facts::default(), Some(Route::ScriptSingleUser)).unwrap();
        let (command, _) = words(&single.install(PACKAGE, "/home/ada".into()));
        assert!(command.starts_with("/home/ada/.nix-profile/bin/nix-env --extra"), "{command}");
    }

    #[test]
    fn a_membership_newer_than_the_login_takes_a_shell_of_the_group() {
        let mut facts = with_nix("nix (Nix) 2.26.3");
        let member = vec!["nix-users".to_owned()];
        facts.system.privilege = Who { groups_on_file: member.clone(), ..Who::default() }.into();
        let (command, inverse) = words(&after(&facts, None).unwrap().install(PACKAGE, "/home/ada".into()));
        let features = "nix --extra-experimental-features 'nix-command flakes' profile";
        assert_eq!(command, format!("sg nix-users -c {features} install 'nixpkgs#nix-direnv'"));
        assert_eq!(inverse, format!("sg nix-users -c {features} remove nix-direnv"));
        facts.system.privilege = Who { groups_on_file: member.clone(), groups: member, ..Who::default() }.into();
        assert_eq!(after(&facts, None).unwrap().group, None);
    }

    #[test]
    fn the_profile_is_where_the_settings_say() {
        let mut facts = with_nix("nix (Nix) 2.26.3");
        let made = |facts: &Facts| match after(facts, None).unwrap().install(PACKAGE, "/home/ada".into()).action {
            Action::Run { produces, .. } => produces.iter().map(|path| path.as_str().to_owned()).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(made(&facts), [".nix-profile/share/nix-direnv/direnvrc"]);
        let place = crate::nix::conf::Place::Variable;
        let setting = Setting { name: "use-xdg-base-directories".into(), words: vec!["true".into()], place, raw: None };
        facts.config.user = vec![setting].into();
        assert_eq!((Profile::of(&facts), made(&facts)), (Profile::OfXdg, Vec::new()));
    }
}

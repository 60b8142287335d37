//! Ways to install Nix, and which of them suit a machine.

use std::fmt;

use super::installer::Kind;
use super::{Choices, Source};
use crate::facts::Facts;
use crate::facts::daemon::BuildAccounts;
use crate::facts::nix::{Machine, StoreMode};
use crate::facts::packages::Manager;
use crate::facts::system::{Immutable, Init};
use crate::nix::{NixVersion, OLDEST_NIX};

/// A way to install Nix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The installer of the NixOS project, written in Rust.
    NixInstaller,
    /// The script of nixos.org, for all users of the machine.
    ScriptDaemon,
    /// The script of nixos.org, for one user.
    ScriptSingleUser,
    /// The packages of the distribution.
    Distro,
    /// A store in the user's directory: to try it, without root.
    ChrootStore,
}

impl Route {
    /// Every route, the one that is preferred first.
    pub const ALL: [Self; 5] = [Self::NixInstaller, Self::ScriptDaemon, Self::ScriptSingleUser, Self::Distro, Self::ChrootStore];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NixInstaller => "nix-installer",
            Self::ScriptDaemon => "script-daemon",
            Self::ScriptSingleUser => "script-single-user",
            Self::Distro => "distro",
            Self::ChrootStore => "chroot-store",
        }
    }

    /// What it is, as a fragment.
    pub const fn about(self) -> &'static str {
        match self {
            Self::NixInstaller => "the installer of the NixOS project (beta), with an uninstaller",
            Self::ScriptDaemon => "the script of nixos.org, for all users",
            Self::ScriptSingleUser => "the script of nixos.org, for you alone",
            Self::Distro => "the packages of your distribution",
            Self::ChrootStore => "nix-portable with a store in your own directory, to try Nix without root; direnv cannot use it",
        }
    }

    /// The route of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.name() == name)
    }

    /// Whether it works on a machine, with what is installed there and with the installers that are known, and why not.
    pub fn fit(self, facts: &Facts, choices: &Choices) -> Result<(), Unfit> {
        replaces(self, facts)?;
        self.suits(facts)?;
        self.kind().map_or(Ok(()), |kind| is_known(kind, facts, choices))
    }

    /// What it downloads.
    const fn kind(self) -> Option<Kind> {
        match self {
            Self::NixInstaller => Some(Kind::NixInstaller),
            Self::ScriptDaemon | Self::ScriptSingleUser => Some(Kind::Script),
            Self::ChrootStore => Some(Kind::NixPortable),
            Self::Distro => None,
        }
    }

    /// Whether the machine is one that it works on.
    fn suits(self, facts: &Facts) -> Result<(), Unfit> {
        match self {
            Self::NixInstaller => nix_installer(facts),
            Self::ScriptDaemon => script_daemon(facts),
            Self::ScriptSingleUser => script_single_user(facts),
            Self::Distro => distro(facts),
            Self::ChrootStore => chroot_store(facts),
        }
    }
}

/// Why a route does not work on a machine, as a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit(pub String);

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn unfit(why: impl Into<String>) -> Result<(), Unfit> {
    Err(Unfit(why.into()))
}

/// A Nix that is there is replaced by its own packages only.
fn replaces(route: Route, facts: &Facts) -> Result<(), Unfit> {
    if facts.nix.program().is_none() {
        return Ok(());
    }
    match facts.nix.version.known() {
        None => unfit("the version of the Nix that is there could not be judged"),
        Some(version) if version.is_new_enough() => Ok(()),
        Some(_) if route == Route::Distro && super::nix::is_of_packages(facts) => Ok(()),
        Some(version) => unfit(format!("{version} is there, and has to go first")),
    }
}

/// Whether there is an installer for this system.
fn is_known(kind: Kind, facts: &Facts, choices: &Choices) -> Result<(), Unfit> {
    let system = super::download::system(facts);
    let is_offered = match &choices.source {
        Source::Pinned => choices.installers.pinned(kind, &system).is_some(),
        Source::Latest => choices.installers.latest(kind, &system).is_some(),
        Source::File(_) => true,
    };
    if is_offered { Ok(()) } else { unfit(format!("{} is not known for {system}", kind.name())) }
}

fn init(facts: &Facts) -> Option<Init> {
    facts.system.init.known().copied()
}

pub(super) fn can_be_root(facts: &Facts) -> bool {
    facts.system.privilege.known().is_some_and(|privilege| privilege.is_root() || !privilege.ways.is_empty())
}

fn is_root(facts: &Facts) -> bool {
    facts.system.privilege.known().is_some_and(crate::facts::system::Privilege::is_root)
}

fn needs_root(facts: &Facts) -> Result<(), Unfit> {
    if can_be_root(facts) { Ok(()) } else { unfit("it needs root, and neither sudo nor doas is installed") }
}

fn is_64_bit(facts: &Facts) -> bool {
    facts.system.kernel.known().is_some_and(|kernel| matches!(kernel.architecture(), "x86_64" | "aarch64"))
}

fn nix_installer(facts: &Facts) -> Result<(), Unfit> {
    needs_root(facts)?;
    if !is_64_bit(facts) {
        return unfit("it exists for x86_64 and aarch64 only");
    }
    takes_accounts(facts)?;
    // It has ways of its own for ostree and SteamOS.
    if immutable(facts) == Some(Immutable::ReadOnlyRoot) {
        needs_place(facts)?;
    }
    can_label(facts)?;
    match init(facts) {
        Some(Init::Systemd | Init::Launchd) => Ok(()),
        // In a container root is who uses Nix, and needs no daemon.
        Some(Init::OpenRc | Init::Runit | Init::Other) | None if is_root(facts) => Ok(()),
        Some(Init::OpenRc | Init::Runit | Init::Other) | None => without_init(facts),
    }
}

pub(super) fn immutable(facts: &Facts) -> Option<Immutable> {
    facts.system.immutable.known().copied().flatten()
}

/// Where nobody can make `/nix`, it has to be there.
fn needs_place(facts: &Facts) -> Result<(), Unfit> {
    let is_there = matches!(facts.nix.store_mode.known(), Some(StoreMode::MultiUser | StoreMode::SingleUser { .. }));
    match immutable(facts).filter(|_| !is_there) {
        Some(why) => unfit(format!("`/nix` cannot be made: {why}")),
        None => Ok(()),
    }
}

/// nix-installer labels what it installs, and fails without the programs for it.
fn can_label(facts: &Facts) -> Result<(), Unfit> {
    let missing = facts.system.selinux.known().map_or([].as_slice(), |selinux| selinux.missing.as_slice());
    if missing.is_empty() {
        return Ok(());
    }
    let why = format!("SELinux is on, and it needs {}", missing.join(" and "));
    match facts.packages.manager.known().copied().flatten() {
        Some(Manager::Dnf) => unfit(format!("{why}: run `{}`", Manager::Dnf.install_line(&["policycoreutils"]))),
        _ => unfit(why),
    }
}

/// Nothing starts a daemon. WSL 2 has systemd, switched off.
fn without_init(facts: &Facts) -> Result<(), Unfit> {
    let why = "the daemon needs systemd or launchd";
    match wsl_without_systemd(facts) {
        Some(advice) => unfit(format!("{why}; {advice}")),
        None => unfit(why),
    }
}

/// What a person does about a WSL 2 whose systemd is off.
pub(super) fn wsl_without_systemd(facts: &Facts) -> Option<&'static str> {
    let is_second = facts.system.wsl.known().is_some_and(|wsl| wsl.version == 2);
    (is_second && init(facts) != Some(Init::Systemd))
        .then_some("WSL 2 has systemd: `nixstart doctor --fix --check wsl-systemd` switches it on")
}

/// Installers for all users refuse accounts with other numbers than their own. A Nix that is there keeps its accounts.
fn takes_accounts(facts: &Facts) -> Result<(), Unfit> {
    other_accounts(facts).map_or(Ok(()), |advice| unfit(format!("it refuses {advice}")))
}

/// Accounts that an earlier Nix left behind, with what removes them.
pub(super) fn other_accounts(facts: &Facts) -> Option<String> {
    let others = facts.daemon.accounts.known().filter(|accounts| !accounts.are_of_installers());
    let removal = others.filter(|_| facts.nix.program().is_none()).and_then(BuildAccounts::removal)?;
    Some(format!("the accounts `nixbld` that another Nix left behind; remove them first: `{removal}`"))
}

/// The script downloads and unpacks Nix with programs of the machine.
fn needs_tools(facts: &Facts) -> Result<(), Unfit> {
    let missing = facts.packages.missing.known().map_or([].as_slice(), Vec::as_slice);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|name| if *name == "curl" { "curl or wget" } else { name }).collect();
    let why = format!("the script needs {}", names.join(" and "));
    let packages = |manager: Manager| missing.iter().map(|name| manager.package_of(name)).collect::<Vec<_>>();
    match facts.packages.manager.known().copied().flatten() {
        Some(Manager::Apt) => unfit(format!("{why}: run `sudo apt-get install {}`", packages(Manager::Apt).join(" "))),
        Some(manager) => unfit(format!("{why}: run `{}`", manager.install_line(&packages(manager)))),
        None => unfit(why),
    }
}

fn script_daemon(facts: &Facts) -> Result<(), Unfit> {
    needs_root(facts)?;
    needs_tools(facts)?;
    takes_accounts(facts)?;
    needs_place(facts)?;
    if facts.system.selinux.known().is_some_and(|selinux| selinux.is_enforcing) {
        return unfit("the script refuses a machine where SELinux is enforcing");
    }
    // Its Nix for Intel Macs is gone (the script of 2.35).
    if super::download::system(facts) == "x86_64-darwin" {
        return unfit("it has no Nix for Macs with an Intel processor");
    }
    match init(facts) {
        Some(Init::Systemd | Init::Launchd) => Ok(()),
        Some(Init::OpenRc | Init::Runit | Init::Other) | None => without_init(facts),
    }
}

fn script_single_user(facts: &Facts) -> Result<(), Unfit> {
    if matches!(facts.nix.machine.known(), Some(Machine::MacOs { .. })) {
        return unfit("macOS has no installation for one user");
    }
    if is_root(facts) {
        return unfit("it is for a user who is not root");
    }
    needs_tools(facts)?;
    match facts.nix.store_mode.known() {
        Some(StoreMode::MultiUser | StoreMode::SingleUser { is_own: false, .. }) => {
            unfit("/nix is there and belongs to somebody else")
        }
        Some(StoreMode::SingleUser { is_own: true, .. }) => Ok(()),
        Some(StoreMode::Chroot(_) | StoreMode::Absent) | None => {
            needs_place(facts)?;
            needs_root(facts)
        }
    }
}

fn distro(facts: &Facts) -> Result<(), Unfit> {
    needs_root(facts)?;
    let manager = facts.packages.manager.known().copied().flatten();
    if manager != Some(Manager::Apt) {
        return unfit("nixstart installs packages with apt only");
    }
    if let Some(why) = immutable(facts) {
        return unfit(format!("packages cannot be installed: {why}"));
    }
    let Some(candidate) = facts.packages.nix.known().cloned().flatten() else {
        if facts.packages.has_lists.known() == Some(&false) {
            return unfit("apt's lists of packages are empty; run `sudo apt-get update` first");
        }
        return unfit("apt has no package `nix-bin`");
    };
    let (major, minor) = OLDEST_NIX;
    match packaged(facts) {
        Some(version) if version.is_new_enough() => Ok(()),
        Some(_) => unfit(format!("its Nix is {candidate}, and projects need {major}.{minor} or newer")),
        None => unfit(format!("the version of its Nix cannot be read: {candidate}")),
    }
}

/// The version of Nix that the distribution has.
pub(super) fn packaged(facts: &Facts) -> Option<NixVersion> {
    let candidate = facts.packages.nix.known()?.as_deref()?;
    NixVersion::parse(&format!("nix (Nix) {}", numbers(candidate)))
}

/// The numbers in front of a Debian version: `2.26.3` of `2.26.3+dfsg-1`.
fn numbers(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, after_epoch)| after_epoch);
    version.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default()
}

fn chroot_store(facts: &Facts) -> Result<(), Unfit> {
    if super::download::system(facts) != "x86_64-linux" {
        return unfit("nix-portable is known for x86_64 Linux only");
    }
    match facts.system.user_namespaces.known().and_then(|namespaces| namespaces.works) {
        Some(true) => Ok(()),
        Some(false) => unfit("this kernel lets you make no user namespaces"),
        None => unfit("it is not known whether you may make user namespaces"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::system::{Kernel, Privilege, Selinux, System, UserNamespaces, Wsl};
    use crate::facts::{Fact, Packages};

    fn debian(candidate: &str, init: Init, ways: &[&str]) -> Facts {
        let privilege = Privilege { user_id: 1000, ways: ways.iter().map(ToString::to_string).collect(), ..Privilege::default() };
        Facts {
            system: System {
                kernel: Kernel { name: "Linux".into(), release: "6.1".into(), machine: "x86_64".into() }.into(),
                init: init.into(),
                privilege: privilege.into(),
                user_namespaces: UserNamespaces { works: Some(true), ..UserNamespaces::default() }.into(),
                ..System::default()
            },
            packages: Packages {
                manager: Some(Manager::Apt).into(),
                nix: Some(candidate.to_owned()).into(),
                direnv: Fact::Known(None),
                is_interrupted: false.into(),
                has_lists: true.into(),
                missing: Vec::new().into(),
            },
            ..Facts::default()
        }
    }

    #[test]
    fn the_distribution_is_offered_only_when_its_nix_is_new_enough() {
        let bookworm = Route::Distro.suits(&debian("2.8.0-1.1", Init::Systemd, &["sudo"])).unwrap_err();
        assert_eq!(bookworm.to_string(), "its Nix is 2.8.0-1.1, and projects need 2.18 or newer");
        assert_eq!(Route::Distro.suits(&debian("2.26.3+dfsg-1", Init::Other, &["sudo"])), Ok(()));
        assert_eq!(Route::Distro.suits(&debian("1:2.18.0-1", Init::Other, &["doas"])), Ok(()));
    }

    #[test]
    fn the_best_route_depends_on_the_machine() {
        let routes = |facts: &Facts| Route::ALL.into_iter().find(|route| route.suits(facts).is_ok());
        assert_eq!(routes(&debian("2.8.0-1", Init::Systemd, &["sudo"])), Some(Route::NixInstaller));
        assert_eq!(routes(&debian("2.26.3", Init::Other, &["sudo"])), Some(Route::ScriptSingleUser));
        assert_eq!(routes(&debian("2.26.3", Init::Systemd, &[])), Some(Route::ChrootStore));
    }

    #[test]
    fn what_a_machine_lacks_is_named_with_what_brings_it() {
        let mut facts = debian("2.26.3", Init::Systemd, &["sudo"]);
        facts.packages.missing = vec!["xz", "curl"].into();
        for route in [Route::ScriptDaemon, Route::ScriptSingleUser] {
            let why = route.suits(&facts).unwrap_err().to_string();
            assert_eq!(why, "the script needs xz and curl or wget: run `sudo apt-get install xz-utils curl`");
        }
        facts.packages.manager = Some(Manager::Dnf).into();
        assert!(Route::ScriptDaemon.suits(&facts).unwrap_err().0.ends_with("run `sudo dnf install -y xz curl`"));
    }

    #[test]
    fn accounts_that_another_nix_left_behind_are_named_with_what_removes_them() {
        let mut facts = debian("2.8.0-1", Init::Systemd, &["sudo"]);
        facts.daemon.accounts = BuildAccounts { group: Some(999), users: [("nixbld1".to_owned(), 998)].into() }.into();
        for route in [Route::NixInstaller, Route::ScriptDaemon] {
            let why = route.suits(&facts).unwrap_err().0;
            assert!(why.ends_with("`sudo sh -c 'for user in nixbld1; do userdel $user; done; groupdel nixbld'`"), "{why}");
        }
        facts.daemon.accounts = BuildAccounts { group: Some(30_000), users: [("nixbld1".to_owned(), 30_001)].into() }.into();
        assert_eq!(Route::NixInstaller.suits(&facts), Ok(()));
    }

    #[test]
    fn a_system_that_cannot_be_changed_takes_what_brings_its_own_place() {
        let fits = |immutable, mode: StoreMode| {
            let mut facts = debian("2.26.3", Init::Systemd, &["sudo"]);
            facts.system.immutable = Some(immutable).into();
            facts.nix.store_mode = mode.into();
            Route::ALL.into_iter().filter(|route| route.suits(&facts).is_ok()).collect::<Vec<_>>()
        };
        let own = StoreMode::SingleUser { uid: 1000, is_own: true };
        for (immutable, mode, routes) in [
            (Immutable::Ostree, StoreMode::Absent, vec![Route::NixInstaller, Route::ChrootStore]),
            (Immutable::SteamOs, StoreMode::Absent, vec![Route::NixInstaller, Route::ChrootStore]),
            (Immutable::ReadOnlyRoot, StoreMode::Absent, vec![Route::ChrootStore]),
            (
                Immutable::ReadOnlyRoot,
                own,
                vec![Route::NixInstaller, Route::ScriptDaemon, Route::ScriptSingleUser, Route::ChrootStore],
            ),
        ] {
            assert_eq!(fits(immutable, mode), routes, "{immutable:?}");
        }
        let mut facts = debian("2.26.3", Init::Systemd, &["sudo"]);
        facts.system.immutable = Some(Immutable::Ostree).into();
        assert_eq!(
            Route::ScriptDaemon.suits(&facts).unwrap_err().0,
            "`/nix` cannot be made: ostree makes this system from an image"
        );
    }

    #[test]
    fn selinux_needs_the_programs_that_label() {
        let mut facts = debian("2.26.3", Init::Systemd, &["sudo"]);
        facts.system.selinux = Selinux { missing: vec!["semodule"], ..Selinux::default() }.into();
        facts.packages.manager = Some(Manager::Dnf).into();
        let why = Route::NixInstaller.suits(&facts).unwrap_err().0;
        assert_eq!(why, "SELinux is on, and it needs semodule: run `sudo dnf install -y policycoreutils`");
        facts.system.selinux = Selinux::default().into();
        assert_eq!(Route::NixInstaller.suits(&facts), Ok(()));
    }

    #[test]
    fn wsl_two_is_told_that_it_has_systemd() {
        let mut facts = debian("2.26.3", Init::Other, &["sudo"]);
        facts.system.wsl = Wsl { version: 2, distribution: None, has_boot_section: false, systemd_line: None }.into();
        for route in [Route::NixInstaller, Route::ScriptDaemon] {
            assert!(route.suits(&facts).unwrap_err().0.ends_with("--check wsl-systemd` switches it on"));
        }
        assert_eq!(Route::ScriptSingleUser.suits(&facts), Ok(()));
    }

    #[test]
    fn empty_lists_are_no_lack_of_a_package() {
        let mut facts = debian("2.26.3", Init::Systemd, &["sudo"]);
        facts.packages.nix = Fact::Known(None);
        assert_eq!(Route::Distro.suits(&facts).unwrap_err().0, "apt has no package `nix-bin`");
        facts.packages.has_lists = false.into();
        let why = Route::Distro.suits(&facts).unwrap_err().0;
        assert_eq!(why, "apt's lists of packages are empty; run `sudo apt-get update` first");
    }

    #[test]
    fn what_is_there_and_the_table_of_installers_decide_too() {
        let choices = Choices { installers: crate::setup::Installers::built_in().unwrap(), ..Choices::default() };
        let fits = |facts: &Facts| {
            let fits = Route::ALL.into_iter().filter(|route| route.fit(facts, &choices).is_ok());
            fits.map(Route::name).collect::<Vec<_>>().join(" ")
        };
        let mut facts = debian("2.26.3", Init::Systemd, &["sudo"]);
        assert_eq!(fits(&facts), "nix-installer script-daemon script-single-user distro chroot-store");
        facts.nix.on_path = Some("/usr/bin/nix".into()).into();
        assert_eq!(fits(&facts), "", "its version is not known");
        facts.nix.version = NixVersion::parse("nix (Nix) 2.8.0").unwrap().into();
        assert_eq!(fits(&facts), "");
        let why = Route::NixInstaller.fit(&facts, &choices).unwrap_err().0;
        assert_eq!(why, "Nix 2.8 is there, and has to go first");
        let installer = crate::facts::nix::Installer::Package { manager: "dpkg" };
        facts.nix.origin = crate::facts::nix::Origin { installer, evidence: vec![] }.into();
        assert_eq!(fits(&facts), "distro");
    }

    #[test]
    fn a_mac_with_an_intel_processor_has_no_way() {
        let mut facts = debian("", Init::Launchd, &["sudo"]);
        facts.system.kernel = Kernel { name: "Darwin".into(), release: "24".into(), machine: "x86_64".into() }.into();
        facts.nix.machine = Machine::MacOs { has_nix_darwin: false }.into();
        facts.packages = Packages { manager: Some(Manager::Brew).into(), missing: Vec::new().into(), ..Packages::default() };
        let choices = Choices { installers: crate::setup::Installers::built_in().unwrap(), ..Choices::default() };
        let why = |route: Route| route.fit(&facts, &choices).unwrap_err().0;
        assert_eq!(why(Route::NixInstaller), "nix-installer is not known for x86_64-darwin");
        assert_eq!(why(Route::ScriptDaemon), "it has no Nix for Macs with an Intel processor");
        assert!(Route::ALL.into_iter().all(|route| route.fit(&facts, &choices).is_err()));
        let setup = crate::setup::plan(&facts, &choices).unwrap();
        assert!(setup.is_left_to_person && setup.plan.notes.join("; ").contains("no way to install Nix works"));
    }

    #[test]
    fn every_route_has_a_name_of_its_own() {
        for route in Route::ALL {
            assert_eq!(Route::find(route.name()), Some(route));
        }
    }
}

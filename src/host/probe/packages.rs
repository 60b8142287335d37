//! Asks the package manager of the system what it would install.

use super::Vantage;
use crate::facts::Fact;
use crate::facts::packages::{Manager, Packages, apt_candidates, apt_has_lists, missing};

/// Looks at the package manager. It takes a part of a second, so only `setup` does it.
pub fn look(vantage: &Vantage) -> Packages {
    let manager = manager(vantage);
    let missing = missing(cfg!(target_os = "macos"), |program| vantage.find(program).is_some()).into();
    if manager != Some(Manager::Apt) {
        let why = || "only apt is asked for what it would install".to_owned();
        return Packages {
            manager: manager.into(),
            nix: Fact::irrelevant(why()),
            direnv: Fact::irrelevant(why()),
            is_interrupted: Fact::irrelevant(why()),
            has_lists: Fact::irrelevant(why()),
            missing,
        };
    }
    let policy = vantage.run("apt-cache", &["policy", "nix-bin", "direnv"]);
    let candidate = |package: &str| match &policy {
        Fact::Known(output) => {
            let found = apt_candidates(&output.stdout).into_iter().find(|(name, _)| name == package);
            Fact::Known(found.and_then(|(_, version)| version))
        }
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
    };
    let audit = vantage.run("dpkg", &["--audit"]);
    Packages {
        manager: manager.into(),
        nix: candidate("nix-bin"),
        direnv: candidate("direnv"),
        is_interrupted: audit.map(|output| !output.stdout.trim().is_empty()),
        has_lists: vantage.run("apt-cache", &["policy"]).map(|output| apt_has_lists(&output.stdout)),
        missing,
    }
}

/// The package manager of the system: the one whose program is on PATH.
pub(super) fn manager(vantage: &Vantage) -> Option<Manager> {
    Manager::ALL.into_iter().find(|manager| vantage.find(manager.program()).is_some())
}

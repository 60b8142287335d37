//! Asks the package manager of the system what it would install.

use super::Vantage;
use crate::facts::Fact;
use crate::facts::packages::apt_candidates;
use crate::facts::packages::{Manager, Packages};

/// Looks at the package manager. It takes a part of a second, so only `setup` does it.
pub fn look(vantage: &Vantage) -> Packages {
    let manager = Manager::ALL.into_iter().find(|manager| vantage.find(manager.program()).is_some());
    if manager != Some(Manager::Apt) {
        let why = || "only apt is asked for what it would install".to_owned();
        return Packages {
            manager: manager.into(),
            nix: Fact::irrelevant(why()),
            direnv: Fact::irrelevant(why()),
            is_interrupted: Fact::irrelevant(why()),
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
    }
}

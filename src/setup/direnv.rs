//! direnv: the package of the distribution where apt has one, else a package of the user's profile.

use super::Setup;
use super::apt::{self, Packages};
use super::nix_command::{NixCommand, Package};
use crate::facts::Facts;
use crate::facts::packages::Manager;
use crate::plan::{Privilege, Step};

/// What it is for.
const EXPLANATION: &str = "direnv enters a project's environment when you enter its directory.";

/// Whether direnv is there, or will be when the plan is carried out.
pub(super) fn will_be_there(facts: &Facts, setup: &Setup) -> bool {
    facts.direnv.program.known().is_some_and(Option::is_some) || setup.plan.step("direnv").is_some()
}

/// Whether it will come into the user's profile.
pub(super) fn will_be_of_profile(facts: &Facts, setup: &Setup) -> bool {
    let manager = facts.packages.manager.known().copied().flatten();
    let has_package = apt::can_install(facts) && facts.packages.direnv.known().is_some_and(Option::is_some);
    let is_missing = facts.direnv.program.known() == Some(&None);
    is_missing && !has_package && matches!(manager, Some(Manager::Apt) | None) && NixCommand::after(facts, setup).is_some()
}

/// Adds the step that brings direnv, or says what brings it.
pub(super) fn add(facts: &Facts, setup: &mut Setup) {
    if facts.direnv.program.known() != Some(&None) {
        return;
    }
    let manager = facts.packages.manager.known().copied().flatten();
    let has_package = apt::can_install(facts) && facts.packages.direnv.known().is_some_and(Option::is_some);
    let with_nix = NixCommand::after(facts, setup);
    let step = match (manager, with_nix) {
        (Some(Manager::Apt), _) if has_package => with_apt(facts, setup),
        (Some(Manager::Apt) | None, Some(nix)) => {
            let package = Package { id: "direnv", attribute: "direnv", holds: "bin/direnv", explanation: EXPLANATION };
            nix.install(package, &setup.plan.root)
        }
        (Some(Manager::Apt) | None, None) => {
            let note = "install direnv with `nix profile install nixpkgs#direnv`, once Nix is there";
            return setup.plan.notes.push(note.to_owned());
        }
        (Some(manager), _) => {
            return setup.plan.notes.push(format!("install direnv: `{}`", manager.install_line(&["direnv"])));
        }
    };
    let is_of_profile = step.privilege == Privilege::User;
    setup.add_optional(step);
    if is_of_profile {
        setup.require("direnv", &["nix", "nix-group"]);
    }
}

fn with_apt(facts: &Facts, setup: &mut Setup) -> Step {
    let packages = Packages {
        id: "direnv",
        title: "Install direnv with apt",
        explanation: EXPLANATION,
        names: &["direnv"],
        undo: "run `sudo apt-get purge direnv`".to_owned(),
    };
    let is_prepared = |setup: &Setup, id: &str| setup.plan.step(id).is_some();
    let own: Vec<&str> = apt::PREPARATION.into_iter().filter(|id| !is_prepared(setup, id)).collect();
    let step = apt::install(&packages, facts, setup);
    for id in own.into_iter().filter(|id| is_prepared(setup, id)).collect::<Vec<_>>() {
        // Without direnv it is of no use.
        setup.optional.insert(id.to_owned());
        setup.requires.insert(id.to_owned(), vec!["direnv".to_owned()]);
    }
    step
}

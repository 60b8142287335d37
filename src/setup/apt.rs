//! Packages of Debian and Ubuntu, and what makes apt ready to install them.

use super::program::Program;
use super::{Setup, route};
use crate::facts::Facts;
use crate::facts::packages::{APT_LOCK, Manager};
use crate::plan::{Privilege, Step, Undo};

/// Whether apt can install anything here.
pub(super) fn can_install(facts: &Facts) -> bool {
    facts.packages.manager.known().copied().flatten() == Some(Manager::Apt) && route::immutable(facts).is_none()
}

/// The steps that make apt ready.
pub(super) const PREPARATION: [&str; 2] = ["packages-settle", "packages-update"];

/// What makes apt work again after it was killed in the middle: measured, a plain installation succeeds after it.
const SETTLE: &[&str] = &["dpkg", "--configure", "-a"];

/// What is installed, and for what.
pub(super) struct Packages<'a> {
    /// The id of the step.
    pub(super) id: &'a str,
    /// Its title.
    pub(super) title: &'a str,
    /// What the packages are.
    pub(super) explanation: &'a str,
    /// Their names.
    pub(super) names: &'a [&'a str],
    /// How a person removes them.
    pub(super) undo: String,
}

/// The step that installs packages. What makes apt ready comes before it, unless the plan has that already.
pub(super) fn install(packages: &Packages<'_>, facts: &Facts, setup: &mut Setup) -> Step {
    prepare(facts, setup);
    let command = Manager::Apt.install(packages.names);
    Program {
        id: packages.id,
        title: packages.title.to_owned(),
        explanation: packages.explanation,
        privilege: Privilege::Root,
        command: &command.iter().map(String::as_str).collect::<Vec<_>>(),
        undo: Undo::Manual { instruction: packages.undo.clone() },
        takes_back: &[],
        settles: SETTLE,
        produces: &[],
    }
    .step(&setup.plan.root)
}

/// Adds what the plan lacks.
fn prepare(facts: &Facts, setup: &mut Setup) {
    let settle = Program {
        id: "packages-settle",
        title: "Finish the installation that was cut short".to_owned(),
        explanation: "`dpkg --audit` names packages that are half installed; apt installs nothing before they are settled.",
        privilege: Privilege::Root,
        command: SETTLE,
        undo: Undo::Irreversible { reason: "it finishes what somebody else began".to_owned() },
        takes_back: &[],
        settles: &[],
        produces: &[],
    };
    let [option, lock] = APT_LOCK;
    let update = Program {
        id: "packages-update",
        title: "Fetch the lists of packages".to_owned(),
        explanation: "An old list names packages that the mirror no longer has.",
        privilege: Privilege::Root,
        command: &["apt-get", option, lock, "update"],
        undo: Undo::Irreversible { reason: "newer lists harm nobody".to_owned() },
        takes_back: &[],
        settles: &[],
        produces: &[],
    };
    let is_interrupted = facts.packages.is_interrupted.known() == Some(&true);
    for program in is_interrupted.then_some(settle).into_iter().chain([update]) {
        if setup.plan.step(program.id).is_none() {
            let step = program.step(&setup.plan.root);
            setup.plan.steps.push(step);
        }
    }
}

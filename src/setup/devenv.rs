//! devenv as a program of its own. Projects of nixstart bring theirs in their shell, so it is off unless asked for.

use super::nix_command::{NixCommand, Package};
use super::{Choices, Setup};
use crate::facts::Facts;

/// What it is for.
const EXPLANATION: &str = "Projects that nixstart makes bring devenv in their own shell. This is for projects without a flake.";

/// Adds the step that brings devenv to those that are off by default.
pub(super) fn add(facts: &Facts, choices: &Choices, setup: &mut Setup) {
    if facts.devenv.program.known() != Some(&None) {
        return;
    }
    let Some(nix) = NixCommand::after(facts, setup) else { return choices.tell_who_asked("devenv", setup) };
    let step = nix
        .install(Package { id: "devenv", attribute: "devenv", holds: "bin/devenv", explanation: EXPLANATION }, &setup.plan.root);
    setup.add_extra(step);
    setup.require("devenv", &["nix", "nix-group"]);
}

//! Which parts of a plan are wanted, and what goes with what is left out.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choices, INSTALL, Route, Setup, by_hand, caches, download};
use crate::plan::{Privilege, Step};

/// Those that allow the cache; the first stands for all of them.
pub(super) const CACHES: [&str; 3] = ["caches", "caches-include", "daemon-restart"];

/// Those of nix-direnv; the first stands for all of them.
pub(super) const NIX_DIRENV: [&str; 2] = ["nix-direnv", "nix-direnv-load"];

/// Those of direnv.
pub(super) const DIRENV: [&str; 4] = ["direnv", "direnv-hook", "nix-direnv", "nix-direnv-load"];

impl Choices {
    /// Whether a part of a plan is wanted, by the ids of its steps.
    pub(super) fn want(&self, ids: &[&str]) -> bool {
        self.only.is_empty() || ids.iter().any(|id| self.only.contains(*id))
    }

    /// Says that a part which was asked for by its name has to wait for Nix.
    pub(super) fn tell_who_asked(&self, id: &str, setup: &mut Setup) {
        if self.only.contains(id) {
            setup.is_left_to_person = true;
            setup
                .plan
                .notes
                .push(format!("{id} needs a Nix with a profile of yours; run `nixstart setup` without `--only` first"));
        }
    }

    /// Whoever asks for a part by its name gets what it consists of.
    pub(super) fn with_what_belongs_together(&self) -> Self {
        let mut choices = self.clone();
        for parts in [CACHES.as_slice(), &NIX_DIRENV] {
            if parts.first().is_some_and(|name| self.only.contains(*name)) {
                choices.only.extend(parts.iter().map(ToString::to_string));
            }
        }
        choices
    }
}

/// Leaves out what is not wanted, with what needs it.
pub(super) fn select(choices: &Choices, without_root: bool, setup: &mut Setup) {
    let (asked_for, others) = std::mem::take(&mut setup.extras).into_iter().partition(|step| choices.only.contains(&step.id));
    setup.extras = others;
    setup.plan.steps.extend::<Vec<Step>>(asked_for);
    let is_beyond = |step: &&Step| without_root && step.privilege == Privilege::Root && !step.is_satisfied;
    let mut left_out: BTreeSet<String> = setup
        .plan
        .steps
        .iter()
        .chain(&setup.extras)
        .filter(|step| {
            choices.skip.contains(&step.id) || (!choices.only.is_empty() && !choices.only.contains(&step.id)) || is_beyond(step)
        })
        .map(|step| step.id.clone())
        .collect();
    // A step that was asked for by name is kept although what it needs is there already.
    if choices.only.is_empty() {
        let out: Vec<String> = left_out.iter().cloned().collect();
        left_out.extend(out.iter().flat_map(|id| needed_by(id, &setup.requires)));
    }
    // What is downloaded for a step that is left out is of no use.
    let is_needed = |step: &Step| step.id != download::ID || setup.route == Some(Route::ChrootStore) || !left_out.contains("nix");
    let idle: Vec<String> = setup.plan.steps.iter().filter(|step| !is_needed(step)).map(|step| step.id.clone()).collect();
    let goes_with_it = |step: &Step| {
        let is_wanted = choices.want(&[&step.id]) && !choices.skip.contains(&step.id);
        without_root
            && is_wanted
            && INSTALL.contains(&step.id.as_str())
            && (idle.contains(&step.id) || left_out.contains(&step.id))
    };
    let is_by_hand = |step: &&Step| is_beyond(step) || goes_with_it(step);
    let is_advice = |step: &&Step| CACHES.contains(&step.id.as_str()) && !choices.only.contains(&step.id);
    let (advice, needed): (Vec<&Step>, Vec<&Step>) = setup.plan.steps.iter().filter(is_by_hand).partition(is_advice);
    let mut notes: Vec<String> = needed.into_iter().filter_map(|step| Some(format!("by hand: {}", by_hand(step)?))).collect();
    setup.is_left_to_root = !notes.is_empty();
    if setup.is_left_to_root && left_out.contains("nix") {
        notes.push("then run `nixstart setup` again".to_owned());
        let may_try = setup.alternatives.iter().any(|(route, why)| *route == Route::ChrootStore && why.is_none());
        notes.extend(may_try.then(|| "without root you can try Nix: `nixstart setup --route chroot-store`".to_owned()));
    }
    left_out.extend(idle);
    // A machine is ready without it.
    notes.extend(advice.first().filter(|step| !choices.skip.contains(&step.id)).map(|_| caches::ADVICE.to_owned()));
    setup.plan.notes.extend(notes);
    setup.plan.steps.retain(|step| !left_out.contains(&step.id));
    setup.extras.retain(|step| !left_out.contains(&step.id));
}

/// Everything that needs a step, directly or not.
fn needed_by(id: &str, requires: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![id.to_owned()]);
    while let Some(id) = open.pop() {
        let dependents = requires.iter().filter(|(_, needs)| needs.contains(&id)).map(|(dependent, _)| dependent.clone());
        open.extend(dependents.filter(|dependent| found.insert(dependent.clone())));
    }
    found
}

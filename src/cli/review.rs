//! Lets a person look at a plan and leave steps out of it: over the whole screen, or as numbered questions in plain lines.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanFlags, Session, ShownBy, carry_out};
use crate::ask::Asked;
use crate::config;
use crate::error::Result;
use crate::host::vault::Vault;
use crate::plan::{Plan, Privilege, Step, needs_consent};
use crate::question::{Answer, Choice, Question, QuestionKind};
use crate::tui;
use crate::tui::screen::review::selection::{self, Switched};
pub(super) use crate::tui::screen::review::{Outcome, Review};
use crate::ui::columns::count;
use crate::ui::plan_view;

/// A plan, and what a person may change in it.
pub(super) struct Proposal {
    /// The plan.
    pub(super) plan: Plan,
    /// Steps that come after it and are left out unless the person switches them on.
    pub(super) extras: Vec<Step>,
    /// The ids of the steps that can be left out.
    pub(super) optional: BTreeSet<String>,
    /// Which steps a step needs, by id.
    pub(super) requires: BTreeMap<String, Vec<String>>,
}

impl Proposal {
    /// A plan whose steps need no others.
    pub(super) const fn of(plan: Plan, optional: BTreeSet<String>) -> Self {
        Self { plan, extras: Vec::new(), optional, requires: BTreeMap::new() }
    }
}

/// What is said of a step that is left out unless somebody asks for it.
pub(super) fn left_out_by_default(plan: &Plan, step: &Step) -> String {
    format!("left out by default: {} (`nixstart {} --only {}` does it)", step.title, plan.command, step.id)
}

/// Reviews a plan. With consent from elsewhere nothing is asked; without a terminal it is an error where consent is needed.
pub(super) fn review(session: &mut Session, review: &Review<'_>, has_consent: bool) -> Result<Outcome> {
    let as_it_is = Outcome::Apply { skipped: review.off.clone() };
    if has_consent || review.plan.pending().next().is_none() {
        return Ok(as_it_is);
    }
    if !session.ask.is_interactive() {
        return match needs_consent(review.plan) {
            None => Ok(as_it_is),
            Some(reason) => Err(carry_out::nobody_to_ask(reason, ShownBy::DryRun)),
        };
    }
    if !tui::can_draw(&session.ui) {
        return review_plain(session, review);
    }
    config::load()?.apply();
    tui::screen::review::show(&session.ui, review)
}

/// Carries a plan out, after a review where a person can be asked; returns what was left of it.
pub(super) fn carry_out(session: &mut Session, proposal: Proposal, flags: PlanFlags) -> Result<(Plan, carry_out::Outcome)> {
    let Proposal { mut plan, extras, optional, requires } = proposal;
    let is_asked = session.ask.is_interactive() && !flags.yes && !flags.json && !flags.dry_run;
    if !is_asked || plan.pending().next().is_none() {
        let left_out: Vec<String> = extras.iter().map(|step| left_out_by_default(&plan, step)).collect();
        plan.notes.extend(left_out);
        let outcome = carry_out::carry_out(session, &plan, &Vault::default(), flags)?;
        return Ok((plan, outcome));
    }
    let off = extras.iter().map(|step| step.id.clone()).collect();
    plan.steps.extend(extras);
    let current = carry_out::current(&plan);
    let asked = Review { plan: &plan, optional, off, requires, current: &current, notes: Vec::new() };
    let Outcome::Apply { skipped } = review(session, &asked, false)? else { return Err(carry_out::declined()) };
    for step in plan.steps.iter().filter(|step| skipped.contains(&step.id)) {
        session.ui.say(&format!("left out: {}", step.title));
    }
    let plan = without(plan, &skipped);
    let outcome = carry_out::apply_consented(session, &plan, &Vault::default(), flags)?;
    Ok((plan, outcome))
}

/// The plan without the steps that were left out.
pub(super) fn without(mut plan: Plan, skipped: &BTreeSet<String>) -> Plan {
    plan.steps.retain(|step| !skipped.contains(&step.id));
    plan
}

fn review_plain(session: &mut Session, review: &Review<'_>) -> Result<Outcome> {
    plan_view::show(&mut session.ui, &without(review.plan.clone(), &review.off), review.current);
    for note in &review.notes {
        session.ui.note(note);
    }
    for step in review.plan.pending().filter(|step| review.off.contains(&step.id)) {
        session.ui.say(&format!("Left out unless you choose it: {}", step.title));
        session.ui.say(&format!("   {}", step.explanation));
    }
    let skipped = ask_what_to_leave_out(session, review)?;
    let on = || review.plan.pending().filter(|step| !skipped.contains(&step.id));
    if on().next().is_none() {
        session.ui.say("Every step is left out");
        return Ok(Outcome::Cancel);
    }
    let root = match on().filter(|step| step.privilege == Privilege::Root).count() {
        0 => String::new(),
        root => format!(" ({root} as root)"),
    };
    let question = format!("Apply {}{root}?", count(on().count(), "step", "steps"));
    let is_accepted = carry_out::confirm(session, &question, true, "--yes")?;
    Ok(if is_accepted { Outcome::Apply { skipped } } else { Outcome::Cancel })
}

/// Asks which of the optional steps are done. A plan of one step is a question of yes or no already.
fn ask_what_to_leave_out(session: &mut Session, review: &Review<'_>) -> Result<BTreeSet<String>> {
    let optional: Vec<Choice> = review
        .plan
        .pending()
        .filter(|step| review.optional.contains(&step.id))
        .map(|step| Choice { value: step.id.clone(), label: Some(step.title.clone()), help: None })
        .collect();
    if optional.is_empty() || review.plan.pending().nth(1).is_none() {
        return Ok(review.off.clone());
    }
    let all: Vec<String> = optional.iter().map(|choice| choice.value.clone()).collect();
    let help = if review.off.is_empty() {
        "All of them, unless you say otherwise"
    } else {
        "Those of the plan, unless you say otherwise"
    };
    let question = Question {
        kind: QuestionKind::Multiselect,
        help: Some(help.to_owned()),
        choices: optional,
        ..Question::confirm("steps", "Which steps?")
    };
    let default = Answer::List(all.iter().filter(|id| !review.off.contains(*id)).cloned().collect());
    let answer = session.ask.ask(&mut session.ui, Asked { question: &question, default: Some(&default), flag: "--yes" })?;
    let Answer::List(chosen) = answer else { return Ok(review.off.clone()) };
    let off = review.off.iter().filter(|id| !chosen.contains(id)).cloned().collect();
    Ok(leave_out(session, review, off, all.into_iter().filter(|id| !chosen.contains(id))))
}

/// Leaves steps out with what needs them, unless what needs them cannot be left out.
fn leave_out(
    session: &mut Session,
    review: &Review<'_>,
    mut off: BTreeSet<String>,
    unwanted: impl Iterator<Item = String>,
) -> BTreeSet<String> {
    let title = |id: &str| review.plan.step(id).map_or_else(|| id.to_owned(), |step| step.title.clone());
    for id in unwanted {
        if off.contains(&id) {
            continue;
        }
        match selection::toggle(&off, &id, &review.optional, &review.requires) {
            Switched::Off { with } => {
                for other in &with {
                    session.ui.say(&format!("Left out too: `{}`, which needs `{}`", title(other), title(&id)));
                }
                off.insert(id);
                off.extend(with);
            }
            Switched::Refused { needed_by } => {
                let by = needed_by.map_or_else(String::new, |by| format!(", because `{}` needs it", title(&by)));
                session.ui.warn(&format!("`{}` stays{by}", title(&id)));
            }
            Switched::On { .. } => {}
        }
    }
    off
}

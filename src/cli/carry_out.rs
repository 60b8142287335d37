//! The one way from a plan to a changed machine: show it, get consent, apply it, keep a receipt, say what happened.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::{PlanFlags, Session, ShownBy, permission};
use crate::ask::Asked;
use crate::error::{Error, ErrorKind, Result};
use crate::host::apply::{self, Event, Pending};
use crate::host::journal::{self, Journal, Stored};
use crate::host::vault::Vault;
use crate::plan::receipt::{Record, Status};
use crate::plan::{Action, Plan, Step, needs_consent};
use crate::question::{Answer, Question};
use crate::ui::Verbosity;
use crate::ui::plan_view::{self, Current};
use crate::ui::style::Role;

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its steps are applied.
    Applied,
    /// There was nothing to do.
    NothingToDo,
    /// It was only shown.
    Shown,
}

/// Carries a plan out. Whoever calls holds the lock of the project.
pub(super) fn carry_out(session: &mut Session, plan: &Plan, vault: &Vault, flags: PlanFlags) -> Result<Outcome> {
    if plan.pending().next().is_none() {
        if flags.json {
            print_json(session, plan, None)?;
        }
        plan.notes.iter().for_each(|note| session.ui.note(note));
        return Ok(Outcome::NothingToDo);
    }
    if !flags.json {
        plan_view::show(&mut session.ui, plan, &current(plan));
    }
    if flags.dry_run || (flags.json && !flags.yes) {
        if flags.json {
            print_json(session, plan, None)?;
        }
        return Ok(Outcome::Shown);
    }
    if !flags.yes {
        consent(session, plan, flags.shown_by)?;
    }
    apply_consented(session, plan, vault, flags)
}

/// Applies a plan that was shown and consented to.
pub(super) fn apply_consented(session: &mut Session, plan: &Plan, vault: &Vault, flags: PlanFlags) -> Result<Outcome> {
    let receipt = apply(session, plan, vault, flags)?;
    if flags.json {
        print_json(session, plan, Some(&receipt))?;
    }
    Ok(Outcome::Applied)
}

/// The same without a word on stdout, for a command that still has something to prove; returns the id of the receipt.
pub(super) fn apply(session: &mut Session, plan: &Plan, vault: &Vault, flags: PlanFlags) -> Result<String> {
    let _ticket = permission::obtain(session, plan, flags)?;
    let (mut journal, began) = Journal::begin(plan)?;
    let steps: Vec<Pending<'_>> = plan.pending().map(Pending::fresh).collect();
    run(session, &steps, &mut journal, Some(began), vault)?;
    Ok(journal.id().to_owned())
}

/// Continues a run that was cut short. Its plan was consented to when it began.
pub(super) fn resume(session: &mut Session, stored: &Stored, vault: &Vault, flags: PlanFlags) -> Result<Outcome> {
    let rest = rest_of(stored, &[])?;
    let outcome = continue_with(session, stored, &rest, vault, flags)?;
    if outcome == Outcome::Applied && flags.json {
        print_json(session, &rest, Some(&stored.id))?;
    }
    Ok(outcome)
}

/// What a run that was cut short still has to do, without steps that somebody gives up.
pub(super) fn rest_of(stored: &Stored, skip: &[String]) -> Result<Plan> {
    let (given_up, steps): (Vec<&Step>, Vec<&Step>) =
        stored.receipt.steps_to_resume().into_iter().partition(|step| skip.contains(&step.id));
    let is_known = |id: &&String| given_up.iter().any(|step| step.id == **id);
    if let Some(unknown) = skip.iter().find(|id| !is_known(id)) {
        let left = given_up.iter().chain(&steps).map(|step| step.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::usage(format!("no step `{unknown}` is left to do")).hint(format!("left are {left}")));
    }
    let mut plan = Plan { steps: steps.into_iter().cloned().collect(), ..stored.receipt.plan.clone() };
    plan.notes.extend(given_up.iter().map(|step| format!("left out: {}", step.title)));
    Ok(plan)
}

/// Does what is left, without a word on stdout when it is done.
pub(super) fn continue_with(
    session: &mut Session,
    stored: &Stored,
    rest: &Plan,
    vault: &Vault,
    flags: PlanFlags,
) -> Result<Outcome> {
    if flags.dry_run || (flags.json && !flags.yes) {
        if flags.json {
            print_json(session, rest, None)?;
        } else {
            plan_view::show(&mut session.ui, rest, &current(rest));
        }
        return Ok(Outcome::Shown);
    }
    let _ticket = super::root::obtain(session, rest, flags.yes)?;
    session.ui.say(&format!("Continuing what began at {}", stored.receipt.at));
    for step in &rest.steps {
        apply::clear_leftovers(step, &stored.receipt.progress(&step.id))?;
    }
    let mut journal = Journal::reopen(&stored.id)?;
    let earlier = |step: &'_ Step| stored.receipt.progress(&step.id).before;
    let steps: Vec<Pending<'_>> = rest.steps.iter().map(|step| Pending { step, earlier: earlier(step) }).collect();
    run(session, &steps, &mut journal, None, vault)?;
    Ok(Outcome::Applied)
}

/// The newest run of a project that was cut short.
pub(super) fn unfinished(root: &Utf8Path) -> Result<Option<Stored>> {
    journal::newest_of(root, |receipt| receipt.status == Status::Unfinished)
}

/// The newest run of one command that was cut short: a directory may have receipts of several.
pub(super) fn unfinished_of(command: &str, root: &Utf8Path) -> Result<Option<Stored>> {
    journal::newest_of(root, |receipt| receipt.status == Status::Unfinished && receipt.plan.command == command)
}

fn run(session: &mut Session, steps: &[Pending<'_>], journal: &mut Journal, began: Option<Record>, vault: &Vault) -> Result<()> {
    let ui = &mut session.ui;
    let is_shown = ui.verbosity() != Verbosity::Quiet;
    // apt says each second that it waits for a lock.
    let mut last = String::new();
    let outcome = apply::apply(steps, journal, began, vault, &mut |event| match event {
        // Programs can take long; everything else is over at once.
        Event::Started(step) if matches!(step.action, Action::Run { .. } | Action::Download { .. }) => {
            ui.say(&format!("running: {}", step.title));
        }
        Event::Started(step) => ui.detail(&format!("begins: {}", step.title)),
        Event::Notice(text) => ui.withheld(text),
        Event::Line(line) if *line == last => {}
        Event::Line(line) => {
            ui.verbatim(&Role::Quiet.paint(&format!("  | {line}")));
            line.clone_into(&mut last);
        }
        Event::Finished(step) => ui.say(&format!("{} {}", Role::Success.paint("done:"), step.title)),
        Event::Skipped(step) => ui.say(&format!("already done: {}", step.title)),
    });
    // What a program said was just seen.
    outcome.map_err(|error| if is_shown { error.without_output() } else { error })
}

/// Asks for consent where a plan needs it. A plan that only makes a fresh directory is still shown for a yes on a
/// terminal, because the person just saw it; without one it goes ahead.
fn consent(session: &mut Session, plan: &Plan, shown_by: ShownBy) -> Result<()> {
    let reason = needs_consent(plan);
    if !session.ask.is_interactive() {
        return match reason {
            None => Ok(()),
            Some(reason) => Err(nobody_to_ask(reason, shown_by)),
        };
    }
    if confirm(session, "Apply this plan?", true, "--yes")? { Ok(()) } else { Err(declined()) }
}

/// A plan needs consent, and nobody can be asked.
pub(super) fn nobody_to_ask(reason: &str, shown_by: ShownBy) -> Error {
    let message = format!("the plan needs your consent, because {reason}, and there is no terminal to ask on");
    Error::new(ErrorKind::NeedsInput, message).hint(format!("look at it with `{}`, then consent with `--yes`", shown_by.flag()))
}

/// The person said no.
pub(super) fn declined() -> Error {
    Error::new(ErrorKind::Declined, "you said no; nothing was changed")
}

/// Asks a yes-or-no question.
pub(super) fn confirm(session: &mut Session, prompt: &str, default: bool, flag: &str) -> Result<bool> {
    let question = Question::confirm("consent", prompt);
    let default = Answer::Bool(default);
    Ok(session.ask.ask(&mut session.ui, Asked { question: &question, default: Some(&default), flag })? == Answer::Bool(true))
}

/// What the files that a plan replaces hold now.
pub(super) fn current(plan: &Plan) -> Current {
    let replaced = plan.steps.iter().filter_map(|step| match &step.action {
        Action::ReplaceFile { directory, path, .. } => Some(directory.join(path.as_str())),
        Action::EditFile { path, .. } => Some(path.clone()),
        _ => None,
    });
    replaced.filter_map(|path| Some((path.to_string(), fs_err::read(&path).ok()?))).collect::<BTreeMap<_, _>>()
}

/// Prints a plan for programs, and which receipt says what was done.
pub(super) fn print_json(session: &mut Session, plan: &Plan, receipt: Option<&str>) -> Result<()> {
    let mut document = json!({ "schema": 1, "plan": plan_view::to_json(plan) });
    if let Some(fields) = document.as_object_mut() {
        fields.insert("applied".into(), Value::Bool(receipt.is_some()));
        fields.insert("receipt".into(), receipt.into());
    }
    session.print_json(&document)
}

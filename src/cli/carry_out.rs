//! The one way from a plan to a changed machine: show it, get consent, apply it, keep a receipt, say what happened.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::{PlanFlags, Session};
use crate::ask::Asked;
use crate::error::{Error, ErrorKind, Result};
use crate::host::apply::{self, Event, Pending};
use crate::host::journal::{self, Journal, Stored};
use crate::host::vault::Vault;
use crate::plan::receipt::{Record, Status};
use crate::plan::{Action, Plan, Step, needs_consent};
use crate::question::{Answer, Question};
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
        consent(session, plan)?;
    }
    apply_consented(session, plan, vault, flags)
}

/// Applies a plan that was shown and consented to.
pub(super) fn apply_consented(session: &mut Session, plan: &Plan, vault: &Vault, flags: PlanFlags) -> Result<Outcome> {
    super::setup::obtain_root(session, plan, flags.yes)?;
    let (mut journal, began) = Journal::begin(plan)?;
    let steps: Vec<Pending<'_>> = plan.pending().map(Pending::fresh).collect();
    run(session, &steps, &mut journal, Some(began), vault)?;
    if flags.json {
        print_json(session, plan, Some(journal.id()))?;
    }
    Ok(Outcome::Applied)
}

/// Continues a run that was cut short. Its plan was consented to when it began.
pub(super) fn resume(session: &mut Session, stored: &Stored, vault: &Vault, flags: PlanFlags) -> Result<Outcome> {
    let steps = stored.receipt.steps_to_resume();
    let rest = Plan { steps: steps.iter().map(|step| (*step).clone()).collect(), ..stored.receipt.plan.clone() };
    if flags.dry_run || (flags.json && !flags.yes) {
        if flags.json {
            print_json(session, &rest, None)?;
        } else {
            plan_view::show(&mut session.ui, &rest, &current(&rest));
        }
        return Ok(Outcome::Shown);
    }
    super::setup::obtain_root(session, &rest, flags.yes)?;
    session.ui.say(&format!("Continuing what began at {}", stored.receipt.at));
    for step in &steps {
        apply::clear_leftovers(step, &stored.receipt.progress(&step.id))?;
    }
    let mut journal = Journal::reopen(&stored.id)?;
    let earlier = |step: &'_ Step| stored.receipt.progress(&step.id).before;
    let steps: Vec<Pending<'_>> = steps.into_iter().map(|step| Pending { step, earlier: earlier(step) }).collect();
    run(session, &steps, &mut journal, None, vault)?;
    if flags.json {
        print_json(session, &rest, Some(journal.id()))?;
    }
    Ok(Outcome::Applied)
}

/// The newest run of a project that was cut short.
pub(super) fn unfinished(root: &Utf8Path) -> Result<Option<Stored>> {
    journal::newest_of(root, |status| status == Status::Unfinished)
}

fn run(session: &mut Session, steps: &[Pending<'_>], journal: &mut Journal, began: Option<Record>, vault: &Vault) -> Result<()> {
    let ui = &mut session.ui;
    apply::apply(steps, journal, began, vault, &mut |event| match event {
        // Programs can take long; everything else is over at once.
        Event::Started(step) if matches!(step.action, Action::Run { .. }) => ui.say(&format!("running: {}", step.title)),
        Event::Started(step) => ui.detail(&format!("begins: {}", step.title)),
        Event::Line(line) => ui.verbatim(&Role::Quiet.paint(&format!("  | {line}"))),
        Event::Finished(step) => ui.say(&format!("{} {}", Role::Success.paint("done:"), step.title)),
        Event::Skipped(step) => ui.say(&format!("already done: {}", step.title)),
    })
}

/// Asks for consent where a plan needs it. A plan that only makes a fresh directory is still shown for a yes on a
/// terminal, because the person just saw it; without one it goes ahead.
fn consent(session: &mut Session, plan: &Plan) -> Result<()> {
    let reason = needs_consent(plan);
    if !session.ask.is_interactive() {
        return match reason {
            None => Ok(()),
            Some(reason) => Err(nobody_to_ask(reason)),
        };
    }
    if confirm(session, "Apply this plan?", true, "--yes")? { Ok(()) } else { Err(declined()) }
}

/// A plan needs consent, and nobody can be asked.
pub(super) fn nobody_to_ask(reason: &str) -> Error {
    let message = format!("the plan needs your consent, because {reason}, and there is no terminal to ask on");
    Error::new(ErrorKind::NeedsInput, message).hint("look at it with `--dry-run`, then consent with `--yes`")
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

fn print_json(session: &mut Session, plan: &Plan, receipt: Option<&str>) -> Result<()> {
    let mut document = json!({ "schema": 1, "plan": plan_view::to_json(plan) });
    if let Some(fields) = document.as_object_mut() {
        fields.insert("applied".into(), Value::Bool(receipt.is_some()));
        fields.insert("receipt".into(), receipt.into());
    }
    session.print_json(&document)
}

//! Root steps before they are run: a question of their own, and what a person types where sudo says no.

use super::{Session, carry_out};
use crate::error::{Error, ErrorKind, Result};
use crate::host::privilege::denial::Denial;
use crate::host::privilege::obtain::{self, Asking, Ticket};
use crate::host::revert::{Effect, Reversal};
use crate::plan::{Action, Plan, Privilege, Step};
use crate::setup;
use crate::ui::Ui;

/// A command that root runs: its words, and what a person types instead.
struct Command {
    words: Vec<String>,
    typed: String,
}

/// Asks before the first root step of a plan, and makes sure that each can be run.
pub(super) fn obtain(session: &mut Session, plan: &Plan, has_consent: bool) -> Result<Ticket> {
    let steps = plan.pending().filter(|step| step.privilege == Privilege::Root);
    let commands: Vec<Command> = steps
        .flat_map(|step| {
            let typed = setup::by_hand(step).map_or_else(|| step.title.clone(), |line| session.ui.spoken(&line));
            words(&step.action).into_iter().map(move |words| Command { words, typed: typed.clone() })
        })
        .collect();
    let of = plan.pending().count();
    obtain_for(session, (&commands, of), has_consent)
}

/// The same for steps that are taken back.
pub(super) fn obtain_for_undo(session: &mut Session, reversals: &[Reversal<'_>], has_consent: bool) -> Result<Ticket> {
    let is_root = |reversal: &&Reversal<'_>| reversal.step.privilege == Privilege::Root;
    let each =
        reversals.iter().filter(is_root).flat_map(|reversal| reversal.effects.iter().map(|effect| (reversal.step, effect)));
    let commands: Vec<Command> = each.flat_map(|(step, effect)| commands_back(step, effect, &session.ui)).collect();
    obtain_for(session, (&commands, reversals.len()), has_consent)
}

fn commands_back(step: &Step, effect: &Effect, ui: &Ui) -> Vec<Command> {
    let typed = match effect {
        Effect::Run(command) => ui.spoken(&format!("sudo {command}")),
        Effect::Remove(what) => format!("remove `{what}`"),
        Effect::PutBack(what) => format!("put back `{what}`"),
        Effect::Keep { .. } | Effect::Unstage(_) | Effect::Uncommit(_) => return Vec::new(),
    };
    let all = match &step.action {
        Action::Run { takes_back, .. } if !takes_back.is_empty() => vec![takes_back.clone()],
        action => words(action),
    };
    all.into_iter().map(|words| Command { words, typed: typed.clone() }).collect()
}

/// The words of the commands that root runs for an action; what they are given differs from run to run.
fn words(action: &Action) -> Vec<Vec<String>> {
    let alone = |program: &str| vec![program.to_owned()];
    match action {
        Action::Run { program, arguments, .. } => vec![std::iter::once(program).chain(arguments).cloned().collect()],
        Action::EditFile { .. } => vec![alone("install"), alone("mv")],
        Action::SetMode { .. } => vec![alone("chmod")],
        Action::RemoveFile { .. } => vec![alone("rm")],
        Action::CreateDirectory { .. }
        | Action::CreateFiles { .. }
        | Action::ReplaceFile { .. }
        | Action::WriteSecrets { .. }
        | Action::ChangeSecrets { .. }
        | Action::InitRepository { .. }
        | Action::StageFiles { .. }
        | Action::Commit { .. }
        | Action::Download { .. } => Vec::new(),
    }
}

/// Asks for the commands of root among so many steps.
fn obtain_for(session: &mut Session, (commands, steps): (&[Command], usize), has_consent: bool) -> Result<Ticket> {
    let mut typed: Vec<String> = commands.iter().map(|command| command.typed.clone()).collect();
    typed.dedup();
    let asking = if session.ask.is_interactive() { Asking::Person } else { Asking::Nobody };
    if asking == Asking::Person && !has_consent && !typed.is_empty() && !crate::host::privilege::is_root() {
        let through = session.ui.spoken("`sudo `");
        let who = match (typed.len(), steps) {
            (1, 1) => "This step has to".to_owned(),
            (1, _) => "1 of these steps has to".to_owned(),
            (some, _) => format!("{some} of these steps"),
        };
        let question = format!("{who} run as root, through {}. Go on?", through.trim_matches(['`', ' ']));
        if !carry_out::confirm(session, &question, true, "--yes")? {
            return Err(carry_out::declined());
        }
    }
    let words: Vec<Vec<String>> = commands.iter().map(|command| command.words.clone()).collect();
    obtain::obtain(asking, &words).map_err(|denial| explain(denial, &typed))
}

/// What was denied, what helps, and what can be typed instead.
fn explain(denial: Denial, typed: &[String]) -> Error {
    let hint = denial.hint();
    let error = Error::new(ErrorKind::NeedsPrivilege, denial).hint(hint).hint("or run as root, in this order:");
    typed.iter().fold(error, Error::hint)
}

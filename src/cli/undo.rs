//! `nixstart undo`: takes a receipt back, as far as the disk still holds what nixstart wrote.

use serde_json::json;

use super::{PlanFlags, Session, ShownBy, carry_out, root};
use crate::error::{Error, ErrorKind, Result};
use crate::host::journal::{self, Listed, Stored};
use crate::host::lock::Lock;
use crate::host::paths;
use crate::host::revert::{self, Effect, Reversal};
use crate::plan::receipt::Status;
use crate::plan::{Privilege, Undo};
use crate::ui::style::Role;

/// Take back what a command did
///
/// Without RECEIPT this is the newest command of the project you are in. Files are removed or put back only where they
/// still hold what nixstart wrote; everything else is named and stays.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Id of a receipt
    receipt: Option<String>,
    /// List every receipt
    #[arg(long, conflicts_with = "receipt")]
    list: bool,
    #[command(flatten)]
    plan: PlanFlags,
}

pub(super) fn run(args: Args, session: &mut Session) -> Result<()> {
    if args.list {
        return list(session, args.plan.json);
    }
    let found = match &args.receipt {
        Some(id) => journal::load(id)?,
        None => newest_here()?,
    };
    take_back_receipt(session, &found.id, args.plan)
}

/// Shows what taking a receipt back does, asks, and does it.
pub(super) fn take_back_receipt(session: &mut Session, id: &str, flags: PlanFlags) -> Result<()> {
    let only_shows = flags.dry_run || (flags.json && !flags.yes);
    let root = journal::load(id)?.receipt.plan.root;
    let _lock = if only_shows { None } else { Some(Lock::acquire(&root)?) };
    // Another nixstart may have added to it before the lock was ours.
    let stored = journal::load(id)?;
    if stored.receipt.status == Status::Reverted {
        return Err(Error::failed(format!("the receipt `{}` was undone already", stored.id)));
    }
    let preview = revert::preview(&stored)?;
    if flags.json && only_shows {
        return print_json(session, &stored, &preview, false);
    }
    if !flags.json {
        show(session, &stored, &preview);
    }
    if only_shows {
        return Ok(());
    }
    if !flags.yes {
        consent(session, flags.shown_by)?;
    }
    let _ticket = root::obtain_for_undo(session, &preview, flags.yes)?;
    let done = take_back(session, &stored)?;
    if flags.json { print_json(session, &stored, &done, true) } else { Ok(()) }
}

/// Takes a receipt back and says of each step what was done and what was kept.
fn take_back<'a>(session: &mut Session, stored: &'a Stored) -> Result<Vec<Reversal<'a>>> {
    let mut done = Vec::new();
    let ui = &mut session.ui;
    revert::revert(stored, &mut |reversal| {
        match left_to_person(&reversal.step.undo) {
            None => ui.say(&format!("{} {}", Role::Success.paint("undone:"), reversal.step.title)),
            Some(what) => {
                ui.say(&format!("{} {}; {}", Role::Warning.paint("stays:"), reversal.step.title, ui.spoken(&what)));
            }
        }
        for (what, why) in reversal.effects.iter().filter_map(kept) {
            ui.say(&format!("  kept: {what} ({why})"));
        }
        done.push(reversal);
    })?;
    session.ui.say(if done.iter().all(|reversal| what_stays(reversal).is_empty()) {
        "Taken back"
    } else {
        "Taken back, except what stays"
    });
    Ok(done)
}

/// What a person has to do to take a step back, or why nobody can; `None` when nixstart does it.
fn left_to_person(undo: &Undo) -> Option<String> {
    match undo {
        Undo::Manual { instruction } => Some(format!("by hand: {instruction}")),
        Undo::Irreversible { reason } => Some(format!("cannot be undone: {reason}")),
        Undo::Restore | Undo::Inverse { .. } => None,
    }
}

/// What of a step stays, each with what is said of it.
fn what_stays(reversal: &Reversal<'_>) -> Vec<(String, String)> {
    let whole = left_to_person(&reversal.step.undo).map(|why| (reversal.step.title.clone(), why));
    let parts = reversal.effects.iter().filter_map(kept).map(|(what, why)| (what.to_owned(), why.to_owned()));
    whole.into_iter().chain(parts).collect()
}

fn kept(effect: &Effect) -> Option<(&str, &str)> {
    match effect {
        Effect::Keep { what, why } => Some((what, why)),
        Effect::Remove(_) | Effect::PutBack(_) | Effect::Unstage(_) | Effect::Uncommit(_) | Effect::Run(_) => None,
    }
}

fn consent(session: &mut Session, shown_by: ShownBy) -> Result<()> {
    if !session.ask.is_interactive() {
        return Err(Error::new(ErrorKind::NeedsInput, "taking this back needs your consent, and there is no terminal to ask on")
            .hint(format!("look at it with `{}`, then consent with `--yes`", shown_by.flag())));
    }
    if carry_out::confirm(session, "Take this back?", false, "--yes")? {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::Declined, "you said no; nothing was changed"))
    }
}

/// The newest receipt of the directory we are in or of one above it.
fn newest_here() -> Result<Stored> {
    let here = paths::absolute(camino::Utf8Path::new("."))?;
    for directory in here.ancestors() {
        if let Some(stored) = journal::newest_of(directory, |receipt| receipt.status != Status::Reverted)? {
            return Ok(stored);
        }
    }
    Err(Error::failed("there is nothing to undo for this directory")
        .hint("change to a project, or name a receipt: `nixstart undo --list` shows them"))
}

fn show(session: &mut Session, stored: &Stored, preview: &[Reversal<'_>]) {
    let ui = &mut session.ui;
    ui.say("");
    ui.say(&format!("Undo: {} ({})", Role::Heading.paint(&stored.receipt.plan.title), stored.receipt.at));
    for reversal in preview {
        ui.say(&format!("  {}", reversal.step.title));
        let count = |is_it: fn(&Effect) -> bool| reversal.effects.iter().filter(|effect| is_it(effect)).count();
        let removed = count(|effect| matches!(effect, Effect::Remove(_)));
        let unstaged = count(|effect| matches!(effect, Effect::Unstage(_)));
        for effect in &reversal.effects {
            match effect {
                // Many files that go together are one line.
                Effect::Remove(_) if removed > 3 => {}
                Effect::Unstage(_) => {}
                Effect::Remove(what) => ui.say(&format!("    remove {what}")),
                Effect::PutBack(what) => ui.say(&format!("    put back {what}")),
                Effect::Run(command) if reversal.step.privilege == Privilege::Root => {
                    ui.say(&ui.spoken(&format!("    run `sudo {command}`")));
                }
                Effect::Run(command) => ui.say(&format!("    run `{command}`")),
                Effect::Uncommit(id) => ui.say(&format!("    take back the commit {id}")),
                Effect::Keep { what, why } => ui.say(&format!("    keep {what} ({why})")),
            }
        }
        if removed > 3 {
            ui.say(&format!("    remove {removed} files and folders that are as nixstart wrote them"));
        }
        if unstaged > 0 {
            ui.say(&format!("    take {unstaged} files off the index, as far as they were not in it"));
        }
        if let Some(what) = left_to_person(&reversal.step.undo) {
            ui.say(&format!("    {}", ui.spoken(&what)));
        }
    }
    ui.say("");
}

fn print_json(session: &mut Session, stored: &Stored, reversals: &[Reversal<'_>], is_applied: bool) -> Result<()> {
    let effect = |effect: &Effect| match effect {
        Effect::Remove(what) => json!({ "effect": "remove", "what": what }),
        Effect::PutBack(what) => json!({ "effect": "put-back", "what": what }),
        Effect::Unstage(what) => json!({ "effect": "unstage", "what": what }),
        Effect::Run(what) => json!({ "effect": "run", "what": what }),
        Effect::Uncommit(what) => json!({ "effect": "uncommit", "what": what }),
        Effect::Keep { what, why } => json!({ "effect": "keep", "what": what, "why": why }),
    };
    let step = |reversal: &Reversal<'_>| json!({ "id": reversal.step.id, "title": reversal.step.title, "undo": reversal.step.undo, "effects": reversal.effects.iter().map(effect).collect::<Vec<_>>() });
    let stays: Vec<_> = reversals
        .iter()
        .flat_map(|reversal| {
            let id = &reversal.step.id;
            what_stays(reversal).into_iter().map(move |(what, why)| json!({ "step": id, "what": what, "why": why }))
        })
        .collect();
    let steps: Vec<_> = reversals.iter().map(step).collect();
    let document = json!({ "schema": 1, "receipt": stored.id, "applied": is_applied, "steps": steps, "stays": stays });
    session.print_json(&document)
}

fn list(session: &mut Session, as_json: bool) -> Result<()> {
    let receipts = journal::list()?;
    if as_json {
        let entry = |(id, stored): &Listed| match stored {
            Ok(Stored { receipt, .. }) => {
                let plan = &receipt.plan;
                json!({ "id": id, "at": receipt.at, "command": plan.command, "status": receipt.status, "root": plan.root, "title": plan.title })
            }
            Err(error) => json!({ "id": id, "status": UNREADABLE, "error": error.to_string() }),
        };
        let document = json!({ "schema": 1, "receipts": receipts.iter().map(entry).collect::<Vec<_>>() });
        return session.print_json(&document);
    }
    if receipts.is_empty() {
        session.ui.say("There is no receipt yet");
    }
    for (id, stored) in &receipts {
        let rest = match stored {
            Ok(Stored { receipt, .. }) => {
                format!("{:10}  {:4}  {}", receipt.status.word(), receipt.plan.command, receipt.plan.root)
            }
            Err(error) => format!("{UNREADABLE}  {error}"),
        };
        session.ui.data(&format!("{id}  {rest}\n"))?;
    }
    Ok(())
}

/// The status of a receipt that this version cannot read.
const UNREADABLE: &str = "unreadable";

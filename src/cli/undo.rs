//! `nixstart undo`: takes a receipt back, as far as the disk still holds what nixstart wrote.

use serde_json::json;

use super::{PlanFlags, Session, carry_out};
use crate::error::{Error, ErrorKind, Result};
use crate::host::journal::{self, Listed, Stored};
use crate::host::lock::Lock;
use crate::host::paths;
use crate::host::revert::{self, Effect, Reversal};
use crate::plan::Undo;
use crate::plan::receipt::Status;
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
        consent(session)?;
    }
    let done = take_back(session, &stored)?;
    if flags.json { print_json(session, &stored, &done, true) } else { Ok(()) }
}

/// Takes a receipt back and says of each step what was done and what was kept.
fn take_back<'a>(session: &mut Session, stored: &'a Stored) -> Result<Vec<Reversal<'a>>> {
    let mut done = Vec::new();
    let ui = &mut session.ui;
    revert::revert(stored, &mut |reversal| {
        ui.say(&format!("{} {}", Role::Success.paint("undone:"), reversal.step.title));
        for (what, why) in reversal.effects.iter().filter_map(kept) {
            ui.say(&format!("  kept: {what} ({why})"));
        }
        done.push(reversal);
    })?;
    let is_all = done.iter().flat_map(|reversal| &reversal.effects).find_map(kept).is_none();
    session.ui.say(if is_all { "Taken back" } else { "Taken back, except for what is named as kept" });
    Ok(done)
}

fn kept(effect: &Effect) -> Option<(&str, &str)> {
    match effect {
        Effect::Keep { what, why } => Some((what, why)),
        Effect::Remove(_) | Effect::PutBack(_) | Effect::Unstage(_) | Effect::Uncommit(_) | Effect::Run(_) => None,
    }
}

fn consent(session: &mut Session) -> Result<()> {
    if !session.ask.is_interactive() {
        return Err(Error::new(ErrorKind::NeedsInput, "taking this back needs your consent, and there is no terminal to ask on")
            .hint("look at it with `--dry-run`, then consent with `--yes`"));
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
        if let Some(stored) = journal::newest_of(directory, |status| status != Status::Reverted)? {
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
        match &reversal.step.undo {
            Undo::Manual { instruction } => ui.say(&format!("    by hand: {instruction}")),
            Undo::Irreversible { reason } => ui.say(&format!("    cannot be undone: {reason}")),
            Undo::Restore | Undo::Inverse { .. } => {}
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
    let document = json!({ "schema": 1, "receipt": stored.id, "applied": is_applied, "steps": reversals.iter().map(step).collect::<Vec<_>>() });
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

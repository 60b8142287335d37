//! `nixstart undo`: takes a receipt back, as far as the disk still holds what nixstart wrote.

use serde_json::json;

use super::{PlanFlags, Session, carry_out};
use crate::error::{Error, ErrorKind, Result};
use crate::host::journal::{self, Stored};
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
    let stored = match &args.receipt {
        Some(id) => journal::load(id)?,
        None => newest_here()?,
    };
    if stored.receipt.status == Status::Reverted {
        return Err(Error::failed(format!("the receipt `{}` was undone already", stored.id)));
    }
    let only_shows = args.plan.dry_run || (args.plan.json && !args.plan.yes);
    let _lock = if only_shows { None } else { Some(Lock::acquire(&stored.receipt.plan.root)?) };
    let preview = revert::preview(&stored)?;
    if args.plan.json {
        print_json(session, &stored, &preview)?;
    } else {
        show(session, &stored, &preview);
    }
    if only_shows {
        return Ok(());
    }
    if !args.plan.yes {
        consent(session)?;
    }
    let mut kept = false;
    let ui = &mut session.ui;
    revert::revert(&stored, &mut |reversal| {
        ui.say(&format!("{} {}", Role::Success.paint("undone:"), reversal.step.title));
        for effect in &reversal.effects {
            if let Effect::Keep { what, why } = effect {
                kept = true;
                ui.say(&format!("  kept: {what} ({why})"));
            }
        }
    })?;
    session.ui.say(if kept { "Taken back, except for what is named as kept" } else { "Taken back" });
    Ok(())
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
        let removed = reversal.effects.iter().filter(|effect| matches!(effect, Effect::Remove(_))).count();
        for effect in &reversal.effects {
            match effect {
                // Many files that go together are one line.
                Effect::Remove(_) if removed > 3 => {}
                Effect::Remove(what) => ui.say(&format!("    remove {what}")),
                Effect::PutBack(what) => ui.say(&format!("    put back {what}")),
                Effect::Keep { what, why } => ui.say(&format!("    keep {what} ({why})")),
            }
        }
        if removed > 3 {
            ui.say(&format!("    remove {removed} files and folders that are as nixstart wrote them"));
        }
        match &reversal.step.undo {
            Undo::Manual { instruction } => ui.say(&format!("    by hand: {instruction}")),
            Undo::Irreversible { reason } => ui.say(&format!("    cannot be undone: {reason}")),
            Undo::Restore | Undo::Inverse { .. } => {}
        }
    }
    ui.say("");
}

fn print_json(session: &mut Session, stored: &Stored, preview: &[Reversal<'_>]) -> Result<()> {
    let effect = |effect: &Effect| match effect {
        Effect::Remove(what) => json!({ "effect": "remove", "what": what }),
        Effect::PutBack(what) => json!({ "effect": "put-back", "what": what }),
        Effect::Keep { what, why } => json!({ "effect": "keep", "what": what, "why": why }),
    };
    let step = |reversal: &Reversal<'_>| json!({ "id": reversal.step.id, "title": reversal.step.title, "undo": reversal.step.undo, "effects": reversal.effects.iter().map(effect).collect::<Vec<_>>() });
    let document = json!({ "schema": 1, "receipt": stored.id, "steps": preview.iter().map(step).collect::<Vec<_>>() });
    session.print_json(&document)
}

fn list(session: &mut Session, as_json: bool) -> Result<()> {
    let stored = journal::list()?;
    if as_json {
        let entry = |stored: &Stored| {
            let plan = &stored.receipt.plan;
            json!({ "id": stored.id, "at": stored.receipt.at, "command": plan.command, "status": stored.receipt.status, "root": plan.root, "title": plan.title })
        };
        let document = json!({ "schema": 1, "receipts": stored.iter().map(entry).collect::<Vec<_>>() });
        return session.print_json(&document);
    }
    if stored.is_empty() {
        session.ui.say("There is no receipt yet");
    }
    for Stored { id, receipt } in &stored {
        session.ui.data(&format!("{id}  {:10}  {:4}  {}\n", receipt.status.word(), receipt.plan.command, receipt.plan.root))?;
    }
    Ok(())
}

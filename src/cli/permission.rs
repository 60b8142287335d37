//! What a plan needs besides consent: root for some steps, and a yes of its own for a program that nobody can vouch for.

use super::{PlanFlags, Session, carry_out, root};
use crate::error::{Error, ErrorKind, Result};
use crate::host::privilege::obtain::Ticket;
use crate::plan::{Action, Plan};

/// Obtains everything a plan needs before its first step.
pub(super) fn obtain(session: &mut Session, plan: &Plan, flags: PlanFlags) -> Result<Ticket> {
    trust_unpinned(session, plan, flags)?;
    root::obtain(session, plan, flags.yes)
}

/// Asks before a program is downloaded whose digest is not known beforehand.
fn trust_unpinned(session: &mut Session, plan: &Plan, flags: PlanFlags) -> Result<()> {
    let unpinned = plan.pending().find_map(|step| match &step.action {
        Action::Download { url, check, .. } if !check.is_pinned() => Some(url),
        _ => None,
    });
    let Some(url) = unpinned else { return Ok(()) };
    if flags.accepts_unpinned && (flags.yes || !session.ask.is_interactive()) {
        return Ok(());
    }
    if !session.ask.is_interactive() {
        let message = format!("`{url}` is unpinned: only its publisher vouches for it, and there is no terminal to ask on");
        return Err(Error::new(ErrorKind::NeedsInput, message)
            .hint("name the digest that you trust with `--installer-sha256`")
            .hint("or accept it with `--latest --yes`"));
    }
    session.ui.warn(&format!("`{url}` is unpinned: nixstart does not know its digest, only its publisher vouches for it"));
    let question = "Download it and run it all the same?";
    if carry_out::confirm(session, question, false, "--latest --yes")? { Ok(()) } else { Err(carry_out::declined()) }
}

//! How stages, outcomes and times of builds look: a symbol and a word, never a colour alone.

use crate::nix::build_history::{Outcome, Run};
use crate::nix::build_picture::Stage;
use crate::tui::theme::Theme;
use crate::ui::build_view::{bytes, duration as exact};
use crate::ui::process_view::duration;
use crate::ui::style::Role;

/// The symbol of a stage, and what it is drawn like.
pub(super) const fn stage(stage: &Stage, theme: Theme) -> (char, Role) {
    let (unicode, ascii, role) = match stage {
        Stage::Running => ('●', '*', Role::Warning),
        Stage::Failed(_) => ('✗', 'x', Role::Error),
        Stage::Blocked(_) => ('⊘', '/', Role::Error),
        Stage::Stopped => ('■', '#', Role::Warning),
        Stage::Planned => ('○', 'o', Role::Quiet),
        Stage::NotBuilt => ('–', '-', Role::Quiet),
        Stage::Done => ('✓', '+', Role::Success),
    };
    (if theme.is_unicode { unicode } else { ascii }, role)
}

/// The symbol of an outcome, and what it is drawn like.
pub(super) const fn outcome(outcome: Outcome, theme: Theme) -> (char, Role) {
    let (unicode, ascii, role) = match outcome {
        Outcome::Succeeded => ('✓', '+', Role::Success),
        Outcome::Failed => ('✗', 'x', Role::Error),
        Outcome::Interrupted => ('■', '#', Role::Warning),
        Outcome::Unknown => ('?', '?', Role::Warning),
    };
    (if theme.is_unicode { unicode } else { ascii }, role)
}

/// A run of before in words: `built 2h04m ago in 0:12, 3 derivations, 12.1 MiB`.
pub(super) fn run(run: &Run, now: u64) -> String {
    let ago = duration(now.saturating_sub(run.when) / 1000);
    let took = std::time::Duration::try_from_secs_f64(run.seconds).map(exact).unwrap_or_default();
    let size = run.bytes.map(|size| format!(", {} with all it needs", bytes(size))).unwrap_or_default();
    let what = match (run.outcome, run.failed.as_slice(), run.built) {
        (Outcome::Failed, [first, ..], _) => format!(": {first}"),
        (_, _, 0) => ", all of it was there".to_owned(),
        (_, _, 1) => ", 1 derivation".to_owned(),
        (_, _, many) => format!(", {many} derivations"),
    };
    let what = if run.outcome == Outcome::Interrupted { String::new() } else { what };
    format!("{} {ago} ago in {took}{what}{size}", run.outcome.word())
}

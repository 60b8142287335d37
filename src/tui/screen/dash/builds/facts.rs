//! What is said of a build above its derivations: what failed and why, what was made, why it was built anew, what is fetched.

use ratatui::text::Line;

use super::run::Run;
use crate::nix::build_history::Outcome;
use crate::nix::build_picture::{Broken, Fetched, Stage};
use crate::tui::build_order::Trouble;
use crate::tui::theme::Theme;
use crate::ui::build_view::{bytes, growth};
use crate::ui::columns::{self, count};
use crate::ui::style::Role;
use crate::ui::visible;

/// What stands before a line of a log.
const LOG: &str = "  | ";
/// More failures than this are counted.
const MOST_FAILURES: usize = 5;
/// So many lines of an extract are shown at once; all of them are among the facts.
const EXTRACT: usize = 6;
/// So many fetches are shown at once.
const FETCHES: usize = 3;
/// So many reasons are shown at once.
const REASONS: usize = 3;

/// A fact and what it is drawn like.
type Fact = (String, Role);

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What fits above a list.
    Short,
    /// Everything.
    Whole,
}

/// The lines above the derivations. Words are broken to fit; of a log, a line stays one.
pub(super) fn head(run: &Run, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let room = width.saturating_sub(4).max(1);
    let lines = |(text, role): Fact| {
        let text = visible(&text);
        let lines = if text.starts_with(LOG) {
            vec![columns::cut(&text, room, theme.ellipsis())]
        } else {
            columns::wrap_words(&text, room)
        };
        let style = theme.style(role);
        let indents = std::iter::once(" ").chain(std::iter::repeat("   "));
        lines
            .into_iter()
            .zip(indents)
            .map(move |(line, indent)| Line::styled(format!("{indent}{line}"), style))
            .collect::<Vec<_>>()
    };
    facts(run, Extent::Short).into_iter().flat_map(lines).collect()
}

/// Everything, in lines.
pub(super) fn all(run: &Run) -> Vec<String> {
    let facts: Vec<String> = facts(run, Extent::Whole).into_iter().map(|(text, _)| text).collect();
    if facts.is_empty() { vec!["Nothing is known yet".to_owned()] } else { facts }
}

fn facts(run: &Run, extent: Extent) -> Vec<Fact> {
    let mut facts = Vec::new();
    failures(run, extent, &mut facts);
    if let Some(trouble) = run.end.as_ref().and_then(|end| end.trouble.as_ref()) {
        told(trouble, extent, &mut facts);
    }
    made(run, &mut facts);
    why(run, extent, &mut facts);
    fetches(run, extent, &mut facts);
    if let (Some(warning), number) = &run.picture.warnings {
        let more = if *number > 1 { format!(" (the last of {number} warnings)") } else { String::new() };
        facts.push((format!("warning: {}{more}", warning.lines().next().unwrap_or_default()), Role::Warning));
    }
    if run.picture.malformed > 0 {
        facts.push((
            format!("{} of Nix could not be read", count(clamped(run.picture.malformed), "line", "lines")),
            Role::Warning,
        ));
    }
    facts
}

fn clamped(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What failed by itself, each with what its log says and what is known of it; what follows from it is counted.
fn failures(run: &Run, extent: Extent, facts: &mut Vec<Fact>) {
    let broken = &run.picture.broken;
    for one in broken.iter().take(MOST_FAILURES) {
        let mut reason = one.reason.lines();
        facts.push((format!("{} could not be built: {}", one.name(), reason.next().unwrap_or_default()), Role::Error));
        if extent == Extent::Whole {
            facts.extend(reason.map(|line| (line.to_owned(), Role::Error)));
        }
        extract(one, broken.len(), extent, facts);
        if one.reason.contains("has the hash") {
            facts.push(("`nixstart build --yes` writes the new hash".to_owned(), Role::Hint));
        }
        for cause in &one.causes {
            facts.push((format!("{}; {}", cause.cause, cause.fix), Role::Hint));
        }
    }
    if broken.len() > MOST_FAILURES {
        facts.push((format!("and {} more failed", broken.len() - MOST_FAILURES), Role::Error));
    }
    let blocked = run.picture.derivations.iter().filter(|derived| matches!(derived.stage, Stage::Blocked(_))).count();
    if blocked > 0 {
        facts.push((format!("{} cannot be built because of it", count(blocked, "other", "others")), Role::Quiet));
    }
}

/// The more failed, the less of each is shown.
fn extract(broken: &Broken, failures: usize, extent: Extent, facts: &mut Vec<Fact>) {
    let most = if extent == Extent::Whole { usize::MAX } else { (EXTRACT / failures.max(1)).max(2) };
    let lines = &broken.extract;
    let speaks = |line: &&String| line.to_lowercase().contains("error");
    let start = match lines.iter().position(|line| speaks(&line)) {
        Some(first) if extent == Extent::Short => first.min(lines.len().saturating_sub(most)),
        _ => lines.len().saturating_sub(most),
    };
    facts.extend(lines.iter().skip(start).take(most).map(|line| (format!("{LOG}{line}"), Role::Quiet)));
}

fn told(trouble: &Trouble, extent: Extent, facts: &mut Vec<Fact>) {
    let most = if extent == Extent::Whole { usize::MAX } else { 8 };
    facts.extend(trouble.why.iter().take(most).map(|why| (why.clone(), Role::Error)));
    facts.extend(trouble.hints.iter().map(|hint| (hint.clone(), Role::Hint)));
}

fn made(run: &Run, facts: &mut Vec<Fact>) {
    let Some(end) = run.end.as_ref().filter(|end| end.outcome == Outcome::Succeeded) else { return };
    for account in &end.accounts {
        let size = account.run.bytes.map(|size| format!("  {} with all it needs", bytes(size))).unwrap_or_default();
        let mut paths = account.run.outputs.values();
        facts.extend(paths.next().map(|path| (format!("{path}{size}"), Role::Success)));
        facts.extend(paths.map(|path| (path.clone(), Role::Success)));
        if let Some(growth_since) = &account.growth {
            facts.push((format!("size: {}", growth(growth_since)), Role::Heading));
        }
    }
}

fn why(run: &Run, extent: Extent, facts: &mut Vec<Fact>) {
    let of_end = || run.end.iter().flat_map(|end| &end.accounts).flat_map(crate::host::nix::memory::Account::reasons).collect();
    let reasons: Vec<String> = if run.end.is_none() || !run.reasons.is_empty() { run.reasons.clone() } else { of_end() };
    // What was there already was not built anew.
    if run.picture.derivations.is_empty() {
        return;
    }
    let most = if extent == Extent::Whole { usize::MAX } else { REASONS };
    facts.extend(reasons.iter().take(most).map(|reason| (format!("built anew: {reason}"), Role::Heading)));
    if reasons.len() > most {
        facts.push((format!("built anew: {} more reasons", reasons.len() - most), Role::Quiet));
    }
}

fn fetches(run: &Run, extent: Extent, facts: &mut Vec<Fact>) {
    let most = if extent == Extent::Whole { usize::MAX } else { FETCHES };
    let running = &run.picture.fetches;
    facts.extend(running.iter().take(most).map(|fetch| (fetched(fetch), Role::Name)));
    if running.len() > most {
        facts.push((format!("fetching {} more", running.len() - most), Role::Name));
    }
    if let Some(size) = run.picture.size.as_ref().filter(|_| run.is_alive()) {
        facts.push((format!("to be fetched: {size}"), Role::Quiet));
    }
}

/// A fetch with its bytes: on the wire as long as they are counted, else unpacked.
fn fetched(fetch: &Fetched) -> String {
    let (progress, what) = if fetch.wire.done > 0 { (fetch.wire, "") } else { (fetch.unpacked, " unpacked") };
    let of = if progress.expected > 0 { format!(" of {}", bytes(progress.expected)) } else { String::new() };
    format!("fetching {}  {}{of}{what}", fetch.name, bytes(progress.done))
}

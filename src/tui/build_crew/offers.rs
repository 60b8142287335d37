//! Finds out what the flake offers, and what is remembered of it.

use std::sync::atomic::Ordering;

use camino::Utf8Path;

use super::{Shared, explained, said, trouble};
use crate::error::Result;
use crate::host::nix::memory::{Memory, subject};
use crate::host::nix::{self, Invocation};
use crate::nix::build_history::History;
use crate::nix::flake_show::{self, Offer};
use crate::nix::installable::Installable;
use crate::tui::build_order::{BuildNews, Choice, Trouble};
use crate::ui::redaction::redact;

/// So many runs of each are told.
const RUNS: usize = 8;

/// What Nix said of the flake.
pub type Listed = (Vec<Offer>, Option<Trouble>);

/// Whether Nix is asked, which takes seconds for a large flake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// It is asked.
    Fresh,
    /// What it said before is enough; only the history is another.
    Kept,
}

/// What can be built: what the flake offers, and what was typed before.
pub(super) fn list(shared: &Shared, knowledge: Knowledge) -> BuildNews {
    let root = match shared.flake() {
        Ok(root) => root,
        Err(error) => return BuildNews::Choices(Vec::new(), Some(trouble(&error))),
    };
    let kept = shared.listed().take().filter(|_| knowledge == Knowledge::Kept);
    let listed = kept.unwrap_or_else(|| ask(root, &|| shared.is_over.load(Ordering::SeqCst)));
    *shared.listed() = Some(listed.clone());
    BuildNews::Choices(remembered(&listed.0, root), listed.1)
}

/// What Nix says the flake in a directory offers, until nobody wants to know any more.
pub fn ask(root: &Utf8Path, is_unwanted: &dyn Fn() -> bool) -> Listed {
    offers(root, is_unwanted).unwrap_or_else(|error| (Vec::new(), Some(trouble(&error))))
}

/// What can be built: what the flake offers, and what was typed before, each with its last runs.
pub fn remembered(offers: &[Offer], root: &Utf8Path) -> Vec<Choice> {
    let (memory, _warned_of_when_building) = Memory::open();
    choices(offers, &memory.history, root)
}

fn offers(root: &Utf8Path, is_unwanted: &dyn Fn() -> bool) -> Result<Listed> {
    let program = nix::program()?;
    nix::refuse_to_copy_secrets_of(&[Installable::parse(".")], root)?;
    let arguments = ["flake", "show", "--json"].map(str::to_owned);
    let invocation = Invocation { program: &program, directory: root, arguments: &arguments };
    let ended = nix::follow_until(invocation, is_unwanted, &mut |_, _, _| {})?;
    let offers = flake_show::offers(&ended.output, &nix::system());
    if let Some(offers) = offers.filter(|_| ended.status.success()) {
        return Ok((offers, None));
    }
    let mut trouble = explained(&said(&ended));
    trouble.why.insert(0, "One attribute that fails keeps Nix from listing any:".to_owned());
    Ok((Vec::new(), Some(trouble)))
}

fn choices(offers: &[Offer], history: &History, root: &Utf8Path) -> Vec<Choice> {
    let system = nix::system();
    let of = |installable: String, offer: &Offer| {
        let subject = subject(&Installable::parse(&installable), root);
        Choice {
            runs: history.runs_of(&subject).take(RUNS).cloned().collect(),
            installable,
            output: offer.output.clone(),
            derivation: redact(&offer.derivation),
            description: redact(&offer.description),
        }
    };
    let mut choices: Vec<Choice> = offers.iter().map(|offer| of(offer.installable(&system), offer)).collect();
    for run in history.runs_in(root.as_str()) {
        let is_known = choices.iter().any(|choice| choice.runs.first().is_some_and(|known| known.subject == run.subject));
        let attribute = run.subject.rsplit_once('#').map(|(_, attribute)| attribute);
        if let Some(attribute) = attribute.filter(|_| !is_known) {
            let runs = history.runs_of(&run.subject).take(RUNS).cloned().collect();
            let installable = if attribute == "default" { ".".to_owned() } else { format!(".#{attribute}") };
            choices.push(Choice { installable, runs, ..Choice::default() });
        }
    }
    choices
}

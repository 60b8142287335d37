//! The rows of a review. Texts are made safe to show here, once, and nowhere later.

use super::{Review, describe};
use crate::plan::{Privilege, Step, Undo};
use crate::tui::keymap::{self, Action, Context};
use crate::ui::visible;

/// How a piece of text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Words.
    Prose,
    /// Something to be careful with.
    Warning,
    /// Something that could be typed.
    Command,
    /// A line that is added.
    Added,
    /// A line that is taken away.
    Removed,
    /// A place in a file.
    Place,
    /// Text as it is.
    Plain,
}

/// Lines with a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) label: &'static str,
    pub(super) lines: Vec<(Tone, String)>,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pending { number: usize },
    Satisfied,
    Notes { count: usize },
}

/// A row.
#[derive(Debug)]
pub(super) struct Entry {
    kind: Kind,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) is_optional: bool,
    pub(super) needs_root: bool,
    pub(super) is_irreversible: bool,
    /// How it is taken back, in a word or two.
    pub(super) undo: &'static str,
    /// How much is downloaded.
    pub(super) download: String,
    pub(super) explanation: Vec<Passage>,
    pub(super) changes: Vec<(Tone, String)>,
    /// What could be typed instead, as it is.
    pub(super) commands: Vec<String>,
}

impl Entry {
    pub(super) const fn is_pending(&self) -> bool {
        matches!(self.kind, Kind::Pending { .. })
    }

    /// How many notes it holds, when it is the row of notes.
    pub(super) const fn notes(&self) -> Option<usize> {
        match self.kind {
            Kind::Notes { count } => Some(count),
            Kind::Pending { .. } | Kind::Satisfied => None,
        }
    }

    /// The number of a step, or what stands in its place.
    pub(super) fn label(&self) -> String {
        match self.kind {
            Kind::Pending { number } => number.to_string(),
            Kind::Satisfied | Kind::Notes { .. } => String::new(),
        }
    }

    /// What comes before the title: whether the step is on, or why that is no question.
    pub(super) const fn mark(&self, is_off: bool) -> &'static str {
        match self.kind {
            Kind::Pending { .. } if is_off => "[ ]",
            Kind::Pending { .. } if self.is_optional => "[x]",
            Kind::Pending { .. } => " x ",
            Kind::Satisfied => "ok ",
            Kind::Notes { .. } => " i ",
        }
    }
}

pub(super) fn entries(review: &Review<'_>) -> Vec<Entry> {
    let mut number = 0;
    let mut entries: Vec<Entry> = Vec::new();
    for step in &review.plan.steps {
        let kind = if step.is_satisfied {
            Kind::Satisfied
        } else {
            number += 1;
            Kind::Pending { number }
        };
        entries.push(entry(step, kind, review));
    }
    let notes: Vec<String> = review.plan.notes.iter().chain(&review.notes).map(|note| visible(note)).collect();
    entries.extend(notes_entry(notes));
    entries
}

impl Entry {
    /// Changes the commands of root in everything but the contents of files.
    pub(super) fn speak(&mut self, spoken: &dyn Fn(&str) -> String) {
        let is_text = |tone: &Tone| matches!(tone, Tone::Prose | Tone::Command | Tone::Warning);
        let said = self.explanation.iter_mut().flat_map(|passage| &mut passage.lines).chain(&mut self.changes);
        let said = said.filter(|(tone, _)| is_text(tone)).map(|(_, text)| text);
        for text in said.chain(&mut self.commands).chain([&mut self.title]) {
            *text = spoken(text);
        }
    }
}

fn entry(step: &Step, kind: Kind, review: &Review<'_>) -> Entry {
    let is_optional = review.optional.contains(&step.id);
    let changes = describe::changes(step, review.current);
    Entry {
        id: step.id.clone(),
        title: visible(&step.title),
        is_optional,
        needs_root: step.privilege == Privilege::Root && !step.is_satisfied,
        is_irreversible: matches!(step.undo, Undo::Irreversible { .. }),
        undo: match &step.undo {
            _ if step.is_satisfied => "already done",
            Undo::Restore | Undo::Inverse { .. } => "undo",
            Undo::Manual { .. } => "undo by hand",
            Undo::Irreversible { .. } => "no undo",
        },
        download: describe::download(&step.action).unwrap_or_default(),
        explanation: explanation(step, kind, is_optional, &changes, review),
        commands: step.command_line().into_iter().collect(),
        changes,
        kind,
    }
}

fn notes_entry(notes: Vec<String>) -> Option<Entry> {
    let first = notes.first()?;
    let title = if notes.len() == 1 { format!("Note: {first}") } else { format!("{} notes: {first}", notes.len()) };
    let kind = Kind::Notes { count: notes.len() };
    let explanation = notes.into_iter().map(|note| Passage { label: "Note", lines: vec![(Tone::Prose, note)] }).collect();
    Some(Entry {
        kind,
        id: String::new(),
        title,
        is_optional: false,
        needs_root: false,
        is_irreversible: false,
        undo: "",
        download: String::new(),
        explanation,
        changes: Vec::new(),
        commands: Vec::new(),
    })
}

/// More lines of a change than this are for a screen of their own.
const MOST_LINES: usize = 8;

fn explanation(step: &Step, kind: Kind, is_optional: bool, changes: &[(Tone, String)], review: &Review<'_>) -> Vec<Passage> {
    let prose = |label, text: String| Passage { label, lines: vec![(Tone::Prose, visible(&text))] };
    let mut passages = vec![prose("Why", step.explanation.clone())];
    let mut shown: Vec<(Tone, String)> = changes.iter().take(MOST_LINES).cloned().collect();
    if changes.len() > MOST_LINES {
        shown.push((
            Tone::Warning,
            format!("{} more lines; {} shows them", changes.len() - MOST_LINES, keymap::key(Context::Review, Action::Changes)),
        ));
    }
    passages.push(Passage { label: describe::label(step), lines: shown });
    passages.push(prose("Verified", step.proof.clone().unwrap_or_else(|| describe::verification(&step.action))));
    let undo = match &step.undo {
        Undo::Restore => prose("Undo", "what was there before is put back, byte for byte".to_owned()),
        Undo::Inverse { by } => prose("Undo", by.clone()),
        Undo::Manual { instruction } => prose("Undo", format!("by hand: {instruction}")),
        Undo::Irreversible { reason } => {
            Passage { label: "Undo", lines: vec![(Tone::Warning, visible(&format!("not possible: {reason}")))] }
        }
    };
    passages.push(undo);
    if kind == Kind::Satisfied {
        passages.insert(0, prose("Done", "it is so already; nothing is left to do".to_owned()));
    } else if !is_optional {
        passages.push(prose("Needed", "this step cannot be left out".to_owned()));
    }
    let titles = review.requires.get(&step.id).into_iter().flatten().filter_map(|id| review.plan.step(id));
    let needs: Vec<String> = titles.map(|step| step.title.clone()).collect();
    if !needs.is_empty() {
        passages.push(prose("Needs", needs.join("; ")));
    }
    passages
}

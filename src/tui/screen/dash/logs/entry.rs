//! What is typed below logs: what is sought, or what fields have to be.

use ratatui::layout::Rect;

use super::super::Wish;
use super::{Logs, Sought, react, say};
use crate::process::log_json::FieldFilter;
use crate::process::log_query::Pattern;
use crate::tui::keymap::{Action, LogsAction};
use crate::tui::line::Line;
use crate::tui::reading::From;

/// What is typed.
#[derive(Debug)]
pub(super) struct Entry {
    kind: Kind,
    line: Line,
    /// Whether what is sought was found.
    pub(super) is_found: bool,
    /// Why it cannot be sought.
    trouble: Option<String>,
}

/// What it is for.
#[derive(Debug)]
enum Kind {
    Search { origin: Origin, is_regex: bool },
    Fields,
}

/// How everything stood before a search.
#[derive(Debug, Clone)]
struct Origin {
    cursor: Option<u64>,
    is_following: bool,
    sought: Option<Sought>,
}

impl Entry {
    pub(super) fn search(cursor: Option<u64>, is_following: bool, sought: Option<Sought>) -> Self {
        let origin = Origin { cursor, is_following, sought };
        Self { kind: Kind::Search { origin, is_regex: false }, line: Line::new(""), is_found: false, trouble: None }
    }

    pub(super) fn fields(filters: &[FieldFilter]) -> Self {
        let text: Vec<String> = filters.iter().map(ToString::to_string).collect();
        Self { kind: Kind::Fields, line: Line::new(&text.join(" ")), is_found: false, trouble: None }
    }

    pub(super) fn status(&self, is_waiting: bool, counted: &str) -> String {
        let (before, after) = self.line.parts();
        let label = match &self.kind {
            Kind::Search { is_regex: true, .. } => "Search (regex)",
            Kind::Search { is_regex: false, .. } => "Search",
            Kind::Fields => "Fields",
        };
        let is_search = matches!(self.kind, Kind::Search { .. }) && !self.line.text().is_empty();
        let end = match &self.trouble {
            Some(trouble) => format!("  ({trouble})"),
            None if is_search && is_waiting => "  (searching)".to_owned(),
            None if is_search && !self.is_found => "  (not found)".to_owned(),
            None if is_search && !counted.is_empty() => format!("  ({counted})"),
            None => String::new(),
        };
        format!("{label}: {before}_{after}{end}")
    }
}

impl Logs {
    /// Takes a text that is typed or pasted; `None` when nothing is being typed.
    pub(in super::super) fn type_in(&mut self, text: &str, area: Rect) -> Option<Vec<Wish>> {
        self.entry.as_mut()?.line.insert(text);
        Some(self.seek(area))
    }

    pub(super) fn act_on_entry(&mut self, action: Action, area: Rect) -> Vec<Wish> {
        match action {
            Action::Line(action) => {
                self.entry.iter_mut().for_each(|entry| entry.line.act(action));
                self.seek(area)
            }
            Action::Logs(LogsAction::Regex) => {
                if let Some(Entry { kind: Kind::Search { is_regex, .. }, .. }) = &mut self.entry {
                    *is_regex = !*is_regex;
                }
                self.seek(area)
            }
            Action::Logs(LogsAction::Next | LogsAction::Previous) => {
                let Some(sought) = self.sought.clone() else { return Vec::new() };
                let cursor = self.cursor.unwrap_or_default();
                let is_next = action == Action::Logs(LogsAction::Next);
                let from = if is_next { From::Down(cursor.saturating_add(1)) } else { From::Up(cursor.saturating_sub(1)) };
                vec![react(self.find(sought.pattern, from, area))]
            }
            Action::Logs(LogsAction::Accept) => self.accept(area),
            Action::Cancel => self.go_back(area),
            _ => Vec::new(),
        }
    }

    /// Seeks what is typed so far.
    fn seek(&mut self, area: Rect) -> Vec<Wish> {
        let Some(Entry { kind: Kind::Search { origin, is_regex }, line, trouble, .. }) = &mut self.entry else {
            return Vec::new();
        };
        *trouble = None;
        let text = line.text().to_owned();
        let pattern = if *is_regex { Pattern::Regex(text.clone()) } else { Pattern::Text(text.clone()) };
        let from = From::Up(origin.cursor.unwrap_or(u64::MAX));
        match pattern.compile() {
            _ if text.is_empty() => self.sought = None,
            Err(why) => *trouble = Some(why.why().to_owned()),
            Ok(seeker) => {
                self.sought = Some(Sought { pattern: pattern.clone(), seeker });
                return vec![react(self.find(pattern, from, area))];
            }
        }
        Vec::new()
    }

    fn accept(&mut self, area: Rect) -> Vec<Wish> {
        let Some(entry) = self.entry.take() else { return Vec::new() };
        match entry.kind {
            Kind::Search { .. } if self.has_only_matches => vec![react(self.reread(area))],
            Kind::Search { .. } => Vec::new(),
            Kind::Fields => match FieldFilter::parse_all(entry.line.text()) {
                Ok(fields) => {
                    self.query.fields = fields;
                    vec![react(self.reread(area))]
                }
                Err(why) => {
                    self.entry = Some(entry);
                    say(&why.to_string())
                }
            },
        }
    }

    fn go_back(&mut self, area: Rect) -> Vec<Wish> {
        let Some(Entry { kind: Kind::Search { origin, .. }, .. }) = self.entry.take() else { return Vec::new() };
        (self.cursor, self.is_following, self.sought) = (origin.cursor, origin.is_following, origin.sought);
        self.matches = None;
        vec![react(self.reread(area))]
    }
}

//! What is said of logs in a line.

use super::super::session::listed;
use super::Logs;
use crate::process::log_query::Streams;

impl Logs {
    /// How it stands, in a line.
    pub(in super::super) fn status(&self) -> String {
        if let Some(entry) = &self.entry {
            return entry.status(self.is_waiting, &self.counted());
        }
        let whose = self
            .query
            .processes
            .as_ref()
            .map_or_else(|| "Everybody".to_owned(), |names| listed(&names.iter().cloned().collect::<Vec<_>>()));
        let mut parts = vec![whose, self.place()];
        parts.extend(self.sought.as_ref().map(|sought| {
            let only = if self.has_only_matches { "only " } else { "" };
            format!("{only}/{}/ {}", sought.pattern.text(), self.counted()).trim_end().to_owned()
        }));
        if self.query.streams == Streams::Error {
            parts.push("only standard error".to_owned());
        }
        parts.extend(self.query.fields.iter().map(ToString::to_string));
        if self.anchor.is_some() {
            parts.push("selecting".to_owned());
        }
        if self.page.lost > 0 {
            let why = self.page.trouble.as_deref().unwrap_or("there are too many");
            parts.push(format!("{} old lines are gone: {why}", self.page.lost));
        }
        parts.join(" | ")
    }

    /// How many lines have what is sought: `3 of 17`, and `3 of 17+` when there may be more by now, or they are too many.
    fn counted(&self) -> String {
        let Some(matches) = self.matches else { return String::new() };
        let more = if matches.is_cut || self.has_grown { "+" } else { "" };
        match matches.place.filter(|_| self.cursor == Some(matches.found)) {
            Some(place) => format!("{place} of {}{more}", matches.all),
            None => format!("{}{more} in all", matches.all),
        }
    }

    fn place(&self) -> String {
        match (self.is_waiting && self.page.lines.is_empty(), self.is_following, self.cursor) {
            (true, ..) => "reading".to_owned(),
            (_, true, _) => "following".to_owned(),
            (.., None) => "no line".to_owned(),
            (.., Some(cursor)) => {
                let percent = cursor.saturating_mul(100).checked_div(self.page.newest).unwrap_or(100).min(100);
                let more = if self.has_grown { ", more below" } else { "" };
                format!("at {percent} %{more}")
            }
        }
    }
}

//! Lines of several processes, each behind the name of whoever said it.

use std::collections::BTreeMap;

use crate::process::LogLine;
use crate::ui::style::paint_name;
use crate::ui::{columns, printable};

/// Gives each name a place and a colour.
pub(super) struct Prefixed {
    names: BTreeMap<String, usize>,
    width: usize,
}

impl Prefixed {
    pub(super) fn new(names: &[String]) -> Self {
        let mut prefixed = Self { names: BTreeMap::new(), width: 0 };
        for name in names {
            prefixed.learn(name);
        }
        prefixed
    }

    /// Lines of a process that is not known yet are shown, too.
    fn learn(&mut self, name: &str) {
        let next = self.names.len();
        self.names.entry(name.to_owned()).or_insert(next);
        self.width = self.width.max(columns::width(&printable(name)));
    }

    /// The lines as a text. The door takes out what a terminal would act on.
    pub(super) fn text(&mut self, lines: &[LogLine]) -> String {
        let mut text = String::new();
        for line in lines {
            if !self.names.contains_key(&*line.process) {
                self.learn(&line.process);
            }
            text += &self.prefix(&line.process);
            text += &printable(&line.text);
            text.push('\n');
        }
        text
    }

    fn prefix(&self, name: &str) -> String {
        let index = self.names.get(name).copied().unwrap_or_default();
        let name = printable(name);
        let padding = " ".repeat(self.width.saturating_sub(columns::width(&name)));
        paint_name(&format!("{name}{padding} |"), index) + " "
    }
}

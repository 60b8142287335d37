//! The columns of the table: as wide as what is in them, and fewer of them where there is less room.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::looks::{percent, symbol};
use super::super::session::Session;
use crate::process::Process;
use crate::tui::theme::Theme;
use crate::ui::columns;
use crate::ui::process_view::{duration, size};
use crate::ui::style::Role;
use crate::ui::visible;

/// A column besides the name, the state and the reason, which are always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Uptime,
    Restarts,
    Exit,
    Cpu,
    Memory,
    Ports,
}

impl Column {
    /// In the order of the table.
    const ALL: [Self; 6] = [Self::Uptime, Self::Restarts, Self::Exit, Self::Cpu, Self::Memory, Self::Ports];
    /// Which one goes first where there is less room.
    const DROPPED: [Self; 6] = [Self::Exit, Self::Ports, Self::Memory, Self::Restarts, Self::Cpu, Self::Uptime];

    const fn title(self) -> &'static str {
        match self {
            Self::Uptime => "UP",
            Self::Restarts => "AGAIN",
            Self::Exit => "LAST END",
            Self::Cpu => "CPU",
            Self::Memory => "MEM",
            Self::Ports => "PORTS",
        }
    }

    fn cell(self, session: &Session, process: &Process) -> String {
        match self {
            Self::Uptime => session.uptime(process).map(duration).unwrap_or_default(),
            Self::Restarts if process.restarts == 0 => String::new(),
            Self::Restarts => process.restarts.to_string(),
            Self::Exit => process.exit.map(|exit| exit.to_string()).unwrap_or_default(),
            Self::Cpu => process.usage.map(|usage| percent(usage.cpu)).unwrap_or_default(),
            Self::Memory => process.usage.map(|usage| size(usage.memory)).unwrap_or_default(),
            Self::Ports => {
                let ports: Vec<String> = process.ports.iter().take(3).map(|port| port.port.to_string()).collect();
                let more = if process.ports.len() > 3 { "+" } else { "" };
                ports.join(" ") + more
            }
        }
    }

    /// Numbers stand to the right.
    const fn is_right(self) -> bool {
        !matches!(self, Self::Exit | Self::Ports)
    }
}

/// A row, cell by cell.
struct Row {
    sign: (char, Role),
    word: String,
    name: String,
    why: String,
    cells: Vec<String>,
}

/// The table as far as it is seen.
pub(super) struct Table {
    rows: Vec<Row>,
    columns: Vec<(Column, usize)>,
    name: usize,
    word: usize,
    why: usize,
}

/// Names are not cut below this, and not wider than that.
const NAME: (usize, usize) = (8, 28);
/// A reason takes at least so much, as long as columns can be dropped.
const WHY: usize = 18;
/// Before the name: what is selected, what is chosen.
const BEFORE: usize = 4;

impl Table {
    pub(super) fn of(session: &Session, processes: &[&Process], width: usize, theme: Theme) -> Self {
        let rows: Vec<Row> = processes
            .iter()
            .map(|process| {
                let shown = session.shown(process);
                Row {
                    sign: symbol(&shown.state, theme),
                    word: columns::cut(&shown.word, 12, theme.ellipsis()),
                    name: visible(&process.name),
                    why: shown.why,
                    cells: Column::ALL.iter().map(|column| column.cell(session, process)).collect(),
                }
            })
            .collect();
        let widest = |cell: &dyn Fn(&Row) -> usize| rows.iter().map(cell).max().unwrap_or_default();
        let name = widest(&|row| columns::width(&row.name)).clamp(NAME.0, NAME.1.min((width / 3).max(NAME.0)));
        let word = widest(&|row| columns::width(&row.word)).max("STATE".len());
        // A column in which there is nothing is not there.
        let mut all: Vec<(Column, usize)> = (0..)
            .zip(Column::ALL)
            .map(|(index, column)| (column, widest(&|row| row.cells.get(index).map_or(0, |cell| columns::width(cell)))))
            .filter(|(_, width)| *width > 0)
            .map(|(column, width)| (column, width.max(column.title().len())))
            .collect();
        let fixed = BEFORE + name + 2 + 2 + word + 2;
        let wanted = widest(&|row| columns::width(&row.why)).min(WHY);
        let used = |all: &[(Column, usize)]| fixed + all.iter().map(|(_, width)| width + 2).sum::<usize>();
        for dropped in Column::DROPPED {
            if used(&all) + wanted > width {
                all.retain(|(column, _)| *column != dropped);
            }
        }
        let why = width.saturating_sub(used(&all) + 1);
        Self { rows, columns: all, name, word, why }
    }

    pub(super) fn head(&self, theme: Theme) -> Line<'static> {
        let mut text =
            format!("{}{:name$}  {:word$}", " ".repeat(BEFORE), "NAME", "  STATE", name = self.name, word = self.word + 2);
        for (column, width) in &self.columns {
            text += "  ";
            text += &aligned(column.title(), *width, *column);
        }
        text += "  WHY";
        Line::styled(text, theme.style(Role::Quiet))
    }

    pub(super) fn row(&self, index: usize, (is_selected, is_chosen): (bool, bool), theme: Theme) -> Line<'static> {
        let Some(row) = self.rows.get(index) else { return Line::raw("") };
        let pointer = if is_selected { "> " } else { "  " };
        let chosen = if is_chosen { "+ " } else { "  " };
        let (sign, role) = row.sign;
        let mut spans = vec![
            Span::raw(format!("{pointer}{chosen}")),
            Span::raw(padded(&row.name, self.name, theme)),
            Span::raw("  "),
            Span::styled(format!("{sign} {}", padded(&row.word, self.word, theme)), theme.style(role)),
        ];
        for (column, width) in &self.columns {
            let cell = Column::ALL.iter().position(|known| known == column).and_then(|place| row.cells.get(place));
            spans.push(Span::raw(format!("  {}", aligned(cell.map(String::as_str).unwrap_or_default(), *width, *column))));
        }
        let style = if row.sign.1 == Role::Error { theme.style(Role::Error) } else { Style::new() };
        spans.push(Span::styled(format!("  {}", columns::cut(&row.why, self.why.saturating_sub(1), theme.ellipsis())), style));
        Line::from(spans)
    }
}

fn padded(text: &str, width: usize, theme: Theme) -> String {
    let cut = columns::cut(text, width, theme.ellipsis());
    let gap = width.saturating_sub(columns::width(&cut));
    cut + &" ".repeat(gap)
}

fn aligned(text: &str, width: usize, column: Column) -> String {
    let gap = " ".repeat(width.saturating_sub(columns::width(text)));
    if column.is_right() { gap + text } else { text.to_owned() + &gap }
}

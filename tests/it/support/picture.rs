//! A picture of a terminal as SVG: what a person sees, with its colours.

use std::fmt::Write as _;

/// Pixels of a character.
const CELL: (u16, u16) = (9, 18);
/// The sixteen colours of a terminal with a dark background.
const COLORS: [&str; 16] = [
    "#1d2026", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#5c6370", "#ff7b86", "#b5e890",
    "#ffd68a", "#7cc4ff", "#de9af5", "#6fd3df", "#ffffff",
];
const FOREGROUND: &str = "#c8ccd4";
const BACKGROUND: &str = "#1d2026";

/// The picture of a screen.
pub(crate) fn svg(screen: &vt100::Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (columns * CELL.0 + 20, rows * CELL.1 + 20);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"15\">\n",
        escaped(title)
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            column = run(&mut svg, screen, row, column);
        }
    }
    svg + "</g>\n</svg>\n"
}

/// Draws the cells from a place on that look alike, and returns the place behind them.
fn run(svg: &mut String, screen: &vt100::Screen, row: u16, first: u16) -> u16 {
    let columns = screen.size().1;
    let looks = |column: u16| screen.cell(row, column).map(look);
    let end = (first..columns).find(|column| looks(*column) != looks(first)).unwrap_or(columns);
    let text: String = (first..end)
        .filter_map(|column| screen.cell(row, column))
        .map(|cell| if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() })
        .collect();
    let Some((foreground, background, is_bold)) = looks(first) else { return end };
    let (x, y) = (10 + first * CELL.0, 10 + row * CELL.1);
    let width = (end - first) * CELL.0;
    if background != BACKGROUND {
        writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" fill=\"{background}\"/>", CELL.1).unwrap();
    }
    let weight = if is_bold { " font-weight=\"bold\"" } else { "" };
    let baseline = y + 14;
    // Each word has its own place: blanks are not all kept by who shows the picture.
    let mut column = first;
    for word in text.split_inclusive(' ') {
        let columns = u16::try_from(word.chars().count()).unwrap();
        let (word, x) = (word.trim_end(), 10 + column * CELL.0);
        column += columns;
        if !word.is_empty() {
            let width = u16::try_from(word.chars().count()).unwrap() * CELL.0;
            let word = escaped(word);
            writeln!(svg, "<text x=\"{x}\" y=\"{baseline}\" fill=\"{foreground}\"{weight} textLength=\"{width}\">{word}</text>")
                .unwrap();
        }
    }
    end
}

/// Colours of a cell, and whether it is bold.
fn look(cell: &vt100::Cell) -> (&'static str, &'static str, bool) {
    let color = |color: vt100::Color, default: &'static str| match color {
        vt100::Color::Idx(number) => COLORS.get(usize::from(number)).copied().unwrap_or(default),
        vt100::Color::Default | vt100::Color::Rgb(..) => default,
    };
    let (foreground, background) = (color(cell.fgcolor(), FOREGROUND), color(cell.bgcolor(), BACKGROUND));
    let foreground = if cell.dim() { COLORS[8] } else { foreground };
    let (foreground, background) = if cell.inverse() { (background, foreground) } else { (foreground, background) };
    (foreground, background, cell.bold())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

//! Pictures of all screens that were looked at and found good.

use super::{dash_of, line, opening, running};
use crate::process::{Event, NamedPort, Process, ProcessState, Stream};
use crate::tui::msg::Msg;
use crate::tui::rehearsal::Rehearsal;
use crate::tui::theme::Theme;

pub(super) const SIZES: [(u16, u16); 3] = [(60, 15), (80, 24), (140, 40)];

pub(super) fn compare(name: &str, dash: &Rehearsal) {
    insta::with_settings!({ snapshot_path => "../../../../../tests/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, dash.picture());
    });
}

fn with_logs(size: (u16, u16)) -> Rehearsal {
    let mut dash = running(size);
    let mut said = vec![
        line("postgres", "database system is ready to accept connections"),
        line("web", "\u{1b}[32mVITE\u{1b}[0m ready in 412 ms"),
        line("web", "  Local: http://localhost:5173/"),
        line("worker", r#"{"level":"info","time":1767225600000,"msg":"job started","id":17,"queue":"mail"}"#),
        line("worker", r#"{"level":"error","msg":"job failed","id":17,"error":{"code":"ETIMEDOUT"}}"#),
        line("api", "Error: listen EADDRINUSE: address already in use :::3000"),
        line("api", "    at Server.setupListenHandle (node:net:1817:16)"),
        line("api", "Node.js v24.4.0 — a line that is longer than most of the terminals that people have on their screens today"),
    ];
    said.iter_mut().filter(|line| &*line.process == "api").for_each(|line| line.stream = Stream::Error);
    dash.say(&said);
    dash
}

#[test]
fn pictures() {
    for (columns, rows) in SIZES {
        let mut dash = with_logs((columns, rows));
        compare(&format!("dash_overview_{columns}x{rows}"), &dash);
        dash.press("2 j");
        compare(&format!("dash_processes_{columns}x{rows}"), &dash);
        dash.press("3");
        compare(&format!("dash_logs_{columns}x{rows}"), &dash);
        dash.press("J w t / j o b");
        compare(&format!("dash_search_{columns}x{rows}"), &dash);
    }
}

#[test]
fn nothing_is_shown_as_nothing() {
    for (columns, rows) in SIZES {
        let mut dash = dash_of(opening(Vec::new()), (columns, rows));
        compare(&format!("dash_overview_empty_{columns}x{rows}"), &dash);
        dash.press("2");
        compare(&format!("dash_processes_empty_{columns}x{rows}"), &dash);
        dash.press("3");
        compare(&format!("dash_logs_empty_{columns}x{rows}"), &dash);
    }
}

#[test]
fn a_project_that_is_stopped_and_a_runner_that_is_silent() {
    let declared = ["api", "web"].map(|name| Process::new(name, ProcessState::Stopped)).into();
    compare("dash_stopped_60x15", &dash_of(opening(declared), (60, 15)));
    let mut dash = running((60, 15));
    dash.send(Msg::Process(Event::Silent("connection refused".into())));
    dash.press("2 j x");
    compare("dash_silent_60x15", &dash);
}

#[test]
fn what_lies_on_top() {
    let mut dash = with_logs((60, 15));
    dash.press("2 S");
    compare("dash_signals_60x15", &dash);
    dash.press("esc X");
    compare("dash_question_60x15", &dash);
    dash.press("esc : s t o p");
    compare("dash_palette_60x15", &dash);
    dash.press("esc ?");
    compare("dash_keys_60x15", &dash);
    dash.press("esc 3 p");
    compare("dash_whose_60x15", &dash);
    dash.press("esc k k k enter");
    compare("dash_whole_60x15", &dash);
}

#[test]
fn five_hundred_processes_with_names_of_every_kind() {
    let strange = ["日本語", "a b\tc", "\u{1b}[31mred", "\u{202e}gnp", "👩\u{200d}🚀", "", "x".repeat(200).leak()];
    let states =
        [ProcessState::Ready, ProcessState::Backoff, ProcessState::Unknown("Launch\u{7}ing".into()), ProcessState::Pending];
    let many: Vec<Process> = (0..500_u16)
        .map(|number| {
            let name = format!("{}{number}", strange[usize::from(number) % strange.len()]);
            let state = states[usize::from(number) % states.len()].clone();
            let ports = (0..number % 5).map(|port| NamedPort { name: String::new(), port: 3000 + port }).collect();
            Process { ports, why: Some("b\u{ad}ecause\nof".into()), restarts: u32::from(number), ..Process::new(name, state) }
        })
        .collect();
    for (columns, rows) in SIZES {
        let mut dash = dash_of(opening(many.clone()), (columns, rows));
        compare(&format!("dash_overview_many_{columns}x{rows}"), &dash);
        dash.press("2 G pgup");
        compare(&format!("dash_processes_many_{columns}x{rows}"), &dash);
    }
}

#[test]
fn ascii_and_no_colour_say_the_same() {
    let mut dash = with_logs((140, 40));
    dash.model.theme = Theme::plain();
    for keys in ["1", "2", "S", "esc", "3", "w J", "/ j"] {
        dash.press(keys);
        let picture = dash.picture();
        for cell in picture.buffer().content() {
            // What processes say may be anything.
            assert!(cell.symbol().is_ascii() || cell.symbol() == "—", "{:?}", cell.symbol());
            assert_eq!((cell.fg, cell.bg), (ratatui::style::Color::Reset, ratatui::style::Color::Reset));
        }
    }
    let mut dash = with_logs((140, 40));
    dash.model.theme = Theme::plain();
    dash.press("2");
    let shown = dash.picture().to_string();
    for state in ["+ ready", "x failed", "+ running", "~ starting", "x skipped", "+ completed"] {
        assert!(shown.contains(state), "{state} {shown}");
    }
}

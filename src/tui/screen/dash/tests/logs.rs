//! Logs: following, searching, filtering, marking, copying.

use pretty_assertions::assert_eq;

use super::{line, running, text};
use crate::process::{LogLine, Stream};
use crate::tui::effect::Effect;
use crate::tui::keymap::Context;
use crate::tui::modal::Modal;
use crate::tui::msg::{Msg, Pasted};
use crate::tui::rehearsal::Rehearsal;

fn numbered(count: usize) -> Vec<LogLine> {
    (1..=count).map(|number| line(if number % 2 == 0 { "web" } else { "api" }, &format!("line {number} of many"))).collect()
}

fn logs(lines: &[LogLine]) -> Rehearsal {
    let mut dash = running((80, 24));
    dash.say(lines);
    dash.press("3");
    dash
}

/// The line that the cursor is on.
fn current(dash: &Rehearsal) -> String {
    let shown = text(dash);
    let line = shown.lines().find(|line| line.starts_with("\">")).unwrap_or_else(|| panic!("{shown}"));
    line.trim_matches('"').trim_end().split("│ ").last().unwrap().to_owned()
}

#[test]
fn the_newest_line_is_followed_until_somebody_looks_back() {
    let mut dash = logs(&numbered(100));
    assert_eq!(current(&dash), "line 100 of many");
    dash.say(&[line("api", "fresh")]);
    assert_eq!(current(&dash), "fresh");
    dash.press("k");
    dash.say(&[line("api", "fresher")]);
    assert_eq!(current(&dash), "line 100 of many");
    assert!(text(&dash).contains("more below"), "{}", text(&dash));
    dash.press("G");
    assert_eq!(current(&dash), "fresher");
    dash.press("f");
    dash.say(&[line("api", "freshest")]);
    assert_eq!(current(&dash), "fresher");
    dash.press("g");
    assert_eq!(current(&dash), "line 1 of many");
}

#[test]
fn a_million_lines_are_walked_through_page_by_page() {
    let mut dash = logs(&numbered(3000));
    for _ in 0..40 {
        dash.press("pgup");
    }
    let height = 24 - 4;
    assert_eq!(current(&dash), format!("line {} of many", 3000 - 40 * (height - 1)));
    dash.press("pgdn");
    assert_eq!(current(&dash), format!("line {} of many", 3000 - 39 * (height - 1)));
    for _ in 0..50 {
        dash.press("pgdn");
    }
    assert_eq!(current(&dash), "line 3000 of many");
}

#[test]
fn a_search_shows_the_nearest_match_while_it_is_typed_and_goes_back() {
    let mut dash = logs(&numbered(500));
    dash.press("/ 7 7");
    assert_eq!(dash.model.context(), Context::Seek);
    assert_eq!(current(&dash), "line 477 of many");
    assert!(text(&dash).contains("Search: 77_  (5 of 5)"), "{}", text(&dash));
    dash.press("space o f enter n");
    assert_eq!(current(&dash), "line 77 of many");
    assert!(dash.model.screen.status().contains("/77 of/ 1 of 5"), "{}", dash.model.screen.status());
    assert_eq!(dash.model.toast.as_deref(), Some("Found beyond the end"));
    dash.press("n N N");
    assert_eq!(current(&dash), "line 477 of many");
    assert!(dash.model.screen.status().contains("/77 of/ 5 of 5"), "{}", dash.model.screen.status());
    dash.say(&[line("api", "line 577 of many")]);
    assert!(dash.model.screen.status().contains("/77 of/ 5 of 5+"), "{}", dash.model.screen.status());
    dash.press("k");
    assert!(dash.model.screen.status().contains("/77 of/ 5+ in all"), "{}", dash.model.screen.status());
    dash.press("j / q q q");
    assert!(text(&dash).contains("Search: qqq_  (not found)"), "{}", text(&dash));
    dash.press("esc");
    assert_eq!(current(&dash), "line 477 of many");
    dash.press("& g");
    let shown = text(&dash);
    assert!(shown.contains("line 77 of") && shown.contains("line 177 of") && !shown.contains("line 78 of"), "{shown}");
    dash.press("esc");
    assert!(text(&dash).contains("line 78 of"));
}

#[test]
fn a_search_by_expression_says_when_it_is_none() {
    let mut dash = logs(&numbered(50));
    dash.press("/ ctrl-r ^");
    dash.send(Msg::Paste(Pasted("line \\d{1} of\nnot this".into())));
    assert_eq!(current(&dash), "line 9 of many");
    dash.press("(");
    assert!(text(&dash).contains("unclosed group"), "{}", text(&dash));
    dash.press("backspace ctrl-r");
    assert!(text(&dash).contains("(not found)"), "{}", text(&dash));
}

#[test]
fn standard_error_and_fields_are_chosen() {
    let error = |text: &str| LogLine { stream: Stream::Error, ..line("api", text) };
    let json = |level: &str, status: u16| line("web", &format!("{{\"level\":\"{level}\",\"msg\":\"done\",\"status\":{status}}}"));
    let mut dash = logs(&[line("api", "plain"), error("oops"), json("info", 200), json("error", 503)]);
    dash.press("!");
    assert!(text(&dash).contains("oops") && !text(&dash).contains("plain"));
    dash.press("! F");
    dash.send(Msg::Paste(Pasted("status>=500".into())));
    dash.press("enter J");
    let shown = text(&dash);
    assert!(shown.contains("ERROR done status=503") && !shown.contains("200") && !shown.contains("plain"), "{shown}");
    dash.press("F ctrl-u x enter");
    assert_eq!(dash.model.toast.as_deref(), Some("`x` is none of `field=value`, `!=`, `~`, `>=`, `<=`"));
    dash.press("esc esc");
    assert!(text(&dash).contains("plain"));
}

#[test]
fn lines_are_copied_alone_together_and_with_the_newest_error() {
    let trace = ["Traceback (most recent call last):", "  File x", "ValueError: no"].map(|text| line("api", text));
    let mut dash = logs(&[numbered(4), trace.into(), numbered(3)].concat());
    assert_eq!(dash.press("y"), [Effect::Copy("line 3 of many".into())]);
    assert_eq!(dash.press("k k v j y"), [Effect::Copy("line 1 of many\nline 2 of many".into())]);
    assert_eq!(dash.press("Y"), [Effect::Copy("Traceback (most recent call last):\n  File x\nValueError: no".into())]);
    dash.press("e");
    assert_eq!(current(&dash), "Traceback (most recent call last):");
    dash.press("E");
    assert_eq!(current(&dash), "ValueError: no");
    dash.press("E");
    assert_eq!(dash.model.toast.as_deref(), Some("Found beyond the end"));
}

#[test]
fn lines_are_marked_and_found_again() {
    let mut dash = logs(&numbered(300));
    dash.press("m g j m G '");
    assert_eq!(current(&dash), "line 2 of many");
    dash.press("'");
    assert_eq!(current(&dash), "line 300 of many");
    assert!(text(&dash).contains(">*web"), "{}", text(&dash));
    dash.press("m ' m '");
    assert_eq!(dash.model.toast.as_deref(), Some("No line is marked; m marks one"));
}

#[test]
fn one_process_or_several_are_chosen() {
    let mut dash = logs(&numbered(9));
    dash.press("p");
    assert!(matches!(dash.model.modals.as_slice(), [Modal::Menu(_)]));
    dash.press("j j enter");
    let shown = text(&dash);
    assert!(shown.contains("line 9") && !shown.contains("line 8") && shown.contains("api | following"), "{shown}");
    dash.press("p j space enter");
    assert!(text(&dash).contains("api and web") && text(&dash).contains("line 8"), "{}", text(&dash));
    dash.press("p g space enter");
    assert!(text(&dash).contains("Everybody"));
}

#[test]
fn long_lines_are_scrolled_broken_and_shown_whole() {
    let long = format!("{}END", "0123456789".repeat(12));
    let mut dash = logs(&[line("api", "first"), line("api", &long)]);
    assert!(!text(&dash).contains("END"));
    dash.press("l l l l l l l l");
    assert!(text(&dash).contains("END") && !text(&dash).contains("first"), "{}", text(&dash));
    dash.press("0 w");
    assert!(text(&dash).contains("END") && text(&dash).contains("first"), "{}", text(&dash));
    dash.press("w enter");
    assert!(text(&dash).contains("END") && text(&dash).contains("Line 2 of api"), "{}", text(&dash));
    assert_eq!(dash.press("y esc"), [Effect::Copy(long)]);
    dash.press("t");
    assert!(text(&dash).contains("00:00:00.000Z"), "{}", text(&dash));
}

#[test]
fn a_line_of_a_megabyte_and_a_line_of_escapes_are_shown_in_time() {
    let begun = std::time::Instant::now();
    let mut dash = logs(&[line("api", &"x".repeat(1 << 20)), line("api", &"\u{1b}[31m\u{1b}]0;".repeat(20_000))]);
    for key in ["w", "k", "enter", "esc", "/", "x", "enter", "J", "w", "l"] {
        dash.press(key);
        dash.picture();
    }
    assert!(begun.elapsed().as_secs() < 30 && text(&dash).contains("xxx"), "{:?}", begun.elapsed());
}

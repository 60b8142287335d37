//! Facts with which a check of the terminal finds something, and facts with which it does not.

use crate::doctor::Example;
use crate::facts::terminal::{Archive, Locale, Terminal};
use crate::facts::{Fact, Facts};

/// A usual terminal.
fn with(set: impl FnOnce(&mut Terminal)) -> Facts {
    let locale = Locale { variable: Some("LANG".to_owned()), value: Some("en_GB.UTF-8".to_owned()) };
    let mut terminal = Terminal {
        is_input: true.into(),
        is_output: true.into(),
        size: (80, 24).into(),
        kind: Some("xterm-256color".to_owned()).into(),
        colours: None.into(),
        is_colour_off: false.into(),
        locale: locale.into(),
        between: vec!["tmux".to_owned(), "ssh".to_owned()].into(),
        archive: Archive { named: None, is_there: false, has_systems: true }.into(),
    };
    set(&mut terminal);
    Facts { terminal, ..Facts::default() }
}

fn locale(variable: Option<&str>, value: Option<&str>) -> Facts {
    let locale = Locale { variable: variable.map(str::to_owned), value: value.map(str::to_owned) };
    with(|terminal| terminal.locale = locale.into())
}

fn archive(named: Option<&str>, is_there: bool, has_systems: bool) -> Facts {
    let archive = Archive { named: named.map(str::to_owned), is_there, has_systems };
    with(|terminal| terminal.archive = archive.into())
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let usual = || with(|_| ());
    let size = |columns, rows| with(|terminal| terminal.size = (columns, rows).into());
    let kind = |kind: Option<&str>| with(|terminal| terminal.kind = kind.map(str::to_owned).into());
    let colourless = with(|terminal| {
        terminal.kind = Some("dumb".to_owned()).into();
        terminal.is_colour_off = true.into();
    });
    vec![
        Example { id: "term-size", bad: size(79, 24), good: usual() },
        Example { id: "term-size", bad: size(200, 23), good: size(140, 40) },
        Example { id: "term-color", bad: kind(Some("dumb")), good: colourless },
        Example { id: "term-color", bad: kind(None), good: usual() },
        Example { id: "term-unicode", bad: locale(Some("LC_ALL"), Some("C")), good: usual() },
        Example { id: "term-unicode", bad: locale(None, None), good: locale(Some("LC_CTYPE"), Some("C.UTF-8")) },
        Example { id: "term-raw", bad: with(|terminal| terminal.is_input = false.into()), good: usual() },
        Example { id: "locale-archive", bad: archive(Some("/gone"), false, true), good: archive(Some("/a"), true, false) },
        Example { id: "locale-archive", bad: archive(None, false, false), good: usual() },
    ]
}

#[test]
fn without_a_terminal_nothing_is_said() {
    let mut facts = with(|terminal| terminal.is_output = false.into());
    facts.terminal.size = Fact::irrelevant("the output goes to no terminal");
    for check in super::CHECKS.iter().filter(|check| check.id.starts_with("term-")) {
        assert_eq!((check.look)(&facts).unwrap_err().to_string(), "the output goes to no terminal", "{}", check.id);
    }
}

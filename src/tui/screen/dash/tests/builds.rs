//! The screen of builds by recordings of Nix: what was recorded is folded, drawn and looked at.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::{NOW, dash_of, opening, text};
use crate::host::nix::memory::Account;
use crate::nix::build::{BuildState, Change, name};
use crate::nix::build_history::{Entry, History, Outcome, Run, Timed};
use crate::nix::build_picture::{Known, Moment, Picture, broken};
use crate::nix::build_tree::Edges;
use crate::nix::closure::Growth;
use crate::nix::log::tests::recordings;
use crate::nix::log::{self, Line, NixEvent, Report};
use crate::nix::rebuild_reason::{Cause, Difference, Fate, Rebuild};
use crate::process::{LogLine, Stream};
use crate::tui::build_order::{BuildNews, BuildOrder, Choice, End, Trouble};
use crate::tui::effect::{Effect, Ending};
use crate::tui::keymap::Context;
use crate::tui::modal::Modal;
use crate::tui::msg::{Mouse, Msg, Pasted};
use crate::tui::rehearsal::Rehearsal;

const SIZES: [(u16, u16); 3] = [(60, 15), (80, 24), (140, 40)];

fn compare(name: &str, dash: &Rehearsal) {
    insta::with_settings!({ snapshot_path => "../../../../../tests/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, dash.picture());
    });
}

fn news(news: BuildNews) -> Msg {
    Msg::Build(Box::new(news))
}

/// What needs what in the flake that was recorded.
const NEEDS: [(&str, &[&str]); 4] = [
    ("demo-image.tar", &["demo-bot-1.2.0", "demo-assets-0.3"]),
    ("demo-bot-1.2.0", &["demo-libnet-2.1", "demo-libcore-1.0", "demo-assets-0.3"]),
    ("demo-libnet-2.1", &["demo-libcore-1.0"]),
    ("demo-needs-broken", &["demo-broken-0.1"]),
];

fn edges(state: &BuildState) -> Edges {
    let path = |wanted: &str| state.plan.builds.iter().find(|path| name(path) == wanted).cloned();
    let mut edges = Edges::default();
    for (derivation, needs) in NEEDS {
        if let Some(derivation) = path(derivation) {
            edges.insert(&derivation, needs.iter().filter_map(|needed| path(needed)).collect());
        }
    }
    edges
}

fn history() -> History {
    let mut history = History::default();
    for (package, seconds) in [("demo-libcore", 12.0), ("demo-bot", 95.0), ("demo-image.tar", 3.0)] {
        history.add(Entry::Build(Timed { host: String::new(), package: package.into(), seconds, when: 1 }));
    }
    history
}

/// A recording up to a line, and what was said in it.
fn replayed(recording: &str, lines: usize, moment: Moment) -> (Picture, Vec<LogLine>) {
    let text = recordings().into_iter().find(|(found, _)| found == recording).unwrap().1;
    let (mut state, mut said) = (BuildState::default(), Vec::new());
    for (at, line) in (0..).zip(text.lines()).take(lines) {
        let Line::Event(event) = log::read(line.as_bytes()) else { continue };
        if let Some(Change::BuildLog(id)) = state.apply(&event, Duration::from_millis(at * 50))
            && let NixEvent::Result { report: Report::LogLine(line), .. } = &event
        {
            let process = state.build(id).unwrap().derivation.as_str().into();
            said.push(LogLine { process, stream: Stream::Unknown, time: None, text: line.to_string() });
        }
    }
    if moment == Moment::After {
        state.finish();
    }
    let clean = str::to_owned;
    let (edges, history) = (edges(&state), history());
    let known = Known { edges: &edges, history: &history, clean: &clean };
    let broken = Arc::new(broken(&state, &clean));
    let at = Duration::from_millis(50 * text.lines().count().min(lines) as u64);
    (Picture::of(&state, at, moment, broken, &known), said)
}

fn choices() -> Vec<Choice> {
    let choice = |installable: &str, output: &str, derivation: &str, runs| Choice {
        installable: installable.into(),
        output: output.into(),
        derivation: derivation.into(),
        description: String::new(),
        runs,
    };
    let run = |outcome, ago: u64, built, failed: &[&str]| Run {
        when: NOW - ago * 1000,
        outcome,
        seconds: 72.4,
        built,
        bytes: (outcome == Outcome::Succeeded).then_some(47_400_000),
        outputs: BTreeMap::from([("out".to_owned(), "/nix/store/x-demo-bot-1.2.0".to_owned())]),
        failed: failed.iter().map(|name| (*name).to_owned()).collect(),
        ..Run::default()
    };
    vec![
        choice(
            ".",
            "packages",
            "demo-bot-1.2.0",
            vec![
                run(Outcome::Succeeded, 7500, 5, &[]),
                run(Outcome::Interrupted, 9000, 1, &[]),
                run(Outcome::Failed, 90_000, 0, &["demo-libnet-2.1"]),
            ],
        ),
        Choice { description: "The site".into(), ..choice(".#web", "packages", "demo-web-1.0", vec![]) },
        choice(".#checks.x86_64-linux.ok", "checks", "demo-libcore-1.0", vec![run(Outcome::Failed, 61, 0, &["demo-broken-0.1"])]),
        choice(".#typed", "", "", vec![run(Outcome::Succeeded, 5, 0, &[])]),
    ]
}

fn shown(size: (u16, u16)) -> Rehearsal {
    let mut dash = dash_of(opening(Vec::new()), size);
    assert_eq!(dash.press("7"), [Effect::Build(Box::new(BuildOrder::List))]);
    dash.send(news(BuildNews::Choices(choices(), None)));
    dash
}

fn running(size: (u16, u16), recording: &str, lines: usize) -> Rehearsal {
    let mut dash = shown(size);
    dash.send(news(BuildNews::Begun(vec![".#image".into()])));
    let (picture, said) = replayed(recording, lines, Moment::During);
    dash.say_of_builds(&said);
    dash.send(Msg::Clock(NOW + 4000));
    dash.send(news(BuildNews::Now(picture)));
    dash
}

fn ended(size: (u16, u16), recording: &str, outcome: Outcome, accounts: Vec<Account>) -> Rehearsal {
    let mut dash = running(size, recording, usize::MAX);
    let picture = replayed(recording, usize::MAX, Moment::After).0;
    dash.send(news(BuildNews::Ended(Box::new(End { picture, outcome, accounts, trouble: None }))));
    dash
}

fn account() -> Account {
    let path = "/nix/store/ar89cjws1k4xsb7373pm9qw4w147m0gd-demo-image.tar".to_owned();
    let differences = vec![Difference::Source { name: "source".into(), fate: Fate::Changed }];
    Account {
        installable: ".#image".into(),
        run: Run {
            outcome: Outcome::Succeeded,
            outputs: BTreeMap::from([("out".to_owned(), path)]),
            bytes: Some(47_400_000),
            ..Run::default()
        },
        growth: Some(Growth { total: 1_200_000, packages: vec![("node".into(), 1_300_000), ("jq".into(), -100_000)] }),
        why: Some(Rebuild {
            causes: vec![Cause { name: "demo-libcore-1.0".into(), path: vec!["demo-libnet-2.1".into()], differences }],
            is_cut: false,
        }),
    }
}

#[test]
fn pictures() {
    for size in SIZES {
        let of = |name: &str| format!("dash_builds_{name}_{}x{}", size.0, size.1);
        compare(&of("choices"), &shown(size));
        let mut dash = running(size, "nix-2.26.3-graph", 66);
        compare(&of("running"), &dash);
        dash.press("t");
        compare(&of("running_list"), &dash);
        compare(&of("done"), &ended(size, "nix-2.26.3-graph", Outcome::Succeeded, vec![account()]));
        compare(&of("failed"), &ended(size, "nix-2.26.3-fail-keep-going", Outcome::Failed, vec![]));
        compare(&of("hash_mismatch"), &ended(size, "nix-2.34.8-hash-mismatch", Outcome::Failed, vec![]));
        compare(&of("cached"), &ended(size, "nix-2.34.8-cached", Outcome::Succeeded, vec![account()]));
        compare(&of("interrupted"), &ended(size, "nix-2.34.8-sigint", Outcome::Interrupted, vec![]));
    }
}

#[test]
fn the_overview_has_a_line_about_a_build_that_goes_on_or_has_failed() {
    let size = (80, 24);
    let mut dash = running(size, "nix-2.26.3-graph", 66);
    dash.press("1");
    assert!(text(&dash).contains("build of .#image: building "), "{}", text(&dash));
    assert!(dash.model.screen.is_counting());
    let mut dash = ended(size, "nix-2.26.3-fail-keep-going", Outcome::Failed, vec![]);
    dash.press("1");
    assert!(text(&dash).contains("build of .#image: 2 derivations failed"), "{}", text(&dash));
    dash.press("enter");
    assert_eq!(dash.model.context(), Context::Build);
    let mut dash = ended(size, "nix-2.26.3-graph", Outcome::Succeeded, vec![account()]);
    dash.press("1");
    assert!(!text(&dash).contains("build of"), "{}", text(&dash));
}

#[test]
fn downloads_are_shown_with_their_bytes() {
    let text = recordings().into_iter().find(|(found, _)| found == "nix-2.34.8-substitute").unwrap().1;
    let middle = |line: &&str| line.contains("\"type\":105") && line.contains("\"fields\":[1");
    let lines = text.lines().position(|line| middle(&line)).unwrap() + 40;
    for size in SIZES {
        compare(&format!("dash_builds_downloads_{}x{}", size.0, size.1), &running(size, "nix-2.34.8-substitute", lines));
    }
}

#[test]
fn a_flake_that_cannot_be_listed_says_why_and_lets_one_type() {
    for size in SIZES {
        let mut dash = dash_of(opening(Vec::new()), size);
        dash.press("7");
        let why = vec![
            "One attribute that fails keeps Nix from listing any:".into(),
            "undefined variable 'nodejs_42'".into(),
            "       at /w/flake.nix:3:5:".into(),
        ];
        let trouble = Trouble { why, hints: vec!["the name is not defined; look for a typing error".into()] };
        dash.send(news(BuildNews::Choices(choices().split_off(3), Some(trouble))));
        compare(&format!("dash_builds_trouble_{}x{}", size.0, size.1), &dash);
    }
    let mut dash = shown((80, 24));
    assert_eq!(dash.press("i w e b"), []);
    assert_eq!(dash.model.context(), Context::Installable);
    assert!(text(&dash).contains("Build: .#web_"), "{}", text(&dash));
    assert_eq!(dash.press("enter"), [Effect::Build(Box::new(BuildOrder::Build(vec![".#web".into()])))]);
    dash.press("i ctrl-u");
    dash.send(Msg::Paste(Pasted("--impure .#x\nnext".into())));
    assert_eq!(dash.press("enter"), []);
    assert_eq!(dash.model.toast.as_deref(), Some("An installable does not begin with a dash"));
}

#[test]
fn what_is_chosen_is_built_once_and_stopped() {
    let mut dash = shown((80, 24));
    let build = |what: &[&str]| Effect::Build(Box::new(BuildOrder::Build(what.iter().map(|text| (*text).to_owned()).collect())));
    assert_eq!(dash.press("j enter"), [build(&[".#web"])]);
    assert_eq!(dash.press("g space space k k enter"), [build(&[".", ".#web"])]);
    assert_eq!(dash.press("esc g y"), [Effect::Copy("/nix/store/x-demo-bot-1.2.0".into())]);
    assert_eq!(dash.press("b"), []);
    assert!(dash.model.toast.as_deref().unwrap().contains("Nothing was built"));
    dash.send(news(BuildNews::Begun(vec![".".into()])));
    assert!(dash.model.is_counting() && dash.model.context() == Context::Build);
    assert_eq!(dash.press("esc enter"), [], "one at a time");
    assert_eq!(dash.press("x"), [Effect::Build(Box::new(BuildOrder::Stop))]);
    assert!(text(&dash).contains("stopping, asked by you"), "{}", text(&dash));
    // Whoever leaves is told.
    assert_eq!(dash.press("q"), []);
    assert!(matches!(dash.model.modals.as_slice(), [Modal::Confirm(_)]));
    assert_eq!(dash.press("y"), [Effect::End(Ending::Cancelled)]);
    let end = End { picture: Picture::default(), outcome: Outcome::Interrupted, accounts: vec![], trouble: None };
    dash.press("1");
    dash.send(news(BuildNews::Ended(Box::new(end))));
    assert!(dash.model.toast.as_deref().unwrap().starts_with(".: stopped by you"), "{:?}", dash.model.toast);
    dash.press("7");
    assert!(text(&dash).contains("stopped by you") && !dash.model.is_counting(), "{}", text(&dash));
    assert_eq!(dash.press("q"), [Effect::End(Ending::Cancelled)]);
}

#[test]
fn the_log_of_what_failed_is_one_key_away_and_can_be_searched() {
    let mut dash = ended((80, 24), "nix-2.26.3-fail", Outcome::Failed, vec![]);
    assert_eq!(dash.press("enter"), []);
    assert_eq!(dash.model.context(), Context::Logs);
    let log = text(&dash);
    assert!(log.contains("demo-broken-0.1 | following; esc goes back"), "{log}");
    dash.press("/ e r r o r enter");
    assert!(text(&dash).contains("/error/"), "{}", text(&dash));
    dash.press("esc");
    assert_eq!(dash.model.context(), Context::Logs, "the search is taken back first");
    dash.press("esc");
    assert_eq!(dash.model.context(), Context::Build);
    // What was there before has left its log with Nix.
    let mut dash = running((80, 24), "nix-2.26.3-graph", 66);
    let effects = dash.press("g enter");
    assert!(matches!(effects.as_slice(), [Effect::Build(order)] if matches!(**order, BuildOrder::Log(_))), "{effects:?}");
    let [Effect::Build(order)] = effects.as_slice() else { unreachable!() };
    let BuildOrder::Log(derivation) = &**order else { unreachable!() };
    let process = derivation.as_str().into();
    dash.say_of_builds(&[LogLine { process, stream: Stream::Unknown, time: None, text: "from before".into() }]);
    dash.send(news(BuildNews::Log(derivation.clone(), None)));
    assert!(text(&dash).contains("from before"), "{}", text(&dash));
}

#[test]
fn everything_that_is_known_is_one_key_away() {
    let mut dash = ended((140, 40), "nix-2.26.3-graph", Outcome::Succeeded, vec![account()]);
    dash.press("w");
    let all = text(&dash);
    for fact in ["45.2 MiB with all it needs", "+1.1 MiB since the last build: node +1.2 MiB", "built anew: demo-libcore-1.0"] {
        assert!(all.contains(fact), "{fact}: {all}");
    }
    let path = "/nix/store/ar89cjws1k4xsb7373pm9qw4w147m0gd-demo-image.tar";
    assert_eq!(dash.press("esc y"), [Effect::Copy(path.into())]);
}

#[test]
fn a_run_that_came_to_nothing_says_why() {
    let mut dash = shown((80, 24));
    dash.send(news(BuildNews::Begun(vec![".".into()])));
    let trouble = Trouble { why: vec!["syntax error, unexpected ';'".into()], hints: vec!["look at the line".into()] };
    let end = End { picture: Picture::default(), outcome: Outcome::Failed, accounts: vec![], trouble: Some(trouble) };
    dash.send(news(BuildNews::Ended(Box::new(end))));
    let said = text(&dash);
    assert!(said.contains("syntax error") && said.contains("look at the line") && said.contains("failed | 0:00"), "{said}");
}

#[test]
fn what_others_say_cannot_act_on_the_terminal() {
    const EVIL: &str = "\u{1b}[2J\u{202e}evil\r\u{7}\u{9b}1m\t漢";
    let mut dash = shown((100, 30));
    let choice = Choice {
        installable: format!(".#{EVIL}"),
        output: EVIL.into(),
        derivation: EVIL.into(),
        description: EVIL.into(),
        runs: vec![Run { failed: vec![EVIL.into()], outcome: Outcome::Failed, ..Run::default() }],
    };
    let trouble = Trouble { why: vec![EVIL.into()], hints: vec![EVIL.into()] };
    dash.send(news(BuildNews::Choices(vec![choice], Some(trouble.clone()))));
    let is_clean = |dash: &Rehearsal| {
        !text(dash).chars().any(|character| character.is_control() && character != '\n' || character == '\u{202e}')
    };
    assert!(is_clean(&dash), "{}", text(&dash));
    dash.press("space");
    assert!(is_clean(&dash), "{:?}", text(&dash));
    dash.send(news(BuildNews::Begun(vec![EVIL.into()])));
    let mut picture = replayed("nix-2.34.8-fail", usize::MAX, Moment::During).0;
    for derived in &mut picture.derivations {
        (derived.path, derived.phase, derived.last, derived.machine) = (EVIL.into(), EVIL.into(), EVIL.into(), EVIL.into());
    }
    picture.status = EVIL.into();
    picture.size = Some(EVIL.into());
    picture.warnings = (Some(EVIL.into()), 2);
    let mut broken = picture.broken[0].clone();
    (broken.path, broken.reason, broken.extract) = (EVIL.into(), EVIL.into(), vec![EVIL.into()]);
    picture.broken = Arc::new(vec![broken]);
    dash.send(news(BuildNews::Now(picture.clone())));
    assert!(is_clean(&dash), "{:?}", text(&dash));
    dash.press("w");
    assert!(is_clean(&dash), "{:?}", text(&dash));
    let end = End { picture, outcome: Outcome::Failed, accounts: vec![account()], trouble: Some(trouble) };
    dash.press("q");
    dash.send(news(BuildNews::Ended(Box::new(end))));
    dash.send(news(BuildNews::Warning(EVIL.into())));
    assert!(is_clean(&dash), "{:?}", text(&dash));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_recording_and_no_key_breaks_the_screen(
        which in any::<prop::sample::Index>(),
        cut in 0..400_usize,
        is_over in any::<bool>(),
        keys in prop::collection::vec(prop::sample::select(vec![
            "enter", "esc", "t", "w", "x", "j", "k", "G", "g", "pgdn", "b", "i", "space", "/", "l", "7", "tab", "y", "r",
        ]), 0..12),
        size in prop::sample::select(vec![(60, 15), (80, 24), (200, 50)]),
        click in (0..80_u16, 0..24_u16),
    ) {
        let recordings = recordings();
        let name = &recordings[which.index(recordings.len())].0;
        let mut dash = running(size, name, cut);
        if is_over {
            let picture = replayed(name, cut, Moment::After).0;
            dash.send(news(BuildNews::Ended(Box::new(End { picture, outcome: Outcome::Failed, accounts: vec![account()], trouble: None }))));
        }
        for key in keys {
            dash.press(key);
            dash.send(Msg::Mouse(Mouse::Click(click.0, click.1)));
            let _drawn = dash.picture();
        }
        dash.send(Msg::Resize(61, 16));
        let _drawn = dash.picture();
    }
}

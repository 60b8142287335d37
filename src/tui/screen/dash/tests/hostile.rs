//! Whatever happens, whatever is pressed and whatever processes are called and say: nothing breaks, and nothing that acts on a
//! terminal is drawn or copied.

use proptest::prelude::*;

use super::{dash_of, line, opening};
use crate::process::event::Refusal;
use crate::process::{Action, Event, Exit, NamedPort, Outcome, Process, ProcessState, Usage};
use crate::tui::effect::Effect;
use crate::tui::keymap::KEYMAP;
use crate::tui::msg::{Done, Key, Mouse, Msg, Pasted};

fn hostile() -> impl Strategy<Value = String> {
    "[a-z{}\":=\\n\\r\\t\u{0}\u{1b}\\[\\];m\u{7f}\u{9b}日本e\u{301}\u{202e}\u{200b}👩\u{200d}🚀\u{1f1e9}]{0,40}"
}

fn process() -> impl Strategy<Value = Process> {
    let state = (0..12_usize, hostile()).prop_map(|(index, word)| {
        let known = [
            ProcessState::Disabled,
            ProcessState::Pending,
            ProcessState::Starting,
            ProcessState::Running,
            ProcessState::Ready,
            ProcessState::Stopping,
            ProcessState::Stopped,
            ProcessState::Backoff,
            ProcessState::Completed,
            ProcessState::Failed,
            ProcessState::Skipped,
        ];
        known.get(index).cloned().unwrap_or(ProcessState::Unknown(word))
    });
    let numbers = (any::<Option<u32>>(), any::<u32>(), any::<Option<i32>>(), any::<Option<u64>>(), any::<f32>(), any::<u64>());
    let ports = proptest::collection::vec((hostile(), any::<u16>()), 0..4);
    (hostile(), state, proptest::option::of(hostile()), numbers, ports).prop_map(
        |(name, state, why, (pid, restarts, exit, started, cpu, memory), ports)| Process {
            why,
            pid,
            restarts,
            exit: exit.map(|exit| if exit % 2 == 0 { Exit::Code(exit) } else { Exit::Signal(exit) }),
            started,
            ports: ports.into_iter().map(|(name, port)| NamedPort { name, port }).collect(),
            usage: Some(Usage { cpu, memory }),
            ..Process::new(name, state)
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        proptest::collection::vec(process(), 0..6).prop_map(Event::Snapshot),
        process().prop_map(Event::Changed),
        hostile().prop_map(Event::Silent),
        Just(Event::Ended),
        (hostile(), any::<Option<u64>>()).prop_map(|(process, lines)| Event::LinesLost { process, lines, why: None }),
    ]
}

fn msg() -> impl Strategy<Value = Msg> {
    let done = (hostile(), hostile(), any::<bool>(), -5..70_i32).prop_map(|(process, why, is_error, signal)| {
        let refused = vec![Refusal { process: process.clone(), why: why.clone() }];
        let outcome = if is_error { Err(why) } else { Ok(Outcome { done: vec![], refused }) };
        Msg::Done(Box::new(Done { action: Action::Signal(signal), processes: vec![process], outcome }))
    });
    let mouse = (0..150_u16, 0..50_u16, 0..3_u8).prop_map(|(column, row, kind)| {
        Msg::Mouse(match kind {
            0 => Mouse::Click(column, row),
            1 => Mouse::WheelUp(column, row),
            _ => Mouse::WheelDown(column, row),
        })
    });
    prop_oneof![
        8 => (0..KEYMAP.len()).prop_map(|row| Msg::Key(Key::named(KEYMAP[row].keys[0]))),
        1 => "[a-z/]".prop_map(|key| Msg::Key(Key::named(&key))),
        3 => event().prop_map(Msg::Process),
        1 => done,
        1 => mouse,
        1 => (1..150_u16, 1..50_u16).prop_map(|(columns, rows)| Msg::Resize(columns, rows)),
        1 => hostile().prop_map(|text| Msg::Paste(Pasted(text))),
        1 => any::<u64>().prop_map(Msg::Clock),
        1 => Just(Msg::Tick),
        1 => Just(Msg::Returned),
        1 => Just(Msg::LogsGrew),
        4 => super::news::news(hostile).prop_map(|news| Msg::Desk(Box::new(news))),
        1 => hostile().prop_map(Msg::Attached),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn nothing_breaks_and_nothing_acts(
        declared in proptest::collection::vec(process(), 0..5),
        happens in proptest::collection::vec((msg(), proptest::collection::vec((hostile(), hostile()), 0..4)), 0..40),
        size in (1..150_u16, 1..50_u16),
    ) {
        let mut dash = dash_of(opening(declared), size);
        for (msg, said) in happens {
            let lines: Vec<_> = said.iter().map(|(process, text)| line(process, text)).collect();
            dash.say(&lines);
            for effect in dash.send(msg) {
                if let Effect::Copy(text) = effect {
                    prop_assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{:?}", text);
                }
            }
            for cell in dash.picture().buffer().content() {
                prop_assert!(!cell.symbol().chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", cell.symbol());
            }
        }
    }
}

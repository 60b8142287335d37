//! Tests of the reader of events, and the recordings of real Nix that they and others use.

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::*;

/// Every recording by name: what Nix 2.8, 2.26 and 2.34 wrote to standard error, line by line.
pub(crate) fn recordings() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/nix");
    let mut found: Vec<(String, String)> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs_err::read_to_string(path).unwrap())
        })
        .filter(|(name, _)| !name.contains("json-log-path"))
        .collect();
    found.sort_unstable();
    assert!(found.len() > 50, "{}", found.len());
    found
}

/// What Nix 2.34 writes to a file of its own (`json-log-path`): the same events, without what marks them on standard error.
pub(crate) fn without_a_prefix() -> (String, String) {
    let text = include_str!("../../../tests/fixtures/nix/nix-2.34.8-json-log-path.jsonl");
    ("nix-2.34.8-json-log-path".to_owned(), text.lines().fold(String::new(), |all, line| all + "@nix " + line + "\n"))
}

#[test]
fn reads_every_kind_of_event() {
    let cases: [(&str, NixEvent<'_>); 7] = [
        (
            r#"{"action":"start","fields":["/nix/store/x-a.drv","",1,1],"id":2714419331079,"level":3,"parent":7,"text":"building","type":105}"#,
            NixEvent::Start {
                id: 2_714_419_331_079,
                parent: 7,
                activity: Activity::Build { derivation: "/nix/store/x-a.drv".into(), machine: "".into() },
                text: "building".into(),
            },
        ),
        (r#"{"action":"stop","id":18446744073709551615}"#, NixEvent::Stop { id: u64::MAX }),
        (
            r#"{"action":"result","fields":["say \"hi\""],"id":1,"type":101}"#,
            NixEvent::Result { id: 1, report: Report::LogLine("say \"hi\"".into()) },
        ),
        (
            r#"{"action":"result","fields":[1,2,3,4,5],"id":1,"type":105}"#,
            NixEvent::Result { id: 1, report: Report::Progress(Progress { done: 1, expected: 2, running: 3, failed: 4 }) },
        ),
        (
            r#"{"action":"result","id":1,"payload":{"success":false,"status":"MiscFailure"},"sid":"x","type":110}"#,
            NixEvent::Result { id: 1, report: Report::Outcome { success: false } },
        ),
        (
            r#"{"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"oh","raw_msg":"o"}"#,
            NixEvent::Message { level: Level::ERROR, text: "oh".into() },
        ),
        (r#"{"action":"dance","fields":{"a":[1]}}"#, NixEvent::Unknown),
    ];
    for (json, expected) in cases {
        assert_eq!(read(format!("@nix {json}").as_bytes()), Line::Event(expected), "{json}");
    }
}

#[test]
fn what_is_no_event_is_told_apart() {
    assert_eq!(read(b"warning: hello\r"), Line::Foreign(b"warning: hello"));
    assert_eq!(read(b"@nix {\"action\":\"sta"), Line::Malformed);
    assert_eq!(read(b"@nix [1,2]"), Line::Malformed);
    assert_eq!(read(b""), Line::Foreign(b""));
}

#[test]
fn reads_every_recording_without_a_malformed_line() {
    let mut events = 0;
    for (name, recording) in recordings() {
        for line in recording.lines() {
            assert_ne!(read(line.as_bytes()), Line::Malformed, "{name}: {line}");
            events += usize::from(matches!(read(line.as_bytes()), Line::Event(event) if event != NixEvent::Unknown));
        }
    }
    assert!(events > 3000, "{events}");
}

proptest! {
    #[test]
    fn nothing_breaks_it(line in prop::collection::vec(any::<u8>(), 0..200), is_event: bool) {
        let line = if is_event { [MARK, &line].concat() } else { line };
        let _read = read(&line);
    }

    #[test]
    fn a_shortened_event_is_malformed(cut in 1_usize..60) {
        let whole = br#"@nix {"action":"result","fields":["x"],"id":1,"type":101}"#;
        let cut = &whole[..whole.len() - cut.min(whole.len() - MARK.len())];
        prop_assert_eq!(read(cut), Line::Malformed);
    }
}

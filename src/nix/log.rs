//! What Nix says while it works, read from one line of `--log-format internal-json`. Nix calls the format internal; it has
//! only grown since Nix 2.4, so what is unknown here is kept as unknown and never an error.

mod raw;

use std::borrow::Cow;

use raw::{Fields, Raw};

/// A line of the standard error of `nix … --log-format internal-json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// An event.
    Event(NixEvent<'a>),
    /// An event that is broken off, or that nobody can read.
    Malformed,
    /// The words of a program that Nix started, or of the dynamic linker.
    Foreign(&'a [u8]),
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NixEvent<'a> {
    /// Something begins.
    Start {
        /// Its number, unique in a run.
        id: u64,
        /// What it is a part of; 0 for nothing, and always 0 before Nix 2.18.
        parent: u64,
        /// What it is.
        activity: Activity<'a>,
        /// What Nix would show; often empty.
        text: Cow<'a, str>,
    },
    /// Something has ended.
    Stop {
        /// Its number.
        id: u64,
    },
    /// There is news of something.
    Result {
        /// Its number.
        id: u64,
        /// The news.
        report: Report<'a>,
    },
    /// Nix says something.
    Message {
        /// How important it is.
        level: Level,
        /// The text, with colours in it.
        text: Cow<'a, str>,
    },
    /// An action of a later Nix.
    Unknown,
}

/// How important a message is: 0 for an error, 3 for what is usually shown, up to 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(pub u64);

impl Level {
    /// Something failed.
    pub const ERROR: Self = Self(0);
    /// Something may be wrong.
    pub const WARNING: Self = Self(1);
}

/// What Nix is busy with. The numbers are those of `ActivityType` in Nix's `logging.hh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity<'a> {
    /// Everything that is built and fetched; carries expected totals.
    Realise,
    /// All builds; counts them.
    Builds,
    /// All downloads from caches; counts them.
    CopyPaths,
    /// A derivation is built.
    Build {
        /// The `.drv` file.
        derivation: Cow<'a, str>,
        /// The remote machine; empty for this one.
        machine: Cow<'a, str>,
    },
    /// A path comes from a cache.
    Substitute {
        /// The store path.
        path: Cow<'a, str>,
        /// The cache.
        from: Cow<'a, str>,
    },
    /// A path goes from one store to another; its progress is in bytes unpacked.
    CopyPath {
        /// The store path.
        path: Cow<'a, str>,
    },
    /// A file is downloaded; its progress is in bytes on the wire.
    FileTransfer {
        /// Its address.
        url: Cow<'a, str>,
    },
    /// A build waits for a lock, a machine or a user id; its text says for what.
    Waiting,
    /// Everything else.
    Other,
}

impl<'a> Activity<'a> {
    fn of(kind: u64, fields: Fields<'a>) -> Self {
        let [first, second, ..] = fields.0;
        match kind {
            100 => Self::CopyPath { path: first.text() },
            101 => Self::FileTransfer { url: first.text() },
            102 => Self::Realise,
            103 => Self::CopyPaths,
            104 => Self::Builds,
            105 => Self::Build { derivation: first.text(), machine: second.text() },
            108 => Self::Substitute { path: first.text(), from: second.text() },
            111 => Self::Waiting,
            _ => Self::Other,
        }
    }
}

/// News of an activity. The numbers are those of `ResultType` in Nix's `logging.hh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report<'a> {
    /// A line of a build's log, or of what runs after it.
    LogLine(Cow<'a, str>),
    /// A build is in another phase.
    Phase(Cow<'a, str>),
    /// How far it is: bytes, or counts, as the activity has it.
    Progress(Progress),
    /// The whole of something is known better: bytes of [`Activity::FileTransfer`] or [`Activity::CopyPath`].
    Expected {
        /// Number of the kind of activity.
        kind: u64,
        /// The new total.
        total: u64,
    },
    /// What came of a build. Only Determinate Nix says so.
    Outcome {
        /// Whether it worked.
        success: bool,
    },
    /// Everything else.
    Other,
}

/// How far something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much; 0 when nobody knows.
    pub expected: u64,
    /// So many are running.
    pub running: u64,
    /// So many have failed.
    pub failed: u64,
}

impl<'a> Report<'a> {
    fn of(kind: u64, fields: Fields<'a>, outcome: Option<bool>) -> Self {
        let [first, second, third, fourth] = fields.0;
        match kind {
            101 | 107 => Self::LogLine(first.text()),
            104 => Self::Phase(first.text()),
            105 => Self::Progress(Progress {
                done: first.number(),
                expected: second.number(),
                running: third.number(),
                failed: fourth.number(),
            }),
            106 => Self::Expected { kind: first.number(), total: second.number() },
            // 110 is Determinate's, which sends a payload and no fields.
            110 => outcome.map_or(Self::Other, |success| Self::Outcome { success }),
            _ => Self::Other,
        }
    }
}

/// What an event begins with.
const MARK: &[u8] = b"@nix ";

/// Reads a line without its line end. It cannot fail: what is no event is [`Line::Foreign`] or [`Line::Malformed`].
pub fn read(line: &[u8]) -> Line<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(json) = line.strip_prefix(MARK) else { return Line::Foreign(line) };
    serde_json::from_slice::<Raw<'_>>(json).map_or(Line::Malformed, |raw| Line::Event(event(raw)))
}

fn event(raw: Raw<'_>) -> NixEvent<'_> {
    match raw.action.as_ref() {
        "start" => {
            NixEvent::Start { id: raw.id, parent: raw.parent, activity: Activity::of(raw.kind, raw.fields), text: raw.text }
        }
        "stop" => NixEvent::Stop { id: raw.id },
        "result" => {
            NixEvent::Result { id: raw.id, report: Report::of(raw.kind, raw.fields, raw.payload.and_then(|sent| sent.success)) }
        }
        // `raw_msg` is the text without the place in the sources, which `msg` has with an extract.
        "msg" => NixEvent::Message { level: Level(raw.level), text: raw.msg },
        _ => NixEvent::Unknown,
    }
}

#[cfg(test)]
pub(crate) mod tests;

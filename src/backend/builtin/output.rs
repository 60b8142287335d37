//! What programs say: without its secrets, line by line, into the file of their process.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use camino::Utf8Path;
use regex_lite::Regex;

use super::message::Message;
use crate::host::log_file::{self, LogWriter};
use crate::host::{clock, paths};
use crate::process::Stream;
use crate::process::supervision::{Input, Run};
use crate::secret::Redactor;
use crate::service::{Check, Service};
use crate::ui::printable;

/// What is read of a pipe at once: what it holds.
const PIECE: usize = 64 << 10;
/// A line that is longer is said in pieces.
const LONGEST_LINE: usize = 1 << 20;
/// No line that says how a command failed is longer.
const LONGEST_WORDS: usize = 200;

/// Where the lines of a process go.
#[derive(Debug)]
pub(super) struct Output {
    writer: Mutex<LogWriter>,
    /// What says that it is ready.
    ready_line: Option<Regex>,
    /// How many lines were lost, and why, since somebody was told.
    lost: Mutex<Option<(u64, String)>>,
}

impl Output {
    pub(super) fn of(service: &Service, logs: &Utf8Path) -> std::io::Result<Self> {
        let ready_line = match service.readiness.as_ref().map(|probe| &probe.check) {
            Some(Check::LogLine(pattern)) => Regex::new(pattern).ok(),
            _ => None,
        };
        let writer = Mutex::new(LogWriter::open(&log_file::path(logs, &service.name))?);
        Ok(Self { writer, ready_line, lost: Mutex::new(None) })
    }

    /// Says something in the name of the runner, between the lines of the program.
    pub(super) fn note(&self, text: &str) {
        self.write(Stream::Error, std::iter::once(format!("[nixstart] {text}").as_bytes()));
    }

    /// Lines on a disk that is full are lost; the program goes on.
    fn write<'a>(&self, stream: Stream, lines: impl Iterator<Item = &'a [u8]>) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = 0;
        let counted = lines.inspect(|_| count += 1);
        if let Err(error) = writer.append(stream, clock::now_milliseconds(), counted) {
            let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
            let before = lost.take().map_or(0, |(before, _)| before);
            *lost = Some((before + count, paths::reason(&error)));
        }
    }

    /// How many lines were lost since this was asked the last time, and why.
    pub(super) fn take_lost(&self) -> Option<(u64, String)> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_ready_line(&self, line: &[u8]) -> bool {
        self.ready_line.as_ref().is_some_and(|pattern| pattern.is_match(&String::from_utf8_lossy(line)))
    }
}

/// Reads both streams of a program on threads of their own, and takes out what was secret when it was started.
pub(super) fn read(
    child: &mut Child,
    run: Run,
    (output, redactor): (&Arc<Output>, &Arc<Redactor>),
    inbox: &Sender<Message>,
) -> Vec<JoinHandle<()>> {
    let streams: [(Option<Box<dyn Read + Send>>, Stream); 2] = [
        (child.stdout.take().map(|stream| Box::new(stream) as _), Stream::Output),
        (child.stderr.take().map(|stream| Box::new(stream) as _), Stream::Error),
    ];
    let readers = streams.into_iter().filter_map(|(source, stream)| {
        let (source, output, redactor, inbox) = (source?, Arc::clone(output), Arc::clone(redactor), inbox.clone());
        Some(thread::spawn(move || {
            follow(source, stream, (&output, &redactor), &|| drop(inbox.send(Message::Happened(Input::LineSeen(run)))));
        }))
    });
    readers.collect()
}

fn follow(mut source: impl Read, stream: Stream, (output, redactor): (&Output, &Redactor), on_ready: &dyn Fn()) {
    let mut redacted = redactor.stream();
    let mut piece = vec![0; PIECE];
    let mut open: Vec<u8> = Vec::new();
    loop {
        let read = source.read(&mut piece).unwrap_or_default();
        let is_end = read == 0;
        open.extend(if is_end { redacted.finish() } else { redacted.push(piece.get(..read).unwrap_or_default()) });
        if is_end && !open.is_empty() && !open.ends_with(b"\n") {
            open.push(b'\n');
        }
        let mut whole = open.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        if whole == 0 && open.len() >= LONGEST_LINE {
            open.push(b'\n');
            whole = open.len();
        }
        if let Some(lines) = open.get(..whole).and_then(|lines| lines.strip_suffix(b"\n")) {
            let lines = || lines.split(|byte| *byte == b'\n');
            output.write(stream, lines());
            if output.ready_line.is_some() && lines().any(|line| output.is_ready_line(line)) {
                on_ready();
            }
        }
        open.drain(..whole);
        if is_end {
            return;
        }
    }
}

/// Sends the last line that a short command says, on standard error if there is one, when it has said everything. Its secrets go
/// with whoever shows it.
pub(super) fn last_words(child: &mut Child, sender: Sender<String>) {
    // One that has filled a pipe waits until somebody reads it, so both are read at once.
    let said = child.stdout.take().map(|stream| thread::spawn(move || last_line(stream)));
    let errors = child.stderr.take();
    thread::spawn(move || {
        let last = errors.map(last_line).filter(|line| !line.is_empty());
        let said = said.and_then(|reader| reader.join().ok());
        let _nobody_waits = sender.send(last.or(said).unwrap_or_default());
    });
}

fn last_line(stream: impl Read) -> String {
    let mut reader = BufReader::new(stream);
    let mut last = String::new();
    let mut line = Vec::new();
    while reader.by_ref().take(PIECE as u64).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text: String = printable(String::from_utf8_lossy(&line).trim()).chars().take(LONGEST_WORDS).collect();
        if !text.is_empty() {
            last = text;
        }
        line.clear();
    }
    last
}

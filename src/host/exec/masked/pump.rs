//! What one stream of a program says, on its way to ours and without secrets.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::secret::Redactor;
use crate::ui::passage::Output;

/// How long a stream is quiet before what may be the beginning of a secret counts as the end of a prompt.
const QUIET: Duration = Duration::from_millis(100);
/// How long what a program left running is listened to.
const LINGER: Duration = Duration::from_secs(1);
/// How often a stream is looked at whose program has ended.
const PAUSE: Duration = Duration::from_millis(5);
/// How many chunks are read ahead of a slow reader of ours.
const AHEAD: usize = 4;
const CHUNK: usize = 16 * 1024;

/// A stream on its way.
#[derive(Debug)]
pub(super) struct Pump {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    has_ended: AtomicBool,
    /// Whether everything that came was passed on.
    is_waiting: AtomicBool,
    /// How many chunks have come.
    chunks: AtomicU64,
}

impl Pump {
    /// Begins to pass a stream on.
    pub(super) fn start(from: Box<dyn Read + Send>, to: Output, redactor: Arc<Redactor>) -> Self {
        let state = Arc::new(State::default());
        let (sender, chunks) = mpsc::sync_channel(AHEAD);
        thread::spawn(move || read(from, &sender));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            pass_on(&chunks, to, &redactor, &shared);
            shared.has_ended.store(true, Ordering::SeqCst);
        });
        Self { state }
    }

    /// Waits until everything was passed on that the program said before it ended. What it left running may keep the stream
    /// open; a reader of ours that is slow is waited for.
    pub(super) fn wait(&self) {
        let began = Instant::now();
        let (mut seen, mut quiet_since) = (self.state.chunks.load(Ordering::SeqCst), began);
        while !self.state.has_ended.load(Ordering::SeqCst) {
            let chunks = self.state.chunks.load(Ordering::SeqCst);
            let is_waiting = self.state.is_waiting.load(Ordering::SeqCst);
            if chunks != seen || !is_waiting {
                (seen, quiet_since) = (chunks, Instant::now());
            }
            if is_waiting && (quiet_since.elapsed() > QUIET || began.elapsed() > LINGER) {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

fn read(mut from: Box<dyn Read + Send>, sender: &SyncSender<Vec<u8>>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer) {
            Ok(count @ 1..) => {
                // Nobody listens: the stream is closed, and the program learns of it as it would without us.
                if sender.send(buffer.get(..count).unwrap_or_default().to_vec()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // A terminal whose other side is closed says so with an error.
            Ok(0) | Err(_) => return,
        }
    }
}

fn pass_on(chunks: &Receiver<Vec<u8>>, to: Output, redactor: &Redactor, state: &State) {
    let mut stream = redactor.stream();
    loop {
        state.is_waiting.store(true, Ordering::SeqCst);
        let chunk = if stream.is_waiting() { chunks.recv_timeout(QUIET) } else { chunks.recv().map_err(RecvTimeoutError::from) };
        let said = match chunk {
            Ok(chunk) => {
                state.is_waiting.store(false, Ordering::SeqCst);
                state.chunks.fetch_add(1, Ordering::SeqCst);
                stream.push(&chunk)
            }
            Err(RecvTimeoutError::Timeout) => stream.pause(),
            Err(RecvTimeoutError::Disconnected) => {
                let _closed = to.write(&stream.finish());
                return;
            }
        };
        if !said.is_empty() && to.write(&said).is_err() {
            return;
        }
    }
}

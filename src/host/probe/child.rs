//! A program that a probe started: its end, and what it said until then. What it leaves running is waited for by nobody.

use std::io::Read;
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How often a program is looked at.
const PAUSE: Duration = Duration::from_millis(2);
/// How long it takes at most to read what a program has said before it ended.
const LINGER: Duration = Duration::from_secs(1);

/// Reads a stream on a thread of its own, piece by piece.
pub(super) fn drain(stream: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, pieces) = mpsc::channel();
    thread::spawn(move || {
        let Some(mut stream) = stream else { return };
        let mut buffer = [0; 8192];
        // What came before an error is what there is.
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if sender.send(piece).is_err() {
                return;
            }
        }
    });
    pieces
}

/// What a stream has held when its program has ended. Who left the group of the program may keep it open for ever.
pub(super) fn text(pieces: &Receiver<Vec<u8>>) -> String {
    let deadline = Instant::now() + LINGER;
    let mut bytes = Vec::new();
    while let Ok(piece) = pieces.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        bytes.extend(piece);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for a child; `None` when it did not end in time. Whatever it started in its group ends with it.
#[expect(clippy::option_option, reason = "ended by a signal is not the same as not ended")]
pub(super) fn wait(child: &mut Child, timeout: Duration) -> Option<Option<i32>> {
    let deadline = Instant::now() + timeout;
    let group = Pid::from_child(child);
    // It is not reaped before the group is ended, so that its number is nobody else's by then.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let has_ended = || waitid(WaitId::Pid(group), options).is_ok_and(|status| status.is_some());
    let mut ended = has_ended();
    while !ended && Instant::now() < deadline {
        thread::sleep(PAUSE);
        ended = has_ended();
    }
    let _gone = kill_process_group(group, Signal::KILL);
    let status = child.wait();
    ended.then(|| status.ok().and_then(|status| status.code()))
}

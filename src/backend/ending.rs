//! How the threads of a watch learn that nobody watches any more: a pause is cut short, and a connection is closed under
//! whoever reads from it. Ending waits for nobody.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::host::peer::Peer;

/// Whether it is over, and what is open until then.
#[derive(Debug, Default)]
pub(super) struct Ending {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    next: u64,
    open: Vec<(u64, Peer)>,
}

/// Keeps a connection among those that are closed in the end, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    ending: Arc<Ending>,
    number: u64,
}

impl Ending {
    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// Ends it.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        state.open.iter().for_each(|(_, peer)| peer.shut_down());
        self.wake.notify_all();
    }

    /// Waits, and says whether it is over.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !state.is_over {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_over
    }

    /// Closes a connection in the end.
    pub(super) fn hold(self: &Arc<Self>, peer: &Peer) -> Held {
        let mut state = self.lock();
        if state.is_over {
            peer.shut_down();
        }
        state.next += 1;
        let number = state.next;
        if let Ok(peer) = peer.try_clone() {
            state.open.push((number, peer));
        }
        Held { ending: Arc::clone(self), number }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ending.lock().open.retain(|(number, _)| *number != self.number);
    }
}

/// How long is waited before a runner is sought again: 250 ms at first, 2 s in the end.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(2);

    pub(super) const fn new() -> Self {
        Self(Self::FIRST)
    }

    /// Begins anew, after an answer.
    pub(super) const fn reset(&mut self) {
        self.0 = Self::FIRST;
    }

    /// Waits, longer each time, and says whether it is over.
    pub(super) fn pause(&mut self, ending: &Ending) -> bool {
        let time = self.0;
        self.0 = (time * 2).min(Self::LONGEST);
        ending.pause(time)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;

    #[test]
    fn an_end_cuts_pauses_and_reading_short() {
        let ending = Arc::new(Ending::default());
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut peer = Peer::Socket(ours);
        let held = ending.hold(&peer);
        let reader = thread::spawn(move || peer.read(&mut [0; 8]).unwrap());
        let sleeper = {
            let ending = Arc::clone(&ending);
            thread::spawn(move || ending.pause(Duration::from_secs(3600)))
        };
        ending.end();
        assert_eq!((reader.join().unwrap(), sleeper.join().unwrap()), (0, true));
        drop(held);
        assert!(ending.lock().open.is_empty());
    }

    #[test]
    fn a_runner_is_sought_less_and_less_often() {
        let ending = Ending::default();
        ending.end();
        let mut backoff = Backoff::new();
        let mut times = Vec::new();
        for _ in 0..5 {
            times.push(backoff.0.as_millis());
            backoff.pause(&ending);
        }
        assert_eq!(times, [250, 500, 1000, 2000, 2000]);
    }
}

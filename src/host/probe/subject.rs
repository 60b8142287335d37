//! A subject that is looked at on a thread of its own, until a deadline: a file that nobody writes to, or a file system
//! that does not answer, holds up what is known of one subject and nothing else.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Gathered, Vantage, store};

/// How many programs that do not answer are waited for, one after the other.
const PROGRAMS: u32 = 3;

/// Where what was found about a subject comes in.
pub(super) struct Subject<T> {
    name: &'static str,
    found: Receiver<(T, Duration)>,
}

/// Starts to look at a subject. A thread that never comes back ends with the process.
pub(super) fn look<T: Send + 'static>(name: &'static str, vantage: &Vantage, at: fn(&Vantage) -> T) -> Subject<T> {
    let (sender, found) = mpsc::channel();
    let vantage = vantage.clone();
    thread::spawn(move || {
        let start = Instant::now();
        let seen = at(&vantage);
        // Who has waited long enough has gone.
        let _late = sender.send((seen, start.elapsed()));
    });
    Subject { name, found }
}

/// When nobody is waited for any more. In depth the whole store is read and something is built.
pub(super) fn deadline(vantage: &Vantage) -> Instant {
    let usual = vantage.timeout * PROGRAMS;
    Instant::now() + if vantage.reach.deep { usual + store::PATIENCE } else { usual }
}

impl<T: Default> Subject<T> {
    /// What was found; nothing when the probe broke or did not come back, which is noted.
    pub(super) fn taken(self, deadline: Instant, gathered: &mut Gathered) -> T {
        match self.found.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((found, time)) => {
                gathered.times.insert(self.name, time);
                return found;
            }
            Err(RecvTimeoutError::Timeout) => gathered.facts.late.push(self.name),
            Err(RecvTimeoutError::Disconnected) => gathered.facts.broken.push(self.name),
        }
        T::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::vantage;
    use super::*;

    fn taken(at: fn(&Vantage) -> u8, time: Duration) -> (u8, Gathered) {
        let mut gathered = Gathered::default();
        let found = look("git", &vantage().1, at).taken(Instant::now() + time, &mut gathered);
        (found, gathered)
    }

    #[test]
    fn what_does_not_come_back_in_time_is_late_and_what_panics_is_broken() {
        let (found, gathered) = taken(
            |_| loop {
                thread::park();
            },
            Duration::from_millis(20),
        );
        assert_eq!((found, gathered.facts.late, gathered.facts.broken), (0, vec!["git"], vec![]));
        let (found, gathered) = taken(|_| panic!("on purpose"), Duration::from_secs(60));
        assert_eq!((found, gathered.facts.late, gathered.facts.broken), (0, vec![], vec!["git"]));
        let (found, gathered) = taken(|_| 7, Duration::from_secs(60));
        assert_eq!((found, gathered.times.contains_key("git")), (7, true));
    }
}

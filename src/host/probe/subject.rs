//! A subject that is looked at on a thread of its own, until a deadline: a file that nobody writes to, or a file system
//! that does not answer, holds up what is known of one subject and nothing else.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Gathered, Vantage, store};

/// How many programs that do not answer are waited for, one after the other.
const PROGRAMS: u32 = 3;

/// Where what was found about a subject comes in.
pub(super) struct Subject<T> {
    name: &'static str,
    found: Arc<Mutex<Option<T>>>,
    done: Receiver<Duration>,
}

/// Starts to look at a subject. A thread that never comes back ends with the process.
pub(super) fn look<T: Send + 'static>(name: &'static str, vantage: &Vantage, at: fn(&Vantage) -> T) -> Subject<T> {
    let vantage = vantage.clone();
    let found = Arc::new(Mutex::new(None));
    let place = Arc::clone(&found);
    let done = begin(Box::new(move || {
        let seen = at(&vantage);
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }));
    Subject { name, found, done }
}

/// Does something on a thread and tells how long it took. (Not generic: threads and channels would stand in the program once for
/// every subject.)
fn begin(work: Box<dyn FnOnce() + Send>) -> Receiver<Duration> {
    let (sender, done) = mpsc::channel();
    thread::spawn(move || {
        let start = Instant::now();
        work();
        // Who has waited long enough has gone.
        let _late = sender.send(start.elapsed());
    });
    done
}

/// When nobody is waited for any more. In depth the whole store is read and something is built.
pub(super) fn deadline(vantage: &Vantage) -> Instant {
    let usual = vantage.timeout * PROGRAMS;
    Instant::now() + if vantage.reach.deep { usual + store::PATIENCE } else { usual }
}

impl<T: Default> Subject<T> {
    /// What was found; nothing when the probe broke or did not come back, which is noted.
    pub(super) fn taken(self, deadline: Instant, gathered: &mut Gathered) -> T {
        match self.done.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(time) => drop(gathered.times.insert(self.name, time)),
            Err(RecvTimeoutError::Timeout) => {
                gathered.facts.late.push(self.name);
                return T::default();
            }
            Err(RecvTimeoutError::Disconnected) => gathered.facts.broken.push(self.name),
        }
        self.found.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
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

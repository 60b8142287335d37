//! Ctrl-C and SIGTERM: while steps are applied they end the run between two steps; at any other time at once.

use std::io;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal};
use signal_hook::SigId;
use signal_hook::consts::signal::{SIGHUP, SIGTERM};

static TIMES: AtomicU32 = AtomicU32::new(0);
static APPLYING: AtomicBool = AtomicBool::new(false);
static HANDED: AtomicBool = AtomicBool::new(false);
/// Programs that are asked to end when we are ended.
static COMPANIONS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// How often somebody has to ask before even a run that does not answer is ended. What is in the receipt by then is durable.
const ENOUGH: u32 = 4;

/// Listens for SIGINT, SIGTERM and SIGHUP. A second handler in one process is a no-op.
pub fn listen() {
    let _already_listening = ctrlc::set_handler(|| {
        if HANDED.load(Ordering::SeqCst) {
            return;
        }
        let times = TIMES.fetch_add(1, Ordering::SeqCst) + 1;
        if times >= ENOUGH || !APPLYING.load(Ordering::SeqCst) {
            crate::ask::restore_terminal();
            exit_at_once();
        }
    });
}

/// From now on interrupts are for a program that runs in our name, and end us when it ends.
pub fn pass_on() {
    HANDED.store(true, Ordering::SeqCst);
}

#[expect(clippy::disallowed_methods, reason = "the main thread waits in a prompt and cannot return")]
fn exit_at_once() {
    super::editor::forget();
    for pid in COMPANIONS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _gone = rustix::process::kill_process(pid, Signal::INT);
    }
    std::process::exit(i32::from(crate::error::ErrorKind::Interrupted.exit_code()));
}

/// Whether somebody asked to stop.
pub fn is_interrupted() -> bool {
    times() > 0
}

/// How often somebody asked to stop.
pub fn times() -> u32 {
    TIMES.load(Ordering::SeqCst)
}

/// A program that is asked to end, as Ctrl-C does, when we are ended while it runs. It is let go before anybody else can have
/// its number.
#[derive(Debug)]
pub struct Companion(Pid);

impl Companion {
    /// From now on.
    pub fn of(child: &Child) -> Self {
        let pid = Pid::from_child(child);
        COMPANIONS.lock().unwrap_or_else(PoisonError::into_inner).push(pid);
        Self(pid)
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        COMPANIONS.lock().unwrap_or_else(PoisonError::into_inner).retain(|pid| *pid != self.0);
    }
}

/// While it lives, an interrupt waits for the present step to end.
pub struct Applying(());

impl Applying {
    /// Begins to hold interrupts back.
    pub fn begin() -> Self {
        APPLYING.store(true, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Applying {
    fn drop(&mut self) {
        APPLYING.store(false, Ordering::SeqCst);
    }
}

/// While it lives, the terminal is another program's, and so is Ctrl-C. Whoever waits for that program asks whether somebody
/// wants to end both.
pub struct Handed {
    is_ended: Arc<AtomicBool>,
    listening: Vec<SigId>,
}

impl Handed {
    /// Hands the terminal over.
    pub fn begin() -> io::Result<Self> {
        let is_ended = Arc::new(AtomicBool::new(false));
        let register = |signal| signal_hook::flag::register(signal, Arc::clone(&is_ended));
        let listening = [SIGTERM, SIGHUP].into_iter().map(register).collect::<io::Result<_>>()?;
        HANDED.store(true, Ordering::SeqCst);
        Ok(Self { is_ended, listening })
    }

    /// Whether SIGTERM or SIGHUP came.
    pub fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::SeqCst)
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        HANDED.store(false, Ordering::SeqCst);
        self.listening.drain(..).for_each(|id| {
            signal_hook::low_level::unregister(id);
        });
    }
}

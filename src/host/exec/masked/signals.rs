//! Signals that reach us belong to the program that runs in our name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use portable_pty::MasterPty;
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::error::Error;
use crate::ui::passage::RawTerminal;

/// Signals that are held since before the program was started, so that none is lost.
pub(super) struct Forwarded {
    signals: Signals,
}

/// A program that gets our signals.
pub(super) struct Running {
    has_ended: Arc<AtomicBool>,
}

impl Running {
    /// Its process is gone; another may get its number.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::SeqCst);
    }
}

impl Forwarded {
    pub(super) fn listen() -> Result<Self, Error> {
        let signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH])?;
        Ok(Self { signals })
    }

    /// Passes signals on. A `terminal` of the program's gets the size of ours; one in front of it can still be stopped.
    pub(super) fn forward(self, pid: Pid, (terminal, place): (Option<Box<dyn MasterPty + Send>>, Place)) -> Running {
        let has_ended = Arc::new(AtomicBool::new(false));
        let running = Running { has_ended: Arc::clone(&has_ended) };
        let mut signals = self.signals;
        if place == Place::Behind {
            let _best_effort = signals.add_signal(SIGTSTP);
        }
        thread::spawn(move || {
            for signal in signals.forever().take_while(|_| !has_ended.load(Ordering::SeqCst)) {
                answer(signal, pid, terminal.as_deref(), place);
            }
        });
        running
    }
}

/// Where a program is, seen from our terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a terminal of its own: what happens to ours it learns from us only.
    Behind,
    /// In our group: what our terminal sends us it gets, too.
    Beside,
}

fn answer(signal: i32, pid: Pid, terminal: Option<&(dyn MasterPty + Send)>, place: Place) {
    match (signal, place) {
        (SIGWINCH, _) => {
            if let Some(terminal) = terminal {
                let _best_effort = terminal.resize(super::size());
            }
        }
        (SIGTSTP, _) => RawTerminal::give_back_for(|| {
            let _stopped = emulate_default_handler(SIGTSTP);
        }),
        (SIGINT | SIGQUIT, Place::Beside) if is_in_front() => {}
        (number, _) => {
            if let Some(signal) = Signal::from_named_raw(number) {
                let _gone = kill_process(pid, signal);
            }
        }
    }
}

/// Whether keys of a terminal reach our group.
fn is_in_front() -> bool {
    let terminal = fs_err::File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(terminal.file()).is_ok_and(|front| front == getpgrp()))
}

//! Ctrl-Z and `fg`: a screen that was taken over is given back before the process stops, and taken again when it goes on.

use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use signal_hook::consts::signal::{SIGCONT, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::ui::screen;

type Listener = Box<dyn Fn() + Send>;

/// Who is told that the screen is ours again.
static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);
static LISTENING: Once = Once::new();

/// Tells whoever draws when the screen was given away and came back. Without a screen the process stops as it always did.
pub fn listen(on_return: impl Fn() + Send + 'static) {
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(on_return));
    LISTENING.call_once(|| {
        // Without the handler Ctrl-Z stops the process with the screen taken: a nuisance, no reason to fail.
        if let Ok(mut signals) = Signals::new([SIGTSTP, SIGCONT]) {
            thread::spawn(move || signals.forever().for_each(answer));
        }
    });
}

/// Nobody draws any more.
pub fn ignore() {
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn answer(signal: i32) {
    let is_ours_again = screen::give_back_for(|| {
        if signal == SIGTSTP {
            let _stopped = emulate_default_handler(SIGTSTP);
        }
    });
    if is_ours_again && let Some(listener) = &*LISTENER.lock().unwrap_or_else(PoisonError::into_inner) {
        listener();
    }
}

/// Stops the process and those it shares the terminal with, as Ctrl-Z does where keys are not read one by one.
pub fn suspend() {
    let _best_effort = kill_current_process_group(Signal::TSTP);
}

/// Makes crossterm report a change of size, so that whoever waits for a key wakes up.
pub fn wake_reader() {
    let _best_effort = kill_process(getpid(), Signal::WINCH);
}

//! The whole screen: taken over for what is drawn, and given back however the program goes on or ends.
//!
//! One lock decides whose the terminal is. Once it is given back, what a drawing thread still had to say is dropped.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

/// How often, and after which pauses, a panic looks whether somebody else still draws.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// Whether the screen is taken over.
static IS_TAKEN: Mutex<bool> = Mutex::new(false);

fn lock() -> MutexGuard<'static, bool> {
    IS_TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the screen over: keys come one by one, and what was on it comes back afterwards.
pub fn take() -> io::Result<()> {
    let mut is_taken = lock();
    if !*is_taken {
        *is_taken = true;
        set_up().inspect_err(|_| {
            *is_taken = false;
            tear_down();
        })?;
    }
    Ok(())
}

/// Gives the screen back, when it is taken.
pub fn leave() {
    let mut is_taken = lock();
    if std::mem::take(&mut *is_taken) {
        tear_down();
    }
}

/// Gives the screen back from a panic, and says whether it was taken. Whoever panicked may hold the lock, so nobody waits
/// for it for ever.
pub fn leave_after_a_bug() -> bool {
    for _ in 0..TRIES {
        let mut is_taken = match IS_TAKEN.try_lock() {
            Ok(is_taken) => is_taken,
            Err(TryLockError::Poisoned(broken)) => broken.into_inner(),
            Err(TryLockError::WouldBlock) => {
                thread::sleep(PAUSE);
                continue;
            }
        };
        let was_taken = std::mem::take(&mut *is_taken);
        if was_taken {
            tear_down();
        }
        return was_taken;
    }
    tear_down();
    true
}

/// Gives the screen back while something is done, and says whether it was taken. Nobody draws meanwhile.
pub fn give_back_for(something: impl FnOnce()) -> bool {
    let is_taken = lock();
    if *is_taken {
        tear_down();
    }
    something();
    // A terminal that is gone says so to whoever reads from it.
    *is_taken && set_up().is_ok()
}

fn set_up() -> io::Result<()> {
    enable_raw_mode()?;
    crossterm::execute!(io::stderr(), EnterAlternateScreen, Hide, EnableBracketedPaste)
}

fn tear_down() {
    let _best_effort = crossterm::execute!(io::stderr(), DisableBracketedPaste, Show, LeaveAlternateScreen);
    let _best_effort = disable_raw_mode();
}

/// What is drawn on: bytes reach the terminal together when they are flushed, and only while the screen is taken.
#[derive(Debug, Default)]
pub struct Canvas {
    bytes: Vec<u8>,
}

impl Write for Canvas {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.bytes);
        let is_taken = lock();
        if *is_taken {
            let mut terminal = io::stderr().lock();
            terminal.write_all(&bytes)?;
            terminal.flush()?;
        }
        Ok(())
    }
}

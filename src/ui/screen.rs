//! The whole screen: taken over for what is drawn, and given back however the program goes on or ends.
//!
//! One lock decides whose the terminal is. Once it is given back, what a drawing thread still had to say is dropped.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
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
/// Whether clicks come to us while it is.
static HAS_MOUSE: AtomicBool = AtomicBool::new(false);

/// Who has the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// We: clicks and the wheel are messages. With shift, most terminals select text as ever.
    Ours,
    /// The terminal.
    Terminals,
}

/// Clicks and the wheel, by columns of any number; not every movement, as crossterm has it.
const MOUSE_ON: &str = "\u{1b}[?1000h\u{1b}[?1006h";
const MOUSE_OFF: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// Gives the mouse away, or takes it as long as the screen is taken.
pub fn share_mouse(mouse: Mouse) -> io::Result<()> {
    let is_taken = lock();
    HAS_MOUSE.store(mouse == Mouse::Ours, Ordering::SeqCst);
    if *is_taken { write_mouse(mouse) } else { Ok(()) }
}

fn write_mouse(mouse: Mouse) -> io::Result<()> {
    let mut terminal = io::stderr().lock();
    terminal.write_all(if mouse == Mouse::Ours { MOUSE_ON } else { MOUSE_OFF }.as_bytes())?;
    terminal.flush()
}

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

/// Lets the terminal say again that there is something to read, when there is. crossterm 0.29 forgets a key that comes together
/// with a change of size until the next one comes.
pub fn announce_input() {
    let is_taken = lock();
    if *is_taken {
        // Setting what is set already wakes whoever waits for input.
        let settings = rustix::termios::tcgetattr(io::stdin());
        let _best_effort =
            settings.map(|settings| rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &settings));
    }
}

fn set_up() -> io::Result<()> {
    enable_raw_mode()?;
    crossterm::execute!(io::stderr(), EnterAlternateScreen, Hide, EnableBracketedPaste)?;
    if HAS_MOUSE.load(Ordering::SeqCst) { write_mouse(Mouse::Ours) } else { Ok(()) }
}

fn tear_down() {
    if HAS_MOUSE.load(Ordering::SeqCst) {
        let _best_effort = write_mouse(Mouse::Terminals);
    }
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

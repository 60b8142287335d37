//! What a person and a program say to each other while nixstart stands between them: bytes as they are, and keys one by one.

use std::io::{self, IsTerminal, Write};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::termios::{Winsize, tcgetwinsize};

/// A stream of ours that a program writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Data.
    Stdout,
    /// Messages.
    Stderr,
}

impl Output {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// Whether it is a terminal.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }

    /// Its size, where it is a terminal.
    pub fn size(self) -> Option<Winsize> {
        match self {
            Self::Stdout => tcgetwinsize(io::stdout()).ok(),
            Self::Stderr => tcgetwinsize(io::stderr()).ok(),
        }
    }

    /// Passes bytes on, at once.
    pub fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => write_now(&mut io::stdout().lock(), bytes),
            Self::Stderr => write_now(&mut io::stderr().lock(), bytes),
        }
    }
}

fn write_now(stream: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

/// While it lives, our terminal hands keys on as they are typed, because another terminal behind it acts on them.
#[derive(Debug)]
pub struct RawTerminal(());

impl RawTerminal {
    /// Begins. A bug and the end of the program put the terminal back, too.
    pub fn begin() -> io::Result<Self> {
        enable_raw_mode().map(|()| Self(()))
    }

    /// Puts the terminal back while something is done.
    pub fn give_back_for(something: impl FnOnce()) {
        let _best_effort = disable_raw_mode();
        something();
        let _best_effort = enable_raw_mode();
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _best_effort = disable_raw_mode();
    }
}

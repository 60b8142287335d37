//! Waits until somebody has read what was printed.

use std::io::{self, Write};

/// Says what to do, and waits for a line. Where nobody can answer, it does not wait.
pub fn until_enter(text: &str) {
    let mut terminal = io::stderr().lock();
    let _best_effort = write!(terminal, "\n{text} ");
    let _best_effort = terminal.flush();
    let mut line = String::new();
    let _best_effort = io::stdin().read_line(&mut line);
}

//! Ctrl-C and SIGTERM: while steps are applied they end the run between two steps; at any other time at once.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static APPLYING: AtomicBool = AtomicBool::new(false);

/// Listens for SIGINT, SIGTERM and SIGHUP. A second handler in one process is a no-op.
pub fn listen() {
    let _already_listening = ctrlc::set_handler(|| {
        INTERRUPTED.store(true, Ordering::SeqCst);
        if !APPLYING.load(Ordering::SeqCst) {
            crate::ask::restore_terminal();
            exit_at_once();
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "the main thread waits in a prompt and cannot return")]
fn exit_at_once() {
    std::process::exit(i32::from(crate::error::ErrorKind::Interrupted.exit_code()));
}

/// Whether somebody asked to stop.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
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

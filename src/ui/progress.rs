//! Lines at the end of the terminal that are drawn anew while something runs, and are gone when it is done.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;

/// How often it is drawn at most, each second.
const RATE: u8 = 10;

/// The lines.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Begins to draw; nothing where nobody looks, or where nothing may be drawn anew.
    pub fn begin(ui: &Ui) -> Option<Self> {
        if !ui.can_redraw() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(RATE));
        bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Some(Self { bar })
    }

    /// Shows these lines in place of the last ones.
    pub fn show(&self, lines: &[String]) {
        self.bar.set_message(lines.join("\n"));
        self.bar.tick();
    }

    /// Says something above the lines.
    pub fn above(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

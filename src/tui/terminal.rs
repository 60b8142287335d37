//! The terminal while a screen is on it: a thread that reads keys, an inbox, and the surface that is drawn on.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::event;
use ratatui::backend::CrosstermBackend;

use super::model::Model;
use super::msg::Msg;
use super::view;
use crate::error::Result;
use crate::host::job_control;
use crate::ui::screen::{self, Canvas};

/// A terminal that is ours until it is dropped.
pub(super) struct Terminal {
    surface: ratatui::Terminal<CrosstermBackend<Canvas>>,
    inbox: Receiver<Msg>,
    is_closing: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    /// When the next second has passed, while something counts them.
    next_tick: Option<Instant>,
}

/// A second; tests have shorter ones.
fn second() -> Duration {
    #[cfg(debug_assertions)]
    if let Some(milliseconds) = crate::env_vars::get(crate::env_vars::TEST_SECOND).and_then(|text| text.parse().ok()) {
        return Duration::from_millis(milliseconds);
    }
    Duration::from_secs(1)
}

impl Terminal {
    pub(super) fn open() -> Result<Self> {
        screen::take()?;
        Self::start().inspect_err(|_| screen::leave())
    }

    fn start() -> Result<Self> {
        // From now on a change of size wakes the reader; see `drop`.
        event::poll(Duration::ZERO)?;
        let surface = ratatui::Terminal::new(CrosstermBackend::new(Canvas::default()))?;
        let (sender, inbox) = mpsc::channel();
        let returned = sender.clone();
        job_control::listen(move || drop(returned.send(Msg::Returned)));
        let is_closing = Arc::new(AtomicBool::new(false));
        let reader = thread::spawn({
            let is_closing = Arc::clone(&is_closing);
            move || read(&Outbox(sender), &is_closing)
        });
        Ok(Self { surface, inbox, is_closing, reader: Some(reader), next_tick: None })
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> Result<(u16, u16)> {
        let size = self.surface.size()?;
        Ok((size.width, size.height))
    }

    pub(super) fn draw(&mut self, model: &Model) -> Result<()> {
        self.surface.draw(|frame| view::view(model, frame))?;
        Ok(())
    }

    /// Forgets what is on the screen.
    pub(super) fn redraw(&mut self) -> Result<()> {
        let size = self.surface.size()?;
        Ok(self.surface.resize(ratatui::layout::Rect::from((ratatui::layout::Position::ORIGIN, size)))?)
    }

    /// Waits for a message, and takes those that wait with it. While something counts time, a second is a message too,
    /// whatever else comes.
    pub(super) fn receive(&mut self, is_counting: bool) -> Vec<Msg> {
        let now = Instant::now();
        self.next_tick = is_counting.then(|| self.next_tick.unwrap_or(now + second()));
        let first = match self.next_tick {
            None => self.inbox.recv().unwrap_or(Msg::Lost),
            Some(tick) => match self.receive_until(tick) {
                Ok(msg) => msg,
                Err(RecvTimeoutError::Timeout) => {
                    self.next_tick = Some(Instant::now() + second());
                    Msg::Tick
                }
                Err(RecvTimeoutError::Disconnected) => Msg::Lost,
            },
        };
        #[cfg(debug_assertions)]
        if matches!(first, Msg::Key(_)) {
            panic_when_asked("main");
        }
        std::iter::once(first).chain(self.inbox.try_iter()).collect()
    }

    /// Keys that come without a pause do not hold time up.
    fn receive_until(&self, tick: Instant) -> std::result::Result<Msg, RecvTimeoutError> {
        let left = tick.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(RecvTimeoutError::Timeout) } else { self.inbox.recv_timeout(left) }
    }

    /// Asks the terminal to put a text into the clipboard (OSC 52). Nobody answers; many terminals do it.
    pub(super) fn copy(&mut self, text: &str) -> Result<()> {
        let backend = self.surface.backend_mut();
        write!(backend, "\u{1b}]52;c;{}\u{7}", STANDARD.encode(text))?;
        Ok(Write::flush(backend)?)
    }

    #[expect(clippy::unused_self, reason = "only a terminal that is ours is given away")]
    pub(super) fn suspend(&self) {
        job_control::suspend();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        job_control::ignore();
        self.is_closing.store(true, Ordering::SeqCst);
        job_control::wake_reader();
        // A key that comes from now on belongs to whoever asks next.
        let _ended = self.reader.take().map(JoinHandle::join);
        screen::leave();
    }
}

/// Says that the reader has ended, however it did.
struct Outbox(Sender<Msg>);

impl Drop for Outbox {
    fn drop(&mut self) {
        let _closed = self.0.send(Msg::Lost);
    }
}

/// A bug, for the test that no bug leaves a terminal that cannot be used.
#[cfg(debug_assertions)]
fn panic_when_asked(thread: &str) {
    assert!(crate::env_vars::get(crate::env_vars::TEST_PANIC).as_deref() != Some(thread), "the thread `{thread}` was asked to");
}

fn read(outbox: &Outbox, is_closing: &AtomicBool) {
    while let Ok(event) = event::read() {
        #[cfg(debug_assertions)]
        if matches!(event, event::Event::Key(_)) {
            panic_when_asked("reader");
            thread::spawn(|| panic_when_asked("another"));
        }
        let is_heard = Msg::of(event).is_none_or(|msg| outbox.0.send(msg).is_ok());
        if is_closing.load(Ordering::SeqCst) || !is_heard {
            return;
        }
    }
}

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
    sender: Sender<Msg>,
    is_closing: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    /// When the next second has passed, while something counts them.
    next_tick: Option<Instant>,
}

/// More messages wait until what these have done is seen.
const MOST_AT_ONCE: usize = 1000;

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
        let reader = Some(begin_to_read(&sender, &is_closing));
        Ok(Self { surface, inbox, sender, is_closing, reader, next_tick: None })
    }

    /// Gives the terminal to something that needs it to itself, keys and all, and takes it again.
    pub(super) fn away<T>(&mut self, something: impl FnOnce() -> T) -> Result<T> {
        self.stop_reading();
        screen::leave();
        let done = something();
        screen::take()?;
        self.is_closing = Arc::new(AtomicBool::new(false));
        self.reader = Some(begin_to_read(&self.sender, &self.is_closing));
        let (columns, rows) = self.size()?;
        for msg in [Msg::Resize(columns, rows), Msg::Returned] {
            let _inbox_is_ours = self.sender.send(msg);
        }
        Ok(done)
    }

    /// A key that comes from now on belongs to whoever asks next.
    fn stop_reading(&mut self) {
        self.is_closing.store(true, Ordering::SeqCst);
        job_control::wake_reader();
        let _ended = self.reader.take().map(JoinHandle::join);
    }

    /// Where whoever works for the screen sends messages.
    pub(super) fn sender(&self) -> Sender<Msg> {
        self.sender.clone()
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
    /// whatever else comes. At a deadline there may be no message at all.
    pub(super) fn receive(&mut self, is_counting: bool, deadline: Option<Instant>) -> Vec<Msg> {
        let now = Instant::now();
        self.next_tick = is_counting.then(|| self.next_tick.unwrap_or(now + second()));
        let first = match self.next_tick.into_iter().chain(deadline).min() {
            None => Some(self.inbox.recv().unwrap_or(Msg::Lost)),
            Some(until) => match self.receive_until(until) {
                Ok(msg) => Some(msg),
                Err(RecvTimeoutError::Timeout) => self.tick(),
                Err(RecvTimeoutError::Disconnected) => Some(Msg::Lost),
            },
        };
        #[cfg(debug_assertions)]
        if matches!(first, Some(Msg::Key(_))) {
            panic_when_asked("main");
        }
        first.into_iter().chain(self.inbox.try_iter().take(MOST_AT_ONCE)).collect()
    }

    /// A second, when it has passed.
    fn tick(&mut self) -> Option<Msg> {
        let now = Instant::now();
        self.next_tick.filter(|tick| *tick <= now)?;
        self.next_tick = Some(now + second());
        Some(Msg::Tick)
    }

    /// Messages that come without a pause do not hold time up.
    fn receive_until(&self, until: Instant) -> std::result::Result<Msg, RecvTimeoutError> {
        let left = until.saturating_duration_since(Instant::now());
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
        self.stop_reading();
        screen::leave();
        let _best_effort = screen::share_mouse(screen::Mouse::Terminals);
    }
}

fn begin_to_read(sender: &Sender<Msg>, is_closing: &Arc<AtomicBool>) -> JoinHandle<()> {
    let outbox = Outbox(sender.clone(), Arc::clone(is_closing));
    thread::spawn(move || read(&outbox))
}

/// Says that the reader has ended, however it did, unless somebody wanted it to.
struct Outbox(Sender<Msg>, Arc<AtomicBool>);

impl Drop for Outbox {
    fn drop(&mut self) {
        if !self.1.load(Ordering::SeqCst) {
            let _closed = self.0.send(Msg::Lost);
        }
    }
}

/// A bug, for the test that no bug leaves a terminal that cannot be used.
#[cfg(debug_assertions)]
fn panic_when_asked(thread: &str) {
    assert!(crate::env_vars::get(crate::env_vars::TEST_PANIC).as_deref() != Some(thread), "the thread `{thread}` was asked to");
}

fn read(outbox: &Outbox) {
    while let Ok(event) = event::read() {
        #[cfg(debug_assertions)]
        if matches!(event, event::Event::Key(_)) {
            panic_when_asked("reader");
            thread::spawn(|| panic_when_asked("another"));
        }
        let may_hide_keys = matches!(event, event::Event::Resize(..));
        let is_heard = Msg::of(event).is_none_or(|msg| outbox.0.send(msg).is_ok());
        if outbox.1.load(Ordering::SeqCst) || !is_heard {
            return;
        }
        if may_hide_keys {
            screen::announce_input();
        }
    }
}

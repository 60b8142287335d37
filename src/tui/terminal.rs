//! The terminal while a screen is on it: a thread that reads keys, an inbox, and the surface that is drawn on.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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
        Ok(Self { surface, inbox, is_closing, reader: Some(reader) })
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

    /// Waits for a message, and takes those that wait with it.
    pub(super) fn receive(&self) -> Vec<Msg> {
        let first = self.inbox.recv().unwrap_or(Msg::Lost);
        std::iter::once(first).chain(self.inbox.try_iter()).collect()
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

fn read(outbox: &Outbox, is_closing: &AtomicBool) {
    while let Ok(event) = event::read() {
        let is_heard = Msg::of(event).is_none_or(|msg| outbox.0.send(msg).is_ok());
        if is_closing.load(Ordering::SeqCst) || !is_heard {
            return;
        }
    }
}

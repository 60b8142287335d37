//! How often is drawn: at once when a person waits for it, else some thirty times a second at most, and never for nothing.

use std::time::{Duration, Instant};

use super::msg::Msg;

/// What nobody waits for is drawn after so much time.
const FRAME: Duration = Duration::from_millis(33);

/// When was drawn, and what waits.
#[derive(Debug, Default)]
pub(super) struct Pace {
    drawn: Option<Instant>,
    grown: Option<Instant>,
    /// Whether somebody waits for the next picture.
    is_urgent: bool,
    /// Whether processes have said something that was not looked at.
    has_grown: bool,
}

fn is_over(since: Option<Instant>) -> bool {
    since.is_none_or(|since| since.elapsed() >= FRAME)
}

impl Pace {
    /// Whether a picture may be drawn now; the answer yes counts as drawn.
    pub(super) fn may_draw(&mut self) -> bool {
        let may = std::mem::take(&mut self.is_urgent) || is_over(self.drawn);
        if may {
            self.drawn = Some(Instant::now());
        }
        may
    }

    /// Until when may be waited for messages, when something waits to be drawn or looked at.
    pub(super) fn deadline(&self, is_dirty: bool) -> Option<Instant> {
        let drawn = self.drawn.filter(|_| is_dirty);
        let grown = self.grown.filter(|_| self.has_grown);
        drawn.into_iter().chain(grown).min().map(|since| since + FRAME)
    }

    /// Keeps the news that processes have said something back until its time has come. From then on it can come again.
    pub(super) fn slow_down(&mut self, msgs: &mut Vec<Msg>, listen: impl FnOnce()) {
        let before = msgs.len();
        msgs.retain(|msg| *msg != Msg::LogsGrew);
        self.has_grown |= msgs.len() < before;
        if self.has_grown && is_over(self.grown) {
            (self.has_grown, self.grown) = (false, Some(Instant::now()));
            listen();
            msgs.push(Msg::LogsGrew);
        }
    }

    /// Knows that a message was taken in.
    pub(super) const fn take(&mut self, msg: &Msg) {
        self.is_urgent |= msg.is_urgent();
    }
}

#[cfg(test)]
mod tests {
    use super::super::msg::Key;
    use super::*;

    #[test]
    fn a_key_is_drawn_at_once_and_everything_else_when_its_time_has_come() {
        let mut pace = Pace::default();
        assert!(pace.may_draw() && !pace.may_draw());
        assert!(pace.deadline(true).is_some() && pace.deadline(false).is_none());
        pace.take(&Msg::Tick);
        assert!(!pace.may_draw());
        pace.take(&Msg::Key(Key::named("a")));
        assert!(pace.may_draw() && !pace.may_draw());
    }

    #[test]
    fn news_of_lines_comes_once_in_a_while() {
        let mut pace = Pace::default();
        let mut msgs = vec![Msg::LogsGrew, Msg::Tick, Msg::LogsGrew];
        let mut heard = 0;
        pace.slow_down(&mut msgs, || heard += 1);
        assert_eq!((msgs, heard), (vec![Msg::Tick, Msg::LogsGrew], 1));
        let mut msgs = vec![Msg::LogsGrew];
        pace.slow_down(&mut msgs, || heard += 1);
        assert_eq!((msgs, heard), (Vec::new(), 1));
        assert!(pace.deadline(false).is_some());
    }
}

//! How states and shares look: a symbol and a word, never a colour alone.

use crate::process::{NamedPort, ProcessState};
use crate::tui::theme::Theme;
use crate::ui::process_view;
use crate::ui::style::Role;

/// The symbol of a state, and what it is drawn like.
pub(super) const fn symbol(state: &ProcessState, theme: Theme) -> (char, Role) {
    let drawn = match state {
        ProcessState::Ready | ProcessState::Completed => '✓',
        ProcessState::Running => '●',
        ProcessState::Starting => '◐',
        ProcessState::Pending => '○',
        ProcessState::Stopping => '◑',
        ProcessState::Backoff => '↻',
        ProcessState::Failed => '✗',
        ProcessState::Skipped => '⊘',
        ProcessState::Disabled => '–',
        ProcessState::Stopped => '■',
        ProcessState::Unknown(_) => '?',
    };
    (if theme.is_unicode { drawn } else { process_view::symbol(state) }, process_view::role(state))
}

/// Hundredths of a processor.
pub(super) fn percent(cpu: f32) -> String {
    if cpu.is_finite() { format!("{:.0}%", cpu.clamp(0.0, 999_999.0)) } else { "?".to_owned() }
}

/// Where a port answers, as far as that can be told from its name.
pub(super) fn address(port: &NamedPort) -> String {
    let name = port.name.to_lowercase();
    let is_other = ["postgres", "mysql", "redis", "smtp", "grpc", "mongo", "nats", "amqp", "debug", "db", "ssh", "tcp", "udp"];
    if port.name.is_empty() || is_other.iter().any(|other| name.contains(other)) {
        format!("localhost:{}", port.port)
    } else {
        format!("http://localhost:{}", port.port)
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn a_share_of_a_processor_is_short() {
        assert_eq!([0.4, 250.0, f32::NAN, -1.0].map(percent), ["0%", "250%", "?", "0%"]);
    }
}

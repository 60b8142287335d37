//! How builds look: the lines that are drawn anew while Nix works, and lengths of time and data for people.

use std::time::Duration;

use super::columns::{cut, width};
use super::style::Role;
use crate::nix::build::{Build, BuildState, Counts};
use crate::nix::build_history::History;
use crate::nix::closure::Growth;

/// So many builds are shown at once.
const MOST_BUILDS: usize = 6;
/// What stands where a line is cut.
const MARK: &str = "~";
/// So many packages are named that have made a closure larger or smaller.
const MOST_PACKAGES: usize = 4;

/// A length of time: `0:04`, `1:02:03`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A number of bytes in the units that Nix uses.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let (mut tenths, mut unit) = (u128::from(bytes) * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS.get(unit).unwrap_or(&"TiB"))
}

/// What is going on, in a line and a few more for the builds that run; none is wider than `columns`.
pub fn progress(state: &BuildState, now: Duration, history: &History, columns: usize) -> Vec<String> {
    let mut lines = vec![cut(&summary(state, now), columns, MARK)];
    let running: Vec<&Build> = state.running().collect();
    lines.extend(running.iter().take(MOST_BUILDS).map(|build| build_line(build, now, history, columns)));
    if running.len() > MOST_BUILDS {
        lines.push(format!("  and {} more", running.len() - MOST_BUILDS));
    }
    lines
}

/// Everything in one line.
pub fn summary(state: &BuildState, now: Duration) -> String {
    counted(&Counts::of(state), &state.status, now)
}

/// The numbers of a run in a line; as long as there are none, what Nix is busy with.
pub fn counted(counts: &Counts, status: &str, now: Duration) -> String {
    let Counts { running, built, planned, fetched, fetches, bytes: size, .. } = *counts;
    let mut parts = Vec::new();
    if running > 0 {
        parts.push(format!("building {running}"));
    }
    if built > 0 || planned > 0 {
        parts.push(if planned > 0 { format!("built {built} of {planned}") } else { format!("built {built}") });
    }
    if fetches > 0 {
        let size = if size > 0 { format!(" ({})", bytes(size)) } else { String::new() };
        parts.push(format!("fetched {fetched} of {fetches}{size}"));
    }
    if parts.is_empty() {
        parts.push(if status.is_empty() { "evaluating".to_owned() } else { status.to_owned() });
    }
    parts.push(duration(now));
    parts.join(", ")
}

/// How long something takes, and how long it took before: `0:04 of about 0:12`.
pub fn timed(elapsed: Duration, estimate: Option<Duration>) -> String {
    let before = estimate.map(|estimate| format!(" of about {}", duration(estimate))).unwrap_or_default();
    format!("{}{before}", duration(elapsed))
}

/// By how much a closure has grown, and through what.
pub fn growth(growth: &Growth) -> String {
    let signed = |difference: i64| {
        let sign = if difference < 0 { "-" } else { "+" };
        format!("{sign}{}", bytes(difference.unsigned_abs()))
    };
    if growth.packages.is_empty() {
        return "as big as before".to_owned();
    }
    let shown = growth.packages.iter().take(MOST_PACKAGES);
    let shown: Vec<String> = shown.map(|(package, difference)| format!("{package} {}", signed(*difference))).collect();
    let rest = growth.packages.len().saturating_sub(MOST_PACKAGES);
    let rest = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    format!("{} since the last build: {}{rest}", signed(growth.total), shown.join(", "))
}

fn build_line(build: &Build, now: Duration, history: &History, columns: usize) -> String {
    let phase = build.phase.as_deref().unwrap_or_default();
    let time = timed(build.elapsed(now), history.estimate(&build.machine, build.name()));
    let head = format!("  {}  {phase}{}{time}", build.name(), if phase.is_empty() { "" } else { "  " });
    let head = cut(&head, columns, MARK);
    let room = columns.saturating_sub(width(&head) + 2);
    match build.log.last().filter(|line| room > 10 && !line.trim().is_empty()) {
        Some(line) => format!("{head}  {}", Role::Quiet.paint(&cut(line.trim(), room, MARK))),
        None => head,
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::nix::log::{self, Line};
    use crate::plain_text::strip_escapes;

    #[test]
    fn times_and_sizes_read_well() {
        assert_eq!([0, 61, 3723].map(|seconds| duration(Duration::from_secs(seconds))), ["0:00", "1:01", "1:02:03"]);
        assert_eq!([0, 1023, 1024, 12_700_000, 1 << 41].map(bytes), ["0 bytes", "1023 bytes", "1.0 KiB", "12.1 MiB", "2.0 TiB"]);
    }

    #[test]
    fn growth_is_told_with_what_it_comes_from() {
        let packages = ["a", "b", "c", "d", "e"].map(|name| (name.to_owned(), 1024)).into();
        let grown = Growth { total: 5120, packages };
        assert_eq!(growth(&grown), "+5.0 KiB since the last build: a +1.0 KiB, b +1.0 KiB, c +1.0 KiB, d +1.0 KiB, and 1 more");
        assert_eq!(growth(&Growth { total: -3, packages: vec![("a".into(), -3)] }), "-3 bytes since the last build: a -3 bytes");
        assert_eq!(growth(&Growth::default()), "as big as before");
        let time = Duration::from_secs;
        assert_eq!([timed(time(4), Some(time(12))), timed(time(4), None)], ["0:04 of about 0:12", "0:04"]);
    }

    #[test]
    fn what_is_drawn_is_never_wider_than_the_screen() {
        let mut state = BuildState::default();
        let long = "ä漢".repeat(300);
        for id in 0..9 {
            let start = format!(r#"@nix {{"action":"start","id":{id},"type":105,"fields":["/nix/store/{long}{id}.drv",""]}}"#);
            let line = format!(r#"@nix {{"action":"result","id":{id},"type":101,"fields":["{long}"]}}"#);
            for text in [start, line] {
                let Line::Event(event) = log::read(text.as_bytes()) else { panic!("{text}") };
                state.apply(&event, Duration::ZERO);
            }
        }
        for columns in [1, 20, 60, 80, 200] {
            let lines = progress(&state, Duration::from_secs(3), &History::default(), columns);
            assert_eq!(lines.len(), 1 + MOST_BUILDS + 1);
            let plain = lines.iter().map(|line| strip_escapes(line));
            let wide: Vec<String> = plain.take(1 + MOST_BUILDS).filter(|line| width(line) > columns).collect();
            assert!(wide.is_empty(), "{columns}: {wide:?}");
        }
        assert_eq!(summary(&state, Duration::from_secs(3)), "building 9, 0:03");
    }
}

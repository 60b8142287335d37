//! Feeds the dashboard a million lines of twenty processes, and prints lines a second, the resident kilobytes after it, and the
//! slowest of some keys until its picture is drawn, in microseconds: following, paging, searching to the far end, filtering. The
//! last two wait for what a thread beside the screen works out in the program, so they are how long its answer takes.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use camino::Utf8PathBuf;
use nixstart::host::log_store::BUDGET;
use nixstart::process::{LogLine, Process, ProcessState, Stream};
use nixstart::tui::dash::{Opening, Tab};
use nixstart::tui::rehearsal::Rehearsal;

const LINES: u64 = 1_000_000;
const BATCH: u64 = 500;

fn line(number: u64) -> LogLine {
    let text =
        format!("{{\"level\":\"info\",\"msg\":\"request {number} was answered\",\"status\":200,\"took\":{}}}", number % 97);
    let process: Arc<str> = format!("worker-{}", number % 20).into();
    LogLine { process, stream: Stream::Output, time: Some(1_767_225_600_000 + number), text }
}

fn resident() -> String {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

fn main() -> std::io::Result<()> {
    let directory = tempfile::tempdir()?;
    let spool = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap_or_default();
    let declared = (0..20).map(|number| Process::new(format!("worker-{number}"), ProcessState::Running)).collect();
    let opening = Opening { tab: Tab::Logs, ..Opening::of("bench", declared) };
    let mut dash = Rehearsal::new(opening, (140, 40), (BUDGET, spool));
    let begun = Instant::now();
    for first in (0..LINES).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let batch: Vec<LogLine> = (first..first + BATCH).map(line).collect();
        dash.say(&batch);
    }
    let speed = u128::from(LINES) * 1000 / begun.elapsed().as_millis().max(1);
    let mut slowest = |keys: &str| dash.time_keys(keys).iter().map(std::time::Duration::as_micros).max().unwrap_or_default();
    let times = [
        slowest("G k j k k j"),
        slowest("pgup pgup pgup pgup pgup pgup pgup pgup"),
        slowest("g pgdn pgdn pgdn G"),
        slowest("J w t"),
        // The text of the first line alone: everything is read.
        slowest("/ r e q u e s t space 0 space w enter"),
        slowest("& esc"),
    ];
    writeln!(std::io::stdout(), "{speed} {} {times:?}", resident())
}

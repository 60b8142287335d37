//! Processes in words: a table, a line for each change, times and sizes as people read them.

use super::columns;
use super::style::Role;
use crate::process::{Process, ProcessState};

/// The mark of a state; its word always stands beside it.
pub const fn symbol(state: &ProcessState) -> char {
    match state {
        ProcessState::Ready | ProcessState::Running | ProcessState::Completed => '+',
        ProcessState::Failed | ProcessState::Skipped => 'x',
        ProcessState::Backoff => '!',
        ProcessState::Starting | ProcessState::Stopping | ProcessState::Pending => '~',
        ProcessState::Stopped | ProcessState::Disabled => '-',
        ProcessState::Unknown(_) => '?',
    }
}

/// How a state is painted.
pub const fn role(state: &ProcessState) -> Role {
    match state {
        ProcessState::Ready | ProcessState::Running | ProcessState::Completed => Role::Success,
        ProcessState::Failed | ProcessState::Skipped => Role::Error,
        ProcessState::Backoff | ProcessState::Unknown(_) => Role::Warning,
        ProcessState::Starting | ProcessState::Stopping | ProcessState::Pending => Role::Name,
        ProcessState::Stopped | ProcessState::Disabled => Role::Quiet,
    }
}

/// A process in a line, for those who are told one change after the other: `web is ready`, `db has failed: exit code 1`.
pub fn change(process: &Process) -> String {
    let name = &process.name;
    let why = process.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    match &process.state {
        ProcessState::Disabled => format!("{name} is disabled"),
        ProcessState::Pending => format!("{name} {}", process.why.as_deref().unwrap_or("waits")),
        ProcessState::Starting => format!("{name} starts{why}"),
        ProcessState::Running => format!("{name} runs"),
        ProcessState::Ready => format!("{name} is ready"),
        ProcessState::Stopping => format!("{name} is being stopped"),
        ProcessState::Stopped => format!("{name} is stopped{why}"),
        ProcessState::Backoff => format!("{name} has ended{why}; it is started again"),
        ProcessState::Completed => format!("{name} is done"),
        ProcessState::Failed => format!("{name} has failed{why}"),
        ProcessState::Skipped => format!("{name} was skipped{why}"),
        ProcessState::Unknown(text) => format!("{name} is `{text}`"),
    }
}

/// The same with its mark in front, as it is said on a terminal.
pub fn news(process: &Process) -> String {
    format!("{} {}", role(&process.state).paint(&symbol(&process.state).to_string()), change(process))
}

/// That lines of a process were lost, as far as somebody knows how many and why.
pub fn lost(process: &str, lines: Option<u64>, why: Option<&str>) -> String {
    let were = match lines {
        None => format!("lines of `{process}` were"),
        Some(1) => format!("1 line of `{process}` was"),
        Some(lines) => format!("{lines} lines of `{process}` were"),
    };
    format!("{were} lost{}", why.map(|why| format!(": {why}")).unwrap_or_default())
}

/// The processes as a table. Columns that nobody has anything in are left out; why a process is where it is comes last.
pub fn table(processes: &[Process], now: u64) -> String {
    let rows: Vec<[String; 9]> = processes.iter().map(|process| row(process, now)).collect();
    let heads = ["NAME", "STATE", "PID", "UPTIME", "RESTARTS", "EXIT", "CPU", "MEMORY", "PORTS"];
    let shown: Vec<usize> =
        (0..heads.len()).filter(|column| *column < 2 || rows.iter().any(|row| has_text(row, *column))).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| columns::width(cell));
        cells.chain(heads.get(column).map(|head| head.len())).max().unwrap_or_default()
    };
    let line = |cells: &[String]| {
        let cells = shown.iter().filter_map(|column| Some((cells.get(*column)?, width(*column))));
        let padded = cells.map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(columns::width(cell)))));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = Role::Heading.paint(&line(&heads.map(str::to_owned))) + "\n";
    for (process, row) in processes.iter().zip(&rows) {
        text += &line(row);
        text += "\n";
        if let Some(why) = &process.why {
            text += &format!("    {}\n", Role::Quiet.paint(why));
        }
    }
    text
}

fn has_text(row: &[String; 9], column: usize) -> bool {
    row.get(column).is_some_and(|cell| !cell.is_empty())
}

fn row(process: &Process, now: u64) -> [String; 9] {
    let usage = process.usage;
    let up = process.started.filter(|_| process.state.is_alive()).map(|started| duration(now.saturating_sub(started) / 1000));
    [
        process.name.clone(),
        format!("{} {}", symbol(&process.state), process.state.word()),
        process.pid.map(|pid| pid.to_string()).unwrap_or_default(),
        up.unwrap_or_default(),
        if process.restarts == 0 { String::new() } else { process.restarts.to_string() },
        process.exit.map(|exit| exit.to_string().replace("exit code ", "")).unwrap_or_default(),
        usage.map(|usage| format!("{:.1} %", usage.cpu)).unwrap_or_default(),
        usage.map(|usage| size(usage.memory)).unwrap_or_default(),
        process.ports.iter().map(|port| port.port.to_string()).collect::<Vec<_>>().join(" "),
    ]
}

/// A time in at most six columns: `5s`, `12m`, `3h04m`, `2d11h`.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, 1..=9) => format!("{minutes}m{:02}s", seconds % 60),
        (0, 0, _) => format!("{minutes}m"),
        (0, ..) => format!("{hours}h{:02}m", minutes % 60),
        (1..=99, ..) => format!("{days}d{:02}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// A size in memory in at most five columns.
pub fn size(bytes: u64) -> String {
    let units = ["B", "K", "M", "G", "T"];
    let (mut whole, mut tenths, mut unit) = (bytes, 0, 0);
    while whole >= 1000 && unit + 1 < units.len() {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    let unit = units.get(unit).copied().unwrap_or_default();
    if whole < 10 && unit != "B" { format!("{whole}.{tenths}{unit}") } else { format!("{whole}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Exit, NamedPort, Usage};

    #[test]
    fn who_is_stopped_says_why_when_that_needs_saying() {
        let stopped = Process::new("web", ProcessState::Stopped);
        assert_eq!(change(&stopped), "web is stopped");
        let why = Some("SIGTERM was sent to it".to_owned());
        assert_eq!(change(&Process { why, ..stopped }), "web is stopped: SIGTERM was sent to it");
    }

    #[test]
    fn lines_that_were_lost_are_counted_where_somebody_could() {
        assert_eq!(lost("web", None, None), "lines of `web` were lost");
        assert_eq!(lost("web", Some(1), None), "1 line of `web` was lost");
        assert_eq!(lost("web", Some(3), Some("no space left on device")), "3 lines of `web` were lost: no space left on device");
    }

    #[test]
    fn a_table_has_the_columns_that_somebody_has_something_in() {
        let web = Process {
            pid: Some(42),
            started: Some(1_000),
            restarts: 2,
            ports: vec![NamedPort { name: "http".into(), port: 3000 }],
            usage: Some(Usage { cpu: 1.26, memory: 34 << 20 }),
            ..Process::new("web", ProcessState::Ready)
        };
        let db = Process {
            exit: Some(Exit::Code(1)),
            why: Some("exit code 1".into()),
            ..Process::new("database", ProcessState::Failed)
        };
        let text = anstream::adapter::strip_str(&table(&[web, db], 66_000)).to_string();
        insta::assert_snapshot!(text, @r"
        NAME      STATE     PID  UPTIME  RESTARTS  EXIT  CPU    MEMORY  PORTS
        web       + ready   42   1m05s   2               1.3 %  34M     3000
        database  x failed                         1
            exit code 1
        ");
        let idle = table(&[Process::new("web", ProcessState::Stopped)], 0);
        assert_eq!(anstream::adapter::strip_str(&idle).to_string(), "NAME  STATE\nweb   - stopped\n");
    }

    #[test]
    fn times_and_sizes_are_short() {
        let times = [0, 59, 61, 3599, 3660, 86_399, 90_000, u64::MAX / 2000].map(duration);
        assert_eq!(times, ["0s", "59s", "1m01s", "59m", "1h01m", "23h59m", "1d01h", "106751991167d"]);
        assert_eq!(
            [0, 999, 1536, 52_428_800, 1_610_612_736, u64::MAX].map(size),
            ["0B", "999B", "1.5K", "50M", "1.5G", "16777215T"]
        );
    }
}

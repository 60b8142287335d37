//! `nixstart logs`: what processes have said, also when they do not run any more.

mod joint;

use std::cell::RefCell;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use jiff::{Span, Timestamp};
use serde_json::json;

use super::Session;
use super::prefixed::Prefixed;
use super::processes::{self, Project};
use crate::backend::{Backend, Follow, Interest, Kind, Sink};
use crate::error::{Error, Result, did_you_mean};
use crate::host::{interrupt, log_file};
use crate::process::{Event, LogLine, Stream};
use joint::{HEARD_AGAIN, Joint};

/// Show what processes have said
///
/// Without names, of all of them, in the order of time. It works while they run and after `nixstart down`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names of processes
    names: Vec<String>,
    /// Go on with what is said from now on
    #[arg(short, long)]
    follow: bool,
    /// How many lines of each process
    #[arg(short = 'n', long, value_name = "LINES", default_value_t = 100)]
    lines: usize,
    /// Only what was said since then: a time such as `2026-01-31T12:00:00Z`, or `10m` ago
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<u64>,
    /// Only lines in which this regular expression is found
    #[arg(long, value_name = "PATTERN", value_parser = regex::Regex::new)]
    grep: Option<regex::Regex>,
    /// Only what was said on standard error
    #[arg(long)]
    stderr: bool,
    /// Print JSON, one line for each
    #[arg(long)]
    json: bool,
}

/// How long nothing may happen before somebody looks whether we are to end.
const LOOK: Duration = Duration::from_millis(100);

/// Reads a moment: one that is written out, or a span that has passed since.
fn since(text: &str) -> std::result::Result<u64, String> {
    let now = Timestamp::now();
    let moment = match (text.parse::<Timestamp>(), text.parse::<Span>()) {
        (Ok(moment), _) => Ok(moment),
        (_, Ok(span)) => now.checked_sub(span).map_err(|error| error.to_string()),
        _ => Err("not a time such as `2026-01-31T12:00:00Z`, nor a span such as `10m` or `2h`".to_owned()),
    };
    moment.map(|moment| u64::try_from(moment.as_millisecond()).unwrap_or_default())
}

impl Args {
    fn wants(&self, line: &LogLine) -> bool {
        let is_recent = self.since.is_none_or(|since| line.time.is_none_or(|time| time >= since));
        let is_named = self.names.is_empty() || self.names.iter().any(|name| **name == *line.process);
        let is_stream = !self.stderr || line.stream == Stream::Error;
        is_recent && is_named && is_stream && self.grep.as_ref().is_none_or(|pattern| pattern.is_match(&line.text))
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let project = Project::around_here()?;
    let running = running(&project, session);
    let known = known(&project, running.as_deref())?;
    if let Some(unknown) = args.names.iter().find(|name| !known.contains(*name)) {
        let error = Error::failed(format!("there is no process `{unknown}`"));
        return Err(match did_you_mean(unknown, known.iter().map(String::as_str)) {
            Some(hint) => error.hint(hint),
            None => error.hint(format!("there are: {}", known.join(", "))),
        });
    }
    let names: Vec<String> = if args.names.is_empty() { known } else { args.names.clone() };
    let mut prefixed = Prefixed::new(&names);
    match running.as_deref().filter(|_| args.follow) {
        // (Its own stream begins with those from before.)
        Some(runner) if runner.kind() != Kind::Builtin => {
            follow(runner, args, (names, prefixed), (args.lines, Joint::default()), session)
        }
        following => {
            let joint = RefCell::new(Joint::default());
            let is_wanted = |line: &LogLine| {
                joint.borrow_mut().note(line);
                args.wants(line)
            };
            let lines = last(&project, running.as_deref(), (&names, args.lines), &is_wanted)?;
            print(&lines, args, &mut prefixed, session)?;
            let again = if args.lines == 0 { 0 } else { HEARD_AGAIN };
            following.map_or(Ok(()), |runner| follow(runner, args, (names, prefixed), (again, joint.into_inner()), session))
        }
    }
}

/// Who runs the processes and answers. When that is not to be found out, what is kept is read all the same.
fn running(project: &Project, session: &mut Session) -> Option<Arc<dyn Backend>> {
    let answering = |runner: &Arc<dyn Backend>| runner.list().map(drop);
    let found = project.usable(session).and_then(|runner| {
        runner.as_ref().map_or(Ok(()), answering)?;
        Ok(runner)
    });
    found.unwrap_or_else(|error| {
        processes::warn(&error, session);
        session.ui.note("only what is kept on disk is shown");
        None
    })
}

/// The last lines that are wanted, so many of each process, in the order of time.
fn last(
    project: &Project,
    running: Option<&dyn Backend>,
    (names, most): (&[String], usize),
    is_wanted: &dyn Fn(&LogLine) -> bool,
) -> Result<Vec<LogLine>> {
    let mut lines = Vec::new();
    for name in names {
        lines.extend(match running {
            Some(runner) if runner.kind() != Kind::Builtin => {
                runner.logs(name, most)?.into_iter().filter(|line| is_wanted(line)).collect()
            }
            _ => log_file::last(&project.site.logs, name, most, is_wanted)?,
        });
    }
    lines.sort_by_key(|line| line.time);
    Ok(lines)
}

/// The last lines of these processes, or of all, behind their names.
pub(super) fn tail(project: &Project, running: Option<&dyn Backend>, names: &[String], most: usize) -> Result<String> {
    let names = if names.is_empty() { known(project, running)? } else { names.to_owned() };
    Ok(Prefixed::new(&names).text(&last(project, running, (&names, most), &|_| true)?))
}

/// The processes that somebody can ask for: those that are declared, run, or have said something.
fn known(project: &Project, running: Option<&dyn Backend>) -> Result<Vec<String>> {
    let mut names: Vec<String> = match running {
        Some(runner) => runner.list()?.into_iter().map(|process| process.name).collect(),
        None => project.services()?.names().map(str::to_owned).collect(),
    };
    for name in log_file::processes(&project.site.logs) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn follow(
    runner: &dyn Backend,
    args: &Args,
    (names, mut prefixed): (Vec<String>, Prefixed),
    (backlog, mut joint): (usize, Joint),
    session: &mut Session,
) -> Result<()> {
    let (sender, inbox) = mpsc::channel();
    let (of_lines, of_events) = (sender.clone(), sender);
    let sink = Sink {
        on_lines: Arc::new(move |lines| drop(of_lines.send(Some(lines)))),
        on_event: Arc::new(move |event| {
            if event == Event::Ended {
                let _nobody_waits = of_events.send(None);
            }
        }),
    };
    let logs = if args.names.is_empty() { Follow::Everybody } else { Follow::These(names) };
    let _watch = runner.watch(Interest { logs, backlog, usage: false }, sink)?;
    while !interrupt::is_interrupted() {
        match inbox.recv_timeout(LOOK) {
            Ok(Some(lines)) => {
                let lines: Vec<LogLine> = joint.new_lines(lines).into_iter().filter(|line| args.wants(line)).collect();
                print(&lines, args, &mut prefixed, session)?;
            }
            Ok(None) | Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
    Ok(())
}

fn print(lines: &[LogLine], args: &Args, prefixed: &mut Prefixed, session: &mut Session) -> Result<()> {
    if !args.json {
        session.ui.data(&prefixed.text(lines))?;
        return Ok(());
    }
    for line in lines {
        let stream = match line.stream {
            Stream::Output => Some("stdout"),
            Stream::Error => Some("stderr"),
            Stream::Unknown => None,
        };
        let document = json!({ "process": &*line.process, "stream": stream, "time": line.time, "text": line.text });
        session.print_json_line(&document)?;
    }
    Ok(())
}

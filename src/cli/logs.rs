//! `nixstart logs`: what processes have said, also when they do not run any more.

mod joint;
mod sources;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use jiff::{Span, Timestamp};
use serde_json::json;

use super::Session;
use super::prefixed::Prefixed;
use super::processes::{self, Project};
use crate::backend::{ALL_LINES, Backend, Follow, Interest, Kind, Sink};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::host::interrupt;
use crate::process::{Event, LogLine, Stream};
use joint::{HEARD_AGAIN, Joint};
use sources::{Sources, Wish};

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
    /// Whether a line is to be shown. What nobody tells of it leaves no line out.
    fn wants(&self, line: &LogLine) -> bool {
        let is_recent = self.since.is_none_or(|since| line.time.is_none_or(|time| time >= since));
        let is_named = self.names.is_empty() || self.names.iter().any(|name| **name == *line.process);
        let is_stream = !self.stderr || matches!(line.stream, Stream::Error | Stream::Unknown);
        is_recent && is_named && is_stream && self.grep.as_ref().is_none_or(|pattern| pattern.is_match(&line.text))
    }

    /// Whether lines of a process that is named are left out.
    const fn is_choosy(&self) -> bool {
        self.since.is_some() || self.stderr || self.grep.is_some()
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let project = Project::around_here()?;
    let running = running(&project, session)?;
    let sources = Sources::of(&project, running.as_deref())?;
    if let Some(unknown) = args.names.iter().find(|name| !sources.names.contains(*name)) {
        let error = Error::failed(format!("there is no process `{unknown}`"));
        return Err(match did_you_mean(unknown, sources.names.iter().map(String::as_str)) {
            Some(hint) => error.hint(hint),
            None => error.hint(format!("there are: {}", sources.names.join(", "))),
        });
    }
    let names: Vec<String> = if args.names.is_empty() { sources.names.clone() } else { args.names.clone() };
    let mut page = Page { prefixed: Prefixed::new(&names), args, untold: Untold::default() };
    let joint = RefCell::new(Joint::default());
    let is_wanted = |line: &LogLine| {
        joint.borrow_mut().note(line);
        args.wants(line)
    };
    let wish = Wish { most: args.lines, is_wanted: &is_wanted, is_choosy: args.is_choosy() };
    let Some(runner) = running.as_deref().filter(|_| args.follow) else {
        return page.print_last(sources.last(names.iter(), &wish)?, session);
    };
    if runner.kind() == Kind::Builtin {
        page.print_last(sources.last(names.iter(), &wish)?, session)?;
        let again = if args.lines == 0 { 0 } else { HEARD_AGAIN };
        return follow(runner, &mut page, (names, again), &mut |lines| joint.borrow_mut().new_lines(lines), session);
    }
    // (Its own stream begins with those from before.)
    page.print_last(sources.last(names.iter().filter(|name| sources.is_on_disk(name)), &wish)?, session)?;
    if !args.is_choosy() {
        return follow(runner, &mut page, (names, args.lines), &mut |lines| lines, session);
    }
    let mut before = Before { of: BTreeSet::new(), most: args.lines };
    for name in &names {
        if sources.has_other(name)? {
            before.of.insert(name.clone());
        }
    }
    follow(runner, &mut page, (names, ALL_LINES), &mut |lines| before.cut(lines, &|line| args.wants(line)), session)
}

/// Who runs the processes and answers. When that is not to be found out, what is kept is read all the same.
fn running(project: &Project, session: &mut Session) -> Result<Option<Arc<dyn Backend>>> {
    let answering = |runner: &Arc<dyn Backend>| runner.list().map(drop);
    let found = project.usable(session).and_then(|runner| {
        runner.as_ref().map_or(Ok(()), answering)?;
        Ok(runner)
    });
    match found {
        Err(error) if error.kind() != ErrorKind::Refused => {
            processes::warn(&error, session);
            session.ui.note("only what is kept on disk is shown");
            Ok(None)
        }
        found => found,
    }
}

/// The last lines of these processes, or of all, behind their names.
pub(super) fn tail(project: &Project, running: Option<&dyn Backend>, names: &[String], most: usize) -> Result<String> {
    let sources = Sources::of(project, running)?;
    let names = if names.is_empty() { &sources.names } else { names };
    let (lines, errors) = sources.last(names.iter(), &Wish { most, is_wanted: &|_| true, is_choosy: false })?;
    let errors: Vec<String> = errors.iter().map(|error| format!("! {}\n", error.message())).collect();
    Ok(Prefixed::new(names).text(&lines) + &errors.concat())
}

/// Lines from before that a stream begins with. What it tells first of a process are all of them.
struct Before {
    /// Of whom there are some.
    of: BTreeSet<String>,
    /// How many of each are wanted.
    most: usize,
}

impl Before {
    /// Leaves the older ones out of those from before.
    fn cut(&mut self, lines: Vec<LogLine>, is_wanted: &dyn Fn(&LogLine) -> bool) -> Vec<LogLine> {
        let mut wanted: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| is_wanted(line) && self.of.contains(&*line.process)) {
            *wanted.entry(Arc::clone(&line.process)).or_default() += 1;
        }
        self.of.retain(|name| !lines.iter().any(|line| *line.process == **name));
        let most = self.most;
        let mut is_kept = |line: &LogLine| {
            let Some(left) = wanted.get_mut(&line.process).filter(|_| is_wanted(line)) else { return true };
            *left -= 1;
            *left < most
        };
        lines.into_iter().filter(|line| is_kept(line)).collect()
    }
}

fn follow(
    runner: &dyn Backend,
    page: &mut Page<'_>,
    (names, backlog): (Vec<String>, usize),
    new_lines: &mut dyn FnMut(Vec<LogLine>) -> Vec<LogLine>,
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
    let logs = if page.args.names.is_empty() { Follow::Everybody } else { Follow::These(names) };
    let _watch = runner.watch(Interest { logs, backlog, usage: false }, sink)?;
    while !interrupt::is_interrupted() {
        match inbox.recv_timeout(LOOK) {
            Ok(Some(lines)) => {
                let lines: Vec<LogLine> = new_lines(lines).into_iter().filter(|line| page.args.wants(line)).collect();
                page.print(&lines, session)?;
            }
            Ok(None) | Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
    Ok(())
}

/// What was said already of what nobody tells.
#[derive(Default)]
struct Untold {
    time: bool,
    stream: bool,
}

impl Untold {
    /// Says once of each what leaves no line out although somebody wants it to.
    fn say(&mut self, lines: &[LogLine], args: &Args, session: &mut Session) {
        let is_untimed = args.since.is_some() && lines.iter().any(|line| line.time.is_none());
        if is_untimed && !std::mem::replace(&mut self.time, true) {
            session.ui.note("who runs the processes does not tell when lines were said: `--since` leaves none of those out");
        }
        let is_unknown = args.stderr && lines.iter().any(|line| line.stream == Stream::Unknown);
        if is_unknown && !std::mem::replace(&mut self.stream, true) {
            session.ui.note("who runs the processes does not tell what is said on standard error: `--stderr` leaves nothing out");
        }
    }
}

/// Where lines are printed.
struct Page<'a> {
    prefixed: Prefixed,
    args: &'a Args,
    untold: Untold,
}

impl Page<'_> {
    /// Prints those from before; whose could not be had is said, and the others are there all the same.
    fn print_last(&mut self, (lines, errors): (Vec<LogLine>, Vec<Error>), session: &mut Session) -> Result<()> {
        for error in &errors {
            processes::warn(error, session);
        }
        self.print(&lines, session)
    }

    fn print(&mut self, lines: &[LogLine], session: &mut Session) -> Result<()> {
        self.untold.say(lines, self.args, session);
        print(lines, self.args, &mut self.prefixed, session)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_lines_from_before_the_last_ones_are_kept_and_of_later_ones_all() {
        let lines = |process: &str, texts: &[&str]| -> Vec<LogLine> {
            let line =
                |text: &&str| LogLine { process: process.into(), stream: Stream::Unknown, time: None, text: (*text).to_owned() };
            texts.iter().map(line).collect()
        };
        let mut before = Before { of: ["web".to_owned()].into(), most: 2 };
        let is_wanted = |line: &LogLine| line.text.starts_with('e');
        let mut cut = |heard: Vec<LogLine>| -> Vec<String> {
            let kept = before.cut(heard, &is_wanted);
            kept.into_iter().filter(is_wanted).map(|line| line.text).collect()
        };
        assert_eq!(cut(lines("api", &["e1", "e2", "e3"])), ["e1", "e2", "e3"]);
        assert_eq!(cut(lines("web", &["e1", "x", "e2", "e3", "y"])), ["e2", "e3"]);
        assert_eq!(cut(lines("web", &["e4", "e5", "e6"])), ["e4", "e5", "e6"]);
    }
}

//! Runs programs: never through a shell, output line by line and stripped of control characters, and always stoppable.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use rustix::process::{Pid, Signal};

use super::interrupt;
use crate::error::{Error, ErrorKind, Result};
use crate::ui::printable;

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How many of the last lines are kept for an error message.
const TAIL: usize = 12;

/// Runs a program and hands each line of its output on. Ctrl-C ends it.
pub fn run(directory: &Utf8Path, program: &str, arguments: &[String], on_line: &mut dyn FnMut(&str)) -> Result<()> {
    let command_line = std::iter::once(program).chain(arguments.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    // PWD is set because changing a child's directory does not change the variable, and devenv reads the variable.
    let spawned = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env("PWD", directory.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::new(ErrorKind::MissingTool, format!("`{program}` is not installed")));
        }
        Err(error) => return Err(error.into()),
    };
    let mut tail = VecDeque::new();
    let status = follow(&mut child, &mut |line| {
        on_line(line);
        tail.push_back(line.to_owned());
        if tail.len() > TAIL {
            tail.pop_front();
        }
    })?;
    if status.success() {
        return Ok(());
    }
    let lines: Vec<String> = tail.into_iter().collect();
    Err(Error::new(ErrorKind::Tool, format!("`{command_line}` failed ({status})\n{}", lines.join("\n"))))
}

fn follow(child: &mut Child, on_line: &mut dyn FnMut(&str)) -> Result<ExitStatus> {
    let (sender, lines) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|stream| Box::new(stream) as _), child.stderr.take().map(|stream| Box::new(stream) as _)];
    for stream in streams.into_iter().flatten() {
        read_lines(stream, sender.clone());
    }
    drop(sender);
    loop {
        if interrupt::is_interrupted() {
            end_group(child)?;
            return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
        }
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(line) => on_line(&line),
            Err(RecvTimeoutError::Disconnected) => return Ok(child.wait()?),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Ends a child with everything it started: it is asked first, and after a grace period nobody is asked any more.
fn end_group(child: &mut Child) -> Result<()> {
    let group = Pid::from_child(child);
    let signal = |signal| rustix::process::kill_process_group(group, signal).map_err(std::io::Error::from);
    signal(Signal::TERM)?;
    let deadline = Instant::now() + GRACE;
    while child.try_wait()?.is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    // Gone already is what we want.
    let _gone = signal(Signal::KILL);
    child.wait()?;
    Ok(())
}

fn read_lines(stream: Box<dyn Read + Send>, sender: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(std::result::Result::ok) {
            if sender.send(printable(&String::from_utf8_lossy(&line))).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_lines_on_and_keeps_the_end_for_the_error() {
        let mut lines = Vec::new();
        let arguments = ["-c".to_owned(), "echo one; echo two >&2; exit 3".to_owned()];
        let error = run(Utf8Path::new("/"), "sh", &arguments, &mut |line| lines.push(line.to_owned())).unwrap_err();
        lines.sort();
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(error.kind(), ErrorKind::Tool);
        assert!(error.to_string().contains("exit status: 3"), "{error}");
    }

    #[test]
    fn names_a_program_that_is_not_there() {
        let error = run(Utf8Path::new("/"), "no-such-program-anywhere", &[], &mut |_| {}).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::MissingTool, "`no-such-program-anywhere` is not installed")
        );
    }
}

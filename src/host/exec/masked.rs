//! A program whose output loses its secrets on the way to us. On a terminal it has a terminal of its own, so that it looks and
//! feels as it does without us; elsewhere pipes. Its input is ours.

mod pump;
mod signals;

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;

use portable_pty::{CommandBuilder, MasterPty, PtyPair, PtySize, native_pty_system};
use rustix::process::Pid;
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcgetwinsize, tcsetattr};

use super::handover::{Handover, NotStarted};
use crate::error::{Error, ErrorKind};
use crate::host::{interrupt, memory};
use crate::secret::Redactor;
use crate::ui::passage::{Output, RawTerminal};
use pump::Pump;
use signals::{Forwarded, Place};

/// What a program says, and where it goes.
type Source = (Box<dyn Read + Send>, Output);
/// Our end of the terminal of a program.
type Master = Box<dyn MasterPty + Send>;

/// Runs the program to its end and returns its exit code, 128 more than the signal that ended it.
pub fn run(handover: &Handover<'_>, redactor: &Arc<Redactor>) -> Result<u8, NotStarted> {
    interrupt::pass_on();
    // What shells have for a program that is not there is known before a terminal is made for it.
    handover.find()?;
    if io::stdin().is_terminal() && Output::ALL.into_iter().all(Output::is_terminal) {
        in_terminal(handover, redactor)
    } else {
        beside(handover, redactor)
    }
}

/// The program has a terminal of its own, and ours hands keys on.
fn in_terminal(handover: &Handover<'_>, redactor: &Arc<Redactor>) -> Result<u8, NotStarted> {
    let signals = Forwarded::listen().map_err(NotStarted::because)?;
    let PtyPair { master, slave } = open().map_err(NotStarted::because)?;
    let reader = master.try_clone_reader().map_err(broken)?;
    let writer = master.take_writer().map_err(broken)?;
    // What was typed ahead belongs to the program, so our terminal is raw before it starts.
    let raw = RawTerminal::begin().map_err(NotStarted::because)?;
    memory::release_for_child();
    let child = slave.spawn_command(builder(handover)?);
    memory::protect();
    let child = child.map_err(broken)?;
    drop(slave);
    let child: Box<dyn portable_pty::Child> = child;
    let Ok(mut child) = child.downcast::<Child>() else {
        return Err(NotStarted::because(Error::new(ErrorKind::Internal, "a program in a terminal is no process")));
    };
    let pump = Pump::start(reader, Output::Stdout, Arc::clone(redactor));
    thread::spawn(move || hand_keys_on(writer));
    let pid = Pid::from_child(&child);
    let running = signals.forward(pid, (Some(master), Place::Behind));
    let status = child.wait();
    running.end();
    pump.wait();
    drop(raw);
    status.map(exit_code).map_err(NotStarted::because)
}

/// The program shares our input and our place among jobs; only its output goes through us.
fn beside(handover: &Handover<'_>, redactor: &Arc<Redactor>) -> Result<u8, NotStarted> {
    let signals = Forwarded::listen().map_err(NotStarted::because)?;
    let mut command = handover.command();
    let (mut sources, master) = terminals(&mut command).map_err(NotStarted::because)?;
    memory::release_for_child();
    let child = command.spawn();
    memory::protect();
    let mut child = child.map_err(|error| handover.why(&error))?;
    // Our ends of what it writes to are closed, or its end could not be told.
    drop(command);
    sources.extend(child.stdout.take().map(|stream| (Box::new(stream) as _, Output::Stdout)));
    sources.extend(child.stderr.take().map(|stream| (Box::new(stream) as _, Output::Stderr)));
    let pumps: Vec<Pump> = sources.into_iter().map(|(from, to)| Pump::start(from, to, Arc::clone(redactor))).collect();
    let running = signals.forward(Pid::from_child(&child), (master, Place::Beside));
    let status = child.wait();
    running.end();
    pumps.iter().for_each(Pump::wait);
    status.map(exit_code).map_err(NotStarted::because)
}

/// Gives the program one terminal for those of its streams that are terminals here, and pipes for the others.
fn terminals(command: &mut Command) -> Result<(Vec<Source>, Option<Master>), Error> {
    let drawn: Vec<Output> = Output::ALL.into_iter().filter(|output| output.is_terminal()).collect();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Some(first) = drawn.first() else { return Ok((Vec::new(), None)) };
    let PtyPair { master, slave: _slave } = open()?;
    let name = master.tty_name().ok_or_else(|| Error::new(ErrorKind::Internal, "a terminal has no name"))?;
    let end = OpenOptions::new().read(true).write(true).open(name)?;
    // Our own terminal turns line feeds into line ends; twice would be once too often.
    let mut modes = tcgetattr(&end).map_err(io::Error::from)?;
    modes.output_modes.remove(OutputModes::OPOST);
    tcsetattr(&end, OptionalActions::Now, &modes).map_err(io::Error::from)?;
    for output in &drawn {
        let end = end.try_clone()?;
        match output {
            Output::Stdout => command.stdout(end),
            Output::Stderr => command.stderr(end),
        };
    }
    let reader = master.try_clone_reader().map_err(|error| Error::failed(io::Error::other(error)))?;
    Ok((vec![(reader, *first)], Some(master)))
}

fn open() -> Result<PtyPair, Error> {
    native_pty_system().openpty(size()).map_err(|error| Error::failed(format!("a terminal could not be opened: {error}")))
}

/// The size of our terminal.
fn size() -> PtySize {
    let of_input = tcgetwinsize(io::stdin()).ok();
    let size =
        of_input.or_else(|| Output::ALL.into_iter().find_map(Output::size)).filter(|size| size.ws_row > 0 && size.ws_col > 0);
    size.map_or_else(PtySize::default, |size| PtySize {
        rows: size.ws_row,
        cols: size.ws_col,
        pixel_width: size.ws_xpixel,
        pixel_height: size.ws_ypixel,
    })
}

fn broken(error: impl std::fmt::Display) -> NotStarted {
    NotStarted::because(Error::failed(format!("a program could not be started in a terminal: {error}")))
}

fn builder(handover: &Handover<'_>) -> Result<CommandBuilder, NotStarted> {
    let mut builder = CommandBuilder::new(handover.find()?);
    builder.args(handover.arguments);
    builder.env_clear();
    for (name, value) in handover.environment() {
        builder.env(name, value);
    }
    let directory = std::env::current_dir().map_err(NotStarted::because)?;
    builder.cwd(directory);
    Ok(builder)
}

/// Hands on what is typed until the terminal is closed.
fn hand_keys_on(mut writer: Box<dyn Write + Send>) {
    let mut input = io::stdin().lock();
    let mut buffer = [0; 4096];
    loop {
        match input.read(&mut buffer) {
            Ok(count @ 1..) => {
                let typed = buffer.get(..count).unwrap_or_default();
                if writer.write_all(typed).and_then(|()| writer.flush()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
        }
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}

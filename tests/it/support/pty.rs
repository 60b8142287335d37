//! A pseudo-terminal with a screen: send keys, wait for text, look at what a person would see.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::Sandbox;

/// How long a text may take to appear. Nothing waits that long unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program in a terminal.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
}

/// What a program in a terminal left behind.
pub(crate) struct Ended {
    pub(crate) code: u32,
    /// Everything that was on the screen, scrolled lines included.
    pub(crate) text: String,
    /// The bytes as they came.
    pub(crate) raw: Vec<u8>,
    /// Keeps the terminal's device, so that its settings can be looked at.
    _master: Box<dyn MasterPty + Send>,
}

/// The question at the end of `new` on a machine without Nix.
const OFFER: &str = "Set this machine up for it";

impl Terminal {
    /// Starts the binary in a terminal of a size.
    pub(crate) fn start(sandbox: &Sandbox, arguments: &[&str], (rows, cols): (u16, u16)) -> Self {
        Self::start_with(sandbox, arguments, (rows, cols), &[])
    }

    /// Starts the binary with more variables.
    pub(crate) fn start_with(
        sandbox: &Sandbox,
        arguments: &[&str],
        (rows, cols): (u16, u16),
        variables: &[(&str, &str)],
    ) -> Self {
        Self::of(sandbox.command().args(arguments).envs(variables.iter().copied()), (rows, cols))
    }

    /// Starts a command whose variables are all its own in a terminal of a size.
    pub(crate) fn of(command: &Command, size: (u16, u16)) -> Self {
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.cwd(command.get_current_dir().unwrap());
        builder.env_clear();
        for (name, value) in command.get_envs() {
            builder.env(name, value.unwrap());
        }
        Self::spawn(builder, size)
    }

    pub(crate) fn spawn(command: CommandBuilder, (rows, cols): (u16, u16)) -> Self {
        super::refuse_secrets(command.get_argv().iter().map(std::ffi::OsString::as_os_str));
        let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, master: pair.master, writer, output, parser: vt100::Parser::new(rows, cols, 500), raw: Vec::new() }
    }

    /// Types keys.
    pub(crate) fn send(&mut self, keys: &str) -> &mut Self {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        self
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> &mut Self {
        self.wait_until(&format!("`{text}`"), |terminal| terminal.contains(text))
    }

    /// Waits for a text while programs run that have more to do than to talk.
    #[track_caller]
    pub(crate) fn wait_long_for(&mut self, text: &str) -> &mut Self {
        self.wait_long_until(&format!("`{text}`"), |terminal| terminal.contains(text))
    }

    /// Waits until a text is on the screen and something has come since so many bytes.
    #[track_caller]
    pub(crate) fn wait_for_new(&mut self, bytes: usize, text: &str) -> &mut Self {
        self.wait_until(&format!("`{text}` anew"), |terminal| {
            terminal.raw.len() > bytes && terminal.is_drawn_over() && terminal.contains(text)
        })
    }

    /// Waits until the screen is not taken over any more.
    #[track_caller]
    pub(crate) fn wait_until_given_back(&mut self) -> &mut Self {
        self.wait_until("the screen of before", |terminal| !terminal.is_drawn_over())
    }

    /// Waits until a text has come out since the last wait, wherever the screen is now.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> &mut Self {
        self.wait_within(PATIENCE, what, holds)
    }

    /// The same while programs run that have more to do than to talk.
    #[track_caller]
    pub(crate) fn wait_long_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> &mut Self {
        self.wait_within(Duration::from_secs(150), what, holds)
    }

    #[track_caller]
    fn wait_within(&mut self, patience: Duration, what: &str, holds: impl Fn(&Self) -> bool) -> &mut Self {
        let deadline = Instant::now() + patience;
        while !holds(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.feed(&bytes),
                Err(_) => panic!("{what} did not appear on:\n{}", self.screen()),
            }
        }
        self
    }

    /// What somebody makes of the screen as it is.
    pub(crate) fn picture(&self, draw: impl Fn(&vt100::Screen) -> String) -> String {
        draw(self.parser.screen())
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        // A terminal answers when it is asked for the place of its cursor.
        if bytes.windows(4).any(|window| window == b"\x1b[6n") {
            let (row, column) = self.parser.screen().cursor_position();
            self.send(&format!("\x1b[{};{}R", row + 1, column + 1));
        }
        self.parser.process(bytes);
    }

    fn contains(&self, text: &str) -> bool {
        let joined = self.screen().split_whitespace().collect::<Vec<_>>().join(" ");
        joined.contains(text)
    }

    /// What is on the screen now.
    pub(crate) fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Gives the terminal another size, as a window that is dragged does.
    pub(crate) fn resize(&mut self, (rows, cols): (u16, u16)) -> &mut Self {
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.parser.screen_mut().set_size(rows, cols);
        self
    }

    /// Whether the screen is taken over.
    pub(crate) fn is_drawn_over(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// The bytes that have come.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The id of the program's process.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// The name of the terminal's device.
    pub(crate) fn device(&self) -> std::path::PathBuf {
        self.master.tty_name().unwrap()
    }

    /// Waits until the program ends.
    #[track_caller]
    pub(crate) fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }

    /// Waits until the program ends, when it has more to do than to talk.
    #[track_caller]
    pub(crate) fn end_within(mut self, patience: Duration) -> Ended {
        let deadline = Instant::now() + patience;
        let mut has_declined = false;
        loop {
            // On a machine without a usable Nix, `new` ends by offering to bring it.
            if !has_declined && self.screen().contains(OFFER) {
                has_declined = true;
                self.send("n\r");
            }
            match self.output.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => self.feed(&bytes),
                Err(_) => {
                    if let Some(status) = self.child.try_wait().unwrap() {
                        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                            self.feed(&bytes);
                        }
                        return Ended { code: status.exit_code(), text: self.whole(), raw: self.raw, _master: self.master };
                    }
                }
            }
            assert!(Instant::now() < deadline, "the program did not end; the screen is:\n{}", self.screen());
        }
    }

    /// Everything that was shown, without escape sequences.
    fn whole(&self) -> String {
        anstream::adapter::strip_bytes(&self.raw).into_vec().iter().map(|byte| char::from(*byte)).collect()
    }
}

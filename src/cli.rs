//! The command line: what it looks like, and one file per command that joins domain, machine and person.

mod add;
mod answers;
mod build;
mod carry_out;
pub mod completions;
mod control;
mod dash;
mod directory;
mod doctor;
mod enter;
mod env;
mod explain;
mod help;
mod image;
mod logs;
mod man;
mod new;
mod permission;
mod prefixed;
mod processes;
mod ps;
mod push;
mod review;
mod root;
mod runner;
mod secrets;
mod setup;
mod shell;
mod start_menu;
mod template;
mod undo;
mod up;
mod usage;

use std::ffi::OsString;
use std::fmt::Write;
use std::mem::ManuallyDrop;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::ask::{self, Ask};
use crate::error::{Error, Result};
use crate::host::{crash, facts, interrupt, paths, privilege};
use crate::ui::{Color, Options, Ui, Verbosity};

/// From a bare machine to a running project whose environment is reproducible with Nix
#[derive(Debug, Parser)]
#[command(name = "nixstart", version, disable_help_subcommand = true, subcommand_help_heading = "Commands", max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Work as if nixstart was started in this directory
    #[arg(short = 'C', value_name = "DIR", global = true)]
    start_in: Option<Utf8PathBuf>,
    /// Say more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Say only errors and data, and what a question needs
    #[arg(short, long, global = true)]
    quiet: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", value_enum)]
    color: Color,
    /// Prompts that never redraw: numbered choices, one line after the other
    #[arg(long, global = true)]
    plain: bool,
    /// Ask nothing: take defaults, and fail where there is none
    #[arg(long, global = true)]
    no_input: bool,
    /// Run under sudo although what is made will belong to root
    #[arg(long, global = true, hide_short_help = true)]
    allow_root: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(Box<new::Args>),
    Template(template::Args),
    Add(add::Args),
    Env(Box<env::Args>),
    Up(up::Args),
    Dash(dash::Args),
    Down(control::DownArgs),
    Ps(ps::Args),
    Logs(Box<logs::Args>),
    /// Start processes, with what they need
    Start(control::Names),
    /// Stop processes
    Stop(control::Names),
    /// Restart processes
    Restart(control::Names),
    Build(build::Args),
    Shell(shell::Args),
    Image(image::Args),
    Push(push::Args),
    Setup(setup::Args),
    Doctor(doctor::Args),
    Explain(explain::Args),
    Undo(undo::Args),
    Completions(completions::Args),
    Man(man::Args),
    Help(help::Args),
}

/// What every command works with.
struct Session {
    ui: Ui,
    ask: Box<dyn Ask>,
    /// Where the user's shell is, whatever `-C` says.
    shell_directory: Option<Utf8PathBuf>,
    /// What this process ends with when nothing is wrong: that of a program which ran in its name.
    exit_code: u8,
}

impl Session {
    /// Prints a document for programs on a line of its own, as one of a stream.
    fn print_json_line(&mut self, document: &serde_json::Value) -> Result<()> {
        self.ui.data(&(escaped(&document.to_string()) + "\n"))?;
        Ok(())
    }

    /// Prints a document for programs.
    fn print_json(&mut self, document: &serde_json::Value) -> Result<()> {
        let text = serde_json::to_string_pretty(document).map_err(Error::failed)?;
        self.ui.data(&(escaped(&text) + "\n"))?;
        Ok(())
    }
}

/// JSON that means the same and holds no control character but line breaks: serde leaves those above U+007E as they are.
fn escaped(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut text, character| {
        if character.is_control() && character != '\n' {
            let _infallible = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
        text
    })
}

/// Flags of every command that carries out a plan.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Plan options")]
struct PlanFlags {
    /// Show the plan and stop
    #[arg(long, global = true, conflicts_with = "yes")]
    dry_run: bool,
    /// Consent to the plan without being asked
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    yes: bool,
    /// Print the plan as JSON; applies it only together with `--yes`
    #[arg(long, global = true)]
    json: bool,
    /// Whether a program that only its publisher vouches for may be downloaded.
    #[arg(skip)]
    accepts_unpinned: bool,
    /// What the flag is called that only shows a plan.
    #[arg(skip)]
    shown_by: ShownBy,
}

/// The flag of a command that shows a plan and stops.
#[derive(Debug, Clone, Copy, Default)]
enum ShownBy {
    /// `--dry-run`, nearly everywhere.
    #[default]
    DryRun,
    /// `--plan`, where the plan is what the command is about.
    Plan,
}

impl ShownBy {
    const fn flag(self) -> &'static str {
        match self {
            Self::DryRun => "--dry-run",
            Self::Plan => "--plan",
        }
    }
}

/// Runs the program and returns its exit code. A bug ends in a report and exit code 70.
pub fn main(args: Vec<OsString>) -> u8 {
    crash::guard(|| run(args))
}

fn run(args: Vec<OsString>) -> u8 {
    if let Some(args) = runner::asked_for(&args) {
        return runner::run(args);
    }
    let cli = match parse(&args) {
        Ok(cli) => cli,
        Err(error) => return usage::explain(error, &args),
    };
    let verbosity = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    interrupt::listen();
    let mut ui = Ui::new(Options { color: cli.global.color, verbosity, plain: cli.global.plain });
    ui.elevated_by(privilege::spoken());
    let ask = ask::for_terminal(&ui, cli.global.no_input);
    let mut session = Session { ui, ask, shell_directory: paths::current_directory().ok(), exit_code: 0 };
    let outcome = enter(&cli.global).and_then(|()| dispatch(cli.command, &mut session));
    match outcome {
        Ok(()) => session.exit_code,
        // Whoever read our output has what they wanted.
        Err(error) if error.is_broken_pipe() => 0,
        Err(error) => {
            session.ui.error(&error);
            error.kind().exit_code()
        }
    }
}

/// Reads the command line. What clap knows of it is never freed: that takes a third of the time of parsing, and every command
/// would wait for it.
fn parse(args: &[OsString]) -> std::result::Result<Cli, clap::Error> {
    let mut command = ManuallyDrop::new(Cli::command());
    let mut matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Changes to the directory of `-C` and refuses to run behind sudo's back.
fn enter(global: &Global) -> Result<()> {
    if let Some(user) = facts::sudo_user().filter(|_| !global.allow_root) {
        return Err(Error::refused(format!(
            "nixstart was started with sudo, so what it makes would belong to root and not to {user}"
        ))
        .hint("run it without sudo; it says which steps need root")
        .hint("or add `--allow-root`"));
    }
    let Some(directory) = &global.start_in else { return Ok(()) };
    std::env::set_current_dir(directory).map_err(|error| Error::failed(format!("cannot change to `{directory}`: {error}")))
}

fn dispatch(command: Option<Command>, session: &mut Session) -> Result<()> {
    match command {
        None => start_menu::run(session),
        Some(Command::New(args)) => new::run(*args, session),
        Some(Command::Template(args)) => template::run(args, session),
        Some(Command::Add(args)) => add::run(&args, session),
        Some(Command::Env(args)) => env::run(*args, session),
        Some(Command::Up(args)) => up::run(&args, session),
        Some(Command::Dash(args)) => dash::run(&args, session),
        Some(Command::Down(args)) => control::down(&args, session),
        Some(Command::Ps(args)) => ps::run(&args, session),
        Some(Command::Logs(args)) => logs::run(&args, session),
        Some(Command::Start(args)) => control::start(&args, session),
        Some(Command::Stop(args)) => control::stop(&args, session),
        Some(Command::Restart(args)) => control::restart(&args, session),
        Some(Command::Build(args)) => build::run(&args, session),
        Some(Command::Shell(args)) => shell::run(&args, session),
        Some(Command::Image(args)) => image::run(&args, session),
        Some(Command::Push(args)) => push::run(&args, session),
        Some(Command::Setup(args)) => setup::run(&args, session),
        Some(Command::Doctor(args)) => doctor::run(args, session),
        Some(Command::Explain(args)) => explain::run(&args, session),
        Some(Command::Undo(args)) => undo::run(args, session),
        Some(Command::Completions(args)) => completions::run(&args, session),
        Some(Command::Man(args)) => man::run(&args, session),
        Some(Command::Help(args)) => help::run(args, session),
    }
}

/// The command line as clap knows it, for help, completions, manual pages and the reference.
pub fn command() -> clap::Command {
    Cli::command()
}

//! `nixstart help`: help of a command, and the tables that are not about one command.

use std::fmt::Write;

use super::Session;
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result, did_you_mean};

/// Show help about nixstart, a command or a topic (exit-codes, environment)
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// A command or a topic
    topic: Option<String>,
}

pub(super) fn run(args: Args, session: &mut Session) -> Result<()> {
    let text = match args.topic.as_deref() {
        None => super::command().render_help().to_string(),
        Some("exit-codes") => exit_codes(),
        Some("environment") => environment(),
        Some(name) => {
            let mut root = super::command();
            root.build();
            let names: Vec<String> = root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
            let known = names.iter().map(String::as_str).chain(["exit-codes", "environment"]);
            let hint = did_you_mean(name, known)
                .unwrap_or_else(|| "`nixstart help` lists the commands; topics are `exit-codes` and `environment`".to_owned());
            let command = root
                .find_subcommand_mut(name)
                .ok_or_else(|| Error::usage(format!("there is no command or topic `{name}`")).hint(hint))?;
            command.render_help().to_string()
        }
    };
    session.ui.data(&text)?;
    Ok(())
}

/// The table of exit codes as text.
pub(super) fn exit_codes() -> String {
    let rows = ErrorKind::ALL.iter().fold("  0  done\n".to_owned(), |mut rows, kind| {
        let _infallible = writeln!(rows, "{:>3}  {}", kind.exit_code(), kind.meaning());
        rows
    });
    format!("Exit codes of nixstart\n\n{rows}")
}

/// The table of environment variables as text.
pub(super) fn environment() -> String {
    let width = env_vars::ALL.iter().map(|variable| variable.name.len()).max().unwrap_or(0);
    let rows = env_vars::ALL.iter().fold(String::new(), |mut rows, variable| {
        let _infallible = writeln!(rows, "  {:width$}  {}", variable.name, variable.about);
        rows
    });
    format!("Environment variables that nixstart reads\n\n{rows}")
}

//! `nixstart man`: the manual page of a command.

use super::Session;
use crate::error::{Error, Result, did_you_mean};

/// Print the manual page of nixstart or of one of its commands (view it with `nixstart man | man -l -`)
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The command
    command: Option<String>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let mut root = super::command();
    root.build();
    let command = match &args.command {
        None => root,
        Some(name) => {
            let names = || root.get_subcommands().map(clap::Command::get_name);
            let found = root.find_subcommand(name).cloned();
            let found = found
                .ok_or_else(|| Error::usage(format!("there is no command `{name}`")).maybe_hint(did_you_mean(name, names())))?;
            found.display_name(format!("nixstart-{name}"))
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    session.ui.data(&String::from_utf8_lossy(&page))?;
    Ok(())
}

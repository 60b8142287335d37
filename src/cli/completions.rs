//! `nixstart completions`: what a shell needs to complete our command line.

use clap_complete::Shell;

use super::Session;
use crate::error::Result;

/// Print the completion script of a shell
///
/// It completes commands, flags and their values. It is static: names of your variables, templates and apps are not in it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "nixstart", &mut script);
    session.ui.data(&String::from_utf8_lossy(&script))?;
    Ok(())
}

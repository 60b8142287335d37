//! `nixstart runner`: what `up` starts behind itself. Nobody types it, so it is in no help.

use std::ffi::OsString;

use clap::Parser;

use super::processes::services;
use crate::backend::start::{Keep, RUNNER, Said};
use crate::backend::{builtin, guardian, site::Site};
use crate::error::Result;
use crate::host::paths;
use crate::ui::{Options, Ui};

/// Guard a runner of processes for the project in this directory
#[derive(Debug, Parser)]
#[command(name = "nixstart runner")]
pub(super) struct Args {
    /// Run the declared services by name, or those that start by themselves, in place of guarding a program that does
    #[arg(long)]
    supervise: bool,
    /// End when nothing more can come from standard input
    #[arg(long)]
    while_watched: bool,
    /// What is kept of what the program says
    #[arg(long, value_enum, default_value_t = Said::AsIs)]
    said: Said,
    /// The program to guard, or the services to run
    #[arg(last = true)]
    words: Vec<String>,
}

/// The arguments, when this is what is asked for.
pub(super) fn asked_for(args: &[OsString]) -> Option<Args> {
    let [_, name, rest @ ..] = args else { return None };
    let words = || std::iter::once(name).chain(rest);
    (name == RUNNER).then(|| Args::try_parse_from(words()).ok()).flatten()
}

pub(super) fn run(args: Args) -> u8 {
    match perform(&args) {
        Ok(()) => 0,
        Err(error) => {
            Ui::new(Options::default()).error(&error);
            error.kind().exit_code()
        }
    }
}

fn perform(args: &Args) -> Result<()> {
    let root = paths::current_directory()?;
    let site = Site::of(&root)?;
    if args.supervise {
        return builtin::supervise(&site, &services(&root)?, &args.words);
    }
    let keep = if args.while_watched { Keep::WhileWatched } else { Keep::UntilStopped };
    guardian::guard(&site, &args.words, keep, args.said)
}

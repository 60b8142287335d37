//! nixstart itself runs the declared services, with the programs on PATH: for plain flakes and machines without Nix.
//!
//! The runner is a process of its own with a socket, whoever has started it: `up` in front is its owner and takes it along
//! when it leaves, `up -d` leaves it behind. A guardian above it ends what it leaves when it is killed.

mod client;
mod environment;
mod lines;
mod message;
mod outbox;
mod output;
mod probe;
mod program;
pub mod protocol;
mod runner;
mod server;
mod stop_command;

use std::sync::Arc;
use std::thread;

use fs_err::OpenOptions;
use rustix::process::Signal;
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::mark;
use super::site::Site;
use crate::env_vars;
use crate::error::{Error, Result};
use crate::host::{interrupt, project_secrets};
use crate::process::supervision::Input;
use crate::service::ServiceSet;
pub use client::{Builtin, Ownership};
use message::Message;
use output::Output;
use program::Surroundings;
use runner::Runner;

/// Runs the services of a project until they are to end; it is what a guardian starts.
pub fn supervise(site: &Site, services: &ServiceSet, names: &[String]) -> Result<()> {
    interrupt::pass_on();
    // The guardian has its own way to find out about us; this is ours to find out about it.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))
        .map_err(|error| Error::failed(std::io::Error::from(error)))?;
    let _held = take_lock(site)?;
    project_secrets::keep_out(&site.root);
    let outputs = services.iter().map(|service| Output::of(service, &site.logs).map(Arc::new));
    let outputs = outputs.collect::<std::io::Result<Vec<_>>>()?;
    let (sender, inbox) = runner::inbox();
    let served = server::listen(&site.socket(), &sender)?;
    // The guardian has marked us.
    let mark = env_vars::get(mark::VARIABLE).unwrap_or_else(|| mark::of_runner(&std::process::id().to_string()));
    let surroundings = Surroundings { root: site.root.clone(), inbox: sender.clone(), mark };
    end_on_signals(sender)?;
    Runner::new(services, outputs, surroundings, inbox).run(names);
    // Nobody comes any more, and who is there hears the end.
    let _gone = fs_err::remove_file(site.socket());
    served.finish();
    Ok(())
}

/// There is one runner of a project. The lock goes with the process.
fn take_lock(site: &Site) -> Result<fs_err::File> {
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(site.lock())?;
    file.file().try_lock().map_err(|_taken| Error::failed("another runner has the processes of this project"))?;
    Ok(file)
}

/// A signal ends everything in order; a second one at once.
fn end_on_signals(inbox: std::sync::mpsc::Sender<Message>) -> Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    thread::spawn(move || {
        for (times, _) in signals.forever().enumerate() {
            let input = if times == 0 { Input::ShutDown } else { Input::Kill };
            let _ended = inbox.send(Message::Happened(input));
        }
    });
    Ok(())
}

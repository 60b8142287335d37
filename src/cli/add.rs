//! `nixstart add`: gives a project something more. What its template knows comes by rendering it again and merging both
//! renderings into what is on disk, so that what somebody has changed since stays.

mod package;
mod rendering;

use clap::Subcommand;

use super::{PlanFlags, Session};
use crate::error::Result;
use crate::question::{Answer, Answers};
use crate::template::part::Wanted;
use rendering::Project;

/// Add an app, a service, continuous integration or a package to a project
///
/// A plan with a diff, like everything that writes. What cannot be merged with your own changes is left alone, and what to
/// paste is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// Apply what can be merged, and show the rest to be pasted
    #[arg(long, global = true)]
    skip_conflicts: bool,
    #[command(flatten)]
    plan: PlanFlags,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add an app to the workspace: folder, dev shell, process, package and image
    App {
        /// Name of the app, which is that of its folder below `apps/`
        name: String,
        /// What it is made with: `web`, `api` or `empty`
        #[arg(long)]
        kind: String,
        /// Port that it listens on; the next that is free when left out
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        port: Option<u16>,
    },
    /// Add a service that the template knows, such as `postgres` or `redis`
    Service {
        /// Name of the service
        name: String,
    },
    /// Add workflows that test and build
    Ci {
        /// Which continuous integration; the one that the template knows when left out
        name: Option<String>,
    },
    /// Use a Cachix cache in the workflows, and in the flake when its key is given
    Cachix {
        /// Name of the cache
        name: String,
        /// Its public key, such as `NAME.cachix.org-1:…`
        #[arg(long, value_name = "KEY")]
        public_key: Option<String>,
    },
    /// Add a package of nixpkgs to the dev shell
    Package {
        /// Attribute of nixpkgs, such as `jq` or `python3Packages.black`
        attribute: String,
    },
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let options = rendering::Options { flags: args.plan, skips_conflicts: args.skip_conflicts };
    match &args.what {
        What::App { name, kind, port } => {
            Project::find()?.with_part(session, options, Wanted { part: "app", name, kind, port: *port })
        }
        What::Service { name } => {
            let project = Project::find()?;
            let answers = project.feature("service", Some(name))?;
            project.with_answers(session, options, &format!("Add {name}"), answers)
        }
        What::Ci { name } => {
            let project = Project::find()?;
            let answers = project.feature("ci", name.as_deref())?;
            project.with_answers(session, options, "Add continuous integration", answers)
        }
        What::Cachix { name, public_key } => {
            let project = Project::find()?;
            let mut answers = Answers::from([("cachix".to_owned(), Answer::Text(name.clone()))]);
            answers.extend(public_key.iter().map(|key| ("cachix_key".to_owned(), Answer::Text(key.clone()))));
            project.with_answers(session, options, &format!("Use the cache {name}"), answers)
        }
        What::Package { attribute } => package::run(session, args.plan, attribute),
    }
}

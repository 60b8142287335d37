//! `nixstart env`: the `.env` of a project as a schema-checked document that keeps every byte. One file per verb.

mod change;
mod check;
mod diff;
mod edit;
mod example;
mod exec;
mod export;
mod exposure;
mod file_step;
mod get;
mod guard;
mod identity;
mod import;
mod invitee;
mod list;
mod recipients;
mod revoke;
mod rotate;
mod set;
mod share;
mod site;
mod team;
mod unlock;
mod unset;
mod value;

use camino::Utf8PathBuf;

use super::{PlanFlags, Session, ShownBy};
use crate::dotenv::Consumer;
use crate::error::Result;
use crate::host::memory;
use crate::secret::declarations::DEFAULT_PROFILE;
pub(super) use edit::sheets;

/// Read, change, check and share the variables of a project's `.env`
///
/// Every byte that is not asked to change stays: comments, order, quotes, line ends. A value is never shown unless you ask
/// for it, and never comes from the command line when it is a secret.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    verb: Verb,
}

/// Flags of every verb.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Env options")]
struct Flags {
    /// The file; `.env` of the project when left out, `.env.local` of a Next.js app
    #[arg(long, value_name = "FILE", global = true)]
    file: Option<Utf8PathBuf>,
    /// The app of a monorepo whose file is meant, such as `api` for `apps/api`
    #[arg(long, value_name = "NAME", global = true, conflicts_with = "file")]
    app: Option<String>,
    /// The environment whose declarations count
    #[arg(long, value_name = "PROFILE", global = true, default_value = "default")]
    profile: String,
    /// The programs that read the file, with commas between them; found out when left out
    #[arg(long, value_name = "PROGRAMS", global = true, value_delimiter = ',', value_parser = parse_consumer)]
    consumers: Vec<Consumer>,
    /// Follow a link that leads out of the project
    #[arg(long, global = true)]
    follow: bool,
    /// Keep a private copy of the old file beside it
    #[arg(long, global = true)]
    backup: bool,
    /// Show what would change and stop
    #[arg(long, global = true, conflicts_with = "yes")]
    dry_run: bool,
    /// Answer yes to every question
    #[arg(short, long, global = true)]
    yes: bool,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Flags {
    /// The same for a plan.
    const fn plan(&self) -> PlanFlags {
        PlanFlags { dry_run: self.dry_run, yes: self.yes, json: self.json, accepts_unpinned: false, shown_by: ShownBy::DryRun }
    }
}

/// Flags that do nothing where nothing is written to a `.env`.
const OF_WRITING: [&str; 3] = ["backup", "dry_run", "yes"];
/// The same where a program is run, which can be said beforehand.
const OF_CHANGING: [&str; 2] = ["backup", "yes"];
/// Flags that do nothing for what a team shares.
const OF_OWN_FILE: [&str; 2] = ["backup", "consumers"];
/// Flags that do nothing where no `.env` is meant.
const OF_FILES: [&str; 7] = ["file", "app", "profile", "consumers", "follow", "backup", "yes"];
/// Flags that do nothing for a guard, which looks at every file.
const OF_ONE_FILE: [&str; 4] = ["app", "consumers", "follow", "backup"];

/// Flags of every verb that do nothing for one: its help does not speak of them. They are accepted all the same, so that a
/// script can give the same flags to every verb.
fn unspoken(names: &[&str]) -> Vec<clap::Arg> {
    let all = <Flags as clap::Args>::augment_args(clap::Command::new("env"));
    let is_unspoken = |flag: &&clap::Arg| names.contains(&flag.get_id().as_str());
    all.get_arguments().filter(is_unspoken).map(|flag| flag.clone().hide(true)).collect()
}

fn parse_consumer(name: &str) -> std::result::Result<Consumer, String> {
    Consumer::find(name).ok_or_else(|| {
        let names = Consumer::ALL.map(Consumer::name);
        crate::error::did_you_mean(name, names).unwrap_or_else(|| format!("known programs: {}", names.join(", ")))
    })
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    #[command(args(unspoken(&OF_WRITING)))]
    List(list::Args),
    #[command(args(unspoken(&OF_WRITING)))]
    Get(get::Args),
    Set(set::Args),
    Unset(unset::Args),
    Edit(edit::Args),
    Import(import::Args),
    #[command(args(unspoken(&OF_WRITING)))]
    Export(export::Args),
    #[command(args(unspoken(&OF_WRITING)))]
    Diff(diff::Args),
    #[command(args(unspoken(&OF_OWN_FILE)))]
    Example(example::Args),
    Rotate(rotate::Args),
    #[command(args(unspoken(&OF_OWN_FILE)))]
    Share(share::Args),
    Unlock(unlock::Args),
    #[command(args(unspoken(&OF_OWN_FILE)))]
    Revoke(revoke::Args),
    #[command(args(unspoken(&OF_OWN_FILE)))]
    Recipients(recipients::Args),
    #[command(args(unspoken(&OF_FILES)))]
    Identity(identity::Args),
    #[command(args(unspoken(&OF_WRITING)))]
    Check(check::Args),
    #[command(args(unspoken(&OF_CHANGING)))]
    Exec(exec::Args),
    #[command(args(unspoken(&OF_ONE_FILE)))]
    Guard(guard::Args),
}

pub(super) fn run(args: Args, session: &mut Session) -> Result<()> {
    memory::protect();
    let flags = args.flags;
    match args.verb {
        Verb::List(args) => list::run(&args, &flags, session),
        Verb::Get(args) => get::run(&args, &flags, session),
        Verb::Set(args) => set::run(&args, &flags, session),
        Verb::Unset(args) => unset::run(&args, &flags, session),
        Verb::Edit(args) => edit::run(&args, &flags, session),
        Verb::Rotate(args) => rotate::run(&args, &flags, session),
        Verb::Share(args) => share::run(&args, &flags, session),
        Verb::Unlock(args) => unlock::run(&args, &flags, session),
        Verb::Revoke(args) => revoke::run(&args, &flags, session),
        Verb::Recipients(args) => recipients::run(&args, &flags, session),
        Verb::Identity(args) => identity::run(&args, &flags, session),
        Verb::Check(args) => check::run(&args, &flags, session),
        Verb::Import(args) => import::run(&args, &flags, session),
        Verb::Export(args) => export::run(&args, &flags, session),
        Verb::Diff(args) => diff::run(&args, &flags, session),
        Verb::Example(args) => example::run(&args, &flags, session),
        Verb::Exec(args) => exec::run(&args, &flags, session),
        Verb::Guard(args) => guard::run(&args, &flags, session),
    }
}

//! `nixstart env recipients`: who can open the sealed files of a project.

use serde_json::json;

use super::site::Site;
use super::team::{self, Team, Written};
use super::{Flags, invitee};
use crate::cli::Session;
use crate::cli::carry_out::Outcome;
use crate::error::Result;
use crate::host::lock::Lock;
use crate::secret::recipient::Recipient;
use crate::secret::recipients::{Member, Recipients};
use crate::template::escape;

/// List, add or remove those who can open the sealed files
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List everybody with the fingerprints of their keys; this is done when nothing is said
    List,
    /// Add somebody to the list; `nixstart env share` seals the files for them
    Add {
        /// A public key of SSH, a file with one, `github:NAME`, or a recipient `age1…`
        #[arg(allow_hyphen_values = true)]
        key: String,
        /// What the team calls them; from the key when left out
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Take somebody out of the list; `nixstart env revoke` seals the files anew, too
    Remove {
        /// What the team calls them
        name: String,
    },
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    match &args.verb {
        None | Some(Verb::List) => list(session, &Team::read(&site.root)?, flags),
        Some(Verb::Add { key, name }) => {
            let member = invitee::find(session, key, name.as_deref())?;
            let keys = member.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let note = format!("{} {keys} (compare it with them before you say yes)", member.name);
            let title = format!("Add {} to the recipients", member.name);
            let after = "so that the sealed files open for them";
            change(session, &site, flags, (title, vec![note], after), &|team| {
                Ok(team.list.with(member.clone()).map_err(team::wrong_member)?.unwrap_or_else(|| team.list.clone()))
            })
        }
        Some(Verb::Remove { name }) => {
            let note = format!("the sealed files still open for {name}, and what they could read they may have kept");
            let instead = format!(
                "`{}` does this, seals the files anew and lists what to rotate",
                site.command(&format!("revoke {}", escape::sh(name)))
            );
            let title = format!("Remove {name} from the recipients");
            let after = "so that the sealed files do not open for them any more";
            change(session, &site, flags, (title, vec![note, instead], after), &|team| {
                team.list.without(name).map_err(team::wrong_member)
            })
        }
    }
}

fn change(
    session: &mut Session,
    site: &Site,
    flags: &Flags,
    (title, notes, after): (String, Vec<String>, &str),
    edit: &dyn Fn(&Team) -> Result<Recipients>,
) -> Result<()> {
    let _lock = if flags.dry_run { None } else { Some(Lock::wait(&site.root)?) };
    let team = Team::read(&site.root)?;
    let list = edit(&team)?;
    let list = if list.project().is_some() { list } else { list.with_project(&team.project()?) };
    let step = team.step(&list, &title)?;
    match team::carry_out(session, &site.root, flags, Written { title, steps: vec![step], notes })? {
        Outcome::Applied => session.ui.say(&format!("Run {}, {after}", team.sharing(site))),
        Outcome::NothingToDo => session.ui.say("The list is as it should be already"),
        Outcome::Shown => {}
    }
    Ok(())
}

fn list(session: &mut Session, team: &Team, flags: &Flags) -> Result<()> {
    let members = team.list.members();
    if flags.json {
        let member = |member: &Member| {
            json!({
                "name": member.name, "added": member.added,
                "keys": member.keys.iter().map(Recipient::as_str).collect::<Vec<_>>(),
                "fingerprints": member.keys.iter().map(Recipient::fingerprint).collect::<Vec<_>>(),
            })
        };
        let members: Vec<_> = members.iter().map(member).collect();
        let files: Vec<String> = team.sealed_files().iter().map(ToString::to_string).collect();
        return session
            .print_json(&json!({ "schema": 1, "project": team.list.project(), "recipients": members, "files": files }));
    }
    if members.is_empty() {
        session.ui.say("There are no recipients yet; `nixstart env share --to` adds one");
        return Ok(());
    }
    let width = members.iter().map(|member| member.name.chars().count()).max().unwrap_or(0);
    for member in members {
        for key in &member.keys {
            session.ui.data(&format!("{:width$}  {:10}  {key}\n", member.name, member.added))?;
        }
    }
    Ok(())
}

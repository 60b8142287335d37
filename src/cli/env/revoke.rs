//! `nixstart env revoke`: seals the files of a team anew without somebody, and says what has to be rotated. What they could
//! read they may have kept; nothing takes that back.

use std::collections::BTreeSet;

use super::site::Site;
use super::team::{self, Team, Written};
use super::{Flags, value};
use crate::cli::Session;
use crate::cli::carry_out::Outcome;
use crate::error::{Error, Result};
use crate::file_tree::RelativePath;
use crate::host::lock::Lock;
use crate::host::seal::Identities;
use crate::plan::Step;
use crate::secret::recipients::Recipients;
use crate::secret::rotation;

/// Seal the files of the team anew without somebody, and list what to rotate
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the team calls them
    name: String,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::find(flags, session)?;
    let _lock = if flags.dry_run { None } else { Some(Lock::wait(&site.root)?) };
    let team = Team::read(&site.root)?;
    let list = team.list.without(&args.name).map_err(team::wrong_member)?;
    if list.members().is_empty() && !team.sealed_files().is_empty() {
        return Err(Error::failed(format!("`{}` is the only recipient, and nobody else could open the files", args.name))
            .hint("add somebody first with `nixstart env share --to`, or delete `team/`"));
    }
    let mut steps = vec![team.step(&list, &format!("Take {} out of the list", args.name))?];
    let mut known = Vec::new();
    let mut identities = Identities::find()?;
    for path in team.sealed_files() {
        let (step, names) = seal_anew(session, &site, (&team, &list), &path, &mut identities)?;
        steps.push(step);
        known.push((path, names));
    }
    let names: BTreeSet<&str> = known.iter().flat_map(|(_, names)| names).map(String::as_str).collect();
    let to_rotate = (!names.is_empty()).then(|| value::joined(names.into_iter()));
    let mut notes = vec![format!(
        "{} may have kept every value, and the history of git has the old files: a value is safe again only when it is a new one",
        args.name
    )];
    notes.extend(to_rotate.map(|names| format!("to rotate afterwards: {names}")));
    let title = format!("Revoke {}", args.name);
    if team::carry_out(session, &site.root, flags, Written { title, steps, notes })? == Outcome::Applied {
        report(session, &site, &team, &known);
    }
    Ok(())
}

/// The step that seals a file anew, and the names of what is in it.
fn seal_anew(
    session: &mut Session,
    site: &Site,
    (team, list): (&Team, &Recipients),
    path: &RelativePath,
    identities: &mut Identities,
) -> Result<(Option<Step>, Vec<String>)> {
    let opened = team.read_sealed(session, path, identities).map_err(|error| {
        error.hint("or seal the current values: `nixstart env recipients remove NAME`, and then what that says")
    })?;
    let profile = opened.origin.map_or_else(|| site.profile.clone(), |origin| origin.profile);
    let explanation = "What is in it stays the same; only who can open it changes.";
    let step = team.sealing(list, path, (&profile, &opened.entries), explanation)?;
    Ok((step, opened.entries.into_iter().map(|entry| entry.key).collect()))
}

/// Says what has to be rotated, in each file that has it: the values of two files may be two.
fn report(session: &mut Session, site: &Site, team: &Team, known: &[(RelativePath, Vec<String>)]) {
    if known.iter().all(|(_, names)| names.is_empty()) {
        return;
    }
    session.ui.say("");
    session.ui.say("Rotate each of these; until then the old value works for whoever has it:");
    for (path, names) in known {
        let declared = team.declared(path);
        for name in names {
            let command = |words: &str| team.command(path, words);
            for (index, line) in rotation::steps(name, declared.spec(name), &command).iter().enumerate() {
                session.ui.say(&format!("{}{line}", if index == 0 { "  " } else { "      " }));
            }
        }
    }
    session.ui.say(&format!("Then run {} and commit `team/`", team.sharing(site)));
}

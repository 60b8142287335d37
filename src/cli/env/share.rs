//! `nixstart env share`: seals what a team shares of a `.env` to the keys of its members.

use camino::{Utf8Path, Utf8PathBuf};

use super::site::Site;
use super::team::{self, Team, Written};
use super::{Flags, file_step, invitee};
use crate::cli::Session;
use crate::cli::carry_out::Outcome;
use crate::dotenv::{self, Entry};
use crate::error::{Error, Result};
use crate::facts::secrets::format::shown_name;
use crate::file_tree::RelativePath;
use crate::host::lock::Lock;
use crate::host::paths;
use crate::host::seal::Identities;
use crate::secret::invitation::{Merged, Selection, Wish, merge, select};
use crate::secret::recipients::{Member, Recipients};
use crate::template::escape;

/// Seal variables to the public keys of a team
///
/// Writes `team/env/PROFILE.age`, which only the private keys of the recipients open, and `team/recipients.toml`, which says
/// who they are. Both are meant to be committed. A recipient runs `nixstart env unlock`; `age -d -i KEY FILE` works too.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Add somebody: a public key of SSH, a file with one, `github:NAME`, or a recipient `age1…`
    // A private key begins with hyphens, and clap would repeat it.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    to: Vec<String>,
    /// What the team calls them; from the key when left out
    #[arg(long, value_name = "NAME", requires = "to")]
    name: Option<String>,
    /// Share these variables, with commas between them
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "all")]
    keys: Vec<String>,
    /// Share every variable, also what is personal or not declared
    #[arg(long)]
    all: bool,
    /// Take these variables out of the sealed file, with commas between them; alone it shares nothing else
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "out")]
    drop: Vec<String>,
    /// Write the sealed file here, for those of `--to` alone, and nothing into the project
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    if args.name.is_some() && args.to.len() > 1 {
        return Err(Error::usage("`--name` names one person, and there are several `--to`")
            .hint("run the command for one after the other"));
    }
    let site = Site::find(flags, session)?;
    let wish = match (args.all, args.keys.as_slice()) {
        (true, _) => Wish::All,
        (false, []) => Wish::Usual,
        (false, keys) => Wish::Keys(keys),
    };
    // What cannot be shared is said before anybody's key is looked for.
    let chosen = match wish {
        Wish::Usual => {
            site.refuse_unread_declarations("nothing is shared, because what is personal stays here")?;
            if shares_only_what_is_sealed(args, flags, &site) { Chosen::default() } else { choose(&site, wish, args)? }
        }
        Wish::All | Wish::Keys(_) => choose(&site, wish, args)?.without(&args.drop),
    };
    let invited = args.to.iter().map(|to| invitee::find(session, to, args.name.as_deref())).collect::<Result<Vec<_>>>()?;
    match &args.out {
        Some(out) => share_privately(session, &site, flags, (chosen, &invited, out)),
        None => share(session, &site, flags, (chosen, Sealed { wish, dropped: &args.drop }, invited)),
    }
}

/// Whether nothing of the file is meant: something is taken out, or there is no file, and somebody is let in all the same.
fn shares_only_what_is_sealed(args: &Args, flags: &Flags, site: &Site) -> bool {
    let is_there = flags.file.is_some() || site.path.symlink_metadata().is_ok();
    !args.drop.is_empty() || (!is_there && goes_on_with_sealed(args, site))
}

/// Whether there is something to seal where nothing of the file is shared.
fn goes_on_with_sealed(args: &Args, site: &Site) -> bool {
    args.out.is_none() && team::has_sealed(site)
}

/// What is to become of variables that are sealed already.
#[derive(Clone, Copy)]
struct Sealed<'a> {
    wish: Wish<'a>,
    dropped: &'a [String],
}

impl Sealed<'_> {
    /// The names among them that are taken out: those that were named and, unless somebody says what is shared, those that are
    /// no business of the team.
    fn unwanted(self, site: &Site, entries: &[Entry]) -> Vec<String> {
        let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let selection = select(&names, &site.declarations.specs, &site.profile, self.wish);
        let foreign = selection.map(|selection| selection.not_for_the_team()).unwrap_or_default();
        [foreign, self.dropped.to_vec()].concat()
    }
}

/// Variables that are going to be shared, with their values.
#[derive(Default)]
struct Chosen {
    entries: Vec<Entry>,
    selection: Selection,
}

impl Chosen {
    fn without(mut self, dropped: &[String]) -> Self {
        self.entries.retain(|entry| !dropped.contains(&entry.key));
        self.selection.shared.retain(|name| !dropped.contains(name));
        self
    }
}

/// Chooses among the variables of the file.
fn choose(site: &Site, wish: Wish<'_>, args: &Args) -> Result<Chosen> {
    let file = site.read()?;
    let shown = site.shown();
    if !file.exists() {
        return Err(Error::failed(format!("`{shown}` is not there, so there is nothing to share"))
            .hint(format!("set a variable with `{}`", site.command("set NAME"))));
    }
    let document = file.document();
    if let Some(fault) = document.fault() {
        return Err(Error::failed(format!("`{shown}` is not shared: {fault}"))
            .hint(format!("mend it by hand; `{}` names each fault", site.command("check"))));
    }
    let mut entries = dotenv::entries(&document);
    entries.retain(Entry::has_value);
    let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let selection = select(&names, &site.declarations.specs, &site.profile, wish).map_err(|missing| {
        // What was typed in the place of a name may be a value.
        let (what, name) =
            shown_name(&missing).map_or_else(|| ("that name".to_owned(), "NAME".to_owned()), |name| (format!("`{name}`"), name));
        Error::failed(format!("`{shown}` has no value for {what}"))
            .hint(format!("set it first: `{}`", site.command(&format!("set {name}"))))
    })?;
    if selection.shared.is_empty() && !goes_on_with_sealed(args, site) {
        let error = Error::failed(format!("nothing of `{shown}` is to be shared"));
        let error = selection.withheld.iter().fold(error, |error, (name, why)| error.hint(format!("{name}: {}", why.reason())));
        return Err(error.hint("name variables with `--keys A,B`, or share everything with `--all`"));
    }
    entries.retain(|entry| selection.shared.contains(&entry.key));
    Ok(Chosen { entries, selection })
}

/// Seals for the whole team, and writes the files of the project. What is sealed there already and not chosen now stays.
fn share(
    session: &mut Session,
    site: &Site,
    flags: &Flags,
    (chosen, of_sealed, invited): (Chosen, Sealed<'_>, Vec<Member>),
) -> Result<()> {
    let path = team::sealed_path(site)?;
    let _lock = if flags.dry_run { None } else { Some(Lock::wait(&site.root)?) };
    let team = Team::read(&site.root)?;
    let list = with_all(&team.list, &invited)?;
    if list.members().is_empty() {
        return Err(Error::usage("there is nobody to share with")
            .hint("name somebody with `--to FILE.pub`, `--to github:NAME` or `--to age1…`"));
    }
    let project = team.project()?;
    let list = if list.project().is_some() { list } else { list.with_project(&project) };
    let (entries, told) = beside_sealed(session, (site, &team, &path), &chosen, of_sealed)?;
    let sealed = team::seal_for(&list, &project, &site.profile, &entries)?;
    let title = format!("Seal {} in `{path}`", counted(entries.len()));
    let explanation = "Only the private keys of the recipients open it. Commit it.";
    let mut steps = vec![team.step(&list, "Write who can open the files")?];
    steps.push(file_step::write(&site.root, &path, sealed, ("sealed", &title, explanation))?);
    let mut notes = notes_of(&chosen.selection);
    notes.extend(told);
    notes.extend(who(&list, &invited));
    notes.extend(own_key(&list)?);
    notes.extend(other_files(&team, &path, &invited));
    let title = match chosen.entries.len() {
        // Nothing of the file, or there is none.
        0 => format!("Seal `{path}` anew"),
        count => format!("Share {} of `{}`", counted(count), site.shown()),
    };
    if team::carry_out(session, &site.root, flags, Written { title, steps, notes })? == Outcome::Applied {
        session.ui.say(&format!("Commit `team/`; whoever is in the list then runs `{}`", site.command("unlock")));
    }
    Ok(())
}

/// The chosen variables beside what is sealed already, and what a person should know of that. A file that could be opened, and
/// is not, is not written over.
fn beside_sealed(
    session: &mut Session,
    (site, team, path): (&Site, &Team, &RelativePath),
    chosen: &Chosen,
    of_sealed: Sealed<'_>,
) -> Result<(Vec<Entry>, Vec<String>)> {
    let shown = team.shown(path);
    let dropped = of_sealed.dropped;
    let depends_on_it = !dropped.is_empty() || chosen.entries.is_empty();
    if !team.sealed_files().contains(path) {
        let nothing_there = || Error::failed(format!("`{shown}` is not there, so nothing can be taken out of it"));
        return if depends_on_it { Err(nothing_there()) } else { Ok((chosen.entries.clone(), Vec::new())) };
    }
    let opened = team.read_if_ours(session, path);
    let opened = opened.map_err(|error| error.hint(format!("or delete `{shown}` first, when nothing in it is needed")))?;
    let Some(opened) = opened else {
        if depends_on_it {
            return Err(Error::failed(format!("none of your keys opens `{shown}`, so what is in it cannot be sealed anew"))
                .hint("`nixstart env recipients` names those who can"));
        }
        let lost = format!("none of your keys opens `{shown}`: what is in it and not shared now will be gone from it");
        return Ok((chosen.entries.clone(), vec![lost]));
    };
    if let Some(name) = dropped.iter().find(|name| !opened.entries.iter().any(|entry| entry.key == **name)) {
        let what = shown_name(name).map_or_else(|| "no such variable".to_owned(), |name| format!("no `{name}`"));
        let there: Vec<&str> = opened.entries.iter().map(|entry| entry.key.as_str()).collect();
        return Err(Error::failed(format!("`{shown}` has {what}")).hint(format!("there are {}", there.join(", "))));
    }
    let unwanted = of_sealed.unwanted(site, &opened.entries);
    let Merged { entries, added, changed, kept, taken_out } = merge(opened.entries, chosen.entries.clone(), &unwanted);
    if entries.is_empty() {
        return Err(Error::failed(format!("nothing would be left in `{shown}`"))
            .hint(format!("take the file away in its place: `git rm {}`", escape::sh(&shown))));
    }
    let notes = [
        ("new in it", added, ""),
        ("another value", changed, " (yours takes the place of the one that is sealed)"),
        ("stays as it is sealed", kept, " (`--drop NAMES` takes variables out)"),
        ("taken out", taken_out, ""),
    ];
    let notes = notes.into_iter().filter(|(_, names, _)| !names.is_empty());
    Ok((entries, notes.map(|(what, names, more)| format!("{what}: {}{more}", names.join(", "))).collect()))
}

/// Seals for a few, into one file.
fn share_privately(
    session: &mut Session,
    site: &Site,
    flags: &Flags,
    (chosen, invited, out): (Chosen, &[Member], &Utf8Path),
) -> Result<()> {
    let team = Team::read(&site.root)?;
    let list = if invited.is_empty() { team.list.clone() } else { with_all(&Recipients::default(), invited)? };
    if list.members().is_empty() {
        return Err(Error::usage("there is nobody to share with").hint("name somebody with `--to`"));
    }
    let out = paths::absolute(out)?;
    let (Some(directory), Some(name)) = (out.parent(), out.file_name()) else {
        return Err(Error::usage(format!("`{out}` cannot be a file")));
    };
    if !directory.is_dir() {
        return Err(Error::failed(format!("`{}` is no directory", paths::shown(directory))).hint("make it first"));
    }
    let name = RelativePath::parse(name).map_err(Error::usage)?;
    let sealed = team::seal_for(&list, &team.project()?, &site.profile, &chosen.entries)?;
    let title = format!("Seal {} in `{}`", counted(chosen.entries.len()), paths::shown(&out));
    let step =
        file_step::write(directory, &name, sealed, ("sealed", &title, "Only the private keys of the recipients open it."))?;
    let mut notes = notes_of(&chosen.selection);
    notes.extend(who(&list, invited));
    let title = format!("Share {} of `{}`", counted(chosen.entries.len()), site.shown());
    if team::carry_out(session, &site.root, flags, Written { title, steps: vec![step], notes })? == Outcome::Applied {
        session.ui.say(&format!("Send `{}`; it is opened with `nixstart env unlock FILE`", paths::shown(&out)));
    }
    Ok(())
}

fn with_all(list: &Recipients, invited: &[Member]) -> Result<Recipients> {
    invited
        .iter()
        .try_fold(list.clone(), |list, member| Ok(list.with(member.clone()).map_err(team::wrong_member)?.unwrap_or(list)))
}

pub(super) fn counted(count: usize) -> String {
    if count == 1 { "1 variable".to_owned() } else { format!("{count} variables") }
}

fn notes_of(selection: &Selection) -> Vec<String> {
    let shared = (!selection.shared.is_empty()).then(|| format!("shared: {}", selection.shared.join(", ")));
    let mut notes: Vec<String> = shared.into_iter().collect();
    notes.extend(selection.withheld.iter().map(|(name, why)| format!("not shared: {name} ({})", why.reason())));
    notes
}

/// Everybody and the fingerprints of their keys; who is new says so.
fn who(list: &Recipients, invited: &[Member]) -> Vec<String> {
    let line = |member: &Member| {
        let is_new = invited.iter().any(|new| new.name == member.name);
        let keys = member.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let ask = if is_new { " (compare it with them before you say yes)" } else { "" };
        format!("can open it: {} {keys}{ask}", member.name)
    };
    list.members().iter().map(line).collect()
}

/// Whoever cannot open the files cannot take anybody out of them either.
fn own_key(list: &Recipients) -> Result<Option<String>> {
    let identities = Identities::find()?;
    let is_in_it = list.keys().any(|key| identities.has(key));
    Ok((!is_in_it).then(|| {
        "none of your own keys is a recipient, so you cannot open the file; add yourself with `--to` and your public key"
            .to_owned()
    }))
}

/// Files that a new recipient does not open yet.
fn other_files(team: &Team, path: &RelativePath, invited: &[Member]) -> Option<String> {
    let others: Vec<String> = team.sealed_files().iter().filter(|other| *other != path).map(|other| team.shown(other)).collect();
    let is_worth_saying = !others.is_empty() && !invited.is_empty();
    is_worth_saying.then(|| format!("not sealed anew, so that new recipients cannot open it: {}", others.join(", ")))
}

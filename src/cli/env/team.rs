//! What a team shares: `team/recipients.toml` and the sealed files of `team/env`. Read, opened and sealed here; written by a
//! plan. Such a plan holds sealed bytes: they are no secret values, and they are what is committed.

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::SecretString;

use super::site::{self, Site};
use super::{Flags, file_step};
use crate::changeset::OnDisk;
use crate::cli::Session;
use crate::cli::carry_out::{self, Outcome};
use crate::dotenv::Entry;
use crate::error::{Error, Result};
use crate::file_tree::RelativePath;
use crate::host::seal::{self, Identities};
use crate::host::target::on_disk;
use crate::host::vault::Vault;
use crate::host::{clock, paths, random};
use crate::plan::{Plan, Step};
use crate::secret::declarations::{DEFAULT_PROFILE, Declarations};
use crate::secret::invitation::{self, Invitation, InvitationError, Origin};
use crate::secret::recipients::{self, MemberError, Recipients, RecipientsError};
use crate::template::escape;

/// Where the sealed files of a project are.
const FOLDER: &str = "team/env";

/// The list of recipients as it is on disk.
pub(super) struct Team {
    /// The top of the project.
    root: Utf8PathBuf,
    /// The list.
    pub(super) list: Recipients,
}

impl Team {
    /// Reads the list; one that is not there is empty.
    pub(super) fn read(root: &Utf8Path) -> Result<Self> {
        let list = match on_disk(root, &list_path()?)? {
            OnDisk::Absent => Recipients::default(),
            OnDisk::Blocked(why) => return Err(Error::refused(why)),
            OnDisk::File(file) => {
                let text = String::from_utf8(file.contents).map_err(|_not_utf8| {
                    Error::failed(format!("`{}` is no UTF-8 text", recipients::PATH)).hint("take it back from git")
                })?;
                Recipients::parse(&text).map_err(wrong_list)?
            }
        };
        Ok(Self { root: root.to_owned(), list })
    }

    /// The name that sealed files give the project; a new one where there is none yet.
    pub(super) fn project(&self) -> Result<String> {
        let word = |name: &str| -> String {
            let kept = name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '-' });
            kept.take(40).collect()
        };
        match self.list.project() {
            Some(project) => Ok(project.to_owned()),
            None => Ok(format!("{}-{}", word(self.root.file_name().unwrap_or("project")), random::suffix()?)),
        }
    }

    /// The step that writes a changed list; `None` when it is on disk already.
    pub(super) fn step(&self, list: &Recipients, title: &str) -> Result<Option<Step>> {
        let explanation =
            "Public keys and fingerprints, nothing secret. Commit it, so that the team sees who can open the files.";
        file_step::write(&self.root, &list_path()?, list.to_string().into_bytes(), ("recipients", title, explanation))
    }

    /// Every sealed file of the project.
    pub(super) fn sealed_files(&self) -> Vec<RelativePath> {
        let entries = self.root.join(FOLDER).read_dir_utf8().map(Iterator::flatten).into_iter().flatten();
        let names = entries.filter(|entry| entry.file_name().ends_with(".age"));
        let mut paths: Vec<RelativePath> =
            names.filter_map(|entry| RelativePath::parse(&format!("{FOLDER}/{}", entry.file_name())).ok()).collect();
        paths.sort_unstable();
        paths
    }

    /// The commands that seal every file anew, or the first one, as they can be typed here.
    pub(super) fn sharing(&self, site: &Site) -> String {
        let commands = match self.sealed_files().as_slice() {
            [] => vec![site.command("share")],
            files => files.iter().map(|path| self.command(path, "share")).collect(),
        };
        commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(", ")
    }

    /// A command of `env` about the variables of a sealed file, as it can be typed here.
    pub(super) fn command(&self, path: &RelativePath, words: &str) -> String {
        let (app, profile) = self.of_file(path);
        let directory = match app {
            // Inside an app its own file would be meant.
            None if site::is_inside_app(&self.root) => format!("-C {} ", escape::sh(&paths::shown(&self.root))),
            _ => String::new(),
        };
        let app = app.map(|app| format!("--app {} ", escape::sh(&app))).unwrap_or_default();
        let profile = (profile != DEFAULT_PROFILE).then(|| format!("--profile {} ", escape::sh(profile)));
        format!("nixstart {directory}env {app}{}{words}", profile.unwrap_or_default())
    }

    /// What the project declares for a sealed file.
    pub(super) fn declared(&self, path: &RelativePath) -> Declarations {
        let (app, profile) = self.of_file(path);
        site::declared(&self.root, app.as_deref(), profile)
    }

    /// The app and the profile that a sealed file is for.
    fn of_file<'a>(&self, path: &'a RelativePath) -> (Option<String>, &'a str) {
        let name = path.file_name().trim_end_matches(".age");
        let of_app = name.split_once('.').filter(|(app, _)| site::apps(&self.root).iter().any(|known| known == app));
        of_app.map_or((None, name), |(app, profile)| (Some(app.to_owned()), profile))
    }

    /// The path of a sealed file as a person would type it.
    pub(super) fn shown(&self, path: &RelativePath) -> String {
        paths::shown(&self.root.join(path.as_str()))
    }

    /// Opens a sealed file and reads it.
    pub(super) fn read_sealed(
        &self,
        session: &mut Session,
        path: &RelativePath,
        identities: &mut Identities,
    ) -> Result<Invitation> {
        let text = self.open(session, path, identities)?;
        parse(&self.shown(path), &text)
    }

    /// The same for a file that may be for others alone; then it is `None`.
    pub(super) fn read_if_ours(&self, session: &mut Session, path: &RelativePath) -> Result<Option<Invitation>> {
        let (shown, bytes) = (self.shown(path), seal::read_sealed(&self.root.join(path.as_str()))?);
        let mut identities = Identities::find()?;
        let text = seal::open_if_ours(&shown, &bytes, &mut identities, &mut |path, attempt| passphrase(session, path, attempt))?;
        text.ok().map(|text| parse(&shown, &text)).transpose()
    }

    /// The step that seals variables anew for everybody in a list; `profile` is the one of the file, where it says that.
    pub(super) fn sealing(
        &self,
        list: &Recipients,
        path: &RelativePath,
        (profile, entries): (&str, &[Entry]),
        explanation: &str,
    ) -> Result<Option<Step>> {
        let sealed = seal_for(list, &self.project()?, profile, entries)?;
        let id = format!("sealed-{}", path.file_name());
        file_step::write(&self.root, path, sealed, (&id, &format!("Seal `{path}` anew"), explanation))
    }

    /// Opens a sealed file.
    pub(super) fn open(&self, session: &mut Session, path: &RelativePath, identities: &mut Identities) -> Result<SecretString> {
        let bytes = seal::read_sealed(&self.root.join(path.as_str()))?;
        open(session, &self.shown(path), &bytes, identities)
    }
}

fn list_path() -> Result<RelativePath> {
    RelativePath::parse(recipients::PATH).map_err(Error::failed)
}

/// The sealed file of a profile; each app of a monorepo has one of its own.
pub(super) fn sealed_path(site: &Site) -> Result<RelativePath> {
    let name = site.app.as_ref().map_or_else(|| site.profile.clone(), |app| format!("{app}.{}", site.profile));
    let is_word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    if name.starts_with('.') || !name.chars().all(is_word) {
        return Err(Error::usage(format!("`{name}` cannot be the name of a file in `{FOLDER}`"))
            .hint("a profile is one word of letters, digits and `._-`"));
    }
    RelativePath::parse(&format!("{FOLDER}/{name}.age")).map_err(Error::usage)
}

/// Whether the team shares variables of this file.
pub(super) fn has_sealed(site: &Site) -> bool {
    sealed_path(site).is_ok_and(|path| site.root.join(path.as_str()).is_file())
}

/// Opens sealed bytes; a passphrase is asked for where a key needs one.
pub(super) fn open(session: &mut Session, shown: &str, bytes: &[u8], identities: &mut Identities) -> Result<SecretString> {
    seal::open(shown, bytes, identities, &mut |path, attempt| passphrase(session, path, attempt))
}

fn passphrase(session: &mut Session, key: &Utf8Path, attempt: usize) -> Result<Option<SecretString>> {
    let again = if attempt > 0 { ", once more" } else { "" };
    if attempt > 0 {
        session.ui.refuse("that is not the passphrase");
    }
    session.ask.passphrase(&mut session.ui, &format!("Passphrase of {}{again}", paths::shown(key)))
}

/// Reads what was opened.
pub(super) fn parse(shown: &str, text: &SecretString) -> Result<Invitation> {
    invitation::parse(text).map_err(|error| {
        let hint = match error {
            InvitationError::Newer(_) => "use a newer nixstart, or look at it with `age -d -i KEY FILE`",
            InvitationError::Fault(_) | InvitationError::Empty => "look at it with `age -d -i KEY FILE`",
        };
        Error::failed(format!("`{shown}` cannot be used: {error}")).hint(hint)
    })
}

/// Seals variables for everybody in a list.
pub(super) fn seal_for(list: &Recipients, project: &str, profile: &str, entries: &[Entry]) -> Result<Vec<u8>> {
    let origin = Origin {
        project: project.to_owned(),
        profile: profile.to_owned(),
        created: clock::timestamp(),
        recipients: list.digest(),
    };
    let text = invitation::to_text(&origin, entries).map_err(|(key, why)| {
        Error::refused(format!("`{key}` cannot be shared, because no `.env` can hold its value: {why}")).hint(why.way_out())
    })?;
    seal::seal(&text, list.keys())
}

/// Carries out a plan that changes what a team shares.
pub(super) fn carry_out(session: &mut Session, root: &Utf8Path, flags: &Flags, plan: Written) -> Result<Outcome> {
    let plan = Plan {
        command: "env".to_owned(),
        title: plan.title,
        root: root.to_owned(),
        steps: plan.steps.into_iter().flatten().collect(),
        notes: plan.notes,
    };
    carry_out::carry_out(session, &plan, &Vault::default(), flags.plan())
}

/// What is going to be written.
pub(super) struct Written {
    pub(super) title: String,
    pub(super) steps: Vec<Option<Step>>,
    pub(super) notes: Vec<String>,
}

fn wrong_list(error: RecipientsError) -> Error {
    Error::failed(format!("`{}` {error}", recipients::PATH)).hint(error.hint)
}

/// Why somebody cannot be added or removed, as an error.
pub(super) fn wrong_member(error: MemberError) -> Error {
    let hint = match &error {
        MemberError::OtherKey { name, .. } => Some(format!(
            "ask them which key is theirs; for a new key run `nixstart env recipients remove {name}` first, for another person give `--name`"
        )),
        MemberError::OtherName { owner, .. } => Some(format!("they can open the files as `{owner}`")),
        MemberError::Unknown { near, .. } => {
            near.clone().or_else(|| Some("`nixstart env recipients` names everybody".to_owned()))
        }
    };
    Error::failed(error).maybe_hint(hint)
}

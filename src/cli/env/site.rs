//! Which `.env` is meant: the project around the current directory, its app, its file, its declarations and its readers.

use std::sync::Arc;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::Flags;
use crate::cli::Session;
use crate::diagnostic::Severity;
use crate::dotenv::{Consumer, Document, Writer, layers};
use crate::error::{Error, Result, did_you_mean};
use crate::facts::secrets::format::shown_undeclared;
use crate::host::env_file::{EnvFile, Links};
use crate::host::{declarations, env_consumers, paths};
use crate::project::WORKSPACES;
use crate::secret::SecretSpec;
use crate::secret::declarations::{DEFAULT_PROFILE, Declarations};
use crate::template::escape;
use crate::ui::redaction::{self, Names};

/// What makes a directory the top of a project, the most telling first.
const TOPS: [&str; 4] = ["nixstart.toml", "secretspec.toml", ".env.schema", ".git"];

/// The `.env` that is meant and what is known about it.
pub(super) struct Site {
    /// The top of the project.
    pub(super) root: Utf8PathBuf,
    /// The directory of the app, or the top.
    pub(super) directory: Utf8PathBuf,
    /// Name of the app.
    pub(super) app: Option<String>,
    /// The file, as it was named, as an absolute path.
    pub(super) path: Utf8PathBuf,
    /// The environment whose declarations count.
    pub(super) profile: String,
    /// What the project declares, for this app.
    pub(super) declarations: Declarations,
    /// The programs that read the file.
    pub(super) consumers: Vec<Consumer>,
    /// The flags of the command line that lead to it, with a space behind each.
    named_by: String,
    is_named: bool,
    follows: bool,
}

impl Site {
    /// Finds the file of the command line, or that of the current directory, and says what of its declarations cannot be
    /// understood: values are not checked against that.
    pub(super) fn find(flags: &Flags, session: &mut Session) -> Result<Self> {
        Self::look(flags).map(|site| site.warned(session))
    }

    /// The same for a command that is about what a project needs: where no file declares variables, those that its source
    /// asks for count.
    pub(super) fn find_with_source(flags: &Flags, session: &mut Session) -> Result<Self> {
        Self::look_with_source(flags).map(|site| site.warned(session))
    }

    /// The same, without a word.
    pub(super) fn look_with_source(flags: &Flags) -> Result<Self> {
        let mut site = Self::look(flags)?;
        if site.declarations.specs.is_empty() && flags.file.is_none() {
            site.declarations = declarations::read_with_source(&site.root, &site.directory, &site.profile);
        }
        Ok(site)
    }

    fn warned(self, session: &mut Session) -> Self {
        for found in self.declarations.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
            session.ui.warn(&format!("{}: {}", found.place, found.message));
            found.hint.iter().for_each(|hint| session.ui.hint(hint));
        }
        self
    }

    /// Finds the file of the command line, or that of the current directory, without a word.
    pub(super) fn look(flags: &Flags) -> Result<Self> {
        let current = paths::absolute(&paths::current_directory()?)?;
        let named = flags.file.as_deref().map(|file| absolute_but_the_link(&current, file)).transpose()?;
        let start = named.as_deref().and_then(Utf8Path::parent).unwrap_or(&current);
        let root = top_of(start);
        let (app, directory) = match (&flags.app, &named) {
            (Some(app), _) => (Some(app.clone()), app_directory(&root, app)?),
            (None, Some(_)) => (app_around(&root, start), start.to_owned()),
            (None, None) => {
                let app = app_around(&root, start);
                let directory = app.as_deref().map_or(Ok(root.clone()), |app| app_directory(&root, app))?;
                (app, directory)
            }
        };
        let path = named.unwrap_or_else(|| directory.join(default_name(&directory, &flags.profile)));
        let declarations = declared_in(&root, &directory, app.as_deref(), &flags.profile);
        let consumers = consumers(flags, &root, &directory);
        let (is_named, follows) = (flags.file.is_some(), flags.follow);
        let (profile, named_by) = (flags.profile.clone(), named_by(flags));
        Ok(Self { root, directory, app, path, profile, declarations, consumers, named_by, is_named, follows })
    }

    /// Reads the file; one that is not there is empty.
    pub(super) fn read(&self) -> Result<EnvFile> {
        self.read_beside(&self.path)
    }

    /// Reads a file beside it. No message repeats a secret of it.
    pub(super) fn read_beside(&self, path: &Utf8Path) -> Result<EnvFile> {
        let file = EnvFile::read(path, self.links())?;
        let (secret, public) = self.declarations.specs.iter().partition::<Vec<&SecretSpec>, _>(|spec| spec.sensitive);
        let names = |specs: Vec<&SecretSpec>| specs.into_iter().map(|spec| spec.name.clone()).collect();
        redaction::keep_out_of_file(file.document(), Names { public: names(public), secret: names(secret) });
        Ok(file)
    }

    /// The same for a command that uses values as far as they go: a file that is not what somebody meant is said to be so.
    pub(super) fn read_to_use(&self, path: &Utf8Path, session: &mut Session) -> Result<Arc<Document>> {
        let document = self.read_beside(path)?.document();
        // Whoever uses values has taken them apart, and knows the fault then.
        document.assignments();
        if let Some(fault) = document.fault() {
            let shown = paths::shown(path);
            session.ui.warn(&format!("`{shown}` is read as far as it goes: {fault}"));
        }
        Ok(document)
    }

    fn links(&self) -> Links<'_> {
        if self.follows { Links::Anywhere } else { Links::Within(&self.root) }
    }

    /// The files that say what a variable is, in the order in which the first one wins: what Next.js, Vite or bun read in the
    /// environment that the profile stands for, and only the file itself when somebody named it or nobody reads more.
    pub(super) fn layers(&self) -> Vec<Utf8PathBuf> {
        let names = layers::names(&self.consumers, &self.profile);
        if self.is_named || !self.path.file_name().is_some_and(|name| names.iter().any(|known| known == name)) {
            return vec![self.path.clone()];
        }
        let paths = names.into_iter().map(|name| self.directory.join(name));
        paths.filter(|path| *path == self.path || path.exists()).collect()
    }

    /// Refuses what depends on every declaration while one of their files cannot be read.
    pub(super) fn refuse_unread_declarations(&self, what: &str) -> Result<()> {
        let Some(unread) = self.declarations.unread() else { return Ok(()) };
        Err(Error::failed(format!("{what}: what the project declares cannot be read ({}: {})", unread.place, unread.message))
            .hint(format!("correct that; `{}` names everything that is wrong", self.command("check"))))
    }

    /// A command of `env` about this file, as it can be typed here.
    pub(super) fn command(&self, words: &str) -> String {
        format!("nixstart env {}{words}", self.named_by)
    }

    /// The declaration of a variable.
    pub(super) fn spec(&self, key: &str) -> Option<&SecretSpec> {
        self.declarations.spec(key)
    }

    /// Whether a variable must not be shown. What nobody declares may be a secret.
    pub(super) fn is_sensitive(&self, key: &str) -> bool {
        self.spec(key).is_none_or(|spec| spec.sensitive)
    }

    /// A name as it is shown, unless somebody asks for everything: one that nobody declares may be a piece of a secret.
    pub(super) fn shown_key<'a>(&self, key: &'a str, value: &str) -> &'a str {
        if self.spec(key).is_some() { key } else { shown_undeclared(key, value) }
    }

    /// The file as a person would type it.
    pub(super) fn shown(&self) -> String {
        paths::shown(&self.path)
    }
}

/// The flags that lead to a file, as they are typed.
fn named_by(flags: &Flags) -> String {
    let file = flags.file.as_ref().map(|file| ("--file", file.as_str()));
    let app = flags.app.as_deref().map(|app| ("--app", app));
    let profile = (flags.profile != DEFAULT_PROFILE).then_some(("--profile", flags.profile.as_str()));
    let flags = [file, app, profile].into_iter().flatten();
    flags.fold(String::new(), |typed, (flag, value)| format!("{typed}{flag} {} ", escape::sh(value)))
}

/// A path without `.` and `..`, in which links stay links: whether one leads out of the project is looked at later.
fn absolute_but_the_link(current: &Utf8Path, file: &Utf8Path) -> Result<Utf8PathBuf> {
    let Some(name) = file.file_name() else {
        return Err(Error::usage(format!("`{file}` names no file")).hint("name a file, such as `--file .env`"));
    };
    let joined = current.join(file);
    let directory = joined.parent().unwrap_or(current);
    // Behind a link, `..` is not the directory in front of it.
    let goes_up = directory.components().any(|part| part == Utf8Component::ParentDir);
    let directory = if goes_up { paths::absolute(directory)? } else { directory.components().collect() };
    Ok(directory.join(name))
}

/// The top of the project around a directory.
fn top_of(start: &Utf8Path) -> Utf8PathBuf {
    let has = |name: &str| start.ancestors().find(|directory| directory.join(name).exists());
    // A home directory under version control is no project.
    TOPS.iter().find_map(|name| has(name)).unwrap_or(start).to_owned()
}

fn app_directory(root: &Utf8Path, app: &str) -> Result<Utf8PathBuf> {
    let directory = WORKSPACES.iter().map(|folder| root.join(folder).join(app)).find(|path| path.is_dir());
    directory.filter(|_| !app.contains('/') && app != "..").ok_or_else(|| {
        let apps = apps(root);
        let hint = did_you_mean(app, apps.iter().map(String::as_str)).unwrap_or_else(|| match apps.as_slice() {
            [] => "this project has no apps; leave `--app` out".to_owned(),
            apps => format!("there are {}", apps.join(", ")),
        });
        Error::failed(format!("there is no app `{app}` in `{}`", paths::shown(root))).hint(hint)
    })
}

/// The names of the apps of a monorepo.
pub(super) fn apps(root: &Utf8Path) -> Vec<String> {
    let folders = WORKSPACES.iter().filter_map(|folder| root.join(folder).read_dir_utf8().ok());
    let entries = folders.flat_map(|entries| entries.flatten().filter(|entry| entry.path().is_dir()));
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_owned()).collect();
    names.sort_unstable();
    names
}

/// Whether commands that are typed here are about an app, when they do not say another.
pub(super) fn is_inside_app(root: &Utf8Path) -> bool {
    let current = paths::current_directory().and_then(|current| paths::absolute(&current));
    current.is_ok_and(|current| app_around(root, &current).is_some())
}

/// The app that a directory belongs to.
fn app_around(root: &Utf8Path, directory: &Utf8Path) -> Option<String> {
    let mut parts = directory.strip_prefix(root).ok()?.components();
    let folder = parts.next().filter(|folder| WORKSPACES.contains(&folder.as_str()));
    folder.and_then(|_| parts.next()).map(|app| app.as_str().to_owned())
}

/// Next.js reads `.env.local` for what is not committed, but not in tests.
fn default_name(directory: &Utf8Path, profile: &str) -> &'static str {
    let package = fs_err::read_to_string(directory.join("package.json")).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_str(&package).unwrap_or_default();
    let is_next = ["dependencies", "devDependencies"]
        .iter()
        .any(|field| package.get(field).is_some_and(|found| found.get("next").is_some()));
    match (is_next, profile) {
        (true, "test") => ".env.test.local",
        (true, _) => ".env.local",
        (false, _) => ".env",
    }
}

/// What a project declares for one of its apps, or for its top.
pub(super) fn declared(root: &Utf8Path, app: Option<&str>, profile: &str) -> Declarations {
    let directory = app.and_then(|app| app_directory(root, app).ok());
    declared_in(root, directory.as_deref().unwrap_or(root), app, profile)
}

fn declared_in(root: &Utf8Path, directory: &Utf8Path, app: Option<&str>, profile: &str) -> Declarations {
    let found = declarations::read(root, directory, profile);
    if let Some(app) = app { found.in_scope(app) } else { found }
}

/// The programs that were named, else those that the files of the project tell of.
fn consumers(flags: &Flags, root: &Utf8Path, directory: &Utf8Path) -> Vec<Consumer> {
    if flags.consumers.is_empty() {
        env_consumers::find(root, directory)
    } else {
        Writer::new(flags.consumers.clone()).consumers().to_vec()
    }
}

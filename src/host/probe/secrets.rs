//! Looks at `.env` files and for secrets that leaked. Values are read here and never leave: findings hold names, lines and
//! kinds.

mod history;
mod image;
mod privacy;
mod scan;

use std::os::unix::fs::MetadataExt;
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::{ExposeSecret, SecretString};

use privacy::WorkTree;

use super::{Reach, Vantage};
use crate::dotenv::{self, Entry};
use crate::facts::secrets::declared;
use crate::facts::secrets::{
    EnvContent, EnvFile, Fault, FaultKind, History, Privacy, StoreCopy, format, is_env_file, is_open_directory,
};
use crate::facts::{Fact, Secrets};
use crate::host::clock;
use crate::project::WORKSPACES;
use crate::secret::declarations::{DEFAULT_PROFILE, Declarations, EXAMPLES, Texts};
use crate::ui::redaction;

/// What makes a directory a project.
const PROJECT: [&str; 8] = ["nixstart.toml", "flake.nix", "devenv.nix", "package.json", ".env", ".env.example", ".envrc", ".git"];

pub(super) fn look(vantage: &Vantage) -> Secrets {
    if !PROJECT.iter().any(|name| vantage.directory.join(name).exists()) {
        return elsewhere();
    }
    let repository = privacy::work_tree(&vantage.directory);
    let places = places(vantage);
    thread::scope(|scope| {
        let scan = scope.spawn(|| scan::look(vantage, &sensitive_values(&places)));
        let history = scope.spawn(|| history::look(vantage));
        let files: Vec<EnvFile> = places.iter().flat_map(|place| place_files(vantage, place, &repository)).collect();
        let store = store_copy(vantage, &files, &repository);
        let image = image::look(vantage, &files);
        let (history, history_tokens) = history.join().unwrap_or_default();
        Secrets { files: files.into(), store, image, history, history_tokens, in_nix_files: scan.join().unwrap_or_default() }
    })
}

/// Whether others may change what is in a directory.
pub fn is_open(directory: &Utf8Path) -> bool {
    directory.metadata().is_ok_and(|metadata| is_open_directory(metadata.mode(), metadata.gid(), metadata.uid()))
}

/// What git does with a file, and which commits hold it. Its history is glanced at, not read to the end.
pub fn exposure(file: &Utf8Path) -> (Fact<Privacy>, Fact<History>) {
    let directory = file.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let vantage = match Vantage::here(Reach { network: false, deep: false }) {
        Ok(vantage) => Vantage { directory: directory.to_owned(), ..vantage },
        Err(error) => return (Fact::failed(&error), Fact::failed(error)),
    };
    let privacy = privacy::of(&vantage, &privacy::work_tree(directory), file);
    (privacy, history::look(&vantage).0)
}

fn elsewhere() -> Secrets {
    const WHY: &str = "this is no project";
    Secrets {
        files: Fact::irrelevant(WHY),
        store: Fact::irrelevant(WHY),
        image: Fact::irrelevant(WHY),
        history: Fact::irrelevant(WHY),
        history_tokens: Fact::irrelevant(WHY),
        in_nix_files: Fact::irrelevant(WHY),
    }
}

/// A directory with `.env` files, or one that should have some. It holds values; only [`EnvFile`]s come out of it.
struct Place {
    directory: Utf8PathBuf,
    declarations: Declarations,
    example: Option<Utf8PathBuf>,
    /// Names and texts of its files.
    files: Vec<(String, Fact<Option<String>>)>,
}

impl Place {
    /// What `.env` and what takes precedence over it say together.
    fn entries(&self) -> Vec<Entry> {
        let known = |name: &str| self.files.iter().find(|(file, _)| file == name).and_then(|(_, text)| text.known()?.as_deref());
        let texts = [".env.local", ".env"].into_iter().filter_map(known);
        texts.flat_map(dotenv::read).collect()
    }
}

fn places(vantage: &Vantage) -> Vec<Place> {
    let folders = WORKSPACES.iter().filter_map(|name| vantage.directory.join(name).read_dir_utf8().ok());
    let mut parts: Vec<Utf8PathBuf> =
        folders.flat_map(|entries| entries.flatten().map(camino::Utf8DirEntry::into_path)).collect();
    parts.sort_unstable();
    let directories = std::iter::once(vantage.directory.clone()).chain(parts.into_iter().take(100));
    directories.filter(|directory| directory.is_dir()).map(|directory| place(vantage, directory)).collect()
}

fn place(vantage: &Vantage, directory: Utf8PathBuf) -> Place {
    let read = |name: &str| vantage.read(&directory.join(name)).known().cloned().flatten();
    let example = EXAMPLES.iter().find(|name| directory.join(name).is_file());
    let declarations = Declarations::read(&Texts::gather(&read), DEFAULT_PROFILE);
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    // `.env` is also what some call the folder of a Python environment.
    let files = entries.filter(|entry| is_env_file(entry.file_name()) && entry.path().is_file());
    let mut names: Vec<String> = files.map(|entry| entry.file_name().to_owned()).collect();
    names.sort_unstable();
    let files = names.into_iter().map(|name| (name.clone(), vantage.read(&directory.join(name)))).collect();
    let example = example.map(|name| directory.join(name));
    Place { directory, declarations, example, files }
}

/// The values that must not be anywhere else. Nothing that is said from now on repeats one.
fn sensitive_values(places: &[Place]) -> Vec<String> {
    let of_place = |place: &Place| -> Vec<(String, SecretString)> {
        let entries = place.entries();
        declared::sensitive(&place.declarations, &entries)
            .into_iter()
            .map(|entry| (entry.key.clone(), entry.value.clone()))
            .collect()
    };
    let secrets: Vec<(String, SecretString)> = places.iter().flat_map(of_place).collect();
    redaction::keep_out(secrets.iter().cloned());
    secrets.iter().map(|(_, value)| value.expose_secret().to_owned()).collect()
}

/// The files of a place, and the `.env` that it should have.
fn place_files(vantage: &Vantage, place: &Place, repository: &Fact<Option<WorkTree>>) -> Vec<EnvFile> {
    let has_main = place.files.iter().any(|(name, _)| name == ".env" || name == ".env.local");
    let missing = (!has_main && !place.declarations.specs.is_empty()).then(|| (".env".to_owned(), Fact::Known(None)));
    let main = if place.files.iter().any(|(name, _)| name == ".env") || missing.is_some() { ".env" } else { ".env.local" };
    let env_file = |(name, text): (String, Fact<Option<String>>)| {
        let path = place.directory.join(&name);
        let is_main = name == main;
        EnvFile {
            name: path.strip_prefix(&vantage.directory).unwrap_or(&path).to_string(),
            example: place.example.clone().filter(|_| is_main),
            declared_in: if is_main { place.declarations.files.clone() } else { Vec::new() },
            gaps: if is_main { gaps(vantage, place) } else { Vec::new() },
            content: content(&path, text, place),
            privacy: privacy::of(vantage, repository, &path),
            path,
        }
    };
    place.files.iter().cloned().chain(missing).map(env_file).collect()
}

fn gaps(vantage: &Vantage, place: &Place) -> Vec<crate::facts::secrets::Gap> {
    let is_provided = |key: &str| vantage.variable(key).is_some();
    declared::gaps(&place.declarations, &place.entries(), &is_provided, clock::now_milliseconds())
}

fn content(path: &Utf8Path, text: Fact<Option<String>>, place: &Place) -> Fact<Option<EnvContent>> {
    text.map(|text| {
        let text = text?;
        let metadata = path.metadata().ok()?;
        let entries = dotenv::read(&text);
        let mut faults = format::faults(&text);
        for (key, what) in declared::copied_along(&place.declarations, &entries, clock::now_milliseconds()) {
            let line = format::line_of(&text, &key).unwrap_or(1);
            faults.push(Fault { line, key: format::shown_name(&key), kind: FaultKind::CopiedAlong(what) });
        }
        let mut values = entries.iter().map(|entry| (entry.key.as_str(), entry.value.expose_secret()));
        let is_public = |(key, value): (&str, &str)| value.starts_with("encrypted:") || key.starts_with("DOTENV_PUBLIC_KEY");
        Some(EnvContent {
            faults,
            mode: metadata.mode() & 0o7777,
            is_own: metadata.uid() == rustix::process::geteuid().as_raw(),
            is_replaceable: path.parent().is_some_and(is_open),
            holds_secret: declared::holds_secret(&text, &entries),
            is_encrypted: !entries.is_empty() && values.all(is_public),
        })
    })
}

fn store_copy(vantage: &Vantage, files: &[EnvFile], repository: &Fact<Option<WorkTree>>) -> Fact<StoreCopy> {
    if !vantage.directory.join("flake.nix").is_file() {
        return Fact::irrelevant("there is no `flake.nix`");
    }
    let files: Vec<String> =
        files.iter().filter(|file| matches!(file.content, Fact::Known(Some(_)))).map(|file| file.name.clone()).collect();
    if files.is_empty() {
        return Fact::irrelevant("there is no `.env`");
    }
    match repository.get() {
        Err(why) => Fact::Unknown(why),
        Ok(None) => StoreCopy::WholeDirectory { files }.into(),
        Ok(Some(_)) => match path_reference(vantage) {
            Some(place) => StoreCopy::PathReference { place, files }.into(),
            None => StoreCopy::TrackedFilesOnly.into(),
        },
    }
}

/// Where `.envrc` names the project's own flake as `path:`.
fn path_reference(vantage: &Vantage) -> Option<String> {
    let text = vantage.read(&vantage.directory.join(".envrc")).known()?.clone()?;
    let is_reference = |line: &str| {
        let code = line.split('#').next().unwrap_or_default();
        let mut words = code.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        words.any(|word| matches!(word, "path:" | "path:." | "path:./" | "path:$PWD" | "path:${PWD}"))
    };
    let line = text.lines().position(is_reference)?;
    Some(format!(".envrc:{}", line + 1))
}

#[cfg(test)]
mod tests;

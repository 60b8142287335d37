//! Reads the files of a project that tell who reads its `.env`.

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;

use super::probe::{Reach, Vantage};
use crate::dotenv::consumers::{self, Clues, Evidence};
use crate::dotenv::{Consumer, Writer};

/// A file that tells something is not larger.
const LARGEST_FILE: u64 = 1 << 20;
/// More files of one directory are not looked at.
const MOST_FILES: usize = 200;
/// Where unit files and scripts are, below the top of a project.
const BELOW: [&str; 6] = ["scripts", "bin", "deploy", "systemd", "contrib", "contrib/systemd"];

/// The programs that read the `.env` of a directory, with what says so.
pub fn evidence(root: &Utf8Path, directory: &Utf8Path) -> Vec<Evidence> {
    let below = BELOW.iter().map(|name| directory.join(name));
    let above = (root != directory).then(|| root.to_owned());
    let directories: Vec<Utf8PathBuf> = std::iter::once(directory.to_owned()).chain(below).chain(above).collect();
    let files = directories.iter().flat_map(|folder| telling_files(root, folder)).collect();
    let mut clues = Clues { files, devenv: None };
    if consumers::wants_devenv_version(&clues) {
        clues.devenv = devenv_version();
    }
    consumers::evidence(&clues)
}

/// The programs that read the `.env` of a directory: those that something tells of, and where nothing does, every program
/// that knows quotes.
pub fn find(root: &Utf8Path, directory: &Utf8Path) -> Vec<Consumer> {
    let found: Vec<Consumer> = evidence(root, directory).into_iter().map(|evidence| evidence.consumer).collect();
    let writer = if found.is_empty() { Writer::default() } else { Writer::new(found) };
    writer.consumers().to_vec()
}

fn telling_files(root: &Utf8Path, directory: &Utf8Path) -> Vec<(String, String)> {
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    let mut paths: Vec<Utf8PathBuf> =
        entries.filter(|entry| consumers::is_telling(entry.file_name())).map(camino::Utf8DirEntry::into_path).collect();
    paths.sort_unstable();
    let file = |path: &Utf8PathBuf| {
        let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        // Of a lock file its being there is all that counts.
        let is_read = metadata.len() <= LARGEST_FILE && path.extension() != Some("lockb");
        let text = if is_read { String::from_utf8_lossy(&fs_err::read(path).ok()?).into_owned() } else { String::new() };
        Some((path.strip_prefix(root).unwrap_or(path).to_string(), text))
    };
    paths.iter().take(MOST_FILES).filter_map(file).collect()
}

/// What the devenv on PATH calls itself.
fn devenv_version() -> Option<Version> {
    let vantage = Vantage::here(Reach { network: false, deep: false }).ok()?;
    let output = vantage.run("devenv", &["version"]).known()?.stdout.clone();
    let mut words = output.split_whitespace().map(|word| word.trim_start_matches('v'));
    words.find_map(|word| Version::parse(word).ok())
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn files_of_the_part_and_of_the_top_count() {
        let keep = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(keep.path().to_owned()).unwrap();
        let app = root.join("apps/web");
        fs_err::create_dir_all(app.join("scripts")).unwrap();
        assert_eq!(find(&root, &app), Writer::default().consumers());
        fs_err::write(root.join(".envrc"), "dotenv\n").unwrap();
        fs_err::write(app.join("package.json"), r#"{"dependencies":{"next":"16"}}"#).unwrap();
        fs_err::write(app.join("scripts/run.sh"), ". ./.env\n").unwrap();
        assert_eq!(find(&root, &app), [Consumer::Node, Consumer::Next, Consumer::Direnv, Consumer::Shell]);
        let files: Vec<String> = evidence(&root, &app).into_iter().map(|found| found.file).collect();
        assert_eq!(files, ["apps/web/package.json", ".envrc", "apps/web/scripts/run.sh"]);
    }
}

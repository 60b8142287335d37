//! Looks through the commits of a repository for `.env` files and, with `--deep`, for tokens in any file.
//!
//! Every tree is looked into once, however many commits share it, so that the time depends on what changed.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use git2::{ErrorCode, ObjectType, Oid, Repository, Sort, Tree};

use super::Vantage;
use crate::dotenv;
use crate::facts::Fact;
use crate::facts::secrets::{HistoricFile, History, Leak, declared, format, is_env_file};
use crate::secret::shapes;

/// How long a run that is not deep looks into history.
const GLANCE: Duration = Duration::from_millis(150);
/// How deep such a run goes into folders.
const GLANCE_DEPTH: usize = 3;
/// Folders below folders beyond this are not looked into.
const DEEPEST: usize = 64;
const LARGEST_BLOB: usize = 1 << 20;
const MOST_LEAKS: usize = 200;

pub(super) fn look(vantage: &Vantage) -> (Fact<History>, Fact<Vec<Leak>>) {
    let repository = match Repository::discover(&vantage.directory) {
        Ok(repository) => repository,
        Err(error) => {
            let is_absent = error.code() == ErrorCode::NotFound;
            let why = if is_absent { "the project is in no git repository" } else { "git does not open this repository" };
            return (Fact::irrelevant(why), Fact::irrelevant(why));
        }
    };
    let is_deep = vantage.reach.deep;
    let budget = if is_deep { vantage.timeout.max(GLANCE) } else { GLANCE };
    let mut walk = Walk {
        repository: &repository,
        seen: HashSet::new(),
        history: History::default(),
        leaks: Vec::new(),
        is_deep,
        deadline: Instant::now() + budget,
    };
    match walk.run(&prefix(vantage, &repository)) {
        Ok(()) => {
            let tokens = if is_deep { Fact::Known(walk.leaks) } else { Fact::not_looked("only with `--deep`") };
            (walk.history.into(), tokens)
        }
        Err(error) => {
            let why = format!("git: {}", error.message());
            (Fact::failed(&why), Fact::failed(why))
        }
    }
}

/// Where the project is in its repository.
fn prefix(vantage: &Vantage, repository: &Repository) -> Utf8PathBuf {
    let directory = vantage.directory.canonicalize_utf8().unwrap_or_else(|_| vantage.directory.clone());
    let relative = repository.workdir().and_then(|work_tree| directory.as_std_path().strip_prefix(work_tree).ok());
    relative.and_then(|path| Utf8PathBuf::from_path_buf(path.to_owned()).ok()).unwrap_or_default()
}

struct Walk<'r> {
    repository: &'r Repository,
    seen: HashSet<Oid>,
    history: History,
    leaks: Vec<Leak>,
    is_deep: bool,
    deadline: Instant,
}

impl Walk<'_> {
    fn run(&mut self, prefix: &Utf8PathBuf) -> Result<(), git2::Error> {
        let mut commits = self.repository.revwalk()?;
        commits.set_sorting(Sort::TIME)?;
        commits.push_glob("refs/*")?;
        // A branch without commits has no HEAD to push.
        let _unborn = commits.push_head();
        self.history.is_complete = true;
        for commit in commits {
            let id = commit?;
            if Instant::now() > self.deadline {
                self.history.is_complete = false;
                break;
            }
            // In a shallow or partial clone some objects are not there.
            let Ok(tree) = self.repository.find_commit(id).and_then(|commit| commit.tree()) else { continue };
            self.history.commits += 1;
            let short: String = id.to_string().chars().take(10).collect();
            match prefix.as_str() {
                "" => self.tree(&tree, "", &short, 0),
                folder => {
                    let inner = tree.get_path(folder.as_ref()).and_then(|entry| self.repository.find_tree(entry.id()));
                    if let Ok(inner) = inner {
                        self.tree(&inner, "", &short, 0);
                    }
                }
            }
        }
        self.history.files.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        self.leaks.sort_unstable();
        Ok(())
    }

    fn tree(&mut self, tree: &Tree<'_>, folder: &str, commit: &str, depth: usize) {
        if !self.seen.insert(tree.id()) || Instant::now() > self.deadline {
            return;
        }
        for entry in tree {
            let Ok(name) = entry.name() else { continue };
            let path = format!("{folder}{name}");
            match entry.kind() {
                Some(ObjectType::Tree) if name != "node_modules" && depth < self.deepest() => {
                    if let Ok(inner) = self.repository.find_tree(entry.id()) {
                        self.tree(&inner, &format!("{path}/"), commit, depth + 1);
                    }
                }
                Some(ObjectType::Blob) if is_env_file(name) => self.blob(entry.id(), &path, true, commit),
                Some(ObjectType::Blob) if self.is_deep && self.seen.insert(entry.id()) => {
                    self.blob(entry.id(), &path, false, commit);
                }
                _ => {}
            }
        }
    }

    const fn deepest(&self) -> usize {
        if self.is_deep { DEEPEST } else { GLANCE_DEPTH }
    }

    fn blob(&mut self, id: Oid, path: &str, is_env: bool, commit: &str) {
        let Ok(blob) = self.repository.find_blob(id) else { return };
        if blob.size() > LARGEST_BLOB || blob.is_binary() {
            return;
        }
        let text = String::from_utf8_lossy(blob.content());
        if is_env {
            self.env_file(&text, path, commit);
        } else if self.leaks.len() < MOST_LEAKS {
            let file = format!("{commit}:{path}");
            self.leaks.extend(shapes::find(&text).into_iter().map(|(line, shape)| Leak { file: file.clone(), line, shape }));
        }
    }

    fn env_file(&mut self, text: &str, path: &str, commit: &str) {
        let entries = dotenv::read(text);
        let filled: Vec<&dotenv::Entry> = entries.iter().filter(|entry| declared::is_filled(entry)).collect();
        let holds_secret = declared::holds_secret(text, &entries);
        if filled.is_empty() && !holds_secret {
            return;
        }
        let names = filled.iter().filter_map(|entry| format::shown_name(&entry.key));
        match self.history.files.iter_mut().find(|file| file.name == path) {
            Some(known) => {
                known.holds_secret |= holds_secret;
                for name in names {
                    if !known.variables.contains(&name) {
                        known.variables.push(name);
                    }
                }
            }
            None => self.history.files.push(HistoricFile {
                name: path.to_owned(),
                commit: commit.to_owned(),
                variables: names.collect(),
                holds_secret,
            }),
        }
    }
}

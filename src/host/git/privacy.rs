//! Whether git keeps a file to itself: what may hold secrets and what may not.

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, Repository};

/// What git does with a file, which need not exist yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// There is no repository around it.
    NoRepository,
    /// It is in the index, so every commit holds it.
    Tracked,
    /// The next `git add` would take it.
    NotIgnored,
    /// A rule covers it.
    Ignored,
    /// Git cannot tell.
    Unknown,
}

/// Says what git does with a file.
pub fn privacy(file: &Utf8Path) -> Privacy {
    let [privacy] = privacies([file]);
    privacy
}

/// Says what git does with files of one directory, which is that of the first. Their repository is opened once.
pub fn privacies<const COUNT: usize>(files: [&Utf8Path; COUNT]) -> [Privacy; COUNT] {
    // The directory of the files need not exist yet.
    let above = files.first().and_then(|file| file.ancestors().skip(1).find(|path| path.is_dir()));
    let Some(directory) = above else { return [Privacy::Unknown; COUNT] };
    let repository = match Repository::discover(directory) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => return [Privacy::NoRepository; COUNT],
        Err(_) => return [Privacy::Unknown; COUNT],
    };
    let real = directory.canonicalize_utf8().unwrap_or_else(|_| directory.to_owned());
    files.map(|file| {
        let file = file.strip_prefix(directory).map_or_else(|_| file.to_owned(), |rest| real.join(rest));
        privacy_in(&repository, &file)
    })
}

fn privacy_in(repository: &Repository, file: &Utf8Path) -> Privacy {
    // A bare repository has no work tree, so it ignores nothing.
    let Some(work_tree) = repository.workdir() else { return Privacy::NoRepository };
    let Ok(relative) = file.as_std_path().strip_prefix(work_tree) else { return Privacy::NoRepository };
    let is_tracked = repository.index().map(|index| index.get_path(relative, 0).is_some());
    match (is_tracked, repository.is_path_ignored(relative)) {
        (Ok(true), _) => Privacy::Tracked,
        (Ok(false), Ok(true)) => Privacy::Ignored,
        (Ok(false), Ok(false)) => Privacy::NotIgnored,
        (Err(_), _) | (_, Err(_)) => Privacy::Unknown,
    }
}

/// Whether a repository tracks a file, as far as it can be told.
pub fn is_tracked(file: &Utf8Path) -> bool {
    privacy(file) == Privacy::Tracked
}

/// Says why a file must not hold the secrets of a new project: no repository ignores it, or one tracks it. `None` when it may.
pub fn why_not_private(file: &Utf8Path) -> Option<String> {
    let reason = match privacy(file) {
        Privacy::Unknown => "git cannot tell whether it is ignored",
        Privacy::NoRepository => "it is in no git repository that ignores it",
        Privacy::Tracked => "git tracks it",
        Privacy::NotIgnored => "no ignore rule of its repository covers it",
        Privacy::Ignored => return None,
    };
    Some(reason.to_owned())
}

/// The git directory of the repository around a directory, when it is one that git never tracks: below a `.git`.
pub fn directory_of(directory: &Utf8Path) -> Option<Utf8PathBuf> {
    let repository = Repository::discover(directory).ok()?;
    repository.workdir()?;
    let path = Utf8PathBuf::from_path_buf(repository.path().to_owned()).ok()?;
    path.components().any(|part| part.as_str() == ".git").then_some(path)
}

//! Looks for tokens in Nix files and `.envrc`, which git and Nix copy to where others can read them.

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;

use super::Vantage;
use crate::facts::Fact;
use crate::facts::secrets::{Leak, Shape};
use crate::secret::shapes;

/// More files than this are no project of Nix files but something else.
const MOST_ENTRIES: usize = 20_000;
const LARGEST_FILE: u64 = 1 << 20;

pub(super) fn look(vantage: &Vantage, values: &[String]) -> Fact<Vec<Leak>> {
    let mut leaks: Vec<Leak> = files(&vantage.directory).iter().flat_map(|path| leaks(vantage, path, values)).collect();
    leaks.sort_unstable();
    leaks.into()
}

fn files(directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let is_entered = |entry: &ignore::DirEntry| {
        !matches!(entry.file_name().to_str(), Some(".git" | "node_modules" | ".devenv" | ".direnv" | "target" | "dist"))
    };
    let walk = WalkBuilder::new(directory)
        .hidden(false)
        .parents(true)
        .git_global(false)
        .max_depth(Some(8))
        .filter_entry(is_entered)
        .build();
    let paths = walk.take(MOST_ENTRIES).flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    paths.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.into_path()).ok()).filter(|path| is_wanted(path)).collect()
}

fn is_wanted(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let is_small = || path.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST_FILE);
    (name.ends_with(".nix") || name == ".envrc" || name.starts_with(".envrc.")) && is_small()
}

fn leaks(vantage: &Vantage, path: &Utf8Path, values: &[String]) -> Vec<Leak> {
    let Some(text) = vantage.read(path).known().cloned().flatten() else { return Vec::new() };
    let file = path.strip_prefix(&vantage.directory).unwrap_or(path).to_string();
    let certain = shapes::find(&text);
    let is_known = |line: usize| certain.iter().any(|(known, _)| *known == line);
    let lines = (1..).zip(text.lines());
    let copied = lines.filter(|(line, text)| !is_known(*line) && values.iter().any(|value| text.contains(value.as_str())));
    let copied: Vec<(usize, Shape)> = copied.map(|(line, _)| (line, Shape::EnvValue)).collect();
    let assigned = shapes::find_assignments(&text).into_iter().filter(|line| !copied.iter().any(|(known, _)| known == line));
    let assigned: Vec<(usize, Shape)> = assigned.map(|line| (line, Shape::Assignment)).collect();
    let all = certain.iter().copied().chain(copied).chain(assigned);
    all.map(|(line, shape)| Leak { file: file.clone(), line, shape }).collect()
}

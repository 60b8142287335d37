//! Looks for a Dockerfile that copies a whole directory into an image, and for the rules that keep a `.env` out of it.

use camino::{Utf8Path, Utf8PathBuf};
use ignore::gitignore::GitignoreBuilder;

use super::Vantage;
use crate::facts::Fact;
use crate::facts::secrets::{EnvFile, ImageCopy};

pub(super) fn look(vantage: &Vantage, files: &[EnvFile]) -> Fact<ImageCopy> {
    let files: Vec<&EnvFile> = files.iter().filter(|file| !file.is_public()).collect();
    if files.is_empty() {
        return Fact::irrelevant("there is no `.env`");
    }
    let copying: Vec<(Utf8PathBuf, usize)> = recipes(vantage, &files)
        .into_iter()
        .filter_map(|path| {
            let text = vantage.read(&path).known()?.clone()?;
            Some((path, line_that_copies_all(&text)?))
        })
        .collect();
    if copying.is_empty() {
        return Fact::irrelevant("no Dockerfile copies a whole directory");
    }
    let copied = copying.iter().find_map(|(recipe, line)| {
        let directory = recipe.parent()?;
        let rules = rules_of(recipe);
        let files: Vec<String> =
            files.iter().filter(|file| is_taken(vantage, directory, &rules, &file.path)).map(|file| file.name.clone()).collect();
        let place = format!("{}:{line}", recipe.strip_prefix(&vantage.directory).unwrap_or(recipe));
        (!files.is_empty()).then_some(ImageCopy::Copied { place, files, ignore: rules })
    });
    copied.unwrap_or(ImageCopy::KeptOut).into()
}

/// The recipes for images, at the top and beside each `.env`.
fn recipes(vantage: &Vantage, files: &[&EnvFile]) -> Vec<Utf8PathBuf> {
    let beside = files.iter().filter_map(|file| file.path.parent().map(Utf8Path::to_owned));
    let mut directories: Vec<Utf8PathBuf> = std::iter::once(vantage.directory.clone()).chain(beside).collect();
    directories.sort_unstable();
    directories.dedup();
    let entries = directories.iter().flat_map(|directory| directory.read_dir_utf8().into_iter().flatten().flatten());
    let mut found: Vec<Utf8PathBuf> =
        entries.filter(|entry| is_recipe(entry.file_name())).map(camino::Utf8DirEntry::into_path).collect();
    found.sort_unstable();
    found
}

fn is_recipe(name: &str) -> bool {
    let is_kind = |word: &str| word == "Dockerfile" || word == "Containerfile";
    let ends = name.rsplit_once('.').is_some_and(|(start, end)| (is_kind(start) && end != "dockerignore") || is_kind(end));
    is_kind(name) || ends
}

/// The first line that copies everything from where the image is built.
fn line_that_copies_all(text: &str) -> Option<usize> {
    let copies_all = |line: &str| {
        let mut words = line.split([' ', '\t', '[', ']', ',', '"']).filter(|word| !word.is_empty());
        let is_copy = words.next().is_some_and(|word| word.eq_ignore_ascii_case("COPY") || word.eq_ignore_ascii_case("ADD"));
        let words: Vec<&str> = words.collect();
        let (options, names): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| word.starts_with("--"));
        let is_elsewhere = options.iter().any(|option| option.starts_with("--from"));
        let (_target, sources) = names.split_last().unwrap_or((&"", &[]));
        is_copy && !is_elsewhere && sources.iter().any(|source| matches!(*source, "." | "./" | "*" | "./*"))
    };
    text.lines().position(|line| copies_all(line.trim_start())).map(|index| index + 1)
}

/// The file with the rules for a recipe: its own, else that of its directory.
fn rules_of(recipe: &Utf8Path) -> Utf8PathBuf {
    let own = Utf8PathBuf::from(format!("{recipe}.dockerignore"));
    if own.is_file() { own } else { recipe.with_file_name(".dockerignore") }
}

/// Whether a file comes into an image that is built in a directory. The rules are like git's, but begin at that directory.
fn is_taken(vantage: &Vantage, directory: &Utf8Path, rules: &Utf8Path, file: &Utf8Path) -> bool {
    if !file.starts_with(directory) {
        return false;
    }
    let text = vantage.read(rules).known().cloned().flatten().unwrap_or_default();
    let mut builder = GitignoreBuilder::new(directory);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (not, pattern) = line.strip_prefix('!').map_or(("", line), |pattern| ("!", pattern.trim()));
        let pattern = pattern.trim_start_matches("./").trim_start_matches('/');
        // A rule that cannot be read keeps nothing out.
        let _unreadable = builder.add_line(None, &format!("{not}/{pattern}"));
    }
    builder.build().is_ok_and(|rules| !rules.matched_path_or_any_parents(file, false).is_ignore())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_copies_everything_is_known() {
        for line in ["COPY . .", "copy --chown=1:1 ./ /app", "ADD [\".\", \"/app\"]", "  COPY package.json . /app/"] {
            assert_eq!(line_that_copies_all(&format!("FROM scratch\n{line}\n")), Some(2), "{line}");
        }
        for line in ["COPY --from=build . .", "COPY src .", "# COPY . .", "RUN cp . .", "COPY ."] {
            assert_eq!(line_that_copies_all(line), None, "{line}");
        }
        assert!(["Dockerfile", "Containerfile", "Dockerfile.dev", "api.Dockerfile"].iter().all(|name| is_recipe(name)));
        assert!(!["Dockerfile.dockerignore", "Dockerfiles", "compose.yaml"].iter().any(|name| is_recipe(name)));
    }
}

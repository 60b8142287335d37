//! Shows a tree of files in few lines: a line per folder, and under it its files, as many as fit side by side.

use std::collections::BTreeMap;

use crate::file_tree::FileTree;

/// The lines of a tree, indented by `indent` columns and at most `width` columns wide.
pub fn lines(tree: &FileTree, indent: usize, width: usize) -> Vec<String> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, _) in tree.iter() {
        let (folder, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
        folders.entry(folder).or_default().push(name);
    }
    folders.into_iter().flat_map(|(folder, names)| folder_lines(folder, &names, indent, width)).collect()
}

fn folder_lines(folder: &str, names: &[&str], indent: usize, width: usize) -> Vec<String> {
    let pad = " ".repeat(if folder.is_empty() { indent } else { indent + 2 });
    let options = textwrap::Options::new(width).initial_indent(&pad).subsequent_indent(&pad).break_words(false);
    let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
    let head = (!folder.is_empty()).then(|| format!("{}{folder}/", " ".repeat(indent)));
    // Names keep together when a space in one is not a place to break at.
    let text = names.iter().map(|name| name.replace(' ', "\u{a0}")).collect::<Vec<_>>().join("  ");
    let files = textwrap::wrap(&text, options).into_iter().map(|line| line.replace('\u{a0}', " "));
    head.into_iter().chain(files).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_tree::{File, RelativePath};

    #[test]
    fn puts_the_files_of_a_folder_side_by_side() {
        let paths = ["README.md", "flake.nix", "src/index.ts", "src/commands/ping.ts", "src/commands/a b.ts"];
        let tree: FileTree = paths.iter().map(|path| (RelativePath::parse(path).unwrap(), File::text(""))).collect();
        assert_eq!(
            lines(&tree, 2, 22),
            ["  README.md  flake.nix", "  src/", "    index.ts", "  src/commands/", "    a b.ts  ping.ts"]
        );
    }
}

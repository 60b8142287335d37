//! The pre-commit hook that guards secrets: our lines in whatever hook is there, and when they cannot be there.

use crate::line_edit::LineEdit;
use crate::plan::command_line;

/// Somebody else's program that writes the hook anew each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// husky, of npm.
    Husky,
    /// pre-commit, and prek, which reads the same file.
    PreCommit,
    /// lefthook.
    Lefthook,
}

impl Manager {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Husky => "husky",
            Self::PreCommit => "pre-commit",
            Self::Lefthook => "lefthook",
        }
    }

    /// What a person adds, and to which file.
    pub const fn what_to_add(self) -> (&'static str, &'static str) {
        match self {
            Self::Husky => (".husky/pre-commit", "nixstart env guard"),
            Self::PreCommit => (
                ".pre-commit-config.yaml",
                "  - repo: local\n    hooks:\n      - id: nixstart-env-guard\n        name: no secrets\n        entry: nixstart env guard\n        language: system\n        always_run: true\n        pass_filenames: false",
            ),
            Self::Lefthook => {
                ("lefthook.yml", "pre-commit:\n  commands:\n    nixstart-env-guard:\n      run: nixstart env guard")
            }
        }
    }
}

/// Why our lines cannot be added to a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// A manager writes it.
    Managed(Manager),
    /// It is no script of a POSIX shell.
    NotShell,
    /// It ends on its own, so that lines after it would never run.
    EndsBefore {
        /// The line that ends it, from 1.
        line: usize,
    },
}

/// Why our lines cannot be added to a hook in a directory of hooks; `None` when they can.
pub fn obstacle(hooks: &str, text: Option<&[u8]>) -> Option<Obstacle> {
    let hooks = hooks.trim_end_matches('/');
    if hooks.ends_with("/.husky") || hooks.ends_with("/.husky/_") {
        return Some(Obstacle::Managed(Manager::Husky));
    }
    let Ok(text) = std::str::from_utf8(text?) else { return Some(Obstacle::NotShell) };
    let managers = [
        (Manager::PreCommit, ["https://pre-commit.com", "prek hook-impl"]),
        (Manager::Lefthook, ["lefthook run", "call_lefthook"]),
        (Manager::Husky, ["/_/husky.sh", "# husky"]),
    ];
    let manager = managers.into_iter().find(|(_, marks)| marks.iter().any(|mark| text.contains(mark)));
    if let Some((manager, _)) = manager {
        return Some(Obstacle::Managed(manager));
    }
    if !is_shell(text) {
        return Some(Obstacle::NotShell);
    }
    // What is indented belongs to a condition or a function.
    let ends = |line: &str| matches!(line.split([' ', '\t', ';']).next(), Some("exit" | "exec"));
    let line = text.lines().position(|line| ends(line.trim_end()))?;
    Some(Obstacle::EndsBefore { line: line + 1 })
}

/// Whether a script is run by a shell that understands ours. One without a first line of its own is run by `sh`.
fn is_shell(text: &str) -> bool {
    if text.contains('\0') {
        return false;
    }
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else { return true };
    let shells = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];
    let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    words.find(|word| *word != "env" && !word.starts_with('-')).is_some_and(|word| shells.contains(&word))
}

/// Name of the block between our marks.
const BLOCK: &str = "env guard";

/// Our lines. `program` is nixstart as it runs now, for where it is not on PATH.
pub fn block(program: &str) -> LineEdit {
    let program = command_line::line(&[program.to_owned()]);
    let lines = [
        // The hook's own verdict comes first: what it ended with so far.
        "nixstart_status=$?",
        "[ \"$nixstart_status\" -eq 0 ] || exit \"$nixstart_status\"",
        "nixstart=$(command -v nixstart) || nixstart=PROGRAM",
        "if [ ! -x \"$nixstart\" ]; then",
        "  echo 'nixstart is not there, so nobody looks for secrets; `git commit --no-verify` commits all the same' >&2",
        "  exit 1",
        "fi",
        "\"$nixstart\" --quiet env guard || exit \"$?\"",
    ];
    let lines = lines.map(|line| line.replace("PROGRAM", &program));
    LineEdit::Block { name: BLOCK.to_owned(), lines: lines.into() }
}

/// A hook with nothing but our lines.
pub fn fresh(program: &str) -> Vec<u8> {
    let first = b"#!/bin/sh\n";
    block(program).apply(first).unwrap_or_else(|_| first.to_vec())
}

/// Whether a hook has our lines, as they are written now or before.
pub fn is_installed(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).lines().any(|line| line == mark())
}

fn mark() -> String {
    format!("# >>> nixstart {BLOCK} >>>")
}

/// A hook without our lines; `None` when somebody has changed them.
pub fn without(text: &[u8]) -> Option<Vec<u8>> {
    let last = mark().replace(">>>", "<<<");
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let place = |mark: &str| lines.iter().position(|line| line.trim_ascii_end() == mark.as_bytes());
    let (begin, end) = (place(&mark())?, place(&last)?);
    let kept = lines.iter().enumerate().filter(|(index, _)| !(begin..=end).contains(index)).map(|(_, line)| *line);
    (begin < end).then(|| kept.collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_lines_are_added_to_scripts_of_shells_only() {
        for text in
            ["npm test\n", "#!/bin/sh\nnpm test", "#!/usr/bin/env bash\nif x; then\n  exit 1\nfi\n", "#!/bin/dash -e\n", ""]
        {
            assert_eq!(obstacle("/p/.git/hooks", Some(text.as_bytes())), None, "{text}");
        }
        assert_eq!(obstacle("/p/.git/hooks", None), None);
        for text in [b"#!/usr/bin/env python3\nprint()\n".as_slice(), b"\x7fELF\xff", b"a\0b"] {
            assert_eq!(obstacle("/p/.git/hooks", Some(text)), Some(Obstacle::NotShell));
        }
    }

    #[test]
    fn a_hook_that_ends_on_its_own_never_comes_to_our_lines() {
        let sample = b"#!/bin/sh\nif x; then\n\texit 1\nfi\nexec git diff-index --check --cached HEAD --\n";
        assert_eq!(obstacle("/p/.git/hooks", Some(sample)), Some(Obstacle::EndsBefore { line: 5 }));
        assert_eq!(obstacle("/p/.git/hooks", Some(b"exit\n")), Some(Obstacle::EndsBefore { line: 1 }));
    }

    #[test]
    fn managers_are_known_by_what_they_write() {
        let managed = |manager| Some(Obstacle::Managed(manager));
        assert_eq!(obstacle("/p/.husky/_", None), managed(Manager::Husky));
        assert_eq!(
            obstacle("/p/.git/hooks", Some(b"#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n")),
            managed(Manager::PreCommit)
        );
        assert_eq!(obstacle("/p/.git/hooks", Some(b"#!/bin/sh\ncall_lefthook()\n{\n")), managed(Manager::Lefthook));
    }

    #[test]
    fn our_lines_come_and_go() {
        let before = b"#!/bin/sh\nnpm test";
        let after = block("/a b/nixstart").apply(before).unwrap();
        assert!(is_installed(&after) && !is_installed(before));
        assert!(String::from_utf8_lossy(&after).contains("|| nixstart='/a b/nixstart'\n"));
        assert_eq!(without(&[after.as_slice(), b"mine\n"].concat()).unwrap(), b"#!/bin/sh\nnpm test\nmine\n");
        assert_eq!(without(&fresh("x")).unwrap(), b"#!/bin/sh\n");
        assert_eq!(without(before), None);
    }
}

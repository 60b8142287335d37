//! Which files Nix sees, and how many bytes they are.

use super::{Fix, Look, Problem, Verdict};
use crate::facts::Facts;
use crate::facts::flake::Untracked;

/// The size from which copying is felt.
const LARGE: u64 = 200 * 1024 * 1024;

/// How many paths are shown, and passed to one command.
const MOST_SHOWN: usize = 12;

pub(super) fn are_tracked(facts: &Facts) -> Look {
    let untracked = facts.flake.untracked.get()?;
    if untracked.is_empty() {
        return Ok(Verdict::Pass("git tracks what the flake needs".to_owned()));
    }
    let count = untracked.len();
    let summary = if count == 1 {
        "1 file of the flake is not tracked, so Nix does not see it".to_owned()
    } else {
        format!("{count} files of the flake are not tracked, so Nix does not see them")
    };
    let problem = shown(Problem::new(summary), untracked);
    let problem = problem.fix(add(facts, untracked));
    let is_needed = untracked.iter().any(|file| file.is_needed);
    // A Nix file that nothing mentions may be a draft.
    Ok(if is_needed { Verdict::Fail(problem) } else { Verdict::Warn(problem) })
}

fn shown(problem: Problem, untracked: &[Untracked]) -> Problem {
    let problem = untracked.iter().take(MOST_SHOWN).fold(problem, |problem, file| problem.detail(file.path.as_str()));
    match untracked.len().saturating_sub(MOST_SHOWN) {
        0 => problem,
        more => problem.detail(format!("and {more} more")),
    }
}

/// Tells git about the files without staging what is in them.
fn add(facts: &Facts, untracked: &[Untracked]) -> Fix {
    let top = facts.git.top.known().and_then(Option::as_ref).or_else(|| facts.flake.root.known()?.as_ref());
    let mut command = vec!["git"];
    if let Some(top) = top {
        command.extend(["-C", top.as_str()]);
    }
    // What was committed since stays: the index gets what the last commit has.
    let of = |words: &[&'static str]| -> Vec<&str> {
        let files = untracked.iter().map(|file| file.path.as_str());
        command.iter().copied().chain(words.iter().copied()).chain(files).collect()
    };
    let title = "Let git know them, without staging what they hold";
    let add = Fix::run(title, &of(&["add", "--intent-to-add", "--"]), Some("let git forget them again"));
    add.taken_back_by(&of(&["reset", "--quiet", "--"]))
}

pub(super) fn are_not_ignored(facts: &Facts) -> Look {
    let ignored = facts.flake.ignored.get()?;
    if ignored.is_empty() {
        return Ok(Verdict::Pass("no file that the flake mentions is ignored".to_owned()));
    }
    let problem = Problem::new("the flake mentions what git ignores, so Nix does not see it");
    let problem = ignored.iter().fold(problem, |problem, path| problem.detail(path.as_str()));
    let which = ignored.iter().map(|path| format!("git check-ignore --verbose '{path}'")).collect::<Vec<_>>();
    let which: Vec<&str> = which.iter().map(String::as_str).collect();
    Ok(Verdict::Fail(problem.fix(Fix::by_hand("See which rule it is; then change the rule, or what the flake mentions", &which))))
}

pub(super) fn are_small(facts: &Facts) -> Look {
    let size = facts.flake.size.get()?;
    let more = if size.is_complete { "" } else { "more than " };
    if size.bytes <= LARGE {
        return Ok(Verdict::Pass(format!("{more}{}", mebibytes(size.bytes))));
    }
    let problem = Problem::new(format!("Nix copies {more}{} into the store at every evaluation", mebibytes(size.bytes)));
    let problem =
        size.largest.iter().fold(problem, |problem, (name, bytes)| problem.detail(format!("{name}: {}", mebibytes(*bytes))));
    Ok(Verdict::Warn(problem.fix(if size.is_repository {
        Fix::by_hand(
            "Take large files out of what git tracks",
            &["git rm -r --cached <folder>", "echo '<folder>/' >> .gitignore"],
        )
    } else {
        Fix::by_hand("Make it a repository that ignores them", &["git init", "git add ."])
    })))
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1024 * 1024))
}

//! Checks of what may have left `.env` already: history, the store, Nix files.

use super::names;
use crate::doctor::{FileEdit, Fix, Look, Problem, Verdict};
use crate::facts::Facts;
use crate::facts::secrets::{HistoricFile, ImageCopy, Leak, StoreCopy, is_committed_by_custom};

/// More lines than this help nobody.
const MOST_DETAILS: usize = 20;

pub(super) fn in_history(facts: &Facts) -> Look {
    let history = facts.secrets.history.get()?;
    let tokens = facts.secrets.history_tokens.known().map_or(&[][..], Vec::as_slice);
    let is_public = |file: &&HistoricFile| !file.holds_secret && is_committed_by_custom(&file.name);
    let kept: Vec<&HistoricFile> = history.files.iter().filter(|file| !is_public(file)).collect();
    if kept.is_empty() && tokens.is_empty() {
        let all = if history.is_complete { String::new() } else { ", the newest; `--deep` looks at all".to_owned() };
        return Ok(Verdict::Pass(format!("{} commits{all}", history.commits)));
    }
    let files = names(kept.iter().map(|file| file.name.as_str()));
    let summary = match (kept.is_empty(), tokens.len()) {
        (false, 0) => format!("commits hold {files}"),
        (false, count) => format!("commits hold {files} and what looks like tokens in {count} places"),
        (true, count) => format!("commits hold what looks like tokens in {count} places"),
    };
    let mut problem = Problem::new(summary);
    for file in &kept {
        problem = problem.detail(describe(file));
    }
    problem = list(problem, tokens);
    let paths: Vec<&str> = kept.iter().map(|file| file.name.as_str()).collect();
    problem =
        problem.fix(Fix::by_hand("Replace the secrets where they were issued; from now on the old ones count as public", &[]));
    if !paths.is_empty() {
        let arguments = paths.join(" --path ");
        problem = problem.fix(Fix::by_hand(
            "Then remove the files from history; everybody needs a new clone afterwards",
            &[&format!("git filter-repo --invert-paths --path {arguments}"), "git push --force --all"],
        ));
    }
    let is_leak = !tokens.is_empty() || kept.iter().any(|file| file.holds_secret);
    Ok(if is_leak { Verdict::Fail(problem) } else { Verdict::Warn(problem) })
}

fn describe(file: &HistoricFile) -> String {
    let HistoricFile { name, commit, variables, .. } = file;
    let with = if variables.is_empty() { String::new() } else { format!(" with {}", variables.join(", ")) };
    format!("{commit}:{name}{with}")
}

fn list(problem: Problem, leaks: &[Leak]) -> Problem {
    let problem = leaks.iter().take(MOST_DETAILS).fold(problem, |problem, leak| problem.detail(leak.describe()));
    match leaks.len().checked_sub(MOST_DETAILS) {
        Some(more @ 1..) => problem.detail(format!("{more} more")),
        _ => problem,
    }
}

pub(super) fn in_store(facts: &Facts) -> Look {
    Ok(match facts.secrets.store.get()? {
        StoreCopy::TrackedFilesOnly => Verdict::Pass("only tracked files are copied".to_owned()),
        StoreCopy::WholeDirectory { files } => Verdict::Warn(
            Problem::new(format!("Nix copies {} into the store", names(files.iter().map(String::as_str))))
                .detail("the flake is in no git repository, so every file of its directory is copied, readable by everybody")
                .fix(Fix::run("Make the project a git repository", &["git", "init"], Some("remove `.git`")))
                .fix(Fix::by_hand("Replace the secrets if other people use this machine", &[])),
        ),
        StoreCopy::PathReference { place, files } => Verdict::Warn(
            Problem::new(format!("Nix copies {} into the store", names(files.iter().map(String::as_str))))
                .detail(format!("{place} names the flake as `path:`, which copies every file of its directory"))
                .fix(Fix::by_hand("Name the flake as `.` in this line", &["direnv edit ."])),
        ),
    })
}

pub(super) fn in_image(facts: &Facts) -> Look {
    Ok(match facts.secrets.image.get()? {
        ImageCopy::KeptOut => Verdict::Pass("a `.dockerignore` keeps it out".to_owned()),
        ImageCopy::Copied { place, files, ignore } => {
            let rules = ["**/.env", "**/.env.*", "!**/.env.example"].map(str::to_owned).to_vec();
            Verdict::Warn(
                Problem::new(format!("an image takes {} along", names(files.iter().map(String::as_str))))
                    .detail(format!("{place} copies everything, and no rule keeps these files out"))
                    .fix(Fix::edit("Keep every `.env` out of images", vec![FileEdit::add(ignore.clone(), rules)]))
                    .fix(Fix::by_hand("Replace the secrets if the image was ever pushed", &[])),
            )
        }
    })
}

pub(super) fn in_nix_files(facts: &Facts) -> Look {
    let leaks = facts.secrets.in_nix_files.get()?;
    let certain = leaks.iter().filter(|leak| leak.shape.is_certain()).count();
    let problem = |summary: &str| {
        let by_hand = "Move the value to `.env` and read it from the environment; replace it if it was ever committed";
        list(Problem::new(summary), leaks).fix(Fix::by_hand(by_hand, &[]))
    };
    Ok(match (leaks.len(), certain) {
        (0, _) => Verdict::Pass("no token was found".to_owned()),
        (_, 0) => Verdict::Warn(problem("there are literal values for names that say they are secrets")),
        _ => Verdict::Fail(problem("there are secrets in files that git and Nix copy")),
    })
}

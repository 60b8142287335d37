//! `nixstart env guard`: keeps secrets out of commits, by hand or as a pre-commit hook.

mod hook;
mod values;

use serde_json::json;

use super::Flags;
use crate::cli::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::secrets::declared::holds_secret;
use crate::facts::secrets::{is_committed_by_custom, is_env_file};
use crate::host::git::staged::{StagedFile, Staging};
use crate::host::paths;
use crate::secret::guard::{Guard, Hit, Rule};
use crate::template::escape;

/// Look for secrets in what is staged for the next commit
///
/// It finds the values of this project's `.env` files, also in base64 and URL encoding, tokens that are known by their look,
/// and `.env` files themselves. It prints places, never what is there. Exit code 3 says that something was found.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Look before each commit: add it to the pre-commit hook
    #[arg(long, conflicts_with = "uninstall")]
    install: bool,
    /// Take it out of the pre-commit hook
    #[arg(long)]
    uninstall: bool,
}

/// What is wrong with what is staged.
struct Report {
    /// The files that were looked at.
    files: usize,
    hits: Vec<(String, Hit)>,
    /// Files that were not looked at.
    skipped: Vec<String>,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let directory = paths::current_directory()?;
    let staging = Staging::open(&directory)?;
    if args.install {
        return hook::install(session, flags, &staging);
    }
    if args.uninstall {
        return hook::uninstall(session, flags, &staging);
    }
    let known = values::gather(flags, &staging)?;
    let guard = Guard::new(known.iter().map(|(name, value)| (name.as_str(), value)));
    let mut report = Report { files: 0, hits: Vec::new(), skipped: Vec::new() };
    staging.each(&directory, &mut |file| look(&guard, &file, &mut report))?;
    if flags.json {
        print_json(session, &report)?;
    } else {
        show(session, &report)?;
    }
    verdict(&report, &staging)
}

fn look(guard: &Guard, file: &StagedFile<'_>, report: &mut Report) {
    report.files += 1;
    let path = || file.path.to_owned();
    if is_for_secrets(file) {
        report.hits.push((path(), Hit { line: None, rule: Rule::EnvFile }));
    }
    match file.bytes {
        Some(bytes) => report.hits.extend(guard.scan(bytes).into_iter().map(|hit| (path(), hit))),
        None => report.skipped.push(path()),
    }
}

/// Whether a file is a `.env` with values. Some frameworks expect files with public values to be committed; one that is
/// ignored was forced.
fn is_for_secrets(file: &StagedFile<'_>) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    if !is_env_file(name) {
        return false;
    }
    let text = String::from_utf8_lossy(file.bytes.unwrap_or_default());
    let entries = crate::dotenv::read(&text);
    let is_public = is_committed_by_custom(name) && file.bytes.is_some() && !holds_secret(&text, &entries);
    file.is_ignored || !is_public
}

fn show(session: &mut Session, report: &Report) -> Result<()> {
    for (path, hit) in &report.hits {
        let line = hit.line.map(|line| format!(":{line}")).unwrap_or_default();
        session.ui.data(&format!("{path}{line}: {}\n", hit.rule.describe()))?;
    }
    for path in &report.skipped {
        session.ui.withheld(&format!("`{path}` was not looked at, because it is too large"));
    }
    if report.hits.is_empty() {
        let files = if report.files == 1 { "1 file" } else { &format!("{} files", report.files) };
        session.ui.say(&format!("no secret in what is staged ({files})"));
    }
    Ok(())
}

fn print_json(session: &mut Session, report: &Report) -> Result<()> {
    let hit = |(path, hit): &(String, Hit)| {
        let key = match &hit.rule {
            Rule::Value { key, .. } => Some(key),
            Rule::Token(_) | Rule::EnvFile => None,
        };
        json!({ "file": path, "line": hit.line, "rule": hit.rule.id(), "key": key, "what": hit.rule.describe() })
    };
    let findings: Vec<serde_json::Value> = report.hits.iter().map(hit).collect();
    session.print_json(&json!({ "schema": 1, "files": report.files, "findings": findings, "skipped": report.skipped }))
}

fn verdict(report: &Report, staging: &Staging) -> Result<()> {
    let Some((path, _)) = report.hits.first() else { return Ok(()) };
    let places = match report.hits.len() {
        1 => "a secret is staged for the next commit".to_owned(),
        places => format!("secrets are staged for the next commit, in {places} places"),
    };
    let env_file = report.hits.iter().find(|(_, hit)| hit.rule == Rule::EnvFile).map(|(path, _)| path);
    let error = Error::new(ErrorKind::Findings, places);
    // As it is typed where the person is, which need not be the top of the work tree.
    let word = |path: &str| escape::sh(&paths::shown(&staging.top.join(path)));
    let hint = env_file.map_or_else(
        || format!("take it out and stage the file again; `git reset -- {}` leaves the file out of the commit", word(path)),
        |path| format!("take the file out of git, it stays on disk: `git rm --cached -- {}`", word(path)),
    );
    Err(error.hint(hint).hint("`git commit --no-verify` commits all the same"))
}

//! How a build ended: what was built and how big it is, or what failed first and why.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Done, Request, Watcher, event, hash_upkeep};
use crate::cli::Session;
use crate::doctor::explain::explain;
use crate::error::{Error, ErrorKind, Result};
use crate::host::nix::memory::Account;
use crate::host::nix::{self, Ended, Invocation};
use crate::host::probe::flake;
use crate::nix::build::{Build, BuildState, Status, extract, said};
use crate::nix::failure::Reason;
use crate::nix::outputs::{self, Built};
use crate::template::escape;
use crate::ui::build_view::{self, bytes, duration};
use crate::ui::columns::count;
use crate::ui::style::Role;

/// How long Nix may take to add sizes up.
const PATIENCE: Duration = Duration::from_secs(20);
/// More failures than this are counted and not shown.
const MOST_FAILURES: usize = 5;
/// More reasons than this are counted and not told.
const MOST_REASONS: usize = 4;

/// Says what was built.
pub(super) fn succeeded(session: &mut Session, request: &Request, done: &Done, is_json: bool) -> Result<()> {
    let sizes = sizes(request, &done.built);
    let size = |path: &str| sizes.get(path.rsplit('/').next().unwrap_or(path)).copied();
    if is_json {
        let outputs: Vec<_> = done
            .built
            .iter()
            .enumerate()
            .map(|(place, built)| {
                let sizes: BTreeMap<_, _> = built.outputs.iter().filter_map(|(name, path)| Some((name, size(path)?))).collect();
                let account = done.accounts.get(place).filter(|_| done.accounts.len() == done.built.len());
                let growth = account.and_then(|account| account.growth.as_ref()).map(|growth| growth.total);
                let reasons = account.map(Account::reasons).unwrap_or_default();
                json!({ "derivation": built.derivation, "outputs": built.outputs, "closure_sizes": sizes,
                    "closure_growth": growth, "reasons": reasons })
            })
            .collect();
        return event(session, "finished", json!({ "success": true, "seconds": done.elapsed.as_secs_f64(), "outputs": outputs }));
    }
    let paths = done.built.iter().flat_map(|built| built.outputs.values());
    for path in paths.clone() {
        let size = size(path).map(|size| format!(", {} with all it needs", bytes(size))).unwrap_or_default();
        session.ui.say(&format!("{} {}{size}", Role::Success.paint("done:"), crate::nix::build::name(path)));
    }
    for account in &done.accounts {
        compare_with_before(session, account, done.built_anew);
    }
    session.ui.say(&format!("It took {}", duration(done.elapsed)));
    for path in paths {
        session.ui.data(&format!("{path}\n"))?;
    }
    Ok(())
}

/// Says why something was built anew, and by how much it has grown.
fn compare_with_before(session: &mut Session, account: &Account, built_anew: usize) {
    if let Some(growth) = account.growth.as_ref().filter(|growth| !growth.packages.is_empty()) {
        session.ui.say(&format!("size: {}", build_view::growth(growth)));
    }
    let reasons = if built_anew > 0 { account.reasons() } else { Vec::new() };
    for reason in reasons.iter().take(MOST_REASONS) {
        session.ui.say(&format!("built anew: {reason}"));
    }
    if reasons.len() > MOST_REASONS {
        session.ui.say(&format!("built anew: {} more reasons", reasons.len() - MOST_REASONS));
    }
}

/// The sizes of closures by base name; nothing when Nix does not tell.
fn sizes(request: &Request, built: &[Built]) -> BTreeMap<String, u64> {
    let paths = built.iter().flat_map(|built| built.outputs.values().cloned());
    let words = ["path-info", "--json", "--closure-size", "--offline"].map(str::to_owned);
    let arguments: Vec<String> = words.into_iter().chain(paths).collect();
    let Ok(program) = nix::program() else { return BTreeMap::new() };
    let invocation = Invocation { program: &program, directory: &request.directory, arguments: &arguments };
    nix::ask(invocation, PATIENCE).map(|json| outputs::closure_sizes(&json)).unwrap_or_default()
}

/// Why a build failed: the failures that follow from no other, each with what its log says.
pub(super) fn failed(session: &mut Session, request: &Request, ended: &Ended, watcher: &mut Watcher) -> Error {
    let state = &ended.state;
    if watcher.is_for_programs() {
        // The error that follows says it to people.
        let _closed = tell(session, ended);
        watcher.has_told_the_end = true;
    }
    let causes: Vec<(&Build, &Reason)> = state.root_causes().collect();
    match causes.as_slice() {
        [] => with_the_directory(without_a_build(ended), request),
        [(build, reason)] => {
            let error = Error::new(ErrorKind::Tool, format!("{} could not be built: {reason}", build.name()));
            explained(error.with_output(log_of(build)), state, &causes)
        }
        several => {
            let shown = several.iter().take(MOST_FAILURES);
            let shown = shown.map(|(build, reason)| format!("{}: {reason}\n{}", build.name(), log_of(build)));
            let rest = several.len().saturating_sub(MOST_FAILURES);
            let rest = (rest > 0).then(|| format!("and {rest} more"));
            let output = shown.chain(rest).collect::<Vec<_>>().join("\n");
            let error = Error::new(ErrorKind::Tool, format!("{} derivations could not be built", several.len()));
            explained(error.with_output(output), state, &causes)
        }
    }
}

fn log_of(build: &Build) -> String {
    extract(&build.log).iter().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}

/// Adds what the index of errors knows, what else was not built, and how to see everything.
fn explained(error: Error, state: &BuildState, causes: &[(&Build, &Reason)]) -> Error {
    let said = causes.iter().map(|(build, reason)| said(build, reason));
    let error = with_causes(error, &said.collect::<Vec<_>>().join("\n"));
    let logs = causes.iter().take(1).map(|(build, _)| format!("see the whole log: `nix log {}`", build.derivation));
    let waiting = dependants(state);
    let waiting = (waiting > 0).then(|| format!("{} not built because of it", count(waiting, "other was", "others were")));
    logs.chain(waiting).fold(error, Error::hint)
}

fn with_causes(error: Error, said: &str) -> Error {
    explain(said).into_iter().fold(error, |error, found| error.hint(format!("{}; {}", found.cause, found.fix)))
}

/// How many announced derivations were neither built nor begun.
fn dependants(state: &BuildState) -> usize {
    let is_begun = |path: &&String| state.builds.iter().any(|build| build.derivation == **path);
    state.plan.builds.iter().filter(|path| !is_begun(path)).count()
}

/// Nix failed and no build did: the evaluation, or something before it.
fn without_a_build(ended: &Ended) -> Error {
    let mut reasons: Vec<String> = ended.state.failures.iter().map(|failure| failure.reason.to_string()).collect();
    if reasons.is_empty() {
        reasons.clone_from(&ended.foreign);
    }
    let text = reasons.join("\n");
    let first = text.lines().next().unwrap_or_default();
    let message =
        if first.is_empty() { format!("`nix build` failed ({})", ended.status) } else { format!("`nix build` failed: {first}") };
    let rest = text.lines().skip(1).collect::<Vec<_>>().join("\n");
    with_causes(Error::new(ErrorKind::Tool, message).with_output(rest), &format!("error: {text}"))
}

/// What is wrong with the directory rather than with what is in it.
fn with_the_directory(error: Error, request: &Request) -> Error {
    let name = request.directory.as_str();
    if let Some(odd) = name.chars().find(|character| matches!(character, '#' | '?' | '%' | ' ') || !character.is_ascii()) {
        return error.hint(format!("older Nix cannot use a directory with `{odd}` in its name; rename it"));
    }
    let Some(root) = hash_upkeep::root(request) else { return error };
    match flake::demands(&root).unknown_to_git.as_slice() {
        [] => error,
        files => {
            let files = files.iter().map(|path| escape::sh(path)).collect::<Vec<_>>().join(" ");
            error.hint(format!(
                "git does not know what the flake needs: run `git add --intent-to-add {files}` at the top of the repository"
            ))
        }
    }
}

/// The last event of a build that came to no end of its own.
pub(super) fn tell_end(session: &mut Session, watcher: &Watcher) -> Result<()> {
    if !watcher.is_for_programs() || watcher.has_told_the_end {
        return Ok(());
    }
    event(session, "finished", json!({ "success": false, "seconds": Value::Null, "outputs": [] }))
}

/// Tells a program what failed.
fn tell(session: &mut Session, ended: &Ended) -> Result<()> {
    for build in &ended.state.builds {
        match &build.status {
            Status::Failed(reason) => {
                let log = extract(&build.log);
                let fields =
                    json!({ "derivation": build.derivation, "name": build.name(), "reason": reason.to_string(), "log": log });
                event(session, "build-failed", fields)?;
            }
            Status::Cancelled => {
                event(session, "build-cancelled", json!({ "derivation": build.derivation, "name": build.name() }))?;
            }
            Status::Building | Status::Succeeded => {}
        }
    }
    for failure in &ended.state.failures {
        event(session, "failure", json!({ "derivation": failure.derivation, "reason": failure.reason.to_string() }))?;
    }
    event(session, "finished", json!({ "success": false, "seconds": ended.elapsed.as_secs_f64(), "outputs": [] }))
}

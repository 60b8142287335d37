//! `nixstart env check`: what is wrong with the file, by what the project declares, by the programs that read it, and by what
//! git and other users can see of it. It names files, lines, variables and rules, never a value.

use std::sync::Arc;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::site::Site;
use super::{Flags, exposure, team};
use crate::cli::Session;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::dotenv::Consumer;
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::secrets::format::shown_name;
use crate::host::dotenvy::{self, DifferenceKind};
use crate::host::env_file::EnvFile;
use crate::host::{clock, discord, env_consumers, paths};
use crate::secret::audit::{self, Layer, Subject};
use crate::secret::online::Verdict;
use crate::ui::style::Role;

/// Check values, form, permissions and what git sees
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask Discord whether the token and the ids are right; at most one question each
    #[arg(long)]
    online: bool,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// How findings are printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// Annotations of GitHub Actions
    Github,
}

/// What asking online came to.
#[derive(Default)]
struct Online {
    findings: Vec<Diagnostic>,
    fine: Vec<String>,
    not_checked: Vec<String>,
}

pub(super) fn run(args: &Args, flags: &Flags, session: &mut Session) -> Result<()> {
    let site = Site::look_with_source(flags)?;
    let (mut findings, layers) = of_files(&site, flags)?;
    findings.extend(site.declarations.diagnostics.iter().cloned());
    let is_provided = |key: &str| env_vars::get(key).is_some();
    let now = clock::now_milliseconds();
    let (declarations, profile) = (&site.declarations, site.profile.as_str());
    let command = |words: &str| site.command(words);
    let subject = Subject { layers: &layers, declarations, profile, command: &command, is_provided: &is_provided, now };
    findings.extend(subject.values());
    let online = if args.online { ask_online(&subject)? } else { Online::default() };
    findings.extend(online.findings.iter().cloned());
    findings.sort_unstable();
    findings.dedup();
    match if flags.json { Format::Json } else { args.format } {
        Format::Text => show(session, &site, &findings, &online)?,
        Format::Json => session.print_json(&to_json(args, &site, &findings, &online))?,
        Format::Github => {
            let not_checked = online.not_checked.iter().map(|why| {
                let message = format!("not checked online: {why}");
                Diagnostic::warning(Place::new(layers.first().map_or(".env", |layer| &layer.name), 0), "online", message)
            });
            let all: Vec<Diagnostic> = findings.iter().cloned().chain(not_checked).collect();
            session.ui.data(&all.iter().map(annotation).collect::<String>())?;
        }
    }
    conclude(args, &findings, &online, || {
        // Where there is no file, the finding about that says so.
        let opens = site.path.exists() && team::has_sealed(&site) && subject.lacks_what_can_be_shared();
        opens.then(|| format!("`{}` adds what the team shares and you do not have yet", site.command("unlock")))
    })
}

/// How the check ends; where it found something, with the way to what is missing.
fn conclude(args: &Args, findings: &[Diagnostic], online: &Online, way: impl FnOnce() -> Option<String>) -> Result<()> {
    let (errors, warnings) = (count(findings, Severity::Error), count(findings, Severity::Warning));
    if errors > 0 || (args.strict && warnings > 0) {
        let error = Error::new(ErrorKind::Findings, format!("the check found {}", summary(errors, warnings)));
        return Err(error.maybe_hint(way()));
    }
    if !online.not_checked.is_empty() {
        return Err(
            Error::new(ErrorKind::Tool, "not everything could be checked online").hint("run the same command again later")
        );
    }
    Ok(())
}

fn count(findings: &[Diagnostic], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

fn summary(errors: usize, warnings: usize) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, warnings) => plural(warnings, "warning"),
        (errors, 0) => plural(errors, "error"),
        (errors, warnings) => format!("{} and {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}

/// What is wrong with each file that counts, and the files.
fn of_files(site: &Site, flags: &Flags) -> Result<(Vec<Diagnostic>, Vec<Layer>)> {
    let (mut findings, mut layers, mut is_there) = (Vec::new(), Vec::new(), false);
    for path in site.layers() {
        let file = site.read_beside(&path)?;
        let name = path.strip_prefix(&site.root).unwrap_or(&path).to_string();
        let layer = Layer { name, document: Arc::unwrap_or_clone(file.document()) };
        if file.exists() {
            findings.extend(audit::of_file(&layer, &site.consumers));
            findings.extend(asked_of_dotenvy(&layer, &site.consumers, &findings));
            findings.extend(exposure(&file, &site.root, &layer.name));
            is_there = true;
        }
        layers.push(layer);
    }
    if !is_there {
        let name = site.path.strip_prefix(&site.root).unwrap_or(&site.path);
        let make = if flags.file.is_some() { Diagnostic::error } else { Diagnostic::warning };
        let finding = make(Place::new(name.as_str(), 0), "no-file", "there is no such file".to_owned());
        let way = if team::has_sealed(site) {
            format!("open what the team shares with `{}`", site.command("unlock"))
        } else {
            format!("set the first variable with `{}`", site.command("set NAME"))
        };
        findings.push(finding.hint(way));
    }
    Ok((findings, layers))
}

/// What dotenvy itself sees, where no finding says so already.
fn asked_of_dotenvy(layer: &Layer, consumers: &[Consumer], known: &[Diagnostic]) -> Vec<Diagnostic> {
    if !consumers.contains(&Consumer::Rust) || layer.document.fault().is_some() {
        return Vec::new();
    }
    let rust = Consumer::Rust.to_string();
    let is_known =
        |line: usize| known.iter().any(|found| found.place == Place::new(&layer.name, line) && found.message.contains(&rust));
    let differences = dotenvy::differences(&layer.document).into_iter().filter(|difference| !is_known(difference.line));
    let finding = |difference: dotenvy::Difference| {
        let key =
            difference.key.and_then(|key| shown_name(&key)).map_or_else(|| "this line".to_owned(), |key| format!("`{key}`"));
        let message = match difference.kind {
            DifferenceKind::Refused => format!("{rust} refuses the whole file for {key}"),
            DifferenceKind::OtherValue => format!("{rust} reads another value of {key}"),
            DifferenceKind::Unseen => format!("{rust} does not see {key}"),
        };
        let place = Place::new(&layer.name, difference.line);
        Diagnostic::warning(place, "dotenvy", message).hint("write the value in single quotes, without backslashes")
    };
    differences.map(finding).collect()
}

/// What git and other users of the machine can see of a file.
fn exposure(file: &EnvFile, root: &Utf8Path, name: &str) -> Vec<Diagnostic> {
    let mut findings = exposure::to_git(file, name);
    findings.extend(exposure::to_store(file, root, name));
    findings.extend(exposure::to_replacement(file, name));
    let mode = file.mode().unwrap_or_default();
    let close = format!("run `chmod 600 {}`", paths::shown(file.path()));
    let whole = Place::new(name, 0);
    if mode & 0o022 != 0 {
        findings.push(Diagnostic::error(whole, "permissions", format!("others can change it (mode {mode:o})")).hint(close));
    } else if mode & 0o077 != 0 {
        findings.push(Diagnostic::warning(whole, "permissions", format!("others can read it (mode {mode:o})")).hint(close));
    }
    findings
}

/// Asks Discord. A token that cannot be right goes nowhere.
fn ask_online(subject: &Subject<'_>) -> Result<Online> {
    let mut online = Online::default();
    let Some((token, expected)) = subject.discord() else {
        online.fine.push("there is nothing that could be checked online".to_owned());
        return Ok(online);
    };
    let Some(token) = token else {
        online.not_checked.push(format!("{} has no value that could be a token", expected.token));
        return Ok(online);
    };
    for verdict in discord::ask(&token, &expected)? {
        match verdict {
            Verdict::Fine(text) => online.fine.push(text),
            Verdict::NotChecked(why) => online.not_checked.push(why),
            Verdict::Wrong { key, severity, message, hint } => {
                let finding =
                    Diagnostic { severity, ..Diagnostic::error(subject.place(&key), "online", format!("`{key}`: {message}")) };
                online.findings.push(finding.hint(hint));
            }
        }
    }
    Ok(online)
}

/// Says the findings; files are named as a person would type them here.
fn show(session: &mut Session, site: &Site, findings: &[Diagnostic], online: &Online) -> Result<()> {
    for finding in findings {
        let place = Place { file: paths::shown(&site.root.join(&finding.place.file)), ..finding.place.clone() };
        let role = if finding.severity == Severity::Error { Role::Error } else { Role::Warning };
        let word = role.paint(finding.severity.word());
        session.ui.data(&format!("{place}: {word}: {} [{}]\n", finding.message, finding.code))?;
        if let Some(hint) = &finding.hint {
            session.ui.data(&format!("  hint: {hint}\n"))?;
        }
    }
    for text in &online.fine {
        session.ui.say(&format!("Online: {text}"));
    }
    for why in &online.not_checked {
        session.ui.warn(&format!("not checked online: {why}"));
    }
    let (errors, warnings) = (count(findings, Severity::Error), count(findings, Severity::Warning));
    if errors + warnings == 0 {
        session.ui.say(if online.not_checked.is_empty() { "Nothing is wrong" } else { "Nothing else is wrong" });
    } else if errors == 0 {
        session.ui.say(&format!("{}; `--strict` would fail", summary(errors, warnings)));
    }
    Ok(())
}

fn to_json(args: &Args, site: &Site, findings: &[Diagnostic], online: &Online) -> Value {
    let evidence = env_consumers::evidence(&site.root, &site.directory);
    let consumer = |consumer: &Consumer| {
        let because = evidence.iter().filter(|found| found.consumer == *consumer);
        json!({ "name": consumer, "because": because.map(|found| format!("{}: {}", found.file, found.why)).collect::<Vec<_>>() })
    };
    let online = args.online.then(|| json!({ "fine": online.fine, "not_checked": online.not_checked }));
    json!({
        "schema": 1, "file": site.path, "exists": site.path.exists(), "app": site.app, "profile": site.profile,
        "consumers": site.consumers.iter().map(consumer).collect::<Vec<_>>(),
        "findings": findings, "online": online,
        "errors": count(findings, Severity::Error), "warnings": count(findings, Severity::Warning),
    })
}

/// A finding as GitHub Actions shows it beside the line.
fn annotation(finding: &Diagnostic) -> String {
    let text = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |value: &str| text(value).replace(':', "%3A").replace(',', "%2C");
    let hint = finding.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    let number = |name: &str, number: usize| if number == 0 { String::new() } else { format!(",{name}={number}") };
    let line = number("line", finding.place.line) + &number("col", finding.place.column);
    let (word, file, title) = (finding.severity.word(), property(&finding.place.file), property(finding.code));
    format!("::{word} file={file}{line},title=env check%3A {title}::{}\n", text(&format!("{}{hint}", finding.message)))
}

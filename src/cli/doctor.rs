//! `nixstart doctor`: what stops a Nix project from working here, why, and what mends it.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use serde_json::json;

use super::review;
use super::{PlanFlags, Session, carry_out};
use crate::doctor::redact::{Identity, redact};
use crate::doctor::report::{self, Summary};
use crate::doctor::{self, Check, Finding, Group, Status, mend};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::facts::Facts;
use crate::host::checkup;
use crate::host::lock::Lock;
use crate::host::probe::{self, Gathered, Reach, Run, Vantage};
use crate::host::vault::Vault;
use crate::ui::columns::count;
use crate::ui::{doctor_view, redaction};

/// Find out what stops a Nix project from working, and mend it
///
/// Nothing is changed without --fix. Exit code 3 says that something is wrong.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Run only this check; may be given several times
    #[arg(long, value_name = "ID")]
    check: Vec<String>,
    /// Run only the checks of this group; may be given several times
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// List every check
    #[arg(long, conflicts_with_all = ["report", "fix"])]
    list: bool,
    /// Do not use the network
    #[arg(long)]
    offline: bool,
    /// Also build something, look at the whole store and start your shell
    #[arg(long)]
    deep: bool,
    /// Treat warnings as problems; notes stay notes
    #[arg(long)]
    strict: bool,
    /// Print a report for a bug report, without names and secrets
    #[arg(long, conflicts_with = "json")]
    report: bool,
    /// Make a plan from the fixes and carry it out
    #[arg(long)]
    fix: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// With --fix: show the plan and stop
    #[arg(long, requires = "fix", conflicts_with = "yes")]
    dry_run: bool,
    /// With --fix: consent to the plan without being asked
    #[arg(short, long, requires = "fix")]
    yes: bool,
    /// With --fix: continue a run that was cut short
    #[arg(long, requires = "fix")]
    resume: bool,
}

pub(super) fn run(args: Args, session: &mut Session) -> Result<()> {
    let groups = args.group.iter().map(|word| parse_group(word)).collect::<Result<Vec<_>>>()?;
    args.check.iter().try_for_each(|id| check_id(id))?;
    let is_wanted = |check: &Check| {
        (args.check.is_empty() && groups.is_empty())
            || args.check.iter().any(|id| id == check.id)
            || groups.contains(&check.group)
    };
    if args.list {
        return list(session, args.json, is_wanted);
    }
    let vantage = Vantage::here(Reach { network: !args.offline, deep: args.deep })?;
    if args.resume {
        return resume(&args, session, &vantage.directory);
    }
    let start = Instant::now();
    let gathered = gather(session, &vantage);
    let findings = doctor::examine(&gathered.facts, is_wanted);
    let seconds = start.elapsed().as_secs_f64();
    let summary = Summary::of(&findings);
    if args.fix {
        return fix(&args, session, &vantage, (&findings, &gathered.facts));
    }
    if args.json {
        print_json(session, &vantage, &findings, &gathered)?;
    } else if args.report {
        let report = markdown(&vantage, &findings, summary);
        let redactor = redaction::redactor();
        session.ui.data(&redact(&report, &redactor, &identity(&vantage)))?;
    } else {
        doctor_view::show(&mut session.ui, &findings);
        doctor_view::show_summary(&mut session.ui, &findings, seconds);
        session.ui.detail(&slowest(&gathered));
    }
    verdict(&findings, &args)
}

/// What took longest, for whoever waits for it.
fn slowest(gathered: &Gathered) -> String {
    let shown = |run: &Run| format!("{} {} ms", run.program, run.time.as_millis());
    match gathered.programs.iter().take(5).map(shown).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "no program was run".to_owned(),
        programs => format!("programs that were run, the slowest first: {programs}"),
    }
}

/// What counts as found: problems, and warnings where they count too. What is only worth knowing never does. Whoever is
/// strict, or asks for a check by its name, is not told that all is well when nobody could judge it.
fn verdict(findings: &[Finding], args: &Args) -> Result<()> {
    let counts = |finding: &&Finding| match &finding.status {
        Status::Fail(_) => true,
        Status::Warn(_) => args.strict && !finding.is_note(),
        Status::Pass(_) | Status::Skip(_) | Status::Crash(_) => false,
    };
    let is_asked = args.strict || !args.check.is_empty();
    let unjudged = findings.iter().filter(|finding| is_asked && matches!(finding.status, Status::Crash(_))).count();
    let found = |message: String| Err(Error::new(ErrorKind::Findings, message));
    match (findings.iter().filter(counts).count(), unjudged) {
        (0, 0) => Ok(()),
        (0, 1) => found("a check could not be judged".to_owned()),
        (0, unjudged) => found(format!("{unjudged} checks could not be judged")),
        (1, _) => found("a problem was found".to_owned()),
        (problems, _) => found(format!("{problems} problems were found")),
    }
}

fn parse_group(word: &str) -> Result<Group> {
    let words = Group::ALL.map(Group::word);
    Group::find(word).ok_or_else(|| {
        let hint = did_you_mean(word, words).unwrap_or_else(|| format!("groups are {}", words.join(", ")));
        Error::usage(format!("there is no group `{word}`")).hint(hint)
    })
}

fn check_id(id: &str) -> Result<()> {
    if Check::find(id).is_some() {
        return Ok(());
    }
    let hint = did_you_mean(id, doctor::checks().map(|check| check.id))
        .unwrap_or_else(|| "`nixstart doctor --list` shows every check".to_owned());
    Err(Error::usage(format!("there is no check `{id}`")).hint(hint))
}

fn list(session: &mut Session, as_json: bool, is_wanted: impl Fn(&Check) -> bool) -> Result<()> {
    let wanted = doctor::checks().filter(|check| is_wanted(check));
    if as_json {
        return session.print_json(&json!({ "schema": 1, "checks": wanted.map(report::row).collect::<Vec<_>>() }));
    }
    for check in wanted {
        session.ui.data(&format!("{:24}  {:10}  {}\n", check.id, check.group.word(), check.title))?;
    }
    Ok(())
}

/// How long a person waits without asking what for.
const UNNOTICED: Duration = Duration::from_secs(2);

/// Every fact; what takes long is named meanwhile.
fn gather(session: &mut Session, vantage: &Vantage) -> Gathered {
    let (sender, done) = mpsc::channel();
    thread::scope(|scope| {
        let looking = scope.spawn(move || {
            let gathered = checkup::gather(vantage);
            // Nobody waits for this any more only when the receiver has gone, and it goes after this.
            let _heard = sender.send(());
            gathered
        });
        if done.recv_timeout(UNNOTICED) == Err(mpsc::RecvTimeoutError::Timeout) {
            let running = vantage.programs.running().join(", ");
            let what = if running.is_empty() { "files and the network".to_owned() } else { running };
            session.ui.say(&format!("Still looking; waiting for {what}"));
        }
        looking.join().unwrap_or_default()
    })
}

fn print_json(session: &mut Session, vantage: &Vantage, findings: &[Finding], gathered: &Gathered) -> Result<()> {
    let milliseconds =
        |(subject, time): (&&str, &std::time::Duration)| ((*subject).to_owned(), json!(time.as_secs_f64() * 1000.0));
    let program = |run: &Run| json!({ "program": run.program, "milliseconds": run.time.as_secs_f64() * 1000.0 });
    session.print_json(&json!({
        "schema": 1, "version": env!("CARGO_PKG_VERSION"), "host": host(vantage), "summary": Summary::of(findings),
        "milliseconds": gathered.times.iter().map(milliseconds).collect::<serde_json::Map<_, _>>(),
        "programs": gathered.programs.iter().map(program).collect::<Vec<_>>(),
        "checks": findings.iter().map(report::to_json).collect::<Vec<_>>(),
    }))
}

/// What kind of machine it is; nothing that says whose.
fn host(vantage: &Vantage) -> serde_json::Value {
    json!({ "os": std::env::consts::OS, "architecture": std::env::consts::ARCH, "system": probe::system_name(vantage) })
}

fn identity(vantage: &Vantage) -> Identity {
    let variable = |name: &str| vantage.variable(name).map(str::to_owned);
    Identity { home: variable("HOME"), user: variable("USER").or_else(|| variable("LOGNAME")), host: probe::host_name() }
}

/// A report as Markdown: what is wrong in full, the rest in a line each.
fn markdown(vantage: &Vantage, findings: &[Finding], summary: Summary) -> String {
    let mut text = format!(
        "## nixstart doctor\n\nnixstart {}, {}\n\n{}, {}, {} ok, {} skipped, {} not judged\n",
        env!("CARGO_PKG_VERSION"),
        probe::system_name(vantage),
        count(summary.fail, "problem", "problems"),
        count(summary.warn, "warning", "warnings"),
        summary.pass,
        summary.skip,
        summary.crash
    );
    for finding in findings {
        let (id, word) = (finding.check.id, finding.status.word());
        match &finding.status {
            Status::Warn(problem) | Status::Fail(problem) => {
                text += &format!("\n- **{id}** ({word}): {}\n", problem.summary);
                problem.details.iter().for_each(|line| text += &format!("  - {line}\n"));
            }
            Status::Crash(reason) => text += &format!("\n- **{id}** ({word}): {reason}\n"),
            Status::Pass(_) | Status::Skip(_) => {}
        }
    }
    let passed: Vec<&str> =
        findings.iter().filter(|finding| matches!(finding.status, Status::Pass(_))).map(|finding| finding.check.id).collect();
    text + &format!("\nok: {}\n", passed.join(", "))
}

fn fix(args: &Args, session: &mut Session, vantage: &Vantage, (findings, facts): (&[Finding], &Facts)) -> Result<()> {
    let flags = PlanFlags { dry_run: args.dry_run, yes: args.yes, json: args.json, ..PlanFlags::default() };
    let only_shows = flags.dry_run || (flags.json && !flags.yes);
    let _lock = if only_shows { None } else { Some(Lock::acquire(&vantage.directory)?) };
    let plan = mend::plan(findings, facts, &vantage.directory, &checkup::resolve);
    let optional = plan.steps.iter().map(|step| step.id.clone()).collect();
    let (plan, outcome) = review::carry_out(session, review::Proposal::of(plan, optional), flags)?;
    if outcome != carry_out::Outcome::Applied {
        if plan.steps.is_empty() {
            session.ui.say("There is nothing that nixstart can mend itself");
        }
        return verdict(findings, args);
    }
    // What an exit code says is no proof: the same checks are run again.
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    let again = doctor::examine(&gather(session, vantage).facts, |check| ids.contains(&check.id));
    if !flags.json {
        doctor_view::show(&mut session.ui, &again);
    }
    verdict(&again, args)
}

fn resume(args: &Args, session: &mut Session, root: &Utf8Path) -> Result<()> {
    let flags = PlanFlags { dry_run: args.dry_run, yes: args.yes, json: args.json, ..PlanFlags::default() };
    let _lock = Lock::acquire(root)?;
    let Some(stored) = carry_out::unfinished_of("doctor", root)? else {
        return Err(Error::failed("there is no run to continue here").hint("run the command without `--resume`"));
    };
    carry_out::resume(session, &stored, &Vault::default(), flags).map(drop)
}

//! Shows what the checks found: a line per group, and what is wrong in full.

use super::style::Role;
use super::{Ui, Verbosity};
use crate::doctor::report::Summary;
use crate::doctor::{Check, Finding, Fix, Group, Problem, Remedy, Status};

/// Shows findings, group by group.
pub fn show(ui: &mut Ui, findings: &[Finding]) {
    for group in Group::ALL {
        let own: Vec<&Finding> = findings.iter().filter(|finding| finding.check.group == group).collect();
        if !own.is_empty() {
            show_group(ui, group, &own);
        }
    }
}

fn show_group(ui: &mut Ui, group: Group, findings: &[&Finding]) {
    let summary = Summary::of(findings.iter().copied());
    ui.say(&format!("{} {:10}{}", mark(summary), group.word(), counts(summary)));
    for finding in findings {
        match &finding.status {
            Status::Fail(problem) => show_problem(ui, finding.check, problem, Role::Error.paint("x")),
            Status::Warn(problem) => show_problem(ui, finding.check, problem, Role::Warning.paint("!")),
            Status::Crash(reason) => ui.say(&format!("  {} {}: {reason}", Role::Error.paint("?"), finding.check.id)),
            Status::Pass(found) => ui.detail(&format!("  {} {}: {found}", Role::Success.paint("+"), finding.check.id)),
            Status::Skip(reason) => ui.detail(&format!("  - {}: {reason}", finding.check.id)),
        }
    }
}

/// The mark of a group: the worst of its checks.
fn mark(summary: Summary) -> String {
    match summary {
        Summary { fail: 1.., .. } => Role::Error.paint("x"),
        Summary { crash: 1.., .. } => Role::Error.paint("?"),
        Summary { warn: 1.., .. } => Role::Warning.paint("!"),
        Summary { pass: 1.., .. } => Role::Success.paint("+"),
        Summary { .. } => "-".to_owned(),
    }
}

/// Numbers with their words, the worst first.
fn counts(summary: Summary) -> String {
    let plural = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let parts = [
        (summary.fail, plural(summary.fail, "problem", "problems")),
        (summary.warn, plural(summary.warn, "warning", "warnings")),
        (summary.crash, format!("{} not judged", summary.crash)),
        (summary.pass, format!("{} ok", summary.pass)),
        (summary.skip, format!("{} skipped", summary.skip)),
    ];
    parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text).collect::<Vec<_>>().join(", ")
}

fn show_problem(ui: &mut Ui, check: &Check, problem: &Problem, mark: String) {
    ui.say(&format!("  {mark} {}: {}", Role::Name.paint(check.id), problem.summary));
    let shown = if ui.verbosity() == Verbosity::Verbose { problem.details.len() } else { 6 };
    for line in problem.details.iter().take(shown) {
        ui.say(&format!("      {line}"));
    }
    if problem.details.len() > shown {
        ui.say(&format!("      and {} more; `--verbose` shows them", problem.details.len() - shown));
    }
    ui.say(&format!("      you see  {}", check.symptom));
    ui.say(&format!("      because  {}", check.cause));
    if problem.fixes.is_empty() {
        ui.say(&format!("      fix      {}", check.fix));
    }
    for fix in &problem.fixes {
        ui.say(&format!("      fix      {}", fix.title));
        for command in commands(fix, check) {
            ui.verbatim(&format!("               {}", Role::Command.paint(&command)));
        }
    }
}

/// What a person would type for a fix.
fn commands(fix: &Fix, check: &Check) -> Vec<String> {
    match &fix.remedy {
        Remedy::ByHand { commands } => commands.clone(),
        Remedy::Setup => vec!["nixstart setup".to_owned()],
        Remedy::Run { .. }
        | Remedy::AddLines { .. }
        | Remedy::ReplaceLine { .. }
        | Remedy::SetMode { .. }
        | Remedy::RemoveFile { .. } => vec![format!("nixstart doctor --fix --check {}", check.id)],
    }
}

/// The last line: how many checks ended how, and how long it took.
pub fn show_summary(ui: &mut Ui, summary: Summary, seconds: f64) {
    ui.say("");
    ui.say(&format!("{} ({seconds:.1} s)", counts(summary)));
}

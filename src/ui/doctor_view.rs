//! Shows what the checks found: a line per group, and what is wrong in full.

use super::style::Role;
use super::{Ui, Verbosity};
use crate::doctor::report::Summary;
use crate::doctor::{Check, Finding, Group, Problem, Status};

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
    let (mark, counts) = (mark(findings), counts(findings.iter().copied()));
    ui.say(&format!("{mark} {:10}{counts}", group.word()));
    for finding in findings {
        match &finding.status {
            Status::Fail(problem) => show_problem(ui, finding.check, problem, &Role::Error.paint("x")),
            Status::Warn(problem) if finding.is_note() => show_note(ui, finding.check, problem),
            Status::Warn(problem) => show_problem(ui, finding.check, problem, &Role::Warning.paint("!")),
            Status::Crash(reason) => ui.say(&format!("  {} {}: {reason}", Role::Error.paint("?"), finding.check.id)),
            Status::Pass(found) => ui.detail(&format!("  {} {}: {found}", Role::Success.paint("+"), finding.check.id)),
            Status::Skip(reason) => ui.detail(&format!("  - {}: {reason}", finding.check.id)),
        }
    }
}

/// The mark of a group: the worst of its checks.
fn mark(findings: &[&Finding]) -> String {
    let notes = findings.iter().filter(|finding| finding.is_note()).count();
    match Summary::of(findings.iter().copied()) {
        Summary { fail: 1.., .. } => Role::Error.paint("x"),
        Summary { crash: 1.., .. } => Role::Error.paint("?"),
        Summary { warn, .. } if warn > notes => Role::Warning.paint("!"),
        Summary { pass: 0, warn: 0, .. } => "-".to_owned(),
        Summary { .. } => Role::Success.paint("+"),
    }
}

/// Numbers with their words, the worst first.
fn counts<'a>(findings: impl Iterator<Item = &'a Finding> + Clone) -> String {
    let plural = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let notes = findings.clone().filter(|finding| finding.is_note()).count();
    let summary = Summary::of(findings);
    let warnings = summary.warn - notes;
    let parts = [
        (summary.fail, plural(summary.fail, "problem", "problems")),
        (warnings, plural(warnings, "warning", "warnings")),
        (notes, plural(notes, "note", "notes")),
        (summary.crash, format!("{} not judged", summary.crash)),
        (summary.pass, format!("{} ok", summary.pass)),
        (summary.skip, format!("{} skipped", summary.skip)),
    ];
    parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text).collect::<Vec<_>>().join(", ")
}

/// How many columns the words before a text take.
const LABEL: usize = 9;

fn show_problem(ui: &mut Ui, check: &Check, problem: &Problem, mark: &str) {
    ui.say_beside(&format!("  {mark} {}: {}", Role::Name.paint(check.id), problem.summary), 2);
    let shown = if ui.verbosity() == Verbosity::Verbose { problem.details.len() } else { 6 };
    for line in problem.details.iter().take(shown) {
        ui.say(&format!("      {line}"));
    }
    if problem.details.len() > shown {
        ui.say(&format!("      and {} more; `--verbose` shows them", problem.details.len() - shown));
    }
    ui.say_beside(&format!("      you see  {}", check.symptom), LABEL);
    ui.say_beside(&format!("      because  {}", check.cause), LABEL);
    show_fixes(ui, check, problem);
}

/// What is worth knowing takes few lines: what it is, and what can be done.
fn show_note(ui: &mut Ui, check: &Check, problem: &Problem) {
    ui.say_beside(&format!("  i {}: {}", Role::Name.paint(check.id), problem.summary), 2);
    problem.details.iter().for_each(|line| ui.detail(&format!("      {line}")));
    show_fixes(ui, check, problem);
}

fn show_fixes(ui: &mut Ui, check: &Check, problem: &Problem) {
    if problem.fixes.is_empty() {
        ui.say_beside(&format!("      fix      {}", capitalised(check.fix)), LABEL);
    }
    for (index, fix) in problem.fixes.iter().enumerate() {
        ui.say_beside(&format!("      fix      {}", fix.title), LABEL);
        // `--fix` carries out the first one.
        let commands = if index == 0 && fix.is_automatic() {
            vec![format!("nixstart doctor --fix --check {}", check.id)]
        } else {
            fix.typed()
        };
        for command in commands {
            ui.verbatim(&format!("               {}", Role::Command.paint(&ui.spoken(&command))));
        }
    }
}

/// A fragment of the table as a sentence of its own.
fn capitalised(fragment: &str) -> String {
    let mut characters = fragment.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The last line: how many checks ended how, and how long it took.
pub fn show_summary(ui: &mut Ui, findings: &[Finding], seconds: f64) {
    ui.say("");
    ui.say(&format!("{} ({seconds:.1} s)", counts(findings.iter())));
}

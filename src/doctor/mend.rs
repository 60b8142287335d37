//! From what was found to a plan that mends it: the same review, consent, receipt and undo as everything else.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::remedy::{Fix, Remedy};
use super::{Check, Finding};
use crate::line_edit::LineEdit;
use crate::plan::{Action, Plan, Privilege, Step, Undo};

/// Where an edit of a file goes: the file behind a link, or why it must not be edited.
pub type Resolve<'a> = &'a dyn Fn(&Utf8Path) -> Result<Utf8PathBuf, String>;

/// The plan that carries out the first fix of every finding. What nixstart cannot do itself becomes a note.
pub fn plan(findings: &[Finding], root: &Utf8Path, resolve: Resolve<'_>) -> Plan {
    let mut plan = Plan {
        command: "doctor".to_owned(),
        title: "Mend what the checks found".to_owned(),
        root: root.to_owned(),
        steps: Vec::new(),
        notes: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    for (check, fix) in findings.iter().filter_map(first_fix) {
        match action(fix, root, resolve) {
            Ok(action) => {
                // Two checks can have one cause.
                if seen.insert(serde_json::to_string(&action).unwrap_or_default()) {
                    plan.steps.push(step(check, fix, action));
                }
            }
            Err(note) => plan.notes.push(format!("{}: {note}", check.id)),
        }
    }
    plan
}

fn first_fix(finding: &Finding) -> Option<(&'static Check, &Fix)> {
    Some((finding.check, finding.status.problem()?.fixes.first()?))
}

fn step(check: &Check, fix: &Fix, action: Action) -> Step {
    Step {
        id: check.id.to_owned(),
        title: fix.title.clone(),
        explanation: format!("{} ({}).", check.cause, check.id),
        privilege: if needs_root(&fix.remedy) { Privilege::Root } else { Privilege::User },
        undo: undo(&fix.remedy),
        action,
        is_satisfied: false,
    }
}

const fn needs_root(remedy: &Remedy) -> bool {
    match remedy {
        Remedy::Run { as_root, .. } | Remedy::AddLines { as_root, .. } | Remedy::ReplaceLine { as_root, .. } => *as_root,
        Remedy::SetMode { .. } | Remedy::RemoveFile { .. } | Remedy::Setup | Remedy::ByHand { .. } => false,
    }
}

/// The action of a fix, or what a person has to do.
fn action(fix: &Fix, root: &Utf8Path, resolve: Resolve<'_>) -> Result<Action, String> {
    let by_hand = |why: String| format!("{}: {why}", fix.title);
    Ok(match &fix.remedy {
        Remedy::Run { command, .. } => {
            let Some((program, arguments)) = command.split_first() else { return Err(by_hand("no command".to_owned())) };
            Action::Run {
                directory: root.to_owned(),
                program: program.clone(),
                arguments: arguments.to_vec(),
                produces: Vec::new(),
                takes_back: Vec::new(),
            }
        }
        Remedy::AddLines { path, lines, .. } => {
            Action::EditFile { path: resolve(path).map_err(by_hand)?, edit: LineEdit::Add { lines: lines.clone() } }
        }
        Remedy::ReplaceLine { path, old, new, .. } => Action::EditFile {
            path: resolve(path).map_err(by_hand)?,
            edit: LineEdit::Replace { old: old.clone(), new: new.clone() },
        },
        Remedy::SetMode { path, mode } => Action::SetMode { path: resolve(path).map_err(by_hand)?, mode: *mode },
        Remedy::RemoveFile { path } => Action::RemoveFile { path: path.clone() },
        Remedy::Setup => return Err(by_hand("run `nixstart setup`".to_owned())),
        Remedy::ByHand { commands } => return Err(by_hand(commands.join("; "))),
    })
}

fn undo(remedy: &Remedy) -> Undo {
    match remedy {
        Remedy::Run { undo: Some(instruction), .. } => Undo::Manual { instruction: instruction.clone() },
        Remedy::Run { undo: None, .. } => {
            Undo::Irreversible { reason: "nixstart does not know what the program changes".to_owned() }
        }
        Remedy::AddLines { .. } | Remedy::ReplaceLine { .. } | Remedy::SetMode { .. } => Undo::Restore,
        Remedy::RemoveFile { .. } => Undo::Irreversible { reason: "nobody uses the file any more".to_owned() },
        Remedy::Setup | Remedy::ByHand { .. } => Undo::Irreversible { reason: "nixstart does not do it".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Problem, Status};
    use super::*;

    fn finding(id: &str, fix: Fix) -> Finding {
        Finding { check: Check::find(id).unwrap(), status: Status::Fail(Problem::new("x").fix(fix)) }
    }

    #[test]
    fn the_first_fixes_become_steps_once_and_the_rest_notes() {
        let lines = || Remedy::AddLines { path: "/h/nix.conf".into(), lines: vec!["a = b".into()], as_root: false };
        let findings = [
            finding("nix-present", Fix::new("Install Nix", Remedy::Setup)),
            finding("nix-on-path", Fix::new("Turn it on", lines())),
            finding("nix-on-path", Fix::new("Turn it on again", lines())),
        ];
        let plan = plan(&findings, "/p".into(), &|path| Ok(path.to_owned()));
        assert_eq!(plan.steps.iter().map(|step| step.title.as_str()).collect::<Vec<_>>(), ["Turn it on"]);
        assert_eq!(plan.notes, ["nix-present: Install Nix: run `nixstart setup`"]);
    }

    #[test]
    fn a_file_that_must_not_be_edited_is_a_note() {
        let remedy = Remedy::AddLines { path: "/h/.bashrc".into(), lines: vec!["x".into()], as_root: false };
        let findings = [finding("nix-present", Fix::new("Hook", remedy))];
        let plan = plan(&findings, "/p".into(), &|path| Err(format!("`{path}` is generated")));
        assert_eq!((plan.steps.len(), plan.notes.len()), (0, 1));
    }
}

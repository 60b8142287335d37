//! From what was found to a plan that mends it: the same review, consent, receipt and undo as everything else.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::remedy::{FileEdit, Fix, Remedy, Restart};
use super::{Check, Finding, daemon};
use crate::facts::Facts;
use crate::facts::nix::StoreMode;
use crate::line_edit::LineEdit;
use crate::plan::{Action, Plan, Privilege, Step, Undo};

/// Where a change of a file goes: the file behind a link, or why it must not be changed. An edit is none where somebody
/// has changed the lines it is about.
pub type Resolve<'a> = &'a dyn Fn(&Utf8Path, Option<&LineEdit>) -> Result<Utf8PathBuf, String>;

/// The plan that carries out the first fix of every finding. What nixstart cannot do itself becomes a note.
pub fn plan(findings: &[Finding], facts: &Facts, root: &Utf8Path, resolve: Resolve<'_>) -> Plan {
    let mut plan = Plan {
        command: "doctor".to_owned(),
        title: "Mend what the checks found".to_owned(),
        root: root.to_owned(),
        steps: Vec::new(),
        notes: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    let (mut restarts, mut left_to_setup) = (BTreeSet::new(), Vec::new());
    for (check, fix) in findings.iter().filter_map(first_fix) {
        match actions(fix, root, resolve) {
            Ok(actions) => {
                restarts.extend(fix.restarts);
                for (index, action) in actions.into_iter().enumerate() {
                    // Two checks can have one cause, and two settings go into one file that is included once.
                    if seen.insert(serde_json::to_string(&action).unwrap_or_default()) {
                        plan.steps.push(step(check, fix, index, action));
                    }
                }
            }
            Err(_) if fix.remedy == Remedy::Setup => left_to_setup.push(check.id),
            Err(note) => plan.notes.push(format!("{}: {note}", check.id)),
        }
    }
    if !left_to_setup.is_empty() {
        plan.notes.push(format!("`nixstart setup` is for {}", left_to_setup.join(", ")));
    }
    for what in restarts {
        restart(&mut plan, what, facts, resolve);
    }
    plan
}

fn first_fix(finding: &Finding) -> Option<(&'static Check, &Fix)> {
    Some((finding.check, finding.status.problem()?.fixes.first()?))
}

fn step(check: &Check, fix: &Fix, index: usize, action: Action) -> Step {
    let (id, title) = match (index, &action) {
        (0, _) => (check.id.to_owned(), fix.title.clone()),
        (more, Action::EditFile { path, .. }) => (format!("{}-{}", check.id, more + 1), format!("{}, in `{path}`", fix.title)),
        (more, _) => (format!("{}-{}", check.id, more + 1), fix.title.clone()),
    };
    Step {
        id,
        title,
        explanation: format!("{} ({}).", check.cause, check.id),
        privilege: if needs_root(&fix.remedy) { Privilege::Root } else { Privilege::User },
        undo: undo(&fix.remedy, &action),
        action,
        is_satisfied: false,
        proof: Some(format!("the check `{}` is made again", check.id)),
    }
}

/// What has to be started anew before the plan has its effect: the daemon by a step, a shell and a login by a person.
fn restart(plan: &mut Plan, what: Restart, facts: &Facts, resolve: Resolve<'_>) {
    let fix = match what {
        Restart::Shell => return plan.notes.push("it takes effect in new shells".to_owned()),
        Restart::Login => return plan.notes.push("it takes effect after the next login".to_owned()),
        Restart::Daemon => daemon::restart(facts, "Restart the daemon, which reads its settings when it starts"),
    };
    if facts.nix.store_mode.known().is_some_and(|mode| *mode != StoreMode::MultiUser) {
        return;
    }
    let changes_units = |step: &Step| matches!(&step.action, Action::EditFile { path, .. } if path.starts_with("/etc/systemd"));
    let reload = Fix::run_as_root("Have systemd read its units anew", &["systemctl", "daemon-reload"], None);
    let reload = plan.steps.iter().any(changes_units).then_some(("systemd-reload", reload));
    for (id, fix) in reload.into_iter().chain([("daemon-restart", fix)]) {
        add_restart(plan, id, &fix, resolve);
    }
}

fn add_restart(plan: &mut Plan, id: &str, fix: &Fix, resolve: Resolve<'_>) {
    match actions(fix, &plan.root, resolve) {
        Ok(actions) => plan.steps.extend(actions.into_iter().map(|action| Step {
            id: id.to_owned(),
            title: fix.title.clone(),
            explanation: "What was changed takes effect with it; builds that run at this moment are cut short.".to_owned(),
            privilege: Privilege::Root,
            undo: match undo(&fix.remedy, &action) {
                Undo::Irreversible { .. } => again(fix),
                known => known,
            },
            action,
            is_satisfied: false,
            proof: None,
        })),
        Err(note) => plan.notes.push(note),
    }
}

/// For a command without effect of its own.
fn again(fix: &Fix) -> Undo {
    Undo::Manual { instruction: format!("run `{}` again once the files are as they were", fix.typed().join("; ")) }
}

const fn needs_root(remedy: &Remedy) -> bool {
    match remedy {
        Remedy::Run { as_root, .. } | Remedy::Edit { as_root, .. } => *as_root,
        Remedy::SetMode { .. } | Remedy::RemoveFile { .. } | Remedy::Setup | Remedy::ByHand { .. } => false,
    }
}

/// The actions of a fix, in order, or what a person has to do.
fn actions(fix: &Fix, root: &Utf8Path, resolve: Resolve<'_>) -> Result<Vec<Action>, String> {
    let by_hand = |why: String| format!("{}: {why}", fix.title);
    Ok(match &fix.remedy {
        Remedy::Run { command, takes_back, .. } => {
            let Some((program, arguments)) = command.split_first() else { return Err(by_hand("no command".to_owned())) };
            vec![Action::Run {
                directory: root.to_owned(),
                program: program.clone(),
                arguments: arguments.to_vec(),
                produces: Vec::new(),
                takes_back: takes_back.clone(),
                settles: Vec::new(),
            }]
        }
        Remedy::Edit { edits, .. } => {
            let action = |FileEdit { path, edit }: &FileEdit| {
                Ok(Action::EditFile { path: resolve(path, Some(edit))?, edit: edit.clone() })
            };
            let typed = |why: String| by_hand(format!("{why}; by hand: {}", fix.typed().join("; ")));
            edits.iter().map(action).collect::<Result<_, String>>().map_err(typed)?
        }
        Remedy::SetMode { path, mode } => vec![Action::SetMode { path: resolve(path, None).map_err(by_hand)?, mode: *mode }],
        Remedy::RemoveFile { path } => vec![Action::RemoveFile { path: path.clone() }],
        Remedy::Setup => return Err(by_hand("run `nixstart setup`".to_owned())),
        Remedy::ByHand { commands } => return Err(by_hand(commands.join("; "))),
    })
}

fn undo(remedy: &Remedy, action: &Action) -> Undo {
    match remedy {
        Remedy::Run { undo: Some(by), takes_back, .. } if !takes_back.is_empty() => Undo::Inverse { by: by.clone() },
        Remedy::Run { undo: Some(instruction), .. } => Undo::Manual { instruction: instruction.clone() },
        Remedy::Run { undo: None, .. } => {
            Undo::Irreversible { reason: "nixstart does not know what the program changes".to_owned() }
        }
        Remedy::Edit { .. } if matches!(action, Action::EditFile { edit: LineEdit::Block { .. }, .. }) => {
            Undo::Inverse { by: "remove the block".to_owned() }
        }
        Remedy::Edit { .. } | Remedy::SetMode { .. } => Undo::Restore,
        Remedy::RemoveFile { .. } => Undo::Irreversible { reason: "nobody uses the file any more".to_owned() },
        Remedy::Setup | Remedy::ByHand { .. } => Undo::Irreversible { reason: "nixstart does not do it".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Problem, Status};
    use super::*;
    use crate::facts::nix::Machine;
    use crate::nix::system_file;

    fn finding(id: &str, fix: Fix) -> Finding {
        Finding { check: Check::find(id).unwrap(), status: Status::Fail(Problem::new("x").fix(fix)) }
    }

    #[test]
    fn the_first_fixes_become_steps_once_and_the_rest_notes() {
        let add = |title| Fix::edit(title, vec![FileEdit::add("/h/nix.conf", vec!["a = b".into()])]);
        let findings = [
            finding("nix-present", Fix::new("Install Nix", Remedy::Setup)),
            finding("nix-on-path", add("Turn it on")),
            finding("nix-on-path", add("Turn it on again")),
        ];
        let plan = plan(&findings, &Facts::default(), "/p".into(), &|path, _| Ok(path.to_owned()));
        assert_eq!(plan.steps.iter().map(|step| step.title.as_str()).collect::<Vec<_>>(), ["Turn it on"]);
        assert_eq!(plan.notes, ["`nixstart setup` is for nix-present"]);
    }

    #[test]
    fn a_file_that_must_not_be_edited_is_a_note() {
        let fix = Fix::edit("Hook", vec![FileEdit::add("/h/.bashrc", vec!["x".into()])]);
        let findings = [finding("nix-present", fix)];
        let plan = plan(&findings, &Facts::default(), "/p".into(), &|path, _| Err(format!("`{path}` is generated")));
        let note = "nix-present: Hook: `/h/.bashrc` is generated; by hand: add to /h/.bashrc:;   x";
        assert_eq!((plan.steps.len(), plan.notes), (0, vec![note.to_owned()]));
    }

    #[test]
    fn settings_of_the_system_are_two_edits_each_and_one_restart() {
        let settings = |lines: &[&str]| {
            let edits = system_file::edits("/etc/nix/nix.conf".into(), lines.iter().map(ToString::to_string).collect());
            let edits = edits.into_iter().map(|(path, edit)| FileEdit { path, edit }).collect();
            Fix::edit_as_root("Set it", edits).restarting(Restart::Daemon)
        };
        let findings = [finding("sandbox-on", settings(&["sandbox = true"])), finding("trusted-user", settings(&["a = b"]))];
        let mut facts = Facts::default();
        facts.nix.machine = Machine::Linux { has_systemd: true }.into();
        let plan = plan(&findings, &facts, "/p".into(), &|path, _| Ok(path.to_owned()));
        let shown = |step: &Step| match &step.action {
            Action::EditFile { path, .. } => format!("{}: {path}", step.id),
            Action::Run { program, arguments, .. } => format!("{}: {program} {}", step.id, arguments.join(" ")),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            plan.steps.iter().map(shown).collect::<Vec<_>>(),
            [
                "sandbox-on: /etc/nix/nixstart.conf",
                "sandbox-on-2: /etc/nix/nix.conf",
                "trusted-user: /etc/nix/nixstart.conf",
                "daemon-restart: systemctl restart nix-daemon.service"
            ]
        );
        assert!(plan.steps.iter().all(|step| step.privilege == Privilege::Root));
    }
}

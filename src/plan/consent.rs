//! When a plan may be applied without asking anybody.

use super::{Action, Plan, Privilege, Step};

/// Why somebody has to say yes, as a fragment; `None` when the plan only makes a fresh directory.
///
/// A plan that touches what exists, runs a program other than git, or needs root has to be consented to.
pub fn needs_consent(plan: &Plan) -> Option<&'static str> {
    let makes_root =
        plan.steps.iter().any(|step| matches!(&step.action, Action::CreateDirectory { path, .. } if *path == plan.root));
    plan.pending().find_map(|step| reason(step, makes_root))
}

fn reason(step: &Step, makes_root: bool) -> Option<&'static str> {
    if step.privilege == Privilege::Root {
        return Some("it needs root");
    }
    match step.action {
        // Whoever names a variable and gives its value has said yes; commands that change more ask with the list of keys.
        Action::CreateDirectory { .. } | Action::ChangeSecrets { .. } => None,
        Action::Run { .. } => Some("it runs a program"),
        Action::Download { .. } => Some("it downloads a program"),
        Action::CreateFiles { .. } | Action::ReplaceFile { .. } => Some("it writes into a directory that exists"),
        Action::EditFile { .. } | Action::SetMode { .. } | Action::RemoveFile { .. } => Some("it changes a file that exists"),
        Action::WriteSecrets { .. } | Action::InitRepository { .. } | Action::StageFiles { .. } | Action::Commit { .. } => {
            (!makes_root).then_some("it writes into a directory that exists")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Undo;
    use super::*;
    use crate::file_tree::FileTree;

    fn step(action: Action) -> Step {
        Step {
            id: "x".into(),
            title: "x".into(),
            explanation: "x".into(),
            privilege: Privilege::User,
            action,
            undo: Undo::Restore,
            is_satisfied: false,
            proof: None,
        }
    }

    fn plan(steps: Vec<Step>) -> Plan {
        Plan { command: "new".into(), title: "x".into(), root: "/p".into(), steps, notes: vec![] }
    }

    #[test]
    fn a_fresh_directory_needs_none() {
        let create = || step(Action::CreateDirectory { path: "/p".into(), tree: FileTree::default() });
        let init = || step(Action::InitRepository { directory: "/p".into() });
        assert_eq!(needs_consent(&plan(vec![create(), init()])), None);
        assert_eq!(needs_consent(&plan(vec![init()])), Some("it writes into a directory that exists"));
        let run = step(Action::Run {
            directory: "/p".into(),
            program: "npm".into(),
            arguments: vec![],
            produces: vec![],
            takes_back: vec![],
            settles: vec![],
        });
        assert_eq!(needs_consent(&plan(vec![create(), run])), Some("it runs a program"));
        assert_eq!(needs_consent(&plan(vec![Step { privilege: Privilege::Root, ..create() }])), Some("it needs root"));
    }

    #[test]
    fn what_is_satisfied_needs_none() {
        let create = step(Action::CreateFiles { directory: "/p".into(), tree: FileTree::default() });
        assert_eq!(needs_consent(&plan(vec![Step { is_satisfied: true, ..create }])), None);
    }
}

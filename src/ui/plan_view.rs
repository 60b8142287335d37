//! Shows a plan before consent: every step with why and how it is undone, files as a tree, changes as a diff.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::style::Role;
use super::{Ui, Verbosity, tree_view};
use crate::changeset::unified_diff;
use crate::file_tree::FileTree;
use crate::plan::action::size_as_text;
use crate::plan::{Action, Plan, SecretChange, Step};

/// The bytes that files to be replaced hold now, by absolute path.
pub type Current = BTreeMap<String, Vec<u8>>;

/// Shows a plan. Colour belongs to the text; the door takes it out where it cannot be shown.
pub fn show(ui: &mut Ui, plan: &Plan, current: &Current) {
    ui.say("");
    ui.say(&Role::Heading.paint(&plan.title));
    ui.say(&format!("  in {}", Role::Name.paint(plan.root.as_str())));
    for (index, step) in plan.pending().enumerate() {
        ui.say("");
        show_step(ui, index + 1, step, current);
    }
    if !plan.notes.is_empty() {
        ui.say("");
    }
    for note in &plan.notes {
        ui.note(&ui.spoken(note));
    }
    ui.say("");
}

fn show_step(ui: &mut Ui, number: usize, step: &Step, current: &Current) {
    ui.say(&format!("{number}. {}", Role::Heading.paint(&step.title)));
    ui.say(&format!("   {}", step.explanation));
    for line in details(ui, step, current) {
        ui.verbatim(&line);
    }
    if let Some(proof) = &step.proof {
        ui.say(&format!("   {}", Role::Quiet.paint(&format!("verified: {proof}"))));
    }
    ui.say(&format!("   {}", Role::Quiet.paint(&ui.spoken(&step.undo.describe()))));
}

fn details(ui: &Ui, step: &Step, current: &Current) -> Vec<String> {
    match &step.action {
        Action::CreateDirectory { path: directory, tree } | Action::CreateFiles { directory, tree } => {
            let mut lines = tree_view::lines(tree, 5, ui.width());
            if ui.verbosity() == Verbosity::Verbose {
                lines.extend(new_files(directory, tree));
            }
            lines
        }
        // A sealed file differs from the last one in every byte, which tells nobody anything.
        Action::ReplaceFile { path, .. } if path.extension() == Some("age") => Vec::new(),
        Action::ReplaceFile { directory, path, file, .. } => {
            let old = current.get(directory.join(path.as_str()).as_str()).map(Vec::as_slice);
            unified_diff(path.as_str(), old, &file.contents).lines().map(painted).collect()
        }
        Action::WriteSecrets { entries, .. } => {
            let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
            entries.iter().map(|entry| format!("     {:width$}  {}", entry.name, entry.source.describe())).collect()
        }
        Action::ChangeSecrets { path, changes, replaced, .. } => {
            SecretChange::lines(path, changes, replaced).iter().map(|line| format!("     {line}")).collect()
        }
        Action::EditFile { path, edit } => {
            let old = current.get(path.as_str()).map(Vec::as_slice);
            match edit.apply(old.unwrap_or_default()) {
                Ok(new) => unified_diff(path.as_str().trim_start_matches('/'), old, &new).lines().map(painted).collect(),
                Err(error) => vec![format!("     {}", Role::Error.paint(&format!("`{path}` cannot be changed: {error}")))],
            }
        }
        Action::Run { .. } | Action::SetMode { .. } | Action::RemoveFile { .. } => {
            step.command_line().map(|line| format!("     {}", Role::Command.paint(&ui.spoken(&line)))).into_iter().collect()
        }
        Action::Download { url, path, check, most_bytes } => {
            let most = size_as_text(*most_bytes);
            let lines = [url.clone(), format!("to {path}, {most} at most"), check.describe()];
            lines.iter().map(|line| format!("     {line}")).collect()
        }
        Action::InitRepository { .. } | Action::StageFiles { .. } | Action::Commit { .. } => Vec::new(),
    }
}

fn new_files(directory: &Utf8Path, tree: &FileTree) -> Vec<String> {
    let name = directory.file_name().unwrap_or_default();
    tree.iter()
        .flat_map(|(path, file)| {
            unified_diff(&format!("{name}/{path}"), None, &file.contents).lines().map(painted).collect::<Vec<_>>()
        })
        .collect()
}

fn painted(line: &str) -> String {
    let role = match line.chars().next() {
        Some('+') => Role::Command,
        Some('-') => Role::Error,
        Some('@') => Role::Name,
        _ => return format!("     {line}"),
    };
    format!("     {}", role.paint(line))
}

/// A plan as data: paths, sizes, sources and undo kinds, but neither the bytes of files nor any secret.
pub fn to_json(plan: &Plan) -> Value {
    let step = |step: &Step| {
        json!({
            "id": step.id, "title": step.title, "explanation": step.explanation, "privilege": step.privilege,
            "action": step.action.kind(), "details": step.action.summary(), "undo": step.undo, "satisfied": step.is_satisfied, "proof": step.proof,
        })
    };
    json!({ "command": plan.command, "title": plan.title, "root": plan.root, "steps": plan.steps.iter().map(step).collect::<Vec<_>>(), "notes": plan.notes })
}

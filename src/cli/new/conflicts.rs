//! Files that are there already with other bytes: what a person decides, or what loses nothing.

use std::collections::BTreeMap;

use crate::ask::Asked;
use crate::changeset::{Change, OnDisk, Resolution, compare};
use crate::cli::Session;
use crate::error::Result;
use crate::file_tree::{FileTree, RelativePath};
use crate::question::{Answer, Choice, Question};

/// Asks about each file that is there with other bytes; without a person, no byte of it is lost.
pub(super) fn resolve(
    session: &mut Session,
    tree: &FileTree,
    on_disk: &BTreeMap<RelativePath, OnDisk>,
) -> Result<BTreeMap<RelativePath, Resolution>> {
    let mut resolutions = BTreeMap::new();
    for (path, _, change) in compare(tree, on_disk) {
        if matches!(change, Change::Conflict { .. }) {
            resolutions.insert(path.clone(), resolve_one(session, path)?);
        }
    }
    Ok(resolutions)
}

fn resolve_one(session: &mut Session, path: &RelativePath) -> Result<Resolution> {
    let label = |resolution: Resolution| match resolution {
        Resolution::Keep => "keep yours".to_owned(),
        Resolution::Replace => "replace yours; it can be put back with `nixstart undo`".to_owned(),
        Resolution::Beside => format!("keep yours and write the template's to {path}.new"),
        Resolution::Merge => "add the lines yours lacks".to_owned(),
    };
    let choices = Resolution::choices(path);
    let question = Question::select(
        path.as_str(),
        &format!("`{path}` exists and differs. What should be done?"),
        choices.iter().map(|choice| Choice { value: choice.word().into(), label: Some(label(*choice)), help: None }).collect(),
    );
    let default = Answer::Text(Resolution::default_for(path).word().to_owned());
    // Without a terminal the default is the only answer; it loses nothing, and the plan names it.
    if !session.ask.is_interactive() {
        return Ok(Resolution::default_for(path));
    }
    let answer = session.ask.ask(&mut session.ui, Asked { question: &question, default: Some(&default), flag: "--yes" })?;
    Ok(choices.into_iter().find(|choice| answer == Answer::Text(choice.word().to_owned())).unwrap_or(Resolution::Keep))
}

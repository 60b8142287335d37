//! Looks at what Turborepo compares with when it runs only what changed.

use git2::{BranchType, Repository};

use super::{Vantage, read};
use crate::facts::Fact;
use crate::facts::node::Turbo;
use crate::host::probe::images::workflow_files;
use crate::secret::shapes;

/// What Turborepo compares with unless told otherwise.
const DEFAULT_BASE: &str = "main";

pub(super) fn look(vantage: &Vantage) -> Fact<Turbo> {
    if read(vantage, "turbo.json").is_empty() && read(vantage, "turbo.jsonc").is_empty() {
        return Fact::irrelevant("there is no `turbo.json`");
    }
    let Ok(repository) = Repository::discover(&vantage.directory) else {
        return Fact::irrelevant("the project is in no git repository");
    };
    let set = vantage.variable("TURBO_SCM_BASE");
    let base = set.unwrap_or(DEFAULT_BASE);
    let branches = repository.branches(None).into_iter().flatten().flatten();
    let mut names: Vec<String> = branches
        .filter_map(|(branch, kind)| {
            let name = branch.name().ok().flatten()?.to_owned();
            let is_head = kind == BranchType::Remote && name.ends_with("/HEAD");
            (!is_head).then_some(name)
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    let has_base = repository.revparse_single(base).is_ok() || names.iter().any(|name| *name == format!("origin/{base}"));
    Turbo {
        is_shallow: repository.is_shallow(),
        has_commits: repository.head().is_ok(),
        base: if is_branch(base) { base.to_owned() } else { "the commit it names".to_owned() },
        is_base_set: set.is_some(),
        has_base,
        branches: names.into_iter().filter(|name| is_likely_base(name)).collect(),
        shallow_workflows: workflow_files(vantage).iter().filter_map(|(name, text)| shallow_line(name, text)).collect(),
    }
    .into()
}

/// Whether a text can be shown as the name of a branch.
fn is_branch(name: &str) -> bool {
    git2::Branch::name_is_valid(name).unwrap_or(false) && name.len() <= 60 && shapes::shape_of_word(name).is_none()
}

fn is_likely_base(name: &str) -> bool {
    matches!(name.rsplit('/').next(), Some("main" | "master" | "trunk" | "develop" | "dev"))
}

/// The line that runs Turborepo on what changed, in a workflow that checks out one commit only.
fn shallow_line(name: &str, text: &str) -> Option<String> {
    let is_checkout = text.contains("actions/checkout") && !text.contains("fetch-depth:");
    let compares = |line: &str| {
        let code = line.split(" #").next().unwrap_or_default();
        code.contains("turbo") && (code.contains("--affected") || code.contains("...[") || code.contains("turbo-ignore"))
    };
    let line = text.lines().position(compares).filter(|_| is_checkout)?;
    Some(format!("{name}:{}", line + 1))
}

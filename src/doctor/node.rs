//! Checks of Node, pnpm and Turborepo.

#[cfg(test)]
mod examples;

use super::{Check, Cost, Fix, Group, Look, Platform, Problem, Remedy, Severity, Verdict};
use crate::facts::node::{Lock, NodeOnPath, Origin, PackageManager, Pnpm, Turbo, Wish, wish};
use crate::facts::{Facts, Unknown};
use crate::nix::hashes::Freshness;
#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "node-from-nix",
        group: Group::Node,
        severity: Severity::Blocks,
        title: "Node is the one the project asks for, from its dev shell",
        symptom: "`Unsupported engine`, `ERR_PNPM_UNSUPPORTED_ENGINE`, `EBADENGINE` or `Node version mismatch`",
        cause: "the shell of the project is not active, so that another Node of the machine runs",
        fix: "run `direnv allow` or `nix develop --impure`",
        source: "`engines`, `.nvmrc` and `nodejs_N` of the project; npm `engine-strict`, pnpm `ERR_PNPM_UNSUPPORTED_ENGINE`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: is_from_nix,
    },
    Check {
        id: "node-manager-shadow",
        group: Group::Node,
        severity: Severity::Degrades,
        title: "No version manager stands before the Node of the dev shell",
        symptom: "`node --version` differs from the project's although its shell is active",
        cause: "nvm, fnm, Volta, asdf or mise puts its directory in front of PATH",
        fix: "load the version manager before direnv's hook, or turn it off in this directory",
        source: "the directories that nvm, fnm, Volta, asdf, mise and nodenv use",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_not_shadowed,
    },
    Check {
        id: "pnpm-match",
        group: Group::Node,
        severity: Severity::Degrades,
        title: "pnpm is the one `package.json` names",
        symptom: "`This project is configured to use pnpm@…`, `ERR_PNPM_BAD_PM_VERSION`, `Cannot find matching keyid` or `npm \
         registry signature could not be verified`",
        cause: "`packageManager` names an exact version, and nixpkgs brings another; or corepack stands before it",
        fix: "name a range in `devEngines.packageManager` with `\"onFail\": \"ignore\"`, and leave corepack out",
        source: "measured with pnpm 10.34 and 12.21 and turbo 2.11",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: pnpm_matches,
    },
    Check {
        id: "lockfile-present",
        group: Group::Node,
        severity: Severity::Blocks,
        title: "The lock file is there, in git, and fits `package.json`",
        symptom: "`ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with \"frozen-lockfile\"`, `npm ci` … `package.json and \
         package-lock.json … are in sync`",
        cause: "`package.json` was edited without an install, or the lock file was never added to git",
        fix: "run the install once, look at the changes, and add the lock file to git",
        source: "pnpm `--frozen-lockfile` (the default with `CI=1`), `npm ci`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: lock_fits,
    },
    Check {
        id: "dependency-hash",
        group: Group::Node,
        severity: Severity::Degrades,
        title: "The hash of the dependencies is the one of the lock file",
        symptom: "`ERR_PNPM_NO_OFFLINE_TARBALL` in a build of Nix, or a package that was built with old dependencies",
        cause: "`pnpm-lock.yaml` has changed since the hash in `nix/hashes.json` was found out, or it never was",
        fix: "run `nixstart build --yes`, which finds it out and writes it",
        source: "the digest of the lock file that `nixstart build` keeps beside the hash",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: hash_fits,
    },
    Check {
        id: "turbo-history",
        group: Group::Node,
        severity: Severity::Degrades,
        title: "Turborepo has the commits it compares with",
        symptom: "`Turborepo detects no changes`, `unable to detect git range, assuming all files have changed` or everything is \
         built each time",
        cause: "the clone is shallow, or the branch to compare with is not `main`",
        fix: "fetch all commits, or name the branch with `TURBO_SCM_BASE`",
        source: "Turborepo `--affected` and `TURBO_SCM_BASE`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: has_history,
    },
];

fn hash_fits(facts: &Facts) -> Look {
    let renew = || Fix::by_hand("Find the hash out and write it", &["nixstart build --yes"]);
    let Some(freshness) = facts.node.hash.get()? else {
        return Err(Unknown::Irrelevant("there is no hash of dependencies".to_owned()));
    };
    Ok(match freshness {
        Freshness::Fresh => Verdict::Pass("it is the one of the lock file".to_owned()),
        Freshness::Unknown => Verdict::Pass("there is one; what it was made for is not written down".to_owned()),
        Freshness::Stale => {
            let problem = Problem::new("`pnpm-lock.yaml` has changed since the hash in `nix/hashes.json` was made");
            Verdict::Warn(problem.fix(renew()))
        }
        Freshness::Missing => {
            let problem = Problem::new("`nix/hashes.json` holds no hash of the dependencies yet");
            Verdict::Warn(problem.detail("`nix build` and `nix flake check` need it; the dev shell does not").fix(renew()))
        }
    })
}

const ENTER: &[&str] = &["direnv allow", "nix develop --impure"];

fn is_from_nix(facts: &Facts) -> Look {
    let wish = facts.node.wish.get()?;
    let Some(node) = facts.node.on_path.get()?.first() else { return Ok(no_node(wish)) };
    let version = facts.node.version.get();
    let problem = match version.as_ref().ok().and_then(|version| Some((version, wish.unmet_by(version)?))) {
        Some((version, (place, range))) => {
            let problem = Problem::new(format!("`node` is {version}, but {place} asks for `{range}`")).detail(origin(node));
            return Ok(Verdict::Fail(enter(problem, wish, node)));
        }
        None if wish.has_nix_shell && node.origin != Origin::Nix => Problem::new("`node` is not the one of the dev shell"),
        None => return Ok(Verdict::Pass(format!("{}{}", version?, if node.origin == Origin::Nix { " from Nix" } else { "" }))),
    };
    Ok(Verdict::Warn(enter(problem.detail(origin(node)), wish, node)))
}

fn no_node(wish: &Wish) -> Verdict {
    let problem = Problem::new("`node` is not on PATH");
    if wish.has_nix_shell {
        return Verdict::Warn(problem.fix(Fix::by_hand("Enter the shell of the project", ENTER)));
    }
    Verdict::Fail(problem.fix(Fix::by_hand("Open a shell that has Node", &["nix shell nixpkgs#nodejs"])))
}

fn origin(node: &NodeOnPath) -> String {
    match &node.origin {
        Origin::Nix => format!("`{}`, from Nix", node.path),
        Origin::Manager(name) => format!("`{}`, from {name}", node.path),
        Origin::Other => format!("`{}`", node.path),
    }
}

fn enter(problem: Problem, wish: &Wish, node: &NodeOnPath) -> Problem {
    match (wish.has_nix_shell, &node.origin) {
        (true, Origin::Nix) => {
            problem.fix(Fix::by_hand("Enter the shell of this project anew", &["direnv reload", "nix develop --impure"]))
        }
        (true, _) => problem.fix(Fix::by_hand("Enter the shell of the project", ENTER)),
        (false, _) => problem.fix(Fix::by_hand("Use the version that the project asks for", &["nix shell nixpkgs#nodejs"])),
    }
}

fn is_not_shadowed(facts: &Facts) -> Look {
    let wish = facts.node.wish.get()?;
    if !wish.has_nix_shell {
        return Err(Unknown::Irrelevant("the project has no dev shell".to_owned()));
    }
    let nodes = facts.node.on_path.get()?;
    let Some(nix) = nodes.iter().position(|node| node.origin == Origin::Nix) else {
        return Err(Unknown::Irrelevant("the dev shell is not active".to_owned()));
    };
    let before = nodes.iter().take(nix).find_map(|node| match node.origin {
        Origin::Manager(name) => Some((name, node)),
        Origin::Nix | Origin::Other => None,
    });
    let Some((name, node)) = before else { return Ok(Verdict::Pass("the first `node` is that of the dev shell".to_owned())) };
    let mut problem = Problem::new(format!("{name} stands before the Node of the dev shell")).detail(origin(node));
    if let Some(nix) = nodes.get(nix) {
        problem = problem.detail(origin(nix));
    }
    let title = format!("Move what loads {name} above the hook of direnv in your shell's start-up file, then start a new shell");
    Ok(Verdict::Warn(problem.fix(Fix::by_hand(&title, &[]))))
}

fn pnpm_matches(facts: &Facts) -> Look {
    let manager = facts.node.package_manager.get()?.as_ref();
    let Some(manager) = manager.filter(|manager| manager.name == "pnpm") else {
        return Err(Unknown::Irrelevant("`package.json` names no version of pnpm".to_owned()));
    };
    let Some(pnpm) = facts.node.pnpm.get()? else {
        return Err(Unknown::Irrelevant("`pnpm` is not on PATH".to_owned()));
    };
    if pnpm.is_corepack {
        return Ok(corepack(pnpm, facts.node.wish.known().is_some_and(|wish| wish.has_nix_shell)));
    }
    let version = pnpm.version.get()?;
    if manager.is_lenient || wish::matches(&manager.range, version) != Some(false) {
        return Ok(Verdict::Pass(format!("pnpm {version}")));
    }
    let PackageManager { range, field, .. } = manager;
    let major = version.major;
    Ok(Verdict::Warn(
        Problem::new(format!("pnpm is {version}, but `{field}` of `package.json` asks for `{range}`"))
            .detail(format!("`{}`; it tries to download the other one, or refuses to work", pnpm.path))
            .fix(Fix::by_hand("Enter the shell of the project, if it brings another pnpm", ENTER))
            .fix(Fix::by_hand(
                "Or accept the pnpm of the shell",
                &[
                    "npm pkg delete packageManager",
                    &format!(
                        "npm pkg set devEngines.packageManager.name=pnpm devEngines.packageManager.version='^{major}.0.0' \
                     devEngines.packageManager.onFail=ignore"
                    ),
                ],
            )),
    ))
}

fn corepack(pnpm: &Pnpm, has_nix_shell: bool) -> Verdict {
    if !has_nix_shell {
        return Verdict::Pass("corepack brings the version that is named".to_owned());
    }
    Verdict::Warn(
        Problem::new("corepack stands before the pnpm of the dev shell")
            .detail(format!("`{}` downloads pnpm from the npm registry", pnpm.path))
            .fix(Fix::by_hand("Enter the shell of the project", ENTER))
            .fix(Fix::by_hand("Or turn corepack's shims off", &["corepack disable pnpm"])),
    )
}

fn lock_fits(facts: &Facts) -> Look {
    let lock = facts.node.lock.get()?;
    let Lock { file, manager, .. } = lock;
    let install = ["install".to_owned(), if manager == "pnpm" { "--lockfile-only" } else { "--package-lock-only" }.to_owned()];
    let renew =
        Fix::by_hand("Write the lock file anew", &[&format!("{manager} {}", install.join(" ")), &format!("git add {file}")]);
    if !lock.exists {
        if !lock.is_needed {
            return Ok(Verdict::Pass("there is nothing to lock".to_owned()));
        }
        let others = lock.others.iter().map(|other| format!("`{other}` belongs to another package manager"));
        let problem = others.fold(Problem::new(format!("there is no `{file}`")), Problem::detail);
        return Ok(Verdict::Warn(problem.fix(renew)));
    }
    if lock.has_conflict {
        let problem = Problem::new(format!("`{file}` has the marks of a merge in it"));
        return Ok(Verdict::Fail(
            problem.fix(Fix::by_hand("Let the package manager merge it", &[&format!("{manager} install")])),
        ));
    }
    if !lock.mismatches.is_empty() {
        return Ok(Verdict::Fail(mismatch(lock).fix(renew)));
    }
    if lock.is_tracked == Some(false) {
        let undo = format!("git rm --cached --quiet -- {file}");
        let add = Fix::run(&format!("Add `{file}` to the index"), &["git", "add", "--", file], Some(&undo));
        return Ok(Verdict::Warn(
            Problem::new(format!("git does not track `{file}`")).detail("neither CI nor Nix sees it").fix(add),
        ));
    }
    if !lock.others.is_empty() {
        let others = lock.others.iter().map(|other| format!("`{other}`")).collect::<Vec<_>>().join(", ");
        let problem = Problem::new(format!("there are lock files of several package managers: `{file}`, {others}"));
        return Ok(Verdict::Warn(
            problem.fix(Fix::by_hand(
                "Remove those that are not used",
                &lock
                    .others
                    .iter()
                    .map(|other| format!("git rm {other}"))
                    .collect::<Vec<_>>()
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>(),
            )),
        ));
    }
    Ok(Verdict::Pass(format!("`{file}`")))
}

fn mismatch(lock: &Lock) -> Problem {
    let problem = Problem::new(format!("`{}` does not fit `package.json`", lock.file));
    let shown = lock.mismatches.iter().take(10).map(|mismatch| {
        let folder = if mismatch.importer == "." { String::new() } else { format!("{}: ", mismatch.importer) };
        format!("{folder}{} {}", mismatch.name, mismatch.kind.describe())
    });
    let problem = shown.fold(problem, Problem::detail);
    match lock.mismatches.len().checked_sub(10) {
        Some(more @ 1..) => problem.detail(format!("{more} more")),
        _ => problem,
    }
}

fn has_history(facts: &Facts) -> Look {
    let turbo = facts.node.turbo.get()?;
    let Turbo { base, branches, .. } = turbo;
    if !turbo.has_commits {
        return Err(Unknown::Irrelevant("there are no commits yet".to_owned()));
    }
    let mut problem = Problem::default();
    if turbo.is_shallow {
        "the clone lacks old commits".clone_into(&mut problem.summary);
        problem = problem.fix(Fix::run("Fetch the commits that are missing", &["git", "fetch", "--unshallow"], None));
    }
    if !turbo.has_base {
        let from = if turbo.is_base_set { " that `TURBO_SCM_BASE` names" } else { "" };
        let what = format!("there is no branch `{base}`{from} to compare with, nor `origin/{base}`");
        if problem.summary.is_empty() {
            problem.summary = what;
        } else {
            problem = problem.detail(what);
        }
        problem = problem.fix(match branches.first() {
            Some(branch) => Fix::by_hand("Name the branch in `.envrc`", &[&format!("export TURBO_SCM_BASE={branch}")]),
            None => Fix::run("Fetch the branches of `origin`", &["git", "fetch", "origin"], None),
        });
    }
    if !turbo.shallow_workflows.is_empty() {
        let fix = Fix::new(
            "Give `actions/checkout` all commits",
            Remedy::ByHand { commands: vec!["with: { fetch-depth: 0 }".to_owned()] },
        );
        problem = turbo
            .shallow_workflows
            .iter()
            .fold(problem, |problem, place| {
                problem.detail(format!("{place} runs what changed, but only one commit is checked out"))
            })
            .fix(fix);
        if problem.summary.is_empty() {
            "a workflow compares with commits it does not have".clone_into(&mut problem.summary);
        }
    }
    if problem.summary.is_empty() {
        return Ok(Verdict::Pass(format!("`{base}` is there to compare with")));
    }
    Ok(Verdict::Warn(problem.fix(Fix::by_hand("For now, run everything", &["pnpm turbo run build --force"]))))
}

//! Whether direnv, its bash and nix-direnv are there and new enough.

use semver::Version;

use super::super::remedy::Restart;
use super::{Fix, Look, Problem, Remedy, Verdict, envrc, needs_direnv};
use crate::facts::direnv::UseKind;
use crate::facts::{Facts, Unknown};

/// The oldest direnv that nix-direnv works with.
const OLDEST: Version = Version::new(2, 21, 3);
/// The first direnv that prints its state as JSON.
const FIRST_WITH_JSON: Version = Version::new(2, 33, 0);
/// The first direnv whose `use flake` switches flakes on by itself.
const FIRST_WITH_FLAKES: Version = Version::new(2, 35, 0);
/// The oldest bash that nix-direnv works with.
const OLDEST_BASH: (u32, u32) = (4, 4);

pub(super) fn is_present(facts: &Facts) -> Look {
    if let Some(path) = facts.direnv.program.get()? {
        return Ok(Verdict::Pass(format!("`{path}`")));
    }
    let envrc = envrc(facts)?;
    let problem = Problem::new(format!("direnv is not installed, and `{}` waits for it", envrc.path));
    Ok(Verdict::Warn(problem.fix(Fix::new("Install direnv", Remedy::Setup))))
}

fn newer(program: &str) -> Fix {
    let command = format!("nix --extra-experimental-features 'nix-command flakes' profile install nixpkgs#{program}");
    Fix::by_hand("Install a newer one, which comes before it on PATH", &[&command]).restarting(Restart::Shell)
}

pub(super) fn is_new_enough(facts: &Facts) -> Look {
    let version = facts.direnv.version.get()?;
    if *version < OLDEST {
        let problem = Problem::new(format!("direnv {version} is too old for nix-direnv, which needs {OLDEST}"));
        return Ok(Verdict::Fail(problem.fix(newer("direnv"))));
    }
    let uses_flake = facts.direnv.envrc.known().and_then(Option::as_ref).is_some_and(|envrc| envrc.uses(UseKind::Flake));
    let has_nix_direnv = matches!(facts.direnv.nix_direnv.known(), Some(Some(_)));
    if *version < FIRST_WITH_FLAKES && uses_flake && !has_nix_direnv {
        let problem =
            Problem::new(format!("`use flake` of direnv {version} works only where the settings of Nix switch flakes on"))
                .detail(format!("direnv {FIRST_WITH_FLAKES} and nix-direnv switch them on by themselves"));
        return Ok(Verdict::Warn(problem.fix(Fix::new("Set nix-direnv up", Remedy::Setup)).fix(newer("direnv"))));
    }
    let note = if *version < FIRST_WITH_JSON { ", which prints no JSON" } else { "" };
    Ok(Verdict::Pass(format!("direnv {version}{note}")))
}

pub(super) fn has_bash(facts: &Facts) -> Look {
    let bash = facts.direnv.bash.get()?;
    let (major, minor) = bash.version;
    if bash.version >= OLDEST_BASH {
        return Ok(Verdict::Pass(format!("bash {major}.{minor}")));
    }
    let problem =
        Problem::new(format!("direnv runs bash {major}.{minor}, and nix-direnv needs 4.4")).detail(format!("`{}`", bash.path));
    Ok(Verdict::Warn(problem.fix(newer("bashInteractive"))))
}

pub(super) fn has_nix_direnv(facts: &Facts) -> Look {
    needs_direnv(facts)?;
    if !envrc(facts)?.wants_nix_direnv() {
        return Err(Unknown::Irrelevant("the `.envrc` uses neither a flake nor a `shell.nix`".to_owned()));
    }
    if let Some(path) = facts.direnv.nix_direnv.get()? {
        return Ok(Verdict::Pass(format!("`{path}`")));
    }
    let problem = Problem::new("nix-direnv is not set up, so every `cd` evaluates the project");
    Ok(Verdict::Warn(problem.fix(Fix::new("Set nix-direnv up", Remedy::Setup))))
}

pub(super) fn is_quick(facts: &Facts) -> Look {
    if !facts.direnv.permission.get()?.is_given() {
        return Err(Unknown::Irrelevant("the `.envrc` is not allowed".to_owned()));
    }
    let took = *facts.direnv.load_time.get()?;
    let limit = *facts.direnv.warn_timeout.get()?;
    if limit == 0 || took <= limit {
        return Ok(Verdict::Pass(format!("{took} ms")));
    }
    let problem = Problem::new(format!("the `.envrc` took {took} ms to load; direnv complains after {limit} ms"));
    let has_nix_direnv = matches!(facts.direnv.nix_direnv.known(), Some(Some(_)));
    let problem = if has_nix_direnv { problem } else { problem.fix(Fix::new("Set nix-direnv up", Remedy::Setup)) };
    Ok(Verdict::Warn(
        problem.fix(Fix::by_hand(
            "Let direnv wait longer, in `~/.config/direnv/direnv.toml`",
            &["[global]", "warn_timeout = \"20s\""],
        )),
    ))
}

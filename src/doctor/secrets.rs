//! Checks of `.env` and of what must not leak. They name files, lines, variables and rules, never a value.

#[cfg(test)]
mod examples;
mod leaks;

use camino::Utf8Path;

use super::{Check, Cost, FileEdit, Fix, Group, Look, Platform, Problem, Remedy, Severity, Verdict};
use crate::facts::secrets::{EnvContent, EnvFile, FaultKind, Gap, GapKind, Privacy};
use crate::facts::{Fact, Facts, Unknown};
use crate::template::escape;
#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "env-exists",
        group: Group::Secrets,
        severity: Severity::Degrades,
        title: "There is a `.env` with the variables the project declares",
        symptom: "`TokenInvalid` or `TOKEN_INVALID: An invalid token was provided`, or a program that ends as soon as it starts",
        cause: "`.env` is not part of the repository, so every checkout starts without it",
        fix: "copy `.env.example` to `.env` and fill it in",
        source: "discord.js `DiscordjsErrorCodes.TokenInvalid`; `.env.example` and `nixstart.toml` of the project",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: exists,
    },
    Check {
        id: "env-keys",
        group: Group::Secrets,
        severity: Severity::Blocks,
        title: "Every variable the project declares has a value",
        symptom: "a program that says a variable is `undefined`, missing or invalid",
        cause: "`.env` lacks a variable of `.env.example`, or its value is empty, a placeholder or of another kind",
        fix: "give the variables their values",
        source: "`.env.example`, `nixstart.toml` and `secretspec.toml` of the project",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: has_keys,
    },
    Check {
        id: "env-format",
        group: Group::Secrets,
        severity: Severity::Degrades,
        title: "Every program reads `.env` alike",
        symptom: "a login that fails although the value looks right, or `direnv: error … invalid line`",
        cause: "programs disagree about spaces, quotes, `#`, `export`, byte-order marks and line ends",
        fix: "write each line as `NAME=value`, with quotes only where the value has spaces",
        source: "32 readers of `.env` compared; the reader of dotenv 17 is the measure",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_well_written,
    },
    Check {
        id: "env-perms",
        group: Group::Secrets,
        severity: Severity::Blocks,
        title: "Only you can read `.env`",
        symptom: "none; other users of the machine can read your secrets",
        cause: "the file was made with the permissions of any other file",
        fix: "take the permissions of others away with `chmod 600`",
        source: "POSIX file modes; whoever may write to the directory can put another file in its place",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_private,
    },
    Check {
        id: "env-ignored",
        group: Group::Secrets,
        severity: Severity::Blocks,
        title: "Git ignores `.env`",
        symptom: "none until it is pushed; then the secrets are public, and Nix copies them into the store",
        cause: "no rule of a committed `.gitignore` covers the file, or it was added before there was one",
        fix: "add `.env` and `.env.*` to `.gitignore`, and `git rm --cached` what is tracked",
        source: "gitignore(5); a flake in a git repository copies every tracked file to the store",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_ignored,
    },
    Check {
        id: "env-in-history",
        group: Group::Secrets,
        severity: Severity::Blocks,
        title: "No commit holds a secret",
        symptom: "none; everybody who has a clone has the secrets, also after the file was removed",
        cause: "a `.env` or a file with a token was committed once",
        fix: "replace the secrets where they were issued, then remove the file from history",
        source: "`git log --all --diff-filter=A -- '.env*'`; with `--deep` the shapes of known tokens",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: leaks::in_history,
    },
    Check {
        id: "env-in-store",
        group: Group::Secrets,
        severity: Severity::Degrades,
        title: "Nix does not copy `.env` into the store",
        symptom: "none; `/nix/store/…-source/.env` can be read by every user of the machine",
        cause: "a flake outside a git repository, or named as `path:`, is copied with every file in its directory",
        fix: "make the project a git repository that ignores `.env`, and name the flake as `.`",
        source: "Nix manual, `nix flake`, path-like flake references",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["env-ignored"],
        look: leaks::in_store,
    },
    Check {
        id: "env-in-image",
        group: Group::Secrets,
        severity: Severity::Degrades,
        title: "No container image takes `.env` along",
        symptom: "none; everybody who can pull the image can read the secrets, also in a layer that a later one removes",
        cause: "a Dockerfile copies a whole directory, and no `.dockerignore` keeps `.env` out",
        fix: "add `.env` and `.env.*` to `.dockerignore`",
        source: "Docker build context, `.dockerignore`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: leaks::in_image,
    },
    Check {
        id: "secret-in-nix-files",
        group: Group::Secrets,
        severity: Severity::Blocks,
        title: "No Nix file and no `.envrc` holds a secret",
        symptom: "none; what a Nix file says ends in the store and in git",
        cause: "a token was written where a variable should be",
        fix: "move the value to `.env`, and replace it where it was issued when it was ever committed",
        source: "shapes of tokens published by their issuers; values of the project's own `.env`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: leaks::in_nix_files,
    },
];

/// The `.env` files that are there, with what can be said about them.
fn contents(facts: &Facts) -> Result<Vec<(&EnvFile, &EnvContent)>, Unknown> {
    let files = facts.secrets.files.get()?;
    let mut found = Vec::new();
    for file in files {
        if let Some(content) = file.content.get()? {
            found.push((file, content));
        }
    }
    if found.is_empty() { Err(Unknown::Irrelevant("there is no `.env`".to_owned())) } else { Ok(found) }
}

fn exists(facts: &Facts) -> Look {
    let files = facts.secrets.files.get()?;
    let expected: Vec<&EnvFile> = files.iter().filter(|file| !file.declared_in.is_empty()).collect();
    if expected.is_empty() {
        return Err(Unknown::Irrelevant("the project declares no variables".to_owned()));
    }
    let is_missing = |file: &&&EnvFile| matches!(file.content, Fact::Known(None)) && !file.gaps.is_empty();
    let missing: Vec<&EnvFile> = expected.iter().filter(is_missing).copied().collect();
    if missing.is_empty() {
        return Ok(Verdict::Pass(names(expected.iter().map(|file| file.name.as_str()))));
    }
    let mut problem = Problem::new(format!("there is no {}", names(missing.iter().map(|file| file.name.as_str()))));
    for file in missing {
        let variables = names(file.gaps.iter().map(|gap| gap.key.as_str()));
        problem = problem.detail(format!("{} should have {variables}", file.name));
        if let Some(example) = &file.example {
            // By hand, because no program copies to a place where a file could have appeared and leaves that alone.
            let (example, path) = (escape::sh(example.as_str()), escape::sh(file.path.as_str()));
            let copy = format!("cp -n {example} {path} && chmod 600 {path}");
            problem = problem.fix(Fix::by_hand(&format!("Copy the example to `{}`", file.name), &[&copy]));
        }
        problem = problem.fix(fill_in(file, file.gaps.iter()));
    }
    Ok(Verdict::Warn(problem))
}

fn has_keys(facts: &Facts) -> Look {
    let present = contents(facts)?;
    let declaring: Vec<&EnvFile> = present.iter().map(|(file, _)| *file).filter(|file| !file.declared_in.is_empty()).collect();
    if declaring.is_empty() {
        return Err(Unknown::Irrelevant("the project declares no variables".to_owned()));
    }
    let lacking: Vec<&EnvFile> = declaring.iter().filter(|file| !file.gaps.is_empty()).copied().collect();
    if lacking.is_empty() {
        return Ok(Verdict::Pass(format!("{} has every variable", names(declaring.iter().map(|file| file.name.as_str())))));
    }
    let all = || lacking.iter().flat_map(|file| file.gaps.iter());
    let keys = names(all().map(|gap| gap.key.as_str()));
    let mut problem = Problem::new(format!("{keys} {} a value", if all().count() == 1 { "needs" } else { "need" }));
    for file in &lacking {
        for gap in &file.gaps {
            problem = problem.detail(format!("{}: {} {}", file.name, gap.key, describe(&gap.kind)));
        }
        problem = problem.fix(fill_in(file, file.gaps.iter()));
    }
    Ok(if all().any(|gap| gap.blocks) { Verdict::Fail(problem) } else { Verdict::Warn(problem) })
}

fn describe(kind: &GapKind) -> String {
    match kind {
        GapKind::Missing => "is missing".to_owned(),
        GapKind::Empty => "is empty".to_owned(),
        GapKind::Placeholder => "still has the text of the example".to_owned(),
        GapKind::Rejected(why) => format!("cannot be right: {why}"),
    }
}

fn fill_in<'a>(file: &EnvFile, gaps: impl Iterator<Item = &'a Gap>) -> Fix {
    let option = directory_option(file);
    let commands: Vec<String> =
        gaps.filter(|gap| !gap.key.contains(' ')).map(|gap| format!("nixstart{option} env set {}", gap.key)).collect();
    let title = format!("Type the values into `{}`; nixstart asks for each without showing it", file.name);
    Fix::new(&title, Remedy::ByHand { commands })
}

/// `-C` for a file in a part of a monorepo.
fn directory_option(file: &EnvFile) -> String {
    let folder = Utf8Path::new(&file.name).parent().map_or("", Utf8Path::as_str);
    if folder.is_empty() { String::new() } else { format!(" -C {}", quoted(Utf8Path::new(folder))) }
}

fn is_well_written(facts: &Facts) -> Look {
    let present = contents(facts)?;
    let faulty: Vec<_> = present.iter().filter(|(_, content)| !content.faults.is_empty()).collect();
    if faulty.is_empty() {
        return Ok(Verdict::Pass(names(present.iter().map(|(file, _)| file.name.as_str()))));
    }
    let files = names(faulty.iter().map(|(file, _)| file.name.as_str()));
    let mut problem = Problem::new(format!("programs read {files} differently"));
    for (file, content) in faulty {
        for fault in content.faults.iter().take(10) {
            let key = fault.key.as_ref().map(|key| format!("{key} ")).unwrap_or_default();
            problem = problem.detail(format!("{}:{}: {key}{}", file.name, fault.line, fault.kind.describe()));
        }
        if content.faults.len() > 10 {
            problem = problem.detail(format!("{}: {} more", file.name, content.faults.len() - 10));
        }
        if content.faults.iter().any(|fault| fault.kind == FaultKind::CarriageReturns) {
            let command = format!("perl -pi -e 's/\\r$//' {}", quoted(&file.path));
            problem = problem.fix(Fix::by_hand("Take the carriage returns off", &[&command]));
        }
        problem = problem.fix(Fix::by_hand("Rewrite these lines", &[&format!("${{EDITOR:-vi}} {}", quoted(&file.path))]));
    }
    Ok(Verdict::Warn(problem))
}

/// Reading or writing by the group or by others.
const OTHERS: u32 = 0o077;
/// Writing by others.
const WORLD_WRITABLE: u32 = 0o002;

fn is_private(facts: &Facts) -> Look {
    let present = contents(facts)?;
    let is_open = |content: &EnvContent| content.mode & OTHERS != 0;
    let open = present.iter().filter(|(file, content)| !file.is_public() && (is_open(content) || !content.is_own));
    let open: Vec<_> = open.collect();
    let replaceable: Vec<&EnvFile> =
        present.iter().filter(|(file, content)| content.is_replaceable && !file.is_public()).map(|(file, _)| *file).collect();
    if open.is_empty() && !replaceable.is_empty() {
        let files = names(replaceable.iter().map(|file| file.name.as_str()));
        return Ok(Verdict::Warn(close_directories(Problem::new(format!("others can replace {files}")), &replaceable)));
    }
    if open.is_empty() {
        return Ok(Verdict::Pass("others have no permissions".to_owned()));
    }
    let files = names(open.iter().map(|(file, _)| file.name.as_str()));
    let is_writable = open.iter().any(|(_, content)| content.mode & WORLD_WRITABLE != 0);
    let what = if is_writable { "others can change" } else { "others can read" };
    let is_foreign_only = open.iter().all(|(_, content)| !is_open(content));
    let summary = if is_foreign_only { format!("{files} belongs to another user") } else { format!("{what} {files}") };
    let mut problem = Problem::new(summary);
    for (file, content) in open {
        problem = problem.detail(format!("{} has the mode {:o}", file.name, content.mode));
        if content.is_own {
            problem = problem.fix(Fix::new(
                &format!("Take the permissions of others on `{}` away", file.name),
                Remedy::SetMode { path: file.path.clone(), mode: 0o600 },
            ));
        } else {
            problem = problem.detail(format!("{} belongs to another user", file.name)).fix(Fix::by_hand(
                &format!("Make `{}` your own", file.name),
                &[
                    &format!("sudo chown \"$(id -u):$(id -g)\" {}", quoted(&file.path)),
                    &format!("chmod 600 {}", quoted(&file.path)),
                ],
            ));
        }
    }
    problem = close_directories(problem, &replaceable);
    Ok(if is_writable { Verdict::Fail(problem) } else { Verdict::Warn(problem) })
}

/// Says of which files others may change the directory, and how to end that.
fn close_directories(problem: Problem, files: &[&EnvFile]) -> Problem {
    files.iter().fold(problem, |problem, file| {
        let directory = file.path.parent().unwrap_or(&file.path);
        let close = format!("chmod go-w {}", quoted(directory));
        let fix =
            Fix::by_hand(&format!("Take the right to write to the directory of `{}` away from others", file.name), &[&close]);
        once(problem.detail(format!("others may change the directory of {}", file.name)), fix)
    })
}

fn is_ignored(facts: &Facts) -> Look {
    let files = facts.secrets.files.get()?;
    let mut exposed: Vec<(&EnvFile, Privacy)> = Vec::new();
    let (mut ignored, mut rule) = (0, "a committed `.gitignore`");
    let mut why = Unknown::Irrelevant("there is no `.env`".to_owned());
    for file in files {
        match file.privacy.get() {
            Ok(Privacy::Ignored) => ignored += 1,
            Ok(Privacy::IgnoredFromNextCommit) => (ignored, rule) = (ignored + 1, "a `.gitignore` that is not committed yet"),
            Ok(_) if file.is_public() => ignored += 1,
            Ok(privacy) => exposed.push((file, *privacy)),
            Err(unknown) => why = unknown,
        }
    }
    if exposed.is_empty() {
        return if ignored == 0 { Err(why) } else { Ok(Verdict::Pass(format!("{rule} covers it"))) };
    }
    let blocks = exposed.iter().any(|(_, privacy)| *privacy != Privacy::IgnoredHereOnly);
    let worst = exposed.iter().map(|(_, privacy)| *privacy).max_by_key(|privacy| *privacy as u8).unwrap_or(Privacy::NotIgnored);
    let files = names(exposed.iter().map(|(file, _)| file.name.as_str()));
    let mut problem = Problem::new(match worst {
        Privacy::Tracked => format!("git tracks {files}"),
        Privacy::NotIgnored | Privacy::Ignored | Privacy::IgnoredFromNextCommit => format!("git does not ignore {files}"),
        Privacy::IgnoredHereOnly => format!("only a rule of this machine ignores {files}"),
    });
    for (file, privacy) in exposed {
        problem = expose(problem, file, privacy);
    }
    Ok(if blocks { Verdict::Fail(problem) } else { Verdict::Warn(problem) })
}

fn expose(problem: Problem, file: &EnvFile, privacy: Privacy) -> Problem {
    let folder = file.path.parent().map_or_else(|| file.path.clone(), Utf8Path::to_owned);
    let root = file.path.as_str().strip_suffix(&file.name).map_or_else(|| folder.clone(), Into::into);
    let rules = [".env", ".env.*", "!.env.example"].map(str::to_owned).to_vec();
    let add_rules = Fix::edit("Make git ignore every `.env`", vec![FileEdit::add(root.join(".gitignore"), rules)]);
    match privacy {
        Privacy::Tracked => {
            let folder = folder.as_str();
            let name = file.path.file_name().unwrap_or(".env");
            let untrack = ["git", "-C", folder, "rm", "--cached", "--quiet", "--", name];
            let undo = format!("git -C {folder} add -f -- {name}");
            let untrack = Fix::run(&format!("Take `{}` off the index; the file stays", file.name), &untrack, Some(&undo));
            let what = format!("{} is tracked; replace its secrets if it was ever pushed", file.name);
            once(problem.detail(what).fix(untrack), add_rules)
        }
        Privacy::NotIgnored | Privacy::Ignored | Privacy::IgnoredFromNextCommit => {
            once(problem.detail(format!("no rule covers {}; `git add .` would add it", file.name)), add_rules)
        }
        Privacy::IgnoredHereOnly => {
            let what = "is ignored by `.git/info/exclude` or your own git settings, which nobody else has";
            once(problem.detail(format!("{} {what}", file.name)), add_rules)
        }
    }
}

/// Adds a fix that another file may have brought already.
fn once(problem: Problem, fix: Fix) -> Problem {
    if problem.fixes.contains(&fix) { problem } else { problem.fix(fix) }
}

/// A path as a word of a shell.
fn quoted(path: &Utf8Path) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@,:".contains(c);
    if path.as_str().chars().all(is_plain) { path.to_string() } else { format!("'{}'", path.as_str().replace('\'', "'\\''")) }
}

/// Names in backticks, with commas between them.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

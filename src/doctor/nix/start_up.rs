//! Judges what start-up files of the shell do to Nix.

use camino::Utf8Path;

use crate::doctor::remedy::Restart;
use crate::doctor::{FileEdit, Fix, Look, Problem, Verdict};
use crate::facts::Facts;
use crate::facts::nix::{StartUp, StartUpFile};

/// The script of an installation for all users.
const DAEMON_SCRIPT: &str = "/nix/var/nix/profiles/default/etc/profile.d/nix-daemon.sh";

pub(super) fn is_on_path(facts: &Facts) -> Look {
    if let Some(path) = facts.nix.on_path.get()? {
        return Ok(Verdict::Pass(format!("`{path}`")));
    }
    let elsewhere = facts.nix.elsewhere.get()?;
    let problem =
        elsewhere.iter().fold(Problem::new("Nix is installed, but not on PATH"), |problem, path| problem.detail(path.as_str()));
    let program = elsewhere.first().map_or(Utf8Path::new("/nix/var/nix/profiles/default/bin/nix"), |path| path.as_path());
    let start_up = facts.nix.start_up.known();
    let line = line(facts, program, start_up.is_some_and(|start_up| start_up.shell == "fish"));
    let problem = problem.fix(Fix::by_hand("Put it on PATH of this shell", &[&line]));
    Ok(Verdict::Fail(match start_up {
        Some(start_up) => for_new_shells(problem, start_up, &line),
        None => problem,
    }))
}

/// The line that puts a Nix on PATH.
fn line(facts: &Facts, program: &Utf8Path, is_fish: bool) -> String {
    let script = facts.nix.profile_scripts.known().and_then(|scripts| scripts.first());
    match (script, is_fish) {
        (Some(script), false) => format!("[ -e {0} ] && . {0}", quoted(script)),
        (Some(script), true) => {
            let script = script.with_extension("fish");
            format!("test -e {0}; and source {0}", quoted(&script))
        }
        (None, false) => format!("export PATH={}:\"$PATH\"", quoted(program.parent().unwrap_or(program))),
        (None, true) => format!("fish_add_path {}", quoted(program.parent().unwrap_or(program))),
    }
}

fn quoted(path: &Utf8Path) -> String {
    crate::template::escape::sh(path.as_str())
}

/// Says which start-up file lacks Nix, and adds the line to the user's.
fn for_new_shells(problem: Problem, start_up: &StartUp, line: &str) -> Problem {
    let sources = |file: &&StartUpFile| file.text.as_ref().is_some_and(|text| text.sources_nix.is_some());
    if let Some(file) = start_up.files.iter().find(sources) {
        return problem
            .detail(format!("`{}` puts it there; this shell was started without it", file.path))
            .fix(Fix::by_hand("Start a new login shell", &[&format!("exec {} -l", start_up.shell)]).restarting(Restart::Shell));
    }
    let lacking = start_up.files.iter().filter(|file| file.text.is_some());
    let problem = lacking.fold(problem, |problem, file| problem.detail(format!("`{}` does not put it there", file.path)));
    let Some(file) = start_up.files.iter().rfind(|file| !file.is_system) else { return problem };
    problem.fix(add(file, line, "Put it on PATH of new shells"))
}

/// Adds a line to a start-up file, unless that is made by Nix.
fn add(file: &StartUpFile, line: &str, title: &str) -> Fix {
    if file.is_generated {
        let title = format!("{title}: `{}` is made by home-manager, so add this there", file.path);
        return Fix::by_hand(&title, &[line]);
    }
    let lines = vec![line.to_owned()];
    let edits = vec![FileEdit::add(&file.path, lines)];
    let fix = if file.is_system { Fix::edit_as_root(title, edits) } else { Fix::edit(title, edits) };
    fix.restarting(Restart::Shell)
}

pub(super) fn is_zshrc_whole(facts: &Facts) -> Look {
    let zshrc = facts.nix.zshrc.get()?;
    let is_mounted = facts.nix.volume.get()?.is_mounted;
    if zshrc.sources_nix || !zshrc.has_backup || !is_mounted {
        return Ok(Verdict::Pass("`/etc/zshrc` is as the installer left it".to_owned()));
    }
    let file = StartUpFile { path: "/etc/zshrc".into(), is_system: true, ..StartUpFile::default() };
    let line = format!("if [ -e '{DAEMON_SCRIPT}' ]; then . '{DAEMON_SCRIPT}'; fi");
    Ok(Verdict::Fail(
        Problem::new("`/etc/zshrc` has lost the lines that put Nix on PATH")
            .detail("`/etc/zshrc.backup-before-nix` shows that an installer had added them")
            .fix(add(&file, &line, "Add them again")),
    ))
}

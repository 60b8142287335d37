//! `nixstart setup`: what can be tried without installing anything.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Run, Sandbox, run, tools};

/// Runs setup as a user of bash, with the real direnv and Nix on PATH.
fn setup(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let mut command = sandbox.command();
    command.env("PATH", tools::tool_path()).env("SHELL", "/bin/bash").arg("setup").args(arguments);
    run(&mut command, "")
}

fn have_tools(test: &str) -> bool {
    tools::have(test, &["nix", "direnv"])
}

fn bashrc(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.home().join(".bashrc")
}

const HOOK: &str = "# >>> nixstart direnv >>>\neval \"$(direnv hook bash)\"\n# <<< nixstart direnv <<<\n";

#[test]
fn the_hook_and_flakes_are_written_once_and_taken_back_byte_for_byte() {
    if !have_tools("the_hook_and_flakes_are_written_once_and_taken_back_byte_for_byte") {
        return;
    }
    let sandbox = Sandbox::new();
    for before in ["", "alias mine=1\n", "no line end", "crlf\r\n"] {
        fs::write(bashrc(&sandbox), before).unwrap();
        let arguments = ["--yes", "--only", "direnv-hook", "--only", "flakes"];
        setup(&sandbox, &arguments);
        let text = fs::read_to_string(bashrc(&sandbox)).unwrap();
        assert!(text.starts_with(before) && text.replace('\r', "").ends_with(HOOK), "{text:?}");
        let settings = sandbox.home().join(".config/nix/nix.conf");
        assert_eq!(fs::read_to_string(&settings).unwrap(), "extra-experimental-features = nix-command flakes\n");
        setup(&sandbox, &arguments).expect(0).says("nothing to do");
        assert_eq!(fs::read_to_string(bashrc(&sandbox)).unwrap(), text);
        setup(&sandbox, &["--undo", "--yes"]).expect(0);
        assert_eq!(fs::read_to_string(bashrc(&sandbox)).unwrap(), before);
        assert!(!settings.exists() && !sandbox.home().join(".config/nix").exists());
    }
}

#[test]
fn lines_that_were_added_since_stay() {
    if !have_tools("lines_that_were_added_since_stay") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::write(bashrc(&sandbox), "one\n").unwrap();
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]);
    let text = fs::read_to_string(bashrc(&sandbox)).unwrap();
    fs::write(bashrc(&sandbox), text + "two\n").unwrap();
    setup(&sandbox, &["--undo", "--yes"]).expect(0);
    assert_eq!(fs::read_to_string(bashrc(&sandbox)).unwrap(), "one\ntwo\n");
}

/// What is said, and what brings it about.
type Case = (&'static str, fn(&std::path::Path));

#[test]
fn a_start_up_file_that_must_not_be_edited_is_said_with_what_to_add() {
    if !have_tools("a_start_up_file_that_must_not_be_edited_is_said_with_what_to_add") {
        return;
    }
    let kinds: [Case; 3] = [
        ("it is a directory", |path| fs::create_dir(path).unwrap()),
        ("which is not there", |path| symlink("nowhere", path).unwrap()),
        ("it is no text", |path| fs::write(path, b"#\0\n\0").unwrap()),
    ];
    for (why, make) in kinds {
        let sandbox = Sandbox::new();
        make(&bashrc(&sandbox));
        setup(&sandbox, &["--yes", "--only", "direnv-hook"]).says(why).says("add by hand: eval");
        assert!(sandbox.receipts().is_empty());
    }
}

#[test]
fn a_block_that_somebody_changed_is_nobodys_to_write_and_stops_nothing_else() {
    if !have_tools("a_block_that_somebody_changed_is_nobodys_to_write_and_stops_nothing_else") {
        return;
    }
    let sandbox = Sandbox::new();
    let text = format!("mine\n{}", HOOK.replace("eval", "# eval"));
    fs::write(bashrc(&sandbox), &text).unwrap();
    let arguments = ["--yes", "--only", "direnv-hook", "--only", "flakes"];
    let shown = setup(&sandbox, &["--plan", "--only", "direnv-hook"]).expect(0).says("were changed by somebody else");
    assert!(!shown.stderr.contains("-mine"), "{}", shown.stderr);
    setup(&sandbox, &arguments).expect(1).says("done: Switch flakes on").says("add by hand: eval");
    setup(&sandbox, &arguments).expect(1).says("has to be done by hand");
    assert_eq!(fs::read_to_string(bashrc(&sandbox)).unwrap(), text);
}

#[test]
fn a_nix_that_does_not_start_is_left_to_the_person() {
    let sandbox = Sandbox::new();
    let programs = sandbox.home().join("programs");
    fs::create_dir(&programs).unwrap();
    fs::write(programs.join("nix"), "#!/bin/sh\nexit 127\n").unwrap();
    fs::set_permissions(programs.join("nix"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), tools::tool_path().display());
    let setup = |flags: &[&str]| run(sandbox.command().env("PATH", &path).env("SHELL", "/bin/bash").arg("setup").args(flags), "");
    let shown = setup(&["--plan"]).expect(0).says("could not be judged");
    assert!(!shown.stderr.contains("upgrade-nix") && !shown.stderr.contains("nix-command"), "{}", shown.stderr);
    setup(&["--yes", "--only", "nix"]).expect(1).says("could not be judged").says("has to be done by hand");
}

#[test]
fn a_link_to_dotfiles_leads_to_the_file_that_is_edited() {
    if !have_tools("a_link_to_dotfiles_leads_to_the_file_that_is_edited") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join("dotfiles-bashrc"), "mine\n").unwrap();
    symlink("dotfiles-bashrc", bashrc(&sandbox)).unwrap();
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]).says("dotfiles-bashrc");
    assert!(bashrc(&sandbox).symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read_to_string(sandbox.home().join("dotfiles-bashrc")).unwrap(), format!("mine\n{HOOK}"));
}

#[test]
fn a_shell_that_is_hooked_already_is_left_alone() {
    if !have_tools("a_shell_that_is_hooked_already_is_left_alone") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::write(bashrc(&sandbox), "eval \"$(direnv hook bash)\"\n").unwrap();
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]).expect(0).says("nothing to do");
}

#[test]
fn a_huge_start_up_file_keeps_its_mode_and_every_byte() {
    if !have_tools("a_huge_start_up_file_keeps_its_mode_and_every_byte") {
        return;
    }
    let sandbox = Sandbox::new();
    let before = "# a line of a very long file\n".repeat(400_000);
    fs::write(bashrc(&sandbox), &before).unwrap();
    fs::set_permissions(bashrc(&sandbox), fs::Permissions::from_mode(0o600)).unwrap();
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]);
    assert!(fs::read_to_string(bashrc(&sandbox)).unwrap() == before.clone() + HOOK);
    assert_eq!(fs::metadata(bashrc(&sandbox)).unwrap().permissions().mode() & 0o777, 0o600);
    setup(&sandbox, &["--undo", "--yes"]).expect(0);
    assert!(fs::read_to_string(bashrc(&sandbox)).unwrap() == before);
}

#[test]
fn the_plan_is_shown_as_text_and_as_data_and_changes_nothing() {
    if !have_tools("the_plan_is_shown_as_text_and_as_data_and_changes_nothing") {
        return;
    }
    let sandbox = Sandbox::new();
    assert_eq!(setup(&sandbox, &["--dry-run"]).expect(0).stderr, setup(&sandbox, &["--plan"]).expect(0).stderr);
    setup(&sandbox, &["--plan", "--explain"]).expect(0).says("Ways to install Nix:").says("chroot-store:");
    let document: Value = serde_json::from_str(&setup(&sandbox, &["--json"]).expect(0).stdout).unwrap();
    assert_eq!((&document["applied"], &document["plan"]["command"]), (&Value::Bool(false), &Value::from("setup")));
    assert_eq!(document["routes"].as_array().unwrap().len(), 5);
    assert!(sandbox.receipts().is_empty() && !bashrc(&sandbox).exists());
}

#[test]
fn without_a_terminal_nothing_is_changed_without_consent() {
    if !have_tools("without_a_terminal_nothing_is_changed_without_consent") {
        return;
    }
    let sandbox = Sandbox::new();
    let refused = setup(&sandbox, &["--only", "flakes"]).expect(4).says("needs your consent").says("look at it with `--plan`");
    assert!(!refused.stderr.contains("--dry-run") && sandbox.receipts().is_empty());
    setup(&sandbox, &["--yes", "--only", "flakes"]);
    setup(&sandbox, &["--undo"]).expect(4).says("look at it with `--plan`");
    let id = sandbox.receipts().pop().unwrap();
    sandbox.run(&["undo", &id]).expect(4).says("look at it with `--dry-run`");
}

#[test]
fn unknown_routes_and_steps_are_named_with_the_nearest() {
    let sandbox = Sandbox::new();
    sandbox.run(&["setup", "--route", "distr"]).expect(2).says("there is no route `distr`").says("`distro`");
    sandbox.run(&["setup", "--skip", "flake", "--plan"]).says("flakes");
    sandbox.run(&["setup", "--undo"]).expect(1).says("there is no setup to take back");
    sandbox.run(&["setup", "--resume"]).expect(1).says("there is no setup to continue");
}

const TWO_STEPS: [&str; 4] = ["--only", "direnv-hook", "--only", "flakes"];

/// The newest receipt of a sandbox, and a change of its lines.
fn edit_receipt(sandbox: &Sandbox, change: impl Fn(String) -> String) {
    let id = sandbox.receipts().pop().unwrap();
    let path = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
}

/// A setup of two steps that was killed after the first one.
fn cut_short() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::write(bashrc(&sandbox), "mine\n").unwrap();
    setup(&sandbox, &[&["--yes"], TWO_STEPS.as_slice()].concat());
    edit_receipt(&sandbox, |text| text.split_inclusive('\n').take(3).collect());
    fs::write(bashrc(&sandbox), "mine\n").unwrap();
    sandbox
}

#[test]
fn what_only_a_person_can_take_back_is_said_to_stay() {
    if !have_tools("what_only_a_person_can_take_back_is_said_to_stay") {
        return;
    }
    let manual = r#""undo":{"kind":"manual","instruction":"run `sudo apt-get purge it`"}"#;
    let by_hand = || {
        let sandbox = Sandbox::new();
        setup(&sandbox, &[&["--yes"], TWO_STEPS.as_slice()].concat());
        edit_receipt(&sandbox, |text| {
            let flakes = text.find(r#""id":"flakes""#).unwrap();
            let begin = flakes + text[flakes..].find(r#""undo":"#).unwrap();
            let end = begin + text[begin..].find('}').unwrap();
            format!("{}{manual}{}", &text[..begin], &text[end + 1..])
        });
        sandbox
    };
    let sandbox = by_hand();
    let mut command = sandbox.command();
    let undone = run(command.args(["setup", "--undo", "--yes"]).env("NIXSTART_SUDO", "doas"), "").expect(0);
    let instruction = if tools::is_root() { "run `apt-get purge it`" } else { "run `doas apt-get purge it`" };
    let undone = undone.says("stays: Switch flakes on").says(&format!("by hand: {instruction}"));
    let undone = undone.says("undone: Hook direnv into bash").says("Taken back, except what stays");
    assert!(!undone.stderr.contains("undone: Switch"), "{}", undone.stderr);

    let json = by_hand().run(&["setup", "--undo", "--yes", "--json"]).expect(0).stdout;
    let document: Value = serde_json::from_str(&json).unwrap();
    let stays = &document["stays"];
    assert_eq!((stays.as_array().unwrap().len(), &stays[0]["step"]), (1, &Value::from("flakes")));
    assert_eq!(stays[0]["why"], "by hand: run `sudo apt-get purge it`");
}

#[test]
fn a_run_for_programs_prints_one_document_when_all_went_well_and_none_otherwise() {
    if !have_tools("a_run_for_programs_prints_one_document_when_all_went_well_and_none_otherwise") {
        return;
    }
    let sandbox = Sandbox::new();
    let arguments = ["--yes", "--json", "--only", "flakes"];
    for is_applied in [true, false] {
        let run = setup(&sandbox, &arguments).expect(0);
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((&document["applied"], document["receipt"].is_string()), (&Value::Bool(is_applied), is_applied));
    }
    fs::create_dir(bashrc(&sandbox)).unwrap();
    let failed = setup(&sandbox, &["--yes", "--json", "--only", "direnv-hook"]).expect(1).says("add by hand: eval");
    assert_eq!(failed.stdout, "");
}

#[test]
fn showing_a_plan_ends_well_whatever_remains_and_carrying_it_out_does_not() {
    if !have_tools("showing_a_plan_ends_well_whatever_remains_and_carrying_it_out_does_not") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::create_dir(bashrc(&sandbox)).unwrap();
    for flag in ["--plan", "--json"] {
        let shown = setup(&sandbox, &[flag, "--only", "direnv-hook"]).expect(0);
        assert!(!shown.stderr.contains("nothing to do"), "{}", shown.stderr);
    }
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]).expect(1).says("has to be done by hand");
}

#[test]
fn flags_that_make_a_plan_do_not_go_with_those_that_take_one_up() {
    let sandbox = Sandbox::new();
    for flags in [["--only", "flakes"], ["--route", "distro"], ["--offline-installer", "x"]] {
        for taken_up in ["--undo", "--resume"] {
            sandbox.run(&[&["setup", taken_up], flags.as_slice()].concat()).expect(2).says("cannot be used with");
        }
    }
    sandbox.run(&["setup", "--undo", "--skip", "flakes"]).expect(2);
    sandbox.run(&["setup", "--undo", "--resume"]).expect(2);
    sandbox.run(&["setup", "--undo", "--latest"]).expect(2);
}

#[test]
fn a_step_that_cannot_work_is_left_out_of_what_is_continued() {
    if !have_tools("a_step_that_cannot_work_is_left_out_of_what_is_continued") {
        return;
    }
    let sandbox = cut_short();
    setup(&sandbox, &["--yes", "--only", "flakes"]).expect(1).says("an earlier setup was cut short").says("--resume");
    setup(&sandbox, &["--resume", "--yes", "--skip", "hook"]).expect(2).says("no step `hook` is left to do").says("direnv-hook");
    setup(&sandbox, &["--resume", "--yes", "--skip", "direnv-hook"]).expect(0).says("left out: Hook direnv into bash");
    assert_eq!(fs::read_to_string(bashrc(&sandbox)).unwrap(), "mine\n");
    setup(&sandbox, &["--yes", "--only", "flakes"]).expect(0).says("nothing to do");
    setup(&sandbox, &["--undo", "--yes"]).expect(0);
    assert!(!sandbox.home().join(".config/nix/nix.conf").exists());
}

#[test]
fn receipts_of_other_commands_are_not_those_of_setup() {
    if !have_tools("receipts_of_other_commands_are_not_those_of_setup") {
        return;
    }
    let sandbox = cut_short();
    edit_receipt(&sandbox, |text| text.replace(r#""command":"setup""#, r#""command":"doctor""#));
    setup(&sandbox, &["--resume", "--yes"]).expect(1).says("there is no setup to continue");
    setup(&sandbox, &["--undo", "--yes"]).expect(1).says("there is no setup to take back");
    setup(&sandbox, &["--yes", "--only", "flakes"]).expect(0).says("nothing to do");

    // One of a doctor that came later does not hide it either.
    let sandbox = cut_short();
    let id = sandbox.receipts().pop().unwrap();
    let receipts = sandbox.state().join("nixstart/receipts");
    let text = fs::read_to_string(receipts.join(format!("{id}.jsonl"))).unwrap();
    let later = text.replace(r#""command":"setup""#, r#""command":"doctor""#);
    fs::write(receipts.join(format!("9{id}.jsonl")), later).unwrap();
    setup(&sandbox, &["--yes", "--only", "flakes"]).expect(1).says("an earlier setup was cut short");
    setup(&sandbox, &["--resume", "--yes"]).expect(0);
    assert!(fs::read_to_string(bashrc(&sandbox)).unwrap().ends_with(HOOK));
}

/// Changes one step of the plan of a receipt.
fn edit_step(sandbox: &Sandbox, id: &str, change: impl Fn(&mut Value)) {
    edit_receipt(sandbox, |text| {
        let (first, rest) = text.split_once('\n').unwrap();
        let mut began: Value = serde_json::from_str(first).unwrap();
        let steps = began["plan"]["steps"].as_array_mut().unwrap();
        change(steps.iter_mut().find(|step| step["id"] == id).unwrap());
        format!("{began}\n{rest}")
    });
}

#[test]
fn what_a_program_said_before_it_failed_is_said_once() {
    if !have_tools("what_a_program_said_before_it_failed_is_said_once") {
        return;
    }
    for (flags, live) in [(["--resume", "--yes"].as_slice(), true), (&["--resume", "--yes", "--quiet"], false)] {
        let sandbox = cut_short();
        edit_step(&sandbox, "direnv-hook", |step| {
            let arguments = ["-c", "printf '%s room\n' no; exit 3"];
            step["action"] = json!({ "kind": "run", "directory": "/", "program": "sh", "arguments": arguments, "produces": [] });
        });
        let failed = setup(&sandbox, flags).expect(8).says("no room");
        assert_eq!(failed.stderr.matches("no room").count(), 1, "{}", failed.stderr);
        assert_eq!(failed.stderr.contains("| no room"), live, "{}", failed.stderr);
    }
}

#[test]
fn commands_that_root_runs_to_take_a_step_back_are_shown_so_and_with_their_quotes() {
    if !have_tools("commands_that_root_runs_to_take_a_step_back_are_shown_so_and_with_their_quotes") {
        return;
    }
    let sandbox = cut_short();
    edit_step(&sandbox, "flakes", |step| {
        let takes_back = ["echo", "a b"];
        step["action"] = json!({ "kind": "run", "directory": "/", "program": "true", "arguments": [], "produces": [], "takes_back": takes_back });
        step["privilege"] = json!("root");
    });
    let shown = if tools::is_root() { "run `echo 'a b'`" } else { "run `sudo echo 'a b'`" };
    setup(&sandbox, &["--undo", "--plan"]).expect(0).says(shown);
}

#[test]
fn single_steps_do_not_make_a_machine_ready_whose_nix_is_too_old() {
    let Some(machine) = crate::support::machine::Machine::start("bookworm+nix") else { return };
    let setup = ["nixstart", "setup", "--only", "flakes", "--yes"];
    for _ in 0..2 {
        let run = machine.run_as("bob", &setup).expect(0).says("Nix 2.8 is too old: projects need Nix 2.18 or newer");
        assert!(!run.stderr.contains("is ready"), "{}", run.stderr);
    }
}

#[test]
fn single_steps_do_not_make_a_machine_ready_that_has_no_nix() {
    let Some(machine) = crate::support::machine::Machine::start("trixie") else { return };
    let setup = ["nixstart", "setup", "--only", "flakes", "--yes"];
    for _ in 0..2 {
        let run = machine.run_as("bob", &setup).expect(0).says("there is no Nix yet");
        assert!(!run.stderr.contains("is ready"), "{}", run.stderr);
    }
}

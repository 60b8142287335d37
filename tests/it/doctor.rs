//! `nixstart doctor` and `nixstart explain` through the real binary.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::{Run, Sandbox, checkout, token, tools};

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap()
}

/// One check by its id.
fn check(document: &Value, id: &str) -> Value {
    document["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap().clone()
}

/// A project with a `.env`, in a sandbox.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\n", token()));
    sandbox.run(&["new", "discord-bot", "my-bot", "--env-file", "secrets.env"]).expect(0);
    sandbox
}

#[test]
fn what_is_wrong_is_said_with_what_one_sees_why_and_what_mends_it() {
    let sandbox = project();
    fs::set_permissions(sandbox.work().join("my-bot/.env"), fs::Permissions::from_mode(0o666)).unwrap();
    let run = sandbox.run(&["-C", "my-bot", "doctor", "--offline", "--check", "env-perms"]).expect(3);
    run.says("x secrets 1 problem")
        .says("x env-perms:")
        .says("you see")
        .says("because")
        .says("nixstart doctor --fix --check env-perms")
        .says("1 problem (0.")
        .says("error: a problem was found");
}

#[test]
fn json_is_as_the_schema_says() {
    let sandbox = project();
    let run = sandbox.run(&["-C", "my-bot", "doctor", "--offline", "--json"]);
    assert!([0, 3].contains(&run.code), "{}", run.stderr);
    let document = json(&run);
    let schema: Value = serde_json::from_str(&fs::read_to_string(checkout().join("assets/doctor.schema.json")).unwrap()).unwrap();
    follows(&document, &schema, &schema, "document");
    let summary = document["summary"].as_object().unwrap();
    let counted: u64 = summary.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(usize::try_from(counted).unwrap(), document["checks"].as_array().unwrap().len());
    assert_eq!(summary["crash"], 0, "{:#}", crashed(&document));
    assert!(!run.stdout.contains('\u{1b}'));
}

fn crashed(document: &Value) -> Value {
    document["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "crash").cloned().collect()
}

/// The parts of JSON Schema that the schema uses.
fn follows(value: &Value, schema: &Value, root: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let definition = name.strip_prefix("#/$defs/").unwrap();
        return follows(value, &root["$defs"][definition], root, place);
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{place}: {value} is none of {allowed:?}");
    }
    if !schema["const"].is_null() {
        assert_eq!(*value, schema["const"], "{place}");
    }
    match schema["type"].as_str() {
        Some("object") => assert!(value.is_object(), "{place}"),
        Some("array") => assert!(value.is_array(), "{place}"),
        Some("string") => assert!(value.is_string(), "{place}"),
        Some("integer") => assert!(value.is_u64(), "{place}"),
        Some("number") => assert!(value.is_number(), "{place}"),
        _ => {}
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(!value[name.as_str().unwrap()].is_null(), "{place} lacks {name}");
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let known = &schema["properties"][name];
        if !known.is_null() {
            follows(field, known, root, &format!("{place}.{name}"));
        } else if schema["additionalProperties"].is_object() {
            follows(field, &schema["additionalProperties"], root, &format!("{place}.{name}"));
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        follows(item, &schema["items"], root, &format!("{place}[{index}]"));
    }
}

#[test]
fn the_table_has_at_least_eighty_checks_and_can_be_listed() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(&["doctor", "--list"]).expect(0).stdout;
    assert!(list.lines().count() >= 80, "{}", list.lines().count());
    let document = json(&sandbox.run(&["doctor", "--list", "--json"]).expect(0));
    assert_eq!(document["checks"].as_array().unwrap().len(), list.lines().count());
    let group = sandbox.run(&["doctor", "--list", "--group", "secrets"]).expect(0).stdout;
    assert!(group.lines().all(|line| line.contains(" secrets ")), "{group}");
}

#[test]
fn unknown_checks_and_groups_are_named_with_the_nearest() {
    let sandbox = Sandbox::new();
    sandbox.run(&["doctor", "--check", "nix-presnt"]).expect(2).says("there is no check `nix-presnt`").says("`nix-present`");
    sandbox.run(&["doctor", "--group", "secret"]).expect(2).says("there is no group `secret`").says("`secrets`");
}

#[test]
fn strict_takes_warnings_for_problems() {
    let sandbox = project();
    fs::set_permissions(sandbox.work().join("my-bot/.env"), fs::Permissions::from_mode(0o640)).unwrap();
    let arguments = ["-C", "my-bot", "doctor", "--check", "env-perms"];
    sandbox.run(&arguments).expect(0).says("1 warning");
    sandbox.run(&[arguments.as_slice(), &["--strict"]].concat()).expect(3).says("a problem was found");
}

#[test]
fn a_check_that_nobody_could_judge_is_no_good_news_for_who_asks_for_it() {
    let sandbox = Sandbox::new();
    let path = program(&sandbox, "nix", "exit 127");
    let doctor = |flags: &[&str]| {
        let mut command = sandbox.command();
        command.env("PATH", &path).args(["doctor", "--offline", "--group", "nix"]).args(flags);
        crate::support::run(&mut command, "")
    };
    assert!(!doctor(&[]).stderr.contains("could not be judged"));
    doctor(&["--check", "nix-version-min"]).expect(3).says("could not be judged");
    doctor(&["--strict"]).expect(3);
}

#[test]
fn a_report_counts_in_words_that_fit() {
    let sandbox = project();
    fs::set_permissions(sandbox.work().join("my-bot/.env"), fs::Permissions::from_mode(0o640)).unwrap();
    let report = sandbox.run(&["-C", "my-bot", "doctor", "--offline", "--report", "--check", "env-perms"]).stdout;
    assert!(report.contains("\n0 problems, 1 warning, 0 ok, 0 skipped, 0 not judged\n"), "{report}");
}

#[test]
fn no_output_holds_a_secret_or_a_name() {
    let sandbox = project();
    fs::set_permissions(sandbox.work().join("my-bot/.env"), fs::Permissions::from_mode(0o644)).unwrap();
    let secret = token();
    for flags in [&["--json"][..], &["--report"], &["-v"]] {
        let run = sandbox.run(&[&["-C", "my-bot", "doctor", "--offline", "--deep"], flags].concat());
        assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret));
    }
    let report = sandbox.run(&["-C", "my-bot", "doctor", "--offline", "--report"]).stdout;
    assert!(report.starts_with("## nixstart doctor") && report.contains("**env-perms**"), "{report}");
    assert!(!report.contains(sandbox.home().to_str().unwrap()), "{report}");
}

#[test]
fn a_fix_is_a_plan_that_is_consented_to_verified_and_undone() {
    let sandbox = project();
    let env = sandbox.work().join("my-bot/.env");
    let mode = || fs::metadata(&env).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(&env, fs::Permissions::from_mode(0o644)).unwrap();
    let arguments = |flag: &'static str| ["-C", "my-bot", "doctor", "--check", "env-perms", "--fix", flag];
    sandbox.run(&arguments("--dry-run")).says("Mend what the checks found").says("chmod 0600 ");
    sandbox.run(&arguments("--no-input")).expect(4).says("consent");
    assert_eq!(mode(), 0o644);
    sandbox.run(&arguments("--yes")).expect(0).says("done:").says("+ secrets 1 ok");
    assert_eq!(mode(), 0o600);
    sandbox.run(&arguments("--yes")).expect(0).says("nothing that nixstart can mend");
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert_eq!(mode(), 0o644);
}

#[test]
fn files_that_git_was_told_of_are_forgotten_again() {
    if !tools::have("files_that_git_was_told_of_are_forgotten_again", &["git"]) {
        return;
    }
    let sandbox = project();
    sandbox.write("my-bot/more.nix", "{ }\n");
    let status = || sandbox.git("my-bot", &["status", "--porcelain", "more.nix"]);
    let doctor = |flag: &str| {
        let mut command = sandbox.command();
        command.env("PATH", tools::tool_path()).args(["-C", "my-bot", "doctor", "--offline", "--fix", flag]);
        crate::support::run(command.args(["--check", "untracked-flake-files"]), "")
    };
    doctor("--dry-run").says("undo: let git forget them again");
    doctor("--yes");
    assert_eq!(status(), " A more.nix\n");
    let mut undo = sandbox.command();
    crate::support::run(undo.env("PATH", tools::tool_path()).args(["-C", "my-bot", "undo", "--yes"]), "").expect(0);
    assert_eq!(status(), "?? more.nix\n");
}

#[test]
fn lines_that_a_fix_adds_are_taken_back_byte_for_byte() {
    let sandbox = project();
    let before = "# mine, without a line end";
    sandbox.write("my-bot/.gitignore", before);
    let run = sandbox.run(&["-C", "my-bot", "doctor", "--check", "env-ignored", "--fix", "--yes"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(sandbox.read("my-bot/.gitignore").starts_with(&format!("{before}\n")));
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert_eq!(sandbox.read("my-bot/.gitignore"), before);
}

#[test]
fn a_file_that_changed_meanwhile_keeps_what_is_not_ours() {
    let sandbox = project();
    sandbox.write("my-bot/.gitignore", "mine.txt\n");
    sandbox.run(&["-C", "my-bot", "doctor", "--check", "env-ignored", "--fix", "--yes"]).expect(0);
    let fixed = sandbox.read("my-bot/.gitignore");
    sandbox.write("my-bot/.gitignore", &format!("{fixed}more.txt\n"));
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert_eq!(sandbox.read("my-bot/.gitignore"), "mine.txt\nmore.txt\n");
}

#[test]
fn an_error_that_is_pasted_is_explained() {
    let sandbox = Sandbox::new();
    let error = "direnv: error /home/ada/my-bot/.envrc is blocked. Run `direnv allow` to approve its content\n";
    sandbox.run_with_input(&["explain"], error).expect(0).says("envrc-allowed").says("nixstart doctor --check envrc-allowed");
    sandbox.write("error.txt", error);
    let document = json(&sandbox.run(&["explain", "error.txt", "--json"]).expect(0));
    assert_eq!(document["explanations"][0]["check"], "envrc-allowed");
    sandbox.run_with_input(&["explain", "-"], "all is well\n").expect(3).says("no error that nixstart knows");
    sandbox.run(&["explain", "nowhere.txt"]).expect(1).says("nowhere.txt");
}

#[test]
fn a_nix_that_is_too_old_is_told_by_the_real_one() {
    if !tools::have("a_nix_that_is_too_old_is_told_by_the_real_one", &["nix"]) {
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.env("PATH", tools::tool_path());
    let run = crate::support::run(command.args(["doctor", "--offline", "--json", "--group", "nix", "--group", "config"]), "");
    let document = json(&run);
    let version = std::process::Command::new("nix").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let found = check(&document, "nix-version-min");
    let is_old = version.trim().ends_with(" 2.8.0");
    assert_eq!(found["status"], if is_old { "fail" } else { "pass" }, "{version}: {found:#}");
    assert_eq!(check(&document, "nix-conf-parse")["status"], "pass");
}

#[test]
fn a_settings_file_that_stops_nix_is_found_with_its_line() {
    if !tools::have("a_settings_file_that_stops_nix_is_found_with_its_line", &["nix"]) {
        return;
    }
    let sandbox = Sandbox::new();
    let file = sandbox.home().join(".config/nix/nix.conf");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "max-jobs = 1\nnonsense here\n").unwrap();
    let mut command = sandbox.command();
    command.env("PATH", tools::tool_path());
    let run = crate::support::run(command.args(["doctor", "--offline", "--json", "--check", "nix-conf-parse"]), "");
    let found = check(&json(&run), "nix-conf-parse");
    assert_eq!(found["status"], "fail");
    assert!(found.to_string().contains("line 2"), "{found:#}");
    assert!(
        std::process::Command::new("nix")
            .arg("--version")
            .env("HOME", sandbox.home())
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .is_ok()
    );
}

#[test]
fn a_run_that_was_cut_short_is_named() {
    let sandbox = project();
    let id = sandbox.receipts().pop().unwrap();
    let path = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    let text = fs::read_to_string(&path).unwrap();
    let end = text.match_indices('\n').nth(2).unwrap().0;
    fs::write(&path, &text[..=end]).unwrap();
    sandbox.run(&["doctor", "--offline", "--check", "nixstart-receipt"]).says(&id).says("nixstart-receipt:");
}

/// Makes a program of a sandbox's own, and returns the PATH that finds it before those of the machine.
fn program(sandbox: &Sandbox, name: &str, script: &str) -> String {
    let programs = sandbox.home().join("programs");
    fs::create_dir_all(&programs).unwrap();
    fs::write(programs.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", programs.display())
}

#[test]
fn a_file_that_nobody_writes_to_and_a_program_that_leaves_another_running_hold_nobody_up() {
    let sandbox = project();
    let pipe = |path: std::path::PathBuf| {
        let _none = fs::remove_file(&path);
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    pipe(sandbox.work().join("my-bot/.gitignore"));
    pipe(sandbox.work().join("my-bot/.envrc"));
    pipe(sandbox.work().join("my-bot/.env"));
    pipe(sandbox.home().join(".gitconfig"));
    let path = program(&sandbox, "nix", "sleep 60 & echo 'nix (Nix) 2.26.3'");
    let mut command = sandbox.command();
    command.args(["-C", "my-bot", "doctor", "--offline", "--json"]).env("PATH", path);
    let start = Instant::now();
    let run = crate::support::run(&mut command, "");
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    let document = json(&run);
    assert_eq!(check(&document, "nix-version-min")["status"], "pass");
    let late = check(&document, "git-present");
    assert_eq!((&late["status"], late["reason"].as_str().unwrap().contains("took too long")), (&Value::from("crash"), true));
}

#[test]
fn what_takes_long_is_named_while_it_does() {
    let sandbox = Sandbox::new();
    let path = program(&sandbox, "direnv", "until [ -e \"$HOME/go\" ]; do sleep 0.05; done; echo 2.37.1");
    let mut command = sandbox.command();
    command.args(["doctor", "--offline", "-v", "--group", "direnv"]).env("PATH", path);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("Still looking; waiting for direnv")), "nothing was said");
    fs::write(sandbox.home().join("go"), "").unwrap();
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:?}");
    assert!(rest.join(" ").contains("programs that were run, the slowest first: direnv "), "{rest:?}");
}

#[test]
fn what_is_only_worth_knowing_is_a_note_and_no_problem_for_strict() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["doctor", "--offline", "--strict", "--check", "nix-config-env"]).env("NIX_CONFIG", "max-jobs = 1");
    let run = crate::support::run(&mut command, "").expect(0);
    let run = run.says("i nix-config-env: NIX_CONFIG changes what Nix reads").says("unset NIX_CONFIG").says("1 note (0.");
    assert!(!run.stderr.contains("you see"), "{}", run.stderr);
}

#[test]
fn only_the_first_fix_is_offered_to_be_carried_out_and_the_others_can_be_typed() {
    let sandbox = project();
    fs::remove_file(sandbox.work().join("my-bot/flake.lock")).unwrap();
    let run = sandbox.run(&["-C", "my-bot", "doctor", "--offline", "--check", "flake-lock"]).expect(0);
    assert_eq!(run.stderr.matches("nixstart doctor --fix --check flake-lock").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains(" add flake.lock\n"), "{}", run.stderr);
    // What does not fit beside a label goes below the text.
    assert!(run.stderr.contains("      you see  ") && run.stderr.contains("\n               "), "{}", run.stderr);
}

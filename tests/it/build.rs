//! `nixstart build` with a real Nix: what is said while it works, why something failed, and hashes kept up to date.

use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::nix_project::{can_run, sandbox};
use crate::support::nix_world::alone;
use crate::support::pty::Terminal;
use crate::support::{Sandbox, tools};

#[test]
fn what_was_built_goes_to_stdout_and_how_to_stderr() {
    if !can_run("build::what_was_built_goes_to_stdout_and_how_to_stderr", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(r#"default = drv "app" "echo ${drv "letters" "echo hi > $out" {}} > $out" {};"#);
    let outcome = sandbox.nix(&["build"]).expect(0).says("building letters-").says("built letters-").says("with all it needs");
    let path = outcome.stdout.trim();
    assert!(path.starts_with("/nix/store/") && outcome.stdout.lines().count() == 1, "{}", outcome.stdout);
    assert_eq!(std::fs::read_link(sandbox.work().join("result")).unwrap().to_str(), Some(path));
    // What is there already is not built again, and the same is printed.
    let again = sandbox.nix(&["build", "--no-link"]).expect(0);
    assert_eq!(again.stdout.trim(), path);
    assert!(!again.stderr.contains("building"), "{}", again.stderr);
}

#[test]
fn a_failure_is_told_by_its_cause_and_not_by_what_follows_from_it() {
    if !can_run("build::a_failure_is_told_by_its_cause_and_not_by_what_follows_from_it", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(
        r#"
        broken = drv "broken" "echo compiling; echo 'src/a.ts(1,2): error: TS2304'; for i in $(seq 60); do echo line $i; done; exit 3" {};
        default = drv "app" "echo ${self.packages.@system@.broken} > $out" {};"#,
    );
    let outcome = sandbox.nix(&["build", "--no-link"]).expect(5).says("could not be built: its builder ended with exit code 3");
    let told: Vec<&str> = outcome.stderr.lines().filter(|line| line.starts_with("  | ")).collect();
    assert_eq!((told[0], told.last()), ("  | src/a.ts(1,2): error: TS2304", Some(&"  | line 60")));
    assert!(outcome.stderr.contains("error: broken-") && !outcome.stderr.contains("error: app-"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("nix log"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn several_failures_are_told_one_after_the_other() {
    if !can_run("build::several_failures_are_told_one_after_the_other", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(r#"one = drv "one" "echo first; exit 1" {}; two = drv "two" "echo second; kill -9 $$" {};"#);
    let outcome = sandbox.nix(&["build", ".#one", ".#two", "--keep-going", "--no-link"]).expect(5);
    // Nix 2.8 does not say why the second one failed.
    let outcome = outcome.says("2 derivations could not be built").says("its builder ended with exit code 1");
    assert!(outcome.stderr.contains("  | first") && outcome.stderr.contains("  | second"), "{}", outcome.stderr);
}

#[test]
fn what_nix_says_of_a_flake_is_translated() {
    if !can_run("build::what_nix_says_of_a_flake_is_translated", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(r#"default = drv "app" "echo ${builtins.readFile ./greeting.txt} > $out" {};"#);
    sandbox.write("greeting.txt", "hello");
    sandbox.nix(&["build", "--no-link"]).expect(5).says("git add");
    sandbox.git(".", &["add", "-N", "greeting.txt"]);
    sandbox.nix(&["build", "--no-link"]).expect(0);
    sandbox.nix(&["build", ".#nope"]).expect(5).says("does not provide attribute").says("nix flake show");
    sandbox.write("flake.nix", "{ outputs = { self }: { x = ; }; }");
    sandbox.nix(&["build"]).expect(5).says("syntax error");
}

#[test]
fn without_a_flake_or_without_nix_the_next_step_is_named() {
    let sandbox = Sandbox::new();
    sandbox.run(&["build"]).expect(1).says("there is no `flake.nix` in `.` or above it").says("`nixstart new` makes one");
    sandbox.write("flake.nix", "{ outputs = x: { }; }");
    if !std::path::Path::new("/nix/var/nix/profiles/default/bin/nix").exists() {
        sandbox.run(&["build"]).expect(6).says("Nix is not installed").says("`nixstart setup`");
    }
}

#[test]
fn without_git_no_secret_is_copied_into_the_store() {
    if !can_run("build::without_git_no_secret_is_copied_into_the_store", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(r#"default = drv "app" "echo hi > $out" {};"#);
    std::fs::remove_dir_all(sandbox.work().join(".git")).unwrap();
    sandbox.write(".env.example", "TOKEN=\n");
    sandbox.nix(&["build", "--no-link"]).expect(0);
    sandbox.write("apps/api/.env", "TOKEN=x\n");
    for arguments in [&["build", "--no-link"][..], &["shell", "--", "true"]] {
        let refused = sandbox.nix(arguments).expect(10).says("Nix would copy `apps/api/.env` into its store");
        refused.says("`git init` and `git add .`");
    }
    sandbox.nix(&["image"]).expect(if tools::find("skopeo").is_some() { 10 } else { 6 });
    sandbox.git(".", &["init", "-q"]);
    sandbox.git(".", &["add", "flake.nix"]);
    sandbox.nix(&["build", "--no-link"]).expect(0);
    // `path:` goes past git.
    sandbox.nix(&["build", "--no-link", "path:."]).expect(10).says("leave `path:` out");
    sandbox.nix(&["build", "--no-link", "/nowhere#x", "path:.#default"]).expect(10);
}

#[test]
fn without_a_network_the_cause_is_named() {
    if !can_run("build::without_a_network_the_cause_is_named", &[]) {
        return;
    }
    let sandbox = sandbox();
    // (Names below `invalid` exist nowhere.)
    sandbox.write("flake.nix", "{ inputs.x.url = \"https://nowhere.invalid/x.tar.gz\"; outputs = { self, x }: { }; }");
    sandbox.nix(&["build", "--no-link"]).expect(5).says("network");
}

/// A project with a hash that is not known yet, in a file of data.
fn with_hash(sandbox: &Sandbox, hashes: &str) {
    sandbox.write("nix/hashes.json", hashes);
    sandbox.write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
    sandbox.flake(
        r#"
        dependencies = fetched "dependencies" (builtins.fromJSON (builtins.readFile ./nix/hashes.json)).pnpmDeps;
        default = drv "app" "cat ${self.packages.@system@.dependencies} > $out" {} // { pnpmDeps = self.packages.@system@.dependencies; };"#,
    );
}

fn hashes(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.read("nix/hashes.json")).unwrap()
}

#[test]
fn a_hash_that_is_missing_or_stale_is_found_out_and_written() {
    if !can_run("build::a_hash_that_is_missing_or_stale_is_found_out_and_written", &[]) {
        return;
    }
    let sandbox = sandbox();
    with_hash(&sandbox, "{ \"pnpmDeps\": \"\" }\n");
    let before = sandbox.read("nix/hashes.json");
    sandbox.nix(&["build", "--no-link", "--yes"]).expect(0).says("done: Write the hash `pnpmDeps`");
    let written = hashes(&sandbox);
    assert!(written["pnpmDeps"].as_str().unwrap().starts_with("sha256-"), "{written}");
    assert_eq!(written["pnpmLock"].as_str().unwrap().len(), 64);
    // The hash of another lock file is not trusted, although Nix would take what it has in its store.
    sandbox.write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n# another\n");
    sandbox.nix(&["build", "--no-link"]).expect(0).says("`pnpm-lock.yaml` has changed since");
    sandbox.write("package.json", "{}");
    sandbox
        .run(&["doctor", "--offline", "--check", "dependency-hash"])
        .expect(0)
        .says("has changed since the hash")
        .says("nixstart build --yes");
    assert_eq!(hashes(&sandbox), written, "nobody said yes");
    sandbox.nix(&["build", "--no-link", "--yes"]).expect(0);
    assert_ne!(hashes(&sandbox)["pnpmLock"], written["pnpmLock"]);
    assert_eq!(sandbox.receipts().len(), 2, "one for each new hash");
    // Where the download fails, the old hash stays.
    let flake = sandbox.read("flake.nix");
    sandbox.write("flake.nix", &flake.replace("echo ${name}", "exit 1; echo ${name}"));
    sandbox.write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n# a third\n");
    let fresh = hashes(&sandbox);
    sandbox.nix(&["build", "--no-link", "--yes"]);
    assert_eq!(hashes(&sandbox)["pnpmDeps"], fresh["pnpmDeps"]);
    // In CI a stale hash is a failure, although Nix has what it is of.
    sandbox.nix_with(&["build", "--no-link"], &[("CI", "true")]).expect(1).says("is the one of another `pnpm-lock.yaml`");
    // Every change is a receipt: taken back one after the other, the file is as it was.
    for _ in 0..sandbox.receipts().len() {
        sandbox.run(&["undo", "--yes"]).expect(0);
    }
    assert_eq!(sandbox.read("nix/hashes.json"), before);
}

#[test]
fn a_hash_that_is_wrong_is_written_where_it_stands() {
    if !can_run("build::a_hash_that_is_wrong_is_written_where_it_stands", &[]) {
        return;
    }
    let sandbox = sandbox();
    let wrong = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";
    sandbox.flake(&format!(r#"default = fetched "model" "{wrong}";"#));
    let outcome = sandbox.nix(&["build", "--no-link"]).expect(5).says("`nixstart build --yes` writes it").says(wrong);
    assert!(sandbox.read("flake.nix").contains(wrong), "{}", outcome.stderr);
    sandbox.nix(&["build", "--no-link", "--yes"]).expect(0).says("Write the hash into `flake.nix`");
    assert!(!sandbox.read("flake.nix").contains(wrong));
    let again = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    sandbox.flake(&format!(r#"default = fetched "model" "{again}";"#));
    sandbox.nix(&["build", "--no-link", "--yes"]).expect(0);
    // Of two hashes that nobody knows yet, nothing says which is meant.
    sandbox
        .flake(r#"default = fetched "model" ""; other = fetched "other" "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";"#);
    let before = sandbox.read("flake.nix");
    sandbox.nix(&["build", "--no-link", "--yes"]).expect(5).says("is not replaced").says("write by hand: sha256-");
    assert_eq!(sandbox.read("flake.nix"), before);
    // Where it stands twice, nobody can tell which is meant.
    sandbox.flake(&format!(r#"default = fetched "model" "{wrong}"; other = fetched "other" "{wrong}";"#));
    sandbox
        .nix(&["build", "--no-link", "--yes"])
        .expect(5)
        .says("it stands more than once, in `flake.nix`")
        .says("write by hand: sha256-");
}

#[test]
fn where_ci_is_set_no_hash_is_written() {
    if !can_run("build::where_ci_is_set_no_hash_is_written", &[]) {
        return;
    }
    let sandbox = sandbox();
    with_hash(&sandbox, "{ \"pnpmDeps\": \"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\" }\n");
    let before = sandbox.files();
    let outcome = sandbox.nix_with(&["build", "--no-link", "--yes"], &[("CI", "true")]).expect(5);
    outcome.says("it is not written here").says("commit the hash it writes");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn a_log_cannot_act_on_the_terminal() {
    if !can_run("build::a_log_cannot_act_on_the_terminal", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(
        r#"default = drv "hostile" "printf '\033]0;title\007\033[2J\033[31mred\033[0m\rover\b\n\233\061m\n'; printf '\377\376\n'; head -c 3000000 /dev/zero | tr '\\0' x; exit 1" {};"#,
    );
    for arguments in [&["build", "--no-link"][..], &["-v", "build", "--no-link"], &["build", "--no-link", "--json"]] {
        let outcome = sandbox.nix(arguments).expect(5);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        let control = all.chars().find(|character| character.is_control() && *character != '\n');
        assert_eq!(control, None, "{arguments:?}: {}", all.chars().take(2000).collect::<String>());
        assert!(all.contains("red"), "{arguments:?}");
    }
}

#[test]
fn programs_get_an_event_on_each_line() {
    if !can_run("build::programs_get_an_event_on_each_line", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(r#"default = drv "app" "echo one; echo two; echo hi > $out" {}; bad = drv "bad" "echo three; exit 7" {};"#);
    let events = |outcome: &str| -> Vec<Value> { outcome.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let good = events(&sandbox.nix(&["build", "--no-link", "--json"]).expect(0).stdout);
    let names: Vec<&str> = good.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["build-started", "log", "log", "build-finished", "finished"]);
    let end = good.last().unwrap();
    assert_eq!((&end["success"], end["outputs"][0]["closure_sizes"]["out"].as_u64().is_some()), (&Value::Bool(true), true));
    let bad = events(&sandbox.nix(&["build", ".#bad", "--no-link", "--json"]).expect(5).stdout);
    let failed = bad.iter().find(|event| event["event"] == "build-failed").unwrap();
    assert_eq!(failed["log"], serde_json::json!(["three"]));
    assert_eq!(bad.last().unwrap()["success"], false);
    sandbox.write(".env", "A=1");
    let refused = events(&sandbox.nix(&["build", "path:.", "--no-link", "--json"]).expect(10).stdout);
    assert_eq!((refused.len(), &refused[0]["event"], &refused[0]["success"]), (1, &Value::from("finished"), &Value::from(false)));
}

#[test]
fn a_long_log_takes_no_memory() {
    if !can_run("build::a_long_log_takes_no_memory", &["time"]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(r#"default = drv "chatty" "yes 'a line of a log that never seems to end, and goes on and on' | head -c 80000000; exit 1" {};"#);
    let _alone = alone();
    let mut command = std::process::Command::new(tools::find("time").unwrap());
    let account = sandbox.home().join("memory");
    command.args(["-f", "%M", "-o"]).arg(&account).arg(crate::support::binary()).args(["build", "--no-link"]);
    command.current_dir(sandbox.work()).env_clear().envs(sandbox.environment());
    command.env("PATH", tools::tool_path()).env("XDG_CACHE_HOME", sandbox.home().join(".cache"));
    crate::support::run(&mut command, "").expect(5).says("its builder ended with exit code 1");
    let kilobytes: u64 = std::fs::read_to_string(account).unwrap().lines().last().unwrap().parse().unwrap();
    // `time` tells the largest process of all: Nix itself may be larger, but no log fits into this.
    assert!(kilobytes < 70_000, "{kilobytes} kB");
}

#[test]
fn a_person_sees_progress_and_is_asked_before_a_hash_is_written() {
    if !can_run("build::a_person_sees_progress_and_is_asked_before_a_hash_is_written", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("ready", "");
    let wrong = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";
    let script = format!("until [ -e {} ]; do echo waiting; sleep 0.05; done", sandbox.home().join("go").display());
    sandbox.flake(&format!(r#"default = drv "app" "{script}; cat ${{fetched "model" "{wrong}"}} > $out" {{}};"#));
    let _alone = alone();
    let path = tools::tool_path();
    let mut terminal = Terminal::start_with(&sandbox, &["build", "--no-link"], (24, 80), &[("PATH", path.to_str().unwrap())]);
    terminal.wait_for("Write the hash into `flake.nix`").wait_for("Apply this plan?").send("\r");
    terminal.wait_for("building 1").wait_for("waiting");
    std::fs::write(sandbox.home().join("go"), "").unwrap();
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(ended.text.contains("/nix/store/") && !sandbox.read("flake.nix").contains(wrong), "{}", ended.text);
}

#[test]
fn ctrl_c_ends_nix_and_what_it_builds() {
    if !can_run("build::ctrl_c_ends_nix_and_what_it_builds", &[]) {
        return;
    }
    let sandbox = sandbox();
    let (pid, script) = (sandbox.home().join("pid"), "for i in $(seq 600); do echo still; sleep 0.1; done; echo > $out");
    sandbox.flake(&format!(r#"default = drv "app" "echo $$ > {}; {script}" {{}};"#, pid.display()));
    let _alone = alone();
    let path = tools::tool_path();
    let mut terminal = Terminal::start_with(&sandbox, &["build", "--no-link"], (15, 60), &[("PATH", path.to_str().unwrap())]);
    terminal.wait_for("building 1").wait_for("still").send("\x03");
    let ended = terminal.end();
    assert_eq!(ended.code, 130, "{}", ended.text);
    let pid = std::fs::read_to_string(pid).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < deadline, "the builder still runs");
        std::thread::yield_now();
    }
}

//! `nixstart up` and what goes with it, with our own runner and real programs.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::Child;

use pretty_assertions::assert_eq;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::canary;
use crate::support::process::free_port;
use crate::support::services::{Services, wait_until};
use crate::support::tools;

/// Runs until it is stopped, and says so.
const FOREVER: &str = "exec 2>/dev/null; trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.05; done";

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn kill_all(pids: &[i32]) {
    for pid in pids {
        signal(*pid, Signal::KILL);
    }
}

fn pid_of(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap()
}

/// The rest of what a child says, and its exit code.
fn end(mut child: Child) -> (String, String, Option<i32>) {
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (out, err, child.wait().unwrap().code())
}

/// Waits until a child has said a line on standard output that ends so.
fn wait_for_line(child: &mut Child, end: &str) {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with(end)), "`{end}` was not said");
}

#[test]
fn a_project_is_started_behind_looked_at_changed_and_stopped() {
    let project = Services::new(&format!(
        "[services.install]\ntype = 'oneshot'\ncommand = 'echo installed'\n\
         [services.db]\ncommand = \"{FOREVER}\"\nreadiness = {{ log_line = '^hello$' }}\n\
         [services.web]\ncommand = \"{FOREVER}\"\ndepends_on = {{ install = 'completed', db = 'healthy' }}\n\
         [services.tool]\ncommand = \"{FOREVER}\"\nautostart = false\n"
    ));
    let at_rest = project.run(&["ps"]).expect(0).says("Nothing runs");
    assert_eq!(
        at_rest.stdout,
        "NAME     STATE\ninstall  - stopped\ndb       - stopped\nweb      - stopped\ntool     - disabled\n"
    );
    project.run(&["stop", "web"]).expect(1).says("nothing runs in this project").says("nixstart up");
    project.run(&["up", "-d"]).expect(0).says("+ install is done").says("+ db is ready").says("+ web runs");
    let first = project.process("db");
    assert_eq!((first["state"].as_str(), first["restarts"].as_u64()), (Some("ready"), Some(0)));
    project.run(&["restart", "db"]).expect(0).says("Restarted db");
    let second = project.wait_for("db", "ready");
    assert_ne!(first["pid"], second["pid"]);
    project.run(&["stop", "web"]).expect(0).says("Stopped web");
    assert_eq!(project.process("web")["state"], "stopped");
    project.run(&["start", "web", "tool"]).expect(0).says("Started web, tool");
    project.wait_for("tool", "running");
    project.run(&["start", "web"]).expect(1).says("`web`: it runs already");
    project.run(&["restart", "wbe"]).expect(1).says("`wbe`: there is no such process");
    let joined = project.run(&["up", "-d"]).expect(0).says("the processes run already, by builtin");
    assert!(!joined.stderr.contains("was changed since"), "{}", joined.stderr);
    // What was declared anew is not what runs.
    let declared = project.root().join("nixstart.toml");
    std::fs::write(&declared, std::fs::read(&declared).unwrap()).unwrap();
    let joined = project.run(&["up", "-d"]).expect(0).says("`nixstart.toml` was changed since they were started");
    joined.says("`nixstart down` and then `nixstart up` apply it");
    project.run(&["down"]).expect(0).says("Everything is stopped");
    project.expect_nobody();
    project.run(&["down"]).expect(0).says("Nothing runs");
    let logs = project.run(&["logs", "db"]).expect(0).stdout;
    assert_eq!(logs, "db | hello\ndb | bye\ndb | hello\ndb | bye\n");
    project.run(&["logs", "dbb"]).expect(1).says("there is no process `dbb`").says("did you mean `db`?");
}

#[test]
fn in_front_lines_have_the_name_of_who_said_them_and_the_run_ends_with_the_last_one() {
    let project = Services::new(
        "[services.one]\ntype = 'oneshot'\ncommand = 'echo first; echo on stderr >&2'\n\
         [services.second]\ntype = 'oneshot'\ncommand = 'echo second'\ndepends_on = { one = 'completed' }\n",
    );
    let run = project.run(&["up"]).expect(0).says("+ one is done").says("+ second is done").says("nixstart itself runs them");
    let mut lines: Vec<&str> = run.stdout.lines().collect();
    lines[..2].sort_unstable();
    assert_eq!(lines, ["one    | first", "one    | on stderr", "second | second"]);
    project.expect_nobody();
}

#[test]
fn a_failure_of_something_required_ends_everything_and_is_the_exit_code() {
    let toml = |required: bool| {
        format!(
            "[services.db]\ncommand = \"{FOREVER}\"\n\
             [services.lint]\ntype = 'oneshot'\ncommand = 'echo nonsense; exit 3'\nrequired = {required}\n\
             [services.web]\ncommand = 'echo never'\ndepends_on = {{ lint = 'completed' }}\n"
        )
    };
    let project = Services::new(&toml(true));
    let run = project.run(&["up"]).expect(1).says("lint has failed: exit code 3").says("nixstart logs lint");
    assert!(!run.stdout.contains("never"));
    project.expect_nobody();
    project.run(&["up", "-d"]).expect(1).says("lint has failed: exit code 3").says("the others go on");
    assert_eq!(project.process("db")["state"], "running");
    assert_eq!(project.process("web")["state"], "skipped");
    drop(project);
    let project = Services::new(&toml(false));
    project.run(&["up", "-d"]).expect(0).says("web was skipped: it needs `lint`, which has failed");
}

#[test]
fn ctrl_c_in_front_ends_everything_in_order() {
    let project = Services::new(&format!(
        "[services.db]\ncommand = \"{FOREVER}\"\n[services.web]\ncommand = \"{FOREVER}\"\ndepends_on = {{ db = 'started' }}\n"
    ));
    let mut up = project.spawn(&["up"]);
    wait_for_line(&mut up, "web | hello");
    signal(pid_of(&up), Signal::INT);
    let (_, err, code) = end(up);
    assert_eq!(code, Some(130), "{err}");
    let (web, db) = (err.find("web is stopped").unwrap(), err.find("db is being stopped").unwrap());
    assert!(web < db && err.trim_end().ends_with("Everything is stopped"), "{err}");
    project.expect_nobody();
}

/// A way to end, with its name.
type End = (&'static str, fn(&Services, &mut Child));

/// Services that do what they can to stay: a group of its own, a session of its own, a parent that is gone, ears that are shut.
const STUBBORN: &str = "[services.plain]\ncommand = \"while :; do sleep 0.05; done\"\n\
    [services.forks]\ncommand = \"(sleep 600 &) ; sleep 600 & wait\"\n\
    [services.leaves]\ncommand = \"setsid -f sleep 600; while :; do sleep 0.05; done\"\n\
    [services.deaf]\ncommand = \"trap '' TERM INT HUP; while :; do sleep 0.05; done\"\nstop = { grace_period = '200ms' }\n";

#[test]
fn whatever_way_it_ends_nobody_stays_behind() {
    let guard = |project: &Services| find(project, "process-guard");
    let runner = |project: &Services| find(project, "nixstart");
    let ends: [End; 5] = [
        ("SIGKILL of `up`", |_, up| signal(pid_of(up), Signal::KILL)),
        ("SIGTERM of `up`", |_, up| signal(pid_of(up), Signal::TERM)),
        ("SIGHUP of `up`", |_, up| signal(pid_of(up), Signal::HUP)),
        ("SIGKILL of the runner", |project, up| {
            find(project, "nixstart").into_iter().filter(|pid| *pid != pid_of(up)).for_each(|pid| signal(pid, Signal::KILL));
        }),
        ("SIGKILL of the guardian", |project, _| {
            kill_all(&find(project, "process-guard"));
        }),
    ];
    for (name, end_it) in ends {
        let project = Services::new(STUBBORN);
        let mut up = project.spawn(&["up"]);
        project.wait_for("deaf", "running");
        assert!(wait_until(|| project.alive().len() >= 9), "{name}: {:?}", project.alive());
        assert_eq!((guard(&project).len(), runner(&project).len()), (1, 2), "{name}");
        end_it(&project, &mut up);
        project.expect_nobody();
        up.wait().unwrap();
    }
    let project = Services::new(STUBBORN);
    project.run(&["up", "-d"]).expect(0);
    kill_all(&runner(&project));
    project.expect_nobody();
    project.run(&["ps"]).expect(0).says("Nothing runs");
    project.run(&["up", "-d"]).expect(0);
    project.run(&["down"]).expect(0);
    project.expect_nobody();
}

/// Our own processes of a project, by their name in the system's table.
fn find(project: &Services, name: &str) -> Vec<i32> {
    let is_named = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
    project.alive().into_iter().filter(is_named).collect()
}

#[test]
fn each_way_to_be_ready_is_told_from_not_being_it() {
    let (http, tcp) = (free_port(), free_port());
    let server = |port: u16| format!("python3 -m http.server {port} --bind 127.0.0.1");
    let project = Services::new(&format!(
        "[services.http]\ncommand = '{}'\nreadiness = {{ http = {{ port = {http}, path = '/nixstart.toml' }} }}\n\
         [services.missing]\ncommand = 'sleep 600'\nreadiness = {{ http = {{ port = {http}, path = '/nothing' }} }}\ndepends_on = {{ http = 'healthy' }}\n\
         [services.tcp]\ncommand = '{}'\nreadiness = {{ tcp = {{ port = {tcp} }} }}\n\
         [services.exec]\ncommand = 'sleep 0.3; touch ready; sleep 600'\nreadiness = {{ exec = 'test -e ready || {{ echo not yet; exit 4; }}', timeout = '5s' }}\n\
         [services.slow]\ncommand = 'sleep 600'\nreadiness = {{ exec = 'sleep 600', timeout = '100ms' }}\n\
         [services.line]\ncommand = 'echo port 12 is open; sleep 600'\nreadiness = {{ log_line = 'port \\d+ is open' }}\n",
        server(http),
        server(tcp)
    ));
    let up = project.spawn(&["up"]);
    for name in ["http", "tcp", "exec", "line"] {
        project.wait_for(name, "ready");
    }
    let why = |name: &str, why: &str| {
        assert!(wait_until(|| project.process(name)["why"] == why), "{name}: {}", project.process(name));
        assert_eq!(project.process(name)["state"], "starting");
    };
    why("missing", "answers 404");
    why("slow", "no answer within 0.1 s");
    signal(pid_of(&up), Signal::TERM);
    let (_, err, _) = end(up);
    assert!(err.contains("exec starts: not yet (exit code 4)"), "{err}");
    project.expect_nobody();
}

#[test]
fn what_cannot_be_started_says_why() {
    let port = free_port();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let project = Services::new(&format!(
        "[services.absent]\ncommand = ['no-such-program']\nrestart = {{ policy = 'always' }}\n\
         [services.place]\ncommand = 'true'\nworking_dir = 'nowhere'\n\
         [services.file]\ncommand = 'true'\nenv_files = ['gone.env']\n\
         [services.port]\ncommand = 'true'\nports.http = {port}\n\
         [services.nix]\npackage = 'redis'\n"
    ));
    project.run(&["up", "-d"]).expect(1).says("cannot start service `nix`");
    let why = |name: &str| project.process(name)["why"].as_str().unwrap_or_default().to_owned();
    assert_eq!(why("absent"), "`no-such-program` is not installed, or not on PATH");
    assert_eq!(why("place"), "its `working_dir` `nowhere` is no directory");
    assert_eq!(why("file"), "`gone.env` is missing; it has variables that it needs");
    assert_eq!(why("port"), format!("port {port} (`http`) is taken by another program"));
    assert_eq!(why("nix"), "only Nix knows the program of its `package`; give it a `command`");
}

#[test]
fn secrets_reach_the_service_and_no_log() {
    let project = Services::new(
        "[services.web]\ntype = 'oneshot'\nsecrets.WEB_TOKEN = { as = 'env' }\n\
         command = 'echo token $WEB_TOKEN; printf %s $WEB_TOKEN | base64; echo ${#WEB_TOKEN} >&2'\n",
    );
    project.sandbox.write("p/.env", &format!("WEB_TOKEN={}\n", canary()));
    let run = project.run(&["up"]).expect(0);
    let (out, state) = (&run.stdout, project.sandbox.remembered());
    assert!(out.contains("web | token [WEB_TOKEN]"), "{out}");
    assert!(out.contains(&format!("web | {}", canary().len())), "{out}");
    assert!(!out.contains(&canary()) && !state.contains(&canary()) && state.contains("[WEB_TOKEN]"), "{out}");
    for file in std::fs::read_dir(project.sandbox.state().join("nixstart/logs")).unwrap().flatten() {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0);
    }
}

#[test]
fn logs_are_filtered_and_followed() {
    let project = Services::new(
        "[services.web]\ncommand = 'for i in 1 2 3 4; do echo line $i; done; echo wrong >&2; while [ ! -e go ]; do sleep 0.02; done; echo late; sleep 600'\n",
    );
    project.run(&["up", "-d"]).expect(0);
    let logs = |arguments: &[&str]| project.run(&[&["logs"], arguments].concat()).expect(0).stdout;
    assert!(wait_until(|| logs(&[]).lines().count() == 5));
    assert_eq!(logs(&["-n", "2", "--grep", "line"]), "web | line 3\nweb | line 4\n");
    assert_eq!(logs(&["--stderr"]), "web | wrong\n");
    assert_eq!(logs(&["--since", "1h"]).lines().count(), 5);
    assert_eq!(logs(&["--since", "2999-01-01T00:00:00Z"]), "");
    let json = logs(&["--stderr", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (json["process"].as_str(), json["stream"].as_str(), json["text"].as_str()),
        (Some("web"), Some("stderr"), Some("wrong"))
    );
    assert!(json["time"].as_u64().unwrap() > 1_700_000_000_000);
    project.run(&["logs", "--since", "yesterday"]).expect(2).says("not a time such as");
    let mut follow = project.spawn(&["logs", "-f", "-n", "5"]);
    wait_for_line(&mut follow, "web | wrong");
    project.sandbox.write("p/go", "");
    wait_for_line(&mut follow, "web | late");
    project.run(&["down"]).expect(0);
    assert_eq!(end(follow).2, Some(0));
}

#[test]
fn what_is_followed_continues_what_was_read() {
    let project = Services::new("[services.web]\ncommand = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.001; done'\n");
    project.run(&["up", "-d"]).expect(0);
    for _ in 0..8 {
        let mut follow = project.spawn(&["logs", "-f", "-n", "3"]);
        let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
        let mut number = || lines.next().unwrap().unwrap().strip_prefix("web | ").unwrap().parse::<u64>().unwrap();
        let first = number();
        for place in 1..300 {
            assert_eq!(number(), first + place);
        }
        follow.kill().unwrap();
        follow.wait().unwrap();
    }
    project.run(&["down"]).expect(0);
}

#[test]
fn hostile_output_reaches_no_terminal_and_long_lines_come_in_pieces() {
    let project = Services::new(
        "[services.web]\ntype = 'oneshot'\ncommand = '''printf '\\033]0;evil\\007\\033[2Jred\\033[31m \\302\\233x\\r\\n'; printf '\\377\\n'; head -c 3000000 /dev/zero | tr '\\0' x; printf end'''\n",
    );
    let run = project.run(&["up"]).expect(0);
    assert!(!run.stdout.chars().any(|c| c.is_control() && c != '\n'), "{:?}", &run.stdout[..200]);
    assert!(run.stdout.contains("red") && run.stdout.contains('\u{fffd}') && run.stdout.trim_end().ends_with("xend"));
    assert!(run.stdout.matches('x').count() >= 3_000_000);
}

#[test]
fn one_that_is_deaf_is_killed_and_one_with_a_command_of_its_own_is_stopped_by_it() {
    let project = Services::new(
        "[services.deaf]\ncommand = \"trap '' TERM; echo deaf; while :; do sleep 0.05; done\"\nstop = { grace_period = '100ms' }\n\
         [services.own]\ncommand = 'while [ ! -e stop ]; do sleep 0.02; done; echo by command'\nstop = { command = 'touch stop', grace_period = '60s' }\n",
    );
    project.run(&["up", "-d"]).expect(0);
    assert!(wait_until(|| project.run(&["logs", "deaf"]).stdout.contains("deaf | deaf")));
    project.run(&["stop", "deaf", "own"]).expect(0).says("Stopped deaf, own");
    assert_eq!(project.process("deaf")["exit"]["signal"], 9);
    assert_eq!(project.process("own")["exit"]["code"], 0);
    assert!(project.run(&["logs", "own"]).stdout.contains("by command"));
}

#[test]
fn what_never_gets_ready_is_not_waited_for_without_end() {
    let project = Services::new("[services.db]\ncommand = 'sleep 600'\nreadiness = { exec = 'exit 7' }\n");
    let waited = project.run(&["up", "-d", "--wait", "1"]).expect(1);
    waited.says("after 1 s not everything runs: db starts: exit code 7").says("`--wait SECONDS` waits longer");
    assert_eq!(project.process("db")["state"], "starting");
    project.run(&["up", "--wait", "1"]).expect(2).says("--detach");
    // Looking leaves nothing behind where nothing runs.
    project.run(&["down"]).expect(0);
    let other = Services::new("[services.db]\ncommand = 'true'\n");
    other.run(&["ps"]).expect(0);
    assert_eq!(std::fs::read_dir(other.sandbox.work().join("run")).unwrap().count(), 0);
}

#[test]
fn two_who_start_at_once_have_one_runner() {
    let project = Services::new(&format!("[services.db]\ncommand = \"{FOREVER}\"\n"));
    let children: Vec<Child> = (0..4).map(|_| project.spawn(&["up", "-d"])).collect();
    for child in children {
        let (_, err, code) = end(child);
        assert_eq!(code, Some(0), "{err}");
    }
    assert!(wait_until(|| find(&project, "process-guard").len() == 1));
    assert_eq!(project.run(&["logs", "db"]).stdout, "db | hello\n");
}

#[test]
fn a_directory_that_others_can_write_is_trusted_by_nobody() {
    let project = Services::new(&format!("[services.db]\ncommand = \"{FOREVER}\"\n"));
    project.run(&["up", "-d"]).expect(0);
    project.run(&["down"]).expect(0);
    let runtime = std::fs::read_dir(project.sandbox.work().join("run")).unwrap().flatten().next().unwrap().path();
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o777)).unwrap();
    for command in [&["up", "-d"][..], &["ps"], &["down"]] {
        project.run(command).expect(10).says("is not ours alone");
    }
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_project_without_processes_and_a_wrong_one_are_told() {
    let project = Services::new("[template]\nname = 'x'\n");
    project.run(&["up"]).expect(1).says("the project declares no processes").says("[services.NAME]");
    project.run(&["ps"]).expect(0).says("declares no processes");
    project.sandbox.write("p/nixstart.toml", "[services.web]\ncomand = 'x'\n");
    project.run(&["up"]).expect(1).says("unknown field `comand`; did you mean `command`?");
    project.sandbox.write("p/nixstart.toml", "[services.web\n");
    project.run(&["up"]).expect(1).says("cannot read `nixstart.toml`");
    project.sandbox.write("p/nixstart.toml", "[services.web]\ncommand = 'true'\nuser = 'me'\n");
    project.run(&["up"]).expect(0).says("does not act on `user` of service `web`");
    project.run(&["up", "wbe"]).expect(1).says("declares no process `wbe`").says("did you mean `web`?");
    let outside = crate::support::Sandbox::new();
    outside.run(&["ps"]).expect(1).says("is in no project");
}

/// The directory of a process-compose that `tests/run` has built.
fn process_compose(test: &str) -> Option<std::path::PathBuf> {
    let directory = tools::cache().join("process-compose/1.120.0");
    let is_there = directory.join("process-compose").is_file();
    if !is_there {
        tools::note_missing(test, "process-compose 1.120.0");
    }
    is_there.then_some(directory)
}

fn with_process_compose(directory: &std::path::Path) -> Vec<(String, std::ffi::OsString)> {
    let path = std::env::var_os("PATH").unwrap();
    let directories = std::iter::once(directory.to_owned()).chain(std::env::split_paths(&path));
    vec![("PATH".to_owned(), std::env::join_paths(directories).unwrap())]
}

#[test]
fn a_file_of_process_compose_is_run_by_process_compose_and_by_every_command() {
    let Some(directory) = process_compose("up::a_file_of_process_compose") else { return };
    let sandbox = crate::support::Sandbox::new();
    let yaml = format!(
        "version: '0.5'\nprocesses:\n  db:\n    command: \"{FOREVER}\"\n  web:\n    command: \"{FOREVER}\"\n    depends_on:\n      db:\n        condition: process_started\n"
    );
    sandbox.write("p/process-compose.yaml", &yaml);
    // Docker's, which process-compose would take first.
    sandbox.write("p/compose.yaml", "services:\n  other:\n    image: nginx\n");
    let project = Services::of(sandbox, with_process_compose(&directory));
    project.run(&["up", "-d"]).expect(0).says("process-compose runs them").says("+ db runs").says("+ web runs");
    assert_eq!(project.process("web")["state"], "running");
    project.run(&["stop", "web"]).expect(0).says("Stopped web");
    // process-compose does not tell who has stopped it; another nixstart knows all the same.
    project.wait_for("web", "stopped");
    project.run(&["start", "web"]).expect(0);
    project.wait_for("web", "running");
    assert!(wait_until(|| project.run(&["logs", "db"]).stdout == "db | hello\n"));
    project.run(&["up", "-d"]).expect(0).says("the processes run already, by process-compose");
    project.run(&["down"]).expect(0).says("Everything is stopped");
    project.expect_nobody();
    assert!(project.run(&["logs", "db"]).expect(0).stdout.starts_with("db | hello\n"));
    // When it is killed, what it has started is not left alone.
    project.run(&["up", "-d"]).expect(0);
    kill_all(&find(&project, "process-compose"));
    project.expect_nobody();
    // In front it ends with us, in whatever way.
    let mut up = project.spawn(&["up"]);
    wait_for_line(&mut up, "db  | hello");
    signal(pid_of(&up), Signal::KILL);
    project.expect_nobody();
    up.wait().unwrap();
    // Our own runner runs what is declared in our file, when it is asked for.
    project.run(&["up", "--backend", "builtin"]).expect(1).says("the project declares no processes");
    project.run(&["up", "--backend", "devenv"]).expect(1).says("no `devenv.nix`");
}

#[test]
fn who_runs_the_processes_can_be_a_setting_of_the_project() {
    let Some(directory) = process_compose("up::who_runs_the_processes") else { return };
    let sandbox = crate::support::Sandbox::new();
    sandbox.write("p/process-compose.yaml", "version: '0.5'\nprocesses:\n  db:\n    command: sleep 600\n");
    sandbox.write("p/nixstart.toml", "[processes]\nbackend = 'builtin'\n[services.own]\ncommand = 'sleep 600'\n");
    let project = Services::of(sandbox, with_process_compose(&directory));
    project.run(&["up", "-d"]).expect(0).says("nixstart itself runs them").says("+ own runs");
    project.run(&["down"]).expect(0);
    project.sandbox.write("p/nixstart.toml", "[processes]\nbackend = 'docker'\n");
    project.run(&["up"]).expect(1).says("must be `devenv`, `process-compose` or `builtin`");
}

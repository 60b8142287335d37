//! Our own runner where something goes wrong: who watches it does not read, what it starts is not there, secrets change, signals
//! are sent.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Child;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::canary;
use crate::support::process::free_port;
use crate::support::pty::Terminal;
use crate::support::services::{Services, wait_until};

/// Ends as soon as it is asked to.
const SLEEPER: &str = "exec sleep 600";

/// A connection to the runner of a project over which something was asked.
fn ask(project: &Services, request: &Value) -> UnixStream {
    let runtime = std::fs::read_dir(project.sandbox.work().join("run")).unwrap().flatten().next().unwrap().path();
    let mut stream = UnixStream::connect(runtime.join("runner.sock")).unwrap();
    stream.write_all(format!("{request}\n").as_bytes()).unwrap();
    stream
}

/// Sends a signal to a process as the menu of the dashboard does.
fn send_signal(project: &Services, name: &str, number: i32) {
    let mut answer = String::new();
    let request = json!({ "command": "act", "action": { "signal": number }, "processes": [name] });
    BufReader::new(ask(project, &request)).read_line(&mut answer).unwrap();
    assert!(answer.contains(&format!("\"done\":[\"{name}\"]")), "{answer}");
}

/// Waits until a child has said a line on standard output that ends so.
fn wait_for_line(child: &mut Child, end: &str) {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with(end)), "`{end}` was not said");
}

#[test]
fn who_owns_the_processes_and_does_not_read_for_a_while_ends_nothing() {
    // Each has a message a second, so that the socket is full soon.
    let many: Vec<String> = (0..100).map(|number| format!("[services.s{number}]\ncommand = '{SLEEPER}'\n")).collect();
    let clock = "[services.clock]\ncommand = 'i=0; while :; do i=$((i+1)); echo tick $i; sleep 1; done'\n";
    let project = Services::new(&format!("{}{clock}", many.concat()));
    project.run(&["up", "-d"]).expect(0);
    let stream = ask(&project, &json!({ "command": "watch", "owner": true, "usage": true }));
    // Longer than an answer may take to be read.
    let mut ticks = project.spawn(&["logs", "-f", "clock"]);
    wait_for_line(&mut ticks, "tick 22");
    ticks.kill().unwrap();
    ticks.wait().unwrap();
    for name in ["clock", "s0", "s99"] {
        assert_eq!(project.process(name)["state"], "running");
    }
    project.run(&["stop", "s7"]).expect(0);
    // What it reads at last is as things are, and nobody has kept everything for it that has been since.
    let mut count = 0;
    for line in BufReader::new(&stream).lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        count += 1;
        if message["process"]["name"] == "s7" && message["process"]["state"] == "stopped" {
            break;
        }
    }
    assert!(count < 1500, "{count} messages");
    // It leaves, and what it owns ends with it.
    drop(stream);
    project.expect_nobody();
}

#[test]
fn what_fails_is_seen_beside_one_that_prints_without_pause() {
    let project = Services::new(
        "[services.noisy]\ncommand = 'exec yes'\n[services.loud]\ncommand = 'exec yes'\n\
         [services.bad]\ncommand = 'while [ ! -e go ]; do sleep 0.02; done; exit 3'\n",
    );
    let mut terminal = Terminal::of(&project.command(&["up"]), (24, 100));
    terminal.wait_for("noisy running").wait_for("bad running");
    project.sandbox.write("p/go", "");
    terminal.wait_long_for("bad failed: exit code 3").wait_for("noisy running");
    terminal.send("q").send("y");
    assert_eq!(terminal.end().code, 0);
    project.expect_nobody();
}

#[test]
fn a_secret_that_has_changed_is_kept_out_of_logs_too() {
    let (first, second) = (canary(), canary().chars().rev().collect::<String>());
    let (of_file, of_environment) = (format!("{}-file", canary()), format!("{second}-environment"));
    let sandbox = crate::support::Sandbox::new();
    sandbox.write(
        "p/nixstart.toml",
        "[services.web]\ncommand = 'echo token $WEB_TOKEN ${#WEB_TOKEN}; echo file $FILE_TOKEN ${#FILE_TOKEN}; echo environment $GIVEN_TOKEN; exec sleep 600'\n\
         env_files = ['config/prod.env']\nsecrets = { WEB_TOKEN = {}, GIVEN_TOKEN = {} }\n",
    );
    sandbox.write("p/.env", &format!("WEB_TOKEN={first}\n"));
    sandbox.write("p/config/prod.env", &format!("FILE_TOKEN={of_file}\n"));
    let project = Services::of(sandbox, vec![("GIVEN_TOKEN".to_owned(), of_environment.clone().into())]);
    let said = |token: &str, file: &str| {
        format!(
            "web | token [WEB_TOKEN] {}\nweb | file [FILE_TOKEN] {}\nweb | environment [GIVEN_TOKEN]\n",
            token.len(),
            file.len()
        )
    };
    project.run(&["up", "-d"]).expect(0);
    let before = said(&first, &of_file);
    assert!(wait_until(|| project.run(&["logs", "web"]).stdout.lines().count() == 3));
    assert_eq!(project.run(&["logs", "web"]).stdout, before);
    let changed = format!("{of_file}-changed");
    let other = format!("{second}-longer");
    project.sandbox.write("p/.env", &format!("WEB_TOKEN={other}\n"));
    project.sandbox.write("p/config/prod.env", &format!("FILE_TOKEN={changed}\n"));
    project.run(&["restart", "web"]).expect(0);
    assert!(wait_until(|| project.run(&["logs", "web"]).stdout.lines().count() == 6));
    assert_eq!(project.run(&["logs", "web"]).stdout, format!("{before}{}", said(&other, &changed)));
    let kept = project.sandbox.remembered();
    for secret in [&first, &second, &of_file, &of_environment] {
        assert!(!kept.contains(secret.as_str()));
    }
}

#[test]
fn what_needs_something_that_cannot_be_started_is_skipped() {
    let port = free_port();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let project = Services::new(&format!(
        "[services.db]\ncommand = ['no-such-program']\n\
         [services.web]\ncommand = 'echo never; exec sleep 600'\ndepends_on = {{ db = 'started' }}\n\
         [services.api]\ncommand = 'exec sleep 600'\nports.http = {port}\n\
         [services.proxy]\ncommand = 'echo never; exec sleep 600'\ndepends_on = {{ api = 'started' }}\n"
    ));
    project.run(&["up", "-d"]).expect(1).says("web was skipped: it needs `db`, which has failed");
    for name in ["web", "proxy"] {
        assert_eq!(project.process(name)["state"], "skipped");
        assert!(!project.run(&["logs", name]).stdout.contains("never"));
    }
}

#[test]
fn a_command_that_stops_a_service_may_take_longer_than_the_service() {
    let project = Services::new(
        "[services.web]\ncommand = 'while [ ! -e stop ]; do sleep 0.02; done'\n\
         stop = { command = 'touch stop; sleep 0.7; touch cleaned', grace_period = '60s' }\n\
         [services.slow]\ncommand = 'while [ ! -e stop-slow ]; do sleep 0.02; done'\n\
         stop = { command = 'touch stop-slow; exec sleep 600', grace_period = '500ms' }\n",
    );
    project.run(&["up", "-d"]).expect(0);
    project.run(&["stop", "web", "slow"]).expect(0).says("Stopped web, slow");
    assert!(project.sandbox.exists("p/cleaned"));
    // The grace period is that of both, so either of the two that look at it may end the command.
    assert!(wait_until(|| project.run(&["logs", "slow"]).stdout.contains("its `stop.command` has failed: ")));
    std::fs::remove_file(project.root().join("stop")).unwrap();
    std::fs::remove_file(project.root().join("cleaned")).unwrap();
    project.run(&["start", "web"]).expect(0);
    project.wait_for("web", "running");
    project.run(&["down"]).expect(0);
    assert!(project.sandbox.exists("p/cleaned"));
    project.expect_nobody();
}

#[test]
fn a_signal_that_was_sent_from_here_is_no_failure() {
    let restart = "restart = { policy = 'on-failure', delay = '10ms' }";
    let project = Services::new(&format!(
        "[services.db]\ncommand = '{SLEEPER}'\n\
         [services.web]\ncommand = '{SLEEPER}'\n{restart}\n\
         [services.worker]\ncommand = \"trap 'exit 9' TERM; while :; do sleep 0.02; done\"\n{restart}\n\
         [services.api]\ncommand = 'sleep 600; exit 1'\n"
    ));
    let up = project.spawn(&["up", "--no-tui"]);
    for name in ["db", "web", "worker", "api"] {
        project.wait_for(name, "running");
    }
    let signals = [("web", 9, "SIGKILL"), ("worker", 15, "SIGTERM"), ("api", 2, "SIGINT"), ("db", 15, "SIGTERM")];
    for (name, number, word) in signals {
        send_signal(&project, name, number);
        // The last one is the end of everything.
        if name != "db" {
            assert_eq!(project.wait_for(name, "stopped")["why"], format!("{word} was sent to it"));
        }
    }
    let ended = up.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}");
    assert!(said.contains("db is stopped: SIGTERM was sent to it"), "{said}");
    project.expect_nobody();
}

#[test]
fn a_probe_that_says_a_lot_on_standard_error_is_heard_to_its_end() {
    let project = Services::new(
        "[services.web]\ncommand = 'exec sleep 600'\n\
         readiness = { exec = 'head -c 300000 /dev/zero | tr \"\\\\0\" x >&2; head -c 300000 /dev/zero | tr \"\\\\0\" x; test -e go || { echo not yet; exit 1; }', timeout = '60s' }\n",
    );
    project.run(&["up", "-d", "--wait", "1"]).expect(1);
    project.sandbox.write("p/go", "");
    project.wait_for("web", "ready");
}

#[test]
fn a_service_runs_as_its_fields_say() {
    let (http, admin) = (free_port(), free_port());
    let project = Services::new(&format!(
        "[services.web]\ntype = 'oneshot'\nworking_dir = 'apps/web'\n\
         command = ['sh', '-c', 'echo \"$0 $1 in ${{PWD##*/}}: $GREETING $PORT $PORT_HTTP $PORT_ADMIN\"; cat prepared']\n\
         args = ['first', 'second']\npre_start = ['echo one > prepared; echo preparing', 'echo two >> prepared']\n\
         env_files = ['config/web.env', {{ path = 'config/none.env', required = false }}]\nports = {{ http = {http}, admin = {admin} }}\n\
         [services.off]\ncommand = 'echo never'\nenabled = false\n\
         [services.gives-up]\ncommand = 'echo try; exit 3'\nrestart = {{ policy = 'on-failure', max_attempts = 2, delay = '10ms' }}\nrequired = false\n\
         [services.is-done]\ncommand = 'echo once'\nrestart = {{ policy = 'on-failure', delay = '10ms' }}\n\
         [services.comes-back]\ncommand = 'echo again'\nrestart = {{ policy = 'always', max_attempts = 1, delay = '10ms' }}\nrequired = false\n"
    ));
    project.sandbox.write("p/apps/web/keep", "");
    project.sandbox.write("p/config/web.env", "GREETING='morning'\n");
    project.run(&["up", "-d"]).expect(0);
    assert_eq!(project.wait_for("gives-up", "failed")["why"], "exit code 3; it was started again 2 times");
    assert_eq!(project.wait_for("comes-back", "failed")["why"], "it has ended; it was started again once");
    for (name, state) in [("web", "completed"), ("is-done", "completed"), ("off", "disabled")] {
        assert_eq!(project.process(name)["state"], state, "{name}");
    }
    let logs = |name: &str| {
        let said = project.run(&["logs", name]).stdout;
        let lines = said.lines().filter_map(|line| line.split_once(" | ")).map(|(_, text)| text.to_owned());
        lines.filter(|text| !text.starts_with("[nixstart]")).collect::<Vec<_>>()
    };
    let said = format!("first second in web: morning {http} {http} {admin}");
    assert_eq!(logs("web"), ["preparing", said.as_str(), "one", "two"]);
    assert_eq!(logs("gives-up"), ["try"; 3]);
    assert_eq!(logs("is-done"), ["once"]);
    assert_eq!(logs("comes-back"), ["again"; 2]);
    assert_eq!(logs("off"), [""; 0]);
}

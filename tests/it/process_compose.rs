//! The real process-compose in two versions, spoken to as the dashboard does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use nixstart::backend::discover::{Surroundings, discover_in};
use nixstart::backend::process_compose::ProcessCompose;
use nixstart::backend::{Backend, Kind, Place};
use nixstart::host::files::sha256;
use nixstart::host::peer::Endpoint;
use nixstart::process::{Action, Event, Exit, ProcessState};
use rustix::process::Signal;
use secrecy::SecretString;

use crate::support::process::{Running, free_port};
use crate::support::tools;
use crate::support::watched::Watched;

const NEW: &str = "1.120.0";
const OLD: &str = "1.64.1";

/// A project and its process-compose.
struct Project {
    directory: tempfile::TempDir,
    program: PathBuf,
    running: Option<Running>,
}

/// Where a version is; it is noted when it could not be had.
fn program(test: &str, version: &str) -> Option<PathBuf> {
    let program = tools::cache().join("process-compose").join(version).join("process-compose");
    if !program.is_file() {
        tools::note_missing(test, &format!("process-compose {version}"));
        return None;
    }
    Some(program)
}

impl Project {
    fn new(program: PathBuf, yaml: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("nixstart-pc-").tempdir().unwrap();
        fs_err::create_dir(directory.path().join("shop")).unwrap();
        let project = Self { directory, program, running: None };
        fs_err::write(project.root().join("process-compose.yaml"), yaml).unwrap();
        project
    }

    fn root(&self) -> Utf8PathBuf {
        let root = self.directory.path().canonicalize().unwrap();
        Utf8PathBuf::from_path_buf(root).unwrap().join("shop")
    }

    fn socket(&self) -> Utf8PathBuf {
        self.root().join("pc.sock")
    }

    fn touch(&self, file: &str) {
        fs_err::write(self.root().join(file), "").unwrap();
    }

    /// Starts process-compose with its interface at a place.
    fn up(&mut self, at: &[&str], variables: &[(&str, &str)]) {
        let root = self.root();
        let mut command = Command::new(&self.program);
        command.args(["up", "-t=false", "--keep-project", "--disable-dotenv", "-f", "process-compose.yaml"]).args(at);
        command.current_dir(&root).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", &root).env("PC_LOG_FILE", root.join("pc.log")).envs(variables.iter().copied());
        self.running = Some(Running::start(&mut command, &root.join("pc.out").into_std_path_buf()));
    }

    /// Starts it and waits until it answers.
    fn start(&mut self) -> ProcessCompose {
        let socket = self.socket();
        self.up(&["-u", socket.as_str()], &[]);
        self.connect(Endpoint::Socket(socket), None)
    }

    #[track_caller]
    fn connect(&self, endpoint: Endpoint, token: Option<SecretString>) -> ProcessCompose {
        until(|| ProcessCompose::connect(endpoint.clone(), token.clone()).ok(), &|| self.running.as_ref().unwrap().said())
    }

    fn kill(&mut self) {
        self.running.take().unwrap().end_with(Signal::KILL);
    }
}

/// Asks again and again.
#[track_caller]
fn until<T>(ask: impl Fn() -> Option<T>, why: &dyn Fn() -> String) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < deadline, "{}", why());
        std::thread::yield_now();
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const LIFE: &str = r#"
processes:
  db:
    command: "touch db.started; exec sleep 1000"
    readiness_probe: { exec: { command: "test -e ready" }, period_seconds: 1, failure_threshold: 1000 }
  api: { command: "exec sleep 1000", depends_on: { db: { condition: process_healthy } } }
  fails: { command: "exit 3" }
  skipped: { command: "true", depends_on: { fails: { condition: process_completed_successfully } } }
  once: { command: "echo done" }
  off: { command: "true", disabled: true }
"#;

fn life(version: &str) {
    let Some(program) = program("process_compose::life", version) else { return };
    let mut project = Project::new(program, LIFE);
    let backend = project.start();
    assert!(backend.place().ends_with(&format!("pc.sock (process-compose {version})")), "{}", backend.place());
    let watched = Watched::all(&backend, 10);
    assert!(matches!(watched.events()[0], Event::Snapshot(_)));
    watched.wait_for_state("db", "starting");
    watched.wait_for("api", "waits", |api| api.why.as_deref() == Some("waits for `db`") && api.state == ProcessState::Pending);
    watched.wait_for("fails", "fails", |fails| fails.state == ProcessState::Failed && fails.exit == Some(Exit::Code(3)));
    watched.wait_for_state("skipped", "skipped");
    watched.wait_for_state("once", "completed");
    watched.wait_for_state("off", "disabled");
    project.touch("ready");
    watched.wait_for("db", "ready", |db| db.state == ProcessState::Ready && db.has_probe && db.pid.is_some());
    watched.wait_for("api", "running", |api| api.state == ProcessState::Running && api.started.is_some() && !api.has_probe);
    watched.wait_for("db", "measured", |db| db.usage.is_some_and(|usage| usage.memory > 0));
    watched.wait_for_line("once", "done");
    let listed: Vec<(String, String)> =
        backend.list().unwrap().into_iter().map(|process| (process.name, process.state.word().to_owned())).collect();
    let expected = [
        ("api", "running"),
        ("db", "ready"),
        ("fails", "failed"),
        ("off", "disabled"),
        ("once", "completed"),
        ("skipped", "skipped"),
    ];
    assert_eq!(listed, expected.map(|(name, word)| (name.to_owned(), word.to_owned())));
    backend.shut_down().unwrap();
    watched.wait_for_event("the end", |event| *event == Event::Ended);
    assert!(backend.list().unwrap_err().message().starts_with("nothing runs at"));
}

#[test]
fn a_project_is_seen_through_its_life() {
    life(NEW);
}

#[test]
fn a_project_is_seen_through_its_life_by_an_old_version() {
    life(OLD);
}

const DEEDS: &str = r#"
processes:
  loop: { command: "exec sleep 1000" }
  other: { command: "exec sleep 1000" }
"#;

fn deeds(version: &str) {
    let Some(program) = program("process_compose::deeds", version) else { return };
    let mut project = Project::new(program, DEEDS);
    let backend = project.start();
    let watched = Watched::all(&backend, 0);
    watched.wait_for("loop", "runs", |process| process.state == ProcessState::Running && process.pid.is_some());
    let first = watched.process("loop").pid;

    let stopped = backend.act(Action::Stop, &names(&["loop", "nope"])).unwrap();
    assert_eq!(stopped.done, ["loop"]);
    assert_eq!((stopped.refused[0].process.as_str(), stopped.refused[0].why.as_str()), ("nope", "there is no such process"));
    watched.wait_for_state("loop", "stopped");
    let again = backend.act(Action::Stop, &names(&["loop"])).unwrap();
    assert!(again.done.is_empty() && again.refused[0].why.contains("not running"), "{again:?}");

    assert_eq!(backend.act(Action::Start, &names(&["loop"])).unwrap().done, ["loop"]);
    watched.wait_for("loop", "runs again", |process| process.state == ProcessState::Running && process.pid != first);
    let started = backend.act(Action::Start, &names(&["loop"])).unwrap();
    assert!(started.refused[0].why.contains("already running"), "{started:?}");

    let second = watched.process("loop").pid;
    assert_eq!(backend.act(Action::Restart, &names(&["loop"])).unwrap().done, ["loop"]);
    watched.wait_for("loop", "is another", |process| {
        process.state == ProcessState::Running && process.pid.is_some() && process.pid != second
    });
    assert!(!watched.states("loop").contains(&"failed".to_owned()), "{:?}", watched.states("loop"));

    let signalled = backend.act(Action::Signal(9), &names(&["other"])).unwrap();
    if version == OLD {
        assert!(signalled.refused[0].why.contains("passes no signals on"), "{signalled:?}");
    } else {
        assert_eq!(signalled.done, ["other"]);
        watched.wait_for("other", "ended", |process| process.why.as_deref() == Some("SIGKILL was sent to it"));
        assert_eq!(watched.process("other").state, ProcessState::Stopped);
    }
    let all = backend.act(Action::Stop, &[]).unwrap();
    assert!(all.refused.is_empty() && all.done.contains(&"loop".to_owned()), "{all:?}");
    watched.wait_for_state("loop", "stopped");
}

#[test]
fn what_is_asked_is_done_and_shown_as_ours() {
    deeds(NEW);
}

#[test]
fn what_is_asked_is_done_and_shown_as_ours_by_an_old_version() {
    deeds(OLD);
}

/// Two processes that say three thousand lines at once when they are allowed to.
fn burst(version: &str, log_length: usize) -> Option<Watched> {
    let program = program("process_compose::burst", version)?;
    let talk = "echo before; until test -e go; do sleep 0.01; done; seq 3000; echo end; exec sleep 1000";
    let yaml =
        format!("log_length: {log_length}\nprocesses:\n  one: {{ command: \"{talk}\" }}\n  two: {{ command: \"{talk}\" }}\n");
    let mut project = Project::new(program, &yaml);
    let backend = project.start();
    let watched = Watched::all(&backend, 10);
    for name in ["one", "two"] {
        watched.wait_for_line(name, "before");
    }
    project.touch("go");
    for name in ["one", "two"] {
        watched.wait_for_line(name, "end");
    }
    let last: Vec<String> = backend.logs("one", 3).unwrap().into_iter().map(|line| line.text).collect();
    assert_eq!(last, ["2999", "3000", "end"]);
    Some(watched)
}

fn whole_burst(version: &str) {
    let Some(watched) = burst(version, 10_000) else { return };
    let expected: Vec<String> =
        std::iter::once("before".to_owned()).chain((1..=3000).map(|line| line.to_string())).chain(["end".to_owned()]).collect();
    for name in ["one", "two"] {
        let said = watched.said(name);
        assert!(said == expected, "{} lines of {name}", said.len());
    }
}

#[test]
fn a_burst_comes_without_loss_or_repetition() {
    whole_burst(NEW);
}

#[test]
fn a_burst_comes_without_loss_or_repetition_from_an_old_version() {
    whole_burst(OLD);
}

#[test]
fn a_burst_that_process_compose_does_not_keep_is_in_order_and_its_loss_is_told() {
    let Some(watched) = burst(NEW, 1000) else { return };
    for name in ["one", "two"] {
        let said: Vec<u32> = watched.said(name).iter().filter_map(|line| line.parse().ok()).collect();
        assert!(said.is_sorted_by(|one, other| one < other), "{said:?}");
        let is_told = watched.events().iter().any(|event| matches!(event, Event::LinesLost { process, .. } if process == name));
        assert!(said.len() == 3000 || is_told, "{} lines of {name}", said.len());
    }
}

fn killed(version: &str) {
    let Some(program) = program("process_compose::killed", version) else { return };
    let yaml = "processes:\n  web: { command: \"echo listening; exec sleep 1000\" }\n";
    let mut project = Project::new(program, yaml);
    let backend = project.start();
    let watched = Watched::all(&backend, 10);
    watched.wait_for_line("web", "listening");
    let orphan = watched.process("web").pid;
    project.kill();
    watched.wait_for_event("the end", |event| *event == Event::Ended);
    let _again = project.start();
    watched.wait_for("web", "runs again", |web| web.state == ProcessState::Running && web.pid != orphan);
    until(|| (watched.said("web").len() > 1).then_some(()), &|| "nothing was said again".to_owned());
    assert_eq!(watched.said("web"), ["listening", "listening"]);
    let ends = watched.events().iter().filter(|event| **event == Event::Ended).count();
    assert_eq!(ends, 1);
}

#[test]
fn a_manager_that_is_killed_and_started_again_is_found_again() {
    killed(NEW);
}

#[test]
fn an_old_manager_that_is_killed_and_started_again_is_found_again() {
    killed(OLD);
}

fn ports(version: &str) {
    let Some(program) =
        program("process_compose::ports", version).filter(|_| tools::have("process_compose::ports", &["python3"]))
    else {
        return;
    };
    let (first, second) = (free_port(), free_port());
    let listen = |port: u16| format!("exec python3 -m http.server --bind 127.0.0.1 {port}");
    let late = format!("while ! test -e open; do sleep 0.05; done; {}", listen(second));
    let yaml = format!("processes:\n  web: {{ command: \"{}\" }}\n  late: {{ command: \"{late}\" }}\n", listen(first));
    let mut project = Project::new(program, &yaml);
    let backend = project.start();
    let watched = Watched::all(&backend, 0);
    let has = |process: &nixstart::process::Process, port: u16| process.ports.iter().map(|port| port.port).eq([port]);
    watched.wait_for("web", "listening", |web| has(web, first));
    assert!(backend.list().unwrap().iter().all(|process| process.ports.is_empty()));
    project.touch("open");
    watched.wait_for("late", "listening", |late| has(late, second));
    backend.act(Action::Stop, &names(&["web"])).unwrap();
    watched.wait_for("web", "ended", |web| !web.state.is_alive() && web.ports.is_empty());
}

#[test]
fn ports_are_told_of_what_is_up() {
    ports(NEW);
}

#[test]
fn ports_are_told_of_what_is_up_by_an_old_version() {
    ports(OLD);
}

fn odd_names(version: &str) {
    let Some(program) = program("process_compose::odd_names", version) else { return };
    let odd = ["a b", "c+d", "e?f", "g%h", "i#j", "k,l", "ü&m=n"];
    let process = |name: &&str| format!("  \"{name}\": {{ command: \"echo it is me; exec sleep 1000\" }}\n");
    let yaml = format!("processes:\n{}", odd.iter().map(process).collect::<String>());
    let mut project = Project::new(program, &yaml);
    let backend = project.start();
    let watched = Watched::all(&backend, 10);
    for name in odd {
        watched.wait_for_state(name, "running");
        watched.wait_for_line(name, "it is me");
        assert_eq!(backend.logs(name, 10).unwrap()[0].text, "it is me");
    }
    let stopped = backend.act(Action::Stop, &names(&odd)).unwrap();
    assert_eq!((stopped.done.len(), stopped.refused.len()), (odd.len(), 0), "{stopped:?}");
    for name in odd {
        watched.wait_for_state(name, "stopped");
    }
    let started = backend.act(Action::Start, &names(&odd)).unwrap();
    assert_eq!(started.done.len(), odd.len(), "{started:?}");
}

#[test]
fn a_name_may_have_odd_characters() {
    odd_names(NEW);
}

#[test]
fn a_name_may_have_odd_characters_in_an_old_version() {
    odd_names(OLD);
}

#[test]
fn a_token_is_shown_to_process_compose_and_to_nobody_else() {
    let Some(program) = program("process_compose::token", NEW) else { return };
    let mut project = Project::new(program, DEEDS);
    let (socket, token) = (project.socket(), "a-token-of-twenty-characters-and-more");
    project.up(&["-u", socket.as_str()], &[("PC_API_TOKEN", token)]);
    let endpoint = Endpoint::Socket(socket);
    let backend = project.connect(endpoint.clone(), Some(SecretString::from(token)));
    let watched = Watched::all(&backend, 0);
    watched.wait_for_state("loop", "running");
    for wrong in [None, Some(SecretString::from("another"))] {
        let error = ProcessCompose::connect(endpoint.clone(), wrong).err().unwrap();
        assert!(error.to_string().ends_with("asks for a token"), "{error}");
    }
    assert!(!format!("{}{:?}", backend.place(), watched.events()).contains(token));
}

fn surroundings(temporary: &Utf8Path, variables: &[(&str, &str)]) -> Surroundings {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Surroundings { variables, temporary: temporary.to_owned() }
}

#[test]
fn process_compose_is_found_where_devenv_has_it_and_stale_sockets_are_named() {
    let Some(program) = program("process_compose::found", NEW) else { return };
    let mut project = Project::new(program, DEEDS);
    let (root, temporary) = (project.root(), project.root().join("t"));
    let runtime = |of: &Utf8Path| temporary.join(format!("devenv-{}", &sha256(of.as_str().as_bytes())[..7]));
    let (current, flake) = (runtime(&root.join(".devenv")), runtime(&root.join(".devenv/state")));
    for directory in [&current, &flake] {
        fs_err::create_dir_all(directory).unwrap();
    }
    drop(std::os::unix::net::UnixListener::bind(current.join("pc.sock")).unwrap());
    let socket = flake.join("pc.sock");
    project.up(&["-u", socket.as_str()], &[]);
    project.connect(Endpoint::Socket(socket.clone()), None);
    let found = discover_in(&Place::of(&root), &surroundings(&temporary, &[]));
    assert_eq!((found.live.len(), found.live[0].kind()), (1, Kind::ProcessCompose));
    assert_eq!((found.stale, found.passed_over), (vec![current.join("pc.sock")], Vec::new()));

    // A link that came with a copy of the project leads to the processes of the first one.
    let copy = root.parent().unwrap().join("copy");
    fs_err::create_dir_all(copy.join(".devenv")).unwrap();
    fs_err::os::unix::fs::symlink(&flake, copy.join(".devenv/run")).unwrap();
    let found = discover_in(&Place::of(&copy), &surroundings(&temporary, &[]));
    assert!(found.live.is_empty());
    assert_eq!(found.passed_over[0].why, "it runs the processes of another project");
}

#[test]
fn a_port_is_believed_when_it_names_the_project() {
    let Some(program) = program("process_compose::port", NEW) else { return };
    let mut project = Project::new(program, DEEDS);
    let (root, port) = (project.root(), free_port().to_string());
    project.up(&["-p", &port], &[]);
    project.connect(Endpoint::Port(format!("127.0.0.1:{port}").parse().unwrap()), None);
    let with_port = surroundings(&root.join("t"), &[("PC_PORT_NUM", &port)]);
    let found = discover_in(&Place::of(&root), &with_port);
    assert_eq!(found.live.len(), 1);
    let watched = Watched::all(&*found.live[0], 0);
    watched.wait_for_state("loop", "running");
    let found = discover_in(&Place::of(root.parent().unwrap()), &with_port);
    assert!(found.live.is_empty());
    assert_eq!(found.passed_over[0].why, "it runs the processes of another project");
    let elsewhere = surroundings(&root.join("t"), &[("PC_PORT_NUM", &port), ("PC_ADDRESS", "192.0.2.1")]);
    assert!(discover_in(&Place::of(&root), &elsewhere).live.is_empty());
    assert!(Path::new(root.as_str()).is_dir());
}

#[test]
fn a_socket_that_the_environment_names_is_believed_when_it_is_of_this_project() {
    let Some(program) = program("process_compose::named", NEW) else { return };
    let mut project = Project::new(program, DEEDS);
    let _backend = project.start();
    let (root, socket) = (project.root(), project.socket());
    let named = surroundings(&root.join("t"), &[("PC_SOCKET_PATH", socket.as_str())]);
    assert_eq!(discover_in(&Place::of(&root), &named).live.len(), 1);
    let other = root.parent().unwrap().join("other/shop");
    fs_err::create_dir_all(&other).unwrap();
    // A shell of one project is used in another, in one of the same name, and in one that this one is a part of.
    for another in [&other, other.parent().unwrap(), root.parent().unwrap()] {
        let found = discover_in(&Place::of(another), &named);
        assert!(found.live.is_empty() && found.unusable.is_empty(), "{another}");
        assert_eq!(found.passed_over[0].why, "it runs the processes of another project", "{another}");
    }
}

#[test]
fn one_that_hangs_at_a_port_is_there_all_the_same_and_one_of_another_project_is_none_of_ours() {
    let Some(program) = program("process_compose::hangs", NEW) else { return };
    let mut project = Project::new(program, DEEDS);
    let (root, port) = (project.root(), free_port());
    project.up(&["-p", &port.to_string()], &[]);
    project.connect(Endpoint::Port(format!("127.0.0.1:{port}").parse().unwrap()), None);
    project.running.as_ref().unwrap().signal(Signal::STOP);
    let with_port = surroundings(&root.join("t"), &[("PC_PORT_NUM", &port.to_string())]);
    let found = discover_in(&Place::of(&root), &with_port);
    assert!(found.live.is_empty());
    assert_eq!(
        found.unusable.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!("`127.0.0.1:{port}` did not answer within 2 s")]
    );
    let found = discover_in(&Place::of(&root.join("t")), &with_port);
    assert!(found.live.is_empty() && found.unusable.is_empty());
}

#[test]
fn a_failure_that_has_nothing_to_do_with_a_signal_is_one() {
    let Some(program) = program("process_compose::signal", NEW) else { return };
    let talk = "trap 'echo heard' USR1; echo ready; until test -e go; do sleep 0.02; done; exit 3";
    let mut project = Project::new(program, &format!("processes:\n  web: {{ command: \"{talk}\" }}\n"));
    let backend = project.start();
    let watched = Watched::all(&backend, 10);
    watched.wait_for_line("web", "ready");
    assert_eq!(backend.act(Action::Signal(10), &names(&["web"])).unwrap().done, ["web"]);
    watched.wait_for_line("web", "heard");
    project.touch("go");
    watched.wait_for("web", "failed", |web| web.state == ProcessState::Failed && web.exit == Some(Exit::Code(3)));
}

fn usage(version: &str) {
    let Some(program) = program("process_compose::usage", version) else { return };
    let mut project = Project::new(program, "processes:\n  web: { command: \"sh hog.sh & wait\" }\n");
    let hog = "x=$(head -c 60000000 /dev/zero | tr '\\0' x)\nwhile :; do sleep 1; done\n";
    fs_err::write(project.root().join("hog.sh"), hog).unwrap();
    let backend = project.start();
    let watched = Watched::all(&backend, 0);
    let is_measured = |web: &nixstart::process::Process| web.usage.is_some_and(|usage| usage.memory > 50 << 20);
    watched.wait_for("web", "measured with what it has started", is_measured);
    assert!(backend.list().unwrap().iter().all(is_measured));
}

#[test]
fn what_a_process_uses_is_that_of_all_it_has_started() {
    usage(NEW);
}

#[test]
fn what_a_process_uses_is_that_of_all_it_has_started_in_an_old_version() {
    usage(OLD);
}

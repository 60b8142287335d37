//! Every call of `env set` to the file system fails once, and is once the moment of death: what is left is the old file or
//! the new one, byte for byte, and nothing that others can read. `strace` does the failing, in the real program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pretty_assertions::assert_eq;

use crate::support::{Sandbox, binary, canary, tools};

/// What a call of the system does instead of its work.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Error(&'static str),
    Death,
}

/// Where the file stands, and what is asked.
struct Scenario {
    name: &'static str,
    gitignore: &'static str,
    old: Option<&'static str>,
    arguments: &'static [&'static str],
    /// The calls that fail, each with how.
    calls: &'static [(&'static str, Fault)],
}

/// Those by which files change, and those without which nobody knows what to change.
const EVERY_CALL: &[(&str, Fault)] = &[
    ("openat", Fault::Error("EACCES")),
    ("openat", Fault::Death),
    ("read", Fault::Error("EIO")),
    ("write", Fault::Error("ENOSPC")),
    ("write", Fault::Death),
    ("fsync", Fault::Error("EIO")),
    ("fsync", Fault::Death),
    ("fdatasync", Fault::Error("ENOSPC")),
    ("fdatasync", Fault::Death),
    ("/^(rename|renameat|renameat2)$", Fault::Error("EIO")),
    ("/^(rename|renameat|renameat2)$", Fault::Death),
    ("/^(chmod|fchmod|fchmodat)$", Fault::Error("EPERM")),
    ("/^(chmod|fchmod|fchmodat)$", Fault::Death),
    ("/^(unlink|unlinkat)$", Fault::Error("EACCES")),
    ("/^(unlink|unlinkat)$", Fault::Death),
    ("/^(mkdir|mkdirat)$", Fault::Error("EACCES")),
    ("getdents64", Fault::Error("EIO")),
    ("flock", Fault::Error("ENOLCK")),
    ("statx", Fault::Error("EIO")),
    ("close", Fault::Death),
];

/// Those by which files change.
const CHANGING_CALLS: &[(&str, Fault)] = &[
    ("write", Fault::Error("ENOSPC")),
    ("write", Fault::Death),
    ("fsync", Fault::Error("EIO")),
    ("/^(rename|renameat|renameat2)$", Fault::Error("EXDEV")),
    ("/^(rename|renameat|renameat2)$", Fault::Death),
    ("/^(unlink|unlinkat)$", Fault::Death),
];

const SCENARIOS: [Scenario; 4] = [
    Scenario {
        name: "a file that is there",
        gitignore: ".env\n.env.*\n",
        old: Some("# head\nA='old' # why\nB=2\n"),
        arguments: &["env", "set", "A", "--stdin"],
        calls: EVERY_CALL,
    },
    Scenario {
        name: "a new file",
        gitignore: ".env\n.env.*\n",
        old: None,
        arguments: &["env", "set", "A", "--stdin"],
        calls: CHANGING_CALLS,
    },
    Scenario {
        name: "a file that is written in the git directory first",
        gitignore: "/.env\n",
        old: Some("A=1\n"),
        arguments: &["env", "set", "A", "--stdin"],
        calls: CHANGING_CALLS,
    },
    Scenario {
        name: "a variable that goes",
        gitignore: ".env\n.env.*\n",
        old: Some("A=1\nB=2\n"),
        arguments: &["env", "unset", "A"],
        calls: CHANGING_CALLS,
    },
];

impl Scenario {
    fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.git(".", &["init", "-q"]);
        sandbox.write(".gitignore", self.gitignore);
        if let Some(old) = self.old {
            sandbox.write(".env", old);
            fs::set_permissions(sandbox.work().join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
        }
        sandbox
    }

    /// What is in the file when all went well.
    fn wanted(&self) -> Vec<u8> {
        let sandbox = self.sandbox();
        sandbox.run_with_input(self.arguments, &canary()).expect(0);
        fs::read(sandbox.work().join(".env")).unwrap()
    }
}

/// Runs the program with the fault at the call of a number; `None` when there is no call of that number.
fn run_with(sandbox: &Sandbox, scenario: &Scenario, (call, fault): (&str, Fault), number: usize) -> Option<Struck> {
    let log = sandbox.home().join("strace.log");
    let inject = match fault {
        Fault::Error(error) => format!("inject={call}:error={error}:when={number}"),
        Fault::Death => format!("inject={call}:signal=KILL:when={number}"),
    };
    let input = sandbox.home().join("value");
    fs::write(&input, canary()).unwrap();
    let mut command = Command::new(tools::find("strace").unwrap());
    command.args(["-f", "-qq", "-e", &format!("trace={call}"), "-e", &inject, "-o"]).arg(&log);
    // What happens while the program is still being loaded happens to every program.
    command.arg("--").arg(binary()).args(scenario.arguments).current_dir(sandbox.work()).env_clear();
    command.envs(sandbox.environment()).stdin(fs::File::open(input).unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().unwrap();
    let log = fs::read_to_string(log).unwrap_or_default();
    let is_struck = match fault {
        Fault::Error(_) => log.contains("(INJECTED)"),
        Fault::Death => output.status.signal() == Some(9) || log.contains("killed by SIGKILL"),
    };
    is_struck.then(|| Struck {
        at: format!("{}: {call} {number} {fault:?}", scenario.name),
        code: output.status.code(),
        said: format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        is_about_output: log.lines().any(|line| line.contains("(INJECTED)") && line.contains("write(2,")),
    })
}

/// A run that met its fault.
struct Struck {
    at: String,
    code: Option<i32>,
    said: String,
    /// It was the message itself that could not be written.
    is_about_output: bool,
}

/// Looks at what a run left behind, then lets the same command run without a fault.
fn judge(sandbox: &Sandbox, scenario: &Scenario, new: &[u8], struck: &Struck) {
    let (at, said) = (&struck.at, &struck.said);
    let now = fs::read(sandbox.work().join(".env")).ok();
    let is_new = now.as_deref() == Some(new);
    assert!(is_new || now.as_deref() == scenario.old.map(str::as_bytes), "{at}: a third file\n{said}");
    assert!(!said.contains(&canary()) && !said.contains("panicked"), "{at}: {said}");
    match struck.code {
        Some(0) => assert!(is_new, "{at}: success, and nothing is written\n{said}"),
        // 127 is the loader's.
        Some(1 | 8 | 10) if said.contains("error: ") || struck.is_about_output => {}
        None | Some(127) => {}
        other => panic!("{at}: {other:?}\n{said}"),
    }
    let left: Vec<_> = leftovers(sandbox);
    for (path, mode) in &left {
        assert_eq!(mode & 0o077, 0, "{at}: others can read {path}");
        let is_private = path.starts_with(".git/") || !sandbox.git(".", &["status", "--porcelain"]).contains(path.as_str());
        assert!(is_private, "{at}: git would take {path}");
    }
    // A program that lives cleans up, if it may.
    assert!(left.is_empty() || struck.code.is_none() || at.contains("unlink"), "{at}: {left:?} is left\n{said}");
    if now.is_some() {
        let mode = fs::metadata(sandbox.work().join(".env")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{at}");
    }
    let again = sandbox.run_with_input(scenario.arguments, &canary());
    assert!(again.code == 0 || (is_new && scenario.arguments.contains(&"unset")), "{at}, again: {}", again.stderr);
    assert_eq!(fs::read(sandbox.work().join(".env")).unwrap(), new, "{at}, again");
    assert_eq!(leftovers(sandbox), [], "{at}, again");
    sandbox.run(&["undo", "--list"]).expect(0);
    assert!(!sandbox.remembered().contains(&canary()), "{at}: the value is in a receipt");
}

/// Temporary files, with their modes.
fn leftovers(sandbox: &Sandbox) -> Vec<(String, u32)> {
    let in_folder = |folder: &str| {
        let entries = fs::read_dir(sandbox.work().join(folder)).unwrap().map(|entry| entry.unwrap());
        let temporary = entries.filter(|entry| entry.file_name().to_str().unwrap().starts_with(".env.nixstart-"));
        let path = |name: &str| format!("{folder}{name}");
        temporary
            .map(|entry| (path(entry.file_name().to_str().unwrap()), entry.metadata().unwrap().permissions().mode()))
            .collect::<Vec<_>>()
    };
    [in_folder(""), in_folder(".git/")].concat()
}

/// Lets each call fail in turn, and returns how many did.
fn strike_everywhere(scenario: &Scenario) -> usize {
    let new = scenario.wanted();
    let todo: Mutex<Vec<(&str, Fault)>> = Mutex::new(scenario.calls.to_vec());
    let struck = AtomicUsize::new(0);
    let strike = || {
        while let Some(call) = { todo.lock().unwrap().pop() } {
            for number in 1.. {
                let sandbox = scenario.sandbox();
                let Some(found) = run_with(&sandbox, scenario, call, number) else { break };
                judge(&sandbox, scenario, &new, &found);
                struck.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(strike);
        }
    });
    struck.into_inner()
}

#[test]
fn whatever_call_fails_the_file_is_the_old_or_the_new_one() {
    if !tools::have("whatever_call_fails_the_file_is_the_old_or_the_new_one", &["strace", "git"]) {
        return;
    }
    let allowed = Command::new(tools::find("strace").unwrap()).args(["-qq", "-o", "/dev/null", "true"]).output().unwrap();
    if !allowed.status.success() {
        tools::note_missing("whatever_call_fails_the_file_is_the_old_or_the_new_one", "the right to trace a program");
        return;
    }
    for scenario in &SCENARIOS {
        let struck = strike_everywhere(scenario);
        let least = if scenario.calls.len() > 10 { 100 } else { 10 };
        assert!(struck >= least, "{}: only {struck} calls failed", scenario.name);
    }
}

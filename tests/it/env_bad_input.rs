//! What a `.env` should not be, and a machine should not do: a clear error with the next step, no value in it, nothing lost.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use pretty_assertions::assert_eq;
use secrecy::ExposeSecret;

use crate::support::small_disk::SmallDisk;
use crate::support::{Run, Sandbox, binary, canary, run, tools};

/// An id that owns nothing on this machine.
const NOBODY: u32 = 65534;

const SET: [&str; 4] = ["env", "set", "A", "--stdin"];

/// Variables with a secret among them.
fn usual() -> String {
    format!("# head\nA=1\nSECRET={}\n", canary())
}

fn set(sandbox: &Sandbox) -> Run {
    silent(sandbox.run_with_input(&SET, &canary()))
}

/// The same run, which says no secret.
#[track_caller]
fn silent(run: Run) -> Run {
    assert!(!run.stderr.contains(&canary()) && !run.stdout.contains(&canary()), "{run:?}");
    run
}

/// Runs the binary as a user who is not root, because root ignores mode bits.
fn as_nobody(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let program = sandbox.work().join("../nixstart-copy");
    if !program.exists() {
        // By another process: one that is started meanwhile would hold what is written here, and it could not be run.
        assert!(Command::new("cp").arg(binary()).arg(&program).status().unwrap().success());
    }
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(sandbox.work().parent().unwrap(), 0o755);
    open(&sandbox.state(), 0o777);
    let mut command = Command::new(&program);
    command.current_dir(sandbox.work()).env_clear().envs(sandbox.environment()).args(arguments);
    if tools::is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    silent(run(&mut command, &canary()))
}

/// Gives a path to the user of [`as_nobody`].
fn give(sandbox: &Sandbox, path: &str, mode: u32) {
    let path = sandbox.work().join(path);
    if tools::is_root() {
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(sandbox.work()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What is said, and what brings it about.
type Case = (&'static str, &'static str, fn(&Path));

#[test]
fn what_is_no_plain_file_is_named_and_nothing_hangs() {
    let cases: [Case; 6] = [
        ("`.env` is a directory and no file of variables", "hint: name the file in it", |path| fs::create_dir(path).unwrap()),
        ("`.env` is a FIFO and no file of variables", "hint: name a plain file with `--file`", |path| {
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
        ("`.env`", "hint: name", |path| drop(UnixListener::bind(path).unwrap())),
        ("`.env` is a link that leads nowhere", "or remove the link with `rm .env`", |path| symlink("nowhere", path).unwrap()),
        ("`.env` is a link that leads nowhere", "or remove the link with `rm .env`", |path| symlink(".env", path).unwrap()),
        ("`.env` is a link that leads out of the project, to `/dev/null`", "hint: add `--follow`", |path| {
            symlink("/dev/null", path).unwrap();
        }),
    ];
    for (message, hint, make) in cases {
        let sandbox = Sandbox::new();
        make(&sandbox.work().join(".env"));
        for arguments in [["env", "list"].as_slice(), &["env", "get", "A"], &["env", "unset", "A"], &SET] {
            let run = silent(sandbox.run_with_input(arguments, &canary()));
            assert!(matches!(run.code, 1 | 10), "{arguments:?}: {run:?}");
            run.says(message).says(hint);
        }
        assert_eq!(names(&sandbox), [".env"]);
    }
    let sandbox = Sandbox::new();
    for device in ["/dev/null", "/dev/zero", "/dev/full"] {
        sandbox.run(&["env", "--file", device, "list"]).expect(1).says("is a device and no file of variables");
        silent(sandbox.run_with_input(&["env", "--file", device, "set", "A", "--stdin"], &canary())).expect(1);
    }
    silent(sandbox.run_with_input(&["env", "--file", "no/such/.env", "set", "A", "--stdin"], &canary()))
        .expect(1)
        .says("there is no directory `no/such`");
}

#[test]
fn what_is_no_text_of_variables_is_named_with_its_line_and_kept() {
    let utf16: Vec<u8> = format!("\u{FEFF}{}", usual()).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let every_byte: Vec<u8> = (0..=255).collect();
    let after = |tail: &[u8]| [usual().as_bytes(), tail].concat();
    let cases: [(Vec<u8>, &str); 7] = [
        (utf16, "it is UTF-16 text; save it as UTF-8"),
        (after(b"B=x\0y\n"), "line 4, column 4 is a zero byte, so this is no"),
        (every_byte, "line 1, column 1 is a zero byte, so this is no"),
        (after(b"B=gr\xfc\xdfe\n"), "line 4, column 5 is no UTF-8 text"),
        (after(b"\nB=\"open\nC=1\n"), "line 5, column 3: the quote of `B` is not"),
        (after(b"B='it's\n"), "line 4, column 3: the quote of `B` is not"),
        (after(b"B=`open"), "line 4, column 3: the quote of `B` is not"),
    ];
    for (bytes, message) in cases {
        let sandbox = Sandbox::new();
        fs::write(sandbox.work().join(".env"), &bytes).unwrap();
        if message.contains("B` is") && message.contains("line 4") && bytes.windows(4).any(|four| four == b"it's") {
            // Two quotes in a value without quotes are what dotenv reads as they stand.
            set(&sandbox).expect(0);
            continue;
        }
        for arguments in [SET.as_slice(), &["env", "unset", "A"]] {
            let run = silent(sandbox.run_with_input(arguments, &canary()));
            assert!(run.code == 1, "{run:?}");
            if arguments == SET {
                run.says(message).says("hint: mend it by hand");
            }
        }
        silent(sandbox.run(&["env", "list"])).expect(0);
        assert_eq!(fs::read(sandbox.work().join(".env")).unwrap(), bytes);
        assert_eq!(names(&sandbox), [".env"]);
    }
}

#[test]
fn a_file_of_a_hundred_megabytes_is_not_read() {
    let sandbox = Sandbox::new();
    fs::File::create(sandbox.work().join(".env")).unwrap().set_len(100 * 1024 * 1024).unwrap();
    for arguments in [["env", "list"].as_slice(), &SET] {
        let run = silent(sandbox.run_with_input(arguments, &canary())).expect(1);
        run.says("`.env` has more than 16 MiB, so it is no list of variables").says("name the right file with `--file`");
    }
    let value = "x".repeat(1024 * 1024 + 1);
    let run = sandbox.run_with_input(&["env", "--file", "other.env", "set", "A", "--stdin"], &value).expect(1);
    run.says("standard input has more than 1 MiB, so it is no value of a variable");
    assert_eq!(names(&sandbox), [".env"]);
}

#[test]
fn what_one_may_not_do_is_said_and_not_done() {
    // Mode, whether it is ours, code, message, next step.
    let cases = [
        (0o000, true, 1, "cannot read `.env`: permission denied", "hint: look at its permissions with `ls -l .env`"),
        (0o400, true, 10, "`.env` is read-only", "hint: run `chmod u+w .env` first"),
        (0o644, false, 10, "`.env` belongs to another user", "hint: ask its owner, or work on a copy of it"),
    ];
    for (mode, is_ours, code, message, hint) in cases {
        if !is_ours && !tools::is_root() {
            tools::note_missing("what_one_may_not_do_is_said_and_not_done", "a file of another user");
            continue;
        }
        let sandbox = Sandbox::new();
        sandbox.write(".env", &usual());
        give(&sandbox, ".", 0o755);
        if is_ours {
            give(&sandbox, ".env", mode);
        }
        as_nobody(&sandbox, &SET).expect(code).says(message).says(hint);
        as_nobody(&sandbox, &["env", "list"]).expect(i32::from(mode == 0));
        assert_eq!((sandbox.read(".env"), names(&sandbox)), (usual(), vec![".env".to_owned()]));
    }
    let sandbox = Sandbox::new();
    sandbox.write(".env", &usual());
    give(&sandbox, ".env", 0o600);
    give(&sandbox, ".", 0o555);
    let run = as_nobody(&sandbox, &SET);
    assert!(matches!(run.code, 1 | 8 | 10), "{run:?}");
    assert!(run.stderr.to_lowercase().contains("permission denied"), "{}", run.stderr);
    assert_eq!((sandbox.read(".env"), names(&sandbox)), (usual(), vec![".env".to_owned()]));
}

#[test]
fn a_full_disk_keeps_the_old_file_and_nothing_else() {
    let sandbox = Sandbox::new();
    let mount = sandbox.work().join("small");
    fs::create_dir(&mount).unwrap();
    let Some(disk) = SmallDisk::at(&mount, "64k", "a_full_disk_keeps_the_old_file_and_nothing_else") else { return };
    sandbox.write("small/.env", &usual());
    // The disk takes no further byte.
    let filled = fs::File::create(mount.join("filler")).unwrap().write_all(&vec![0; 64 * 1024]);
    let run = silent(sandbox.run_with_input(&["-C", "small", "env", "set", "A", "--stdin"], &canary()));
    let left = sandbox.read("small/.env");
    let count = fs::read_dir(&mount).unwrap().count();
    drop(disk);
    assert!(filled.is_err());
    assert!(matches!(run.code, 1 | 8), "{run:?}");
    run.says("no space left on device").says("free some space");
    assert_eq!((left, count), (usual(), 2));
}

#[test]
fn what_somebody_else_writes_meanwhile_is_not_lost() {
    if !tools::have("what_somebody_else_writes_meanwhile_is_not_lost", &["strace"]) {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write(".env", &usual());
    fs::write(sandbox.home().join("value"), canary()).unwrap();
    // The temporary file is there, and is not yet where it belongs, while its mode is being set.
    let mut command = Command::new(tools::find("strace").unwrap());
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=/chmod", "-e", "inject=/chmod:delay_enter=3s:when=1", "--"]);
    command.arg(binary()).args(SET).current_dir(sandbox.work()).env_clear().envs(sandbox.environment());
    command.stdin(fs::File::open(sandbox.home().join("value")).unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let start = std::time::Instant::now();
    while names(&sandbox).len() == 1 && start.elapsed().as_secs() < 20 {
        std::thread::yield_now();
    }
    let theirs = format!("{}B=theirs\n", usual());
    sandbox.write(".env", &theirs);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("was changed by somebody else meanwhile; nothing was written"), "{said}");
    assert!(said.contains("hint: run the command again") && !said.contains(&canary()), "{said}");
    assert_eq!((sandbox.read(".env"), names(&sandbox)), (theirs.clone(), vec![".env".to_owned()]));
    set(&sandbox).expect(0);
    assert_eq!(sandbox.read(".env"), theirs.replace("A=1", &format!("A={}", canary())));
}

#[test]
fn two_commands_at_once_keep_both_variables() {
    keep_both(|_, _| {});
}

#[test]
fn two_commands_at_once_with_two_homes_keep_both_variables() {
    keep_both(|command, home| {
        command.env("HOME", home).env("XDG_STATE_HOME", home.join("state"));
    });
}

/// Runs two commands at once, the second of them with what `differ` makes of it and a directory of its own.
#[track_caller]
fn keep_both(differ: fn(&mut Command, &Path)) {
    for round in 0..20 {
        let sandbox = Sandbox::new();
        let other = tempfile::TempDir::new().unwrap();
        if round % 2 == 0 {
            sandbox.write(".env", &usual());
        }
        let start = |key: &str| {
            let mut command = sandbox.command();
            command.args(["env", "set", key, "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
            if key == "TWO" {
                differ(&mut command, other.path());
            }
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(canary().as_bytes()).unwrap();
            child
        };
        for child in ["ONE", "TWO"].map(start) {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let text = sandbox.read(".env");
        let has = |key: &str| text.lines().any(|line| line == format!("{key}={}", canary()));
        assert!(has("ONE") && has("TWO"), "round {round}: one of them is lost");
        assert!(round % 2 == 1 || text.starts_with(&usual()));
        assert_eq!(names(&sandbox), [".env"]);
    }
}

#[test]
fn names_that_some_programs_do_not_know_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", &usual());
    for key in ["a b", "GRÖSSE", "", "9A", "A-B", "A.B", "A\nB", "ключ", "\u{202E}A"] {
        let run = silent(sandbox.run_with_input(&["env", "set", "--stdin", "--", key], &canary())).expect(2);
        run.says("is no name of a variable: letters, digits and `_`, and no digit in front").says("hint: choose a name");
    }
    for key in ["a b", "GRÖSSE", "", "A\nB"] {
        silent(sandbox.run(&["env", "get", "--", key])).expect(1).says("has no variable");
        silent(sandbox.run(&["env", "unset", "--", key])).expect(1).says("has no variable");
    }
    assert_eq!(sandbox.read(".env"), usual());
    // What is there already can be changed.
    sandbox.write(".env", "a-b.c=1\n");
    sandbox.run_with_input(&["env", "set", "a-b.c", "--stdin", "--consumers", "node"], "2").expect(0);
    assert_eq!(sandbox.read(".env"), "a-b.c=2\n");
}

#[test]
fn every_byte_is_kept_or_refused() {
    let sandbox = Sandbox::new();
    let mut kept = 0;
    for byte in 0..=255_u8 {
        fs::write(sandbox.work().join("value"), [b"v ", [byte].as_slice(), b"w"].concat()).unwrap();
        sandbox.write(".env", &usual());
        let run = sandbox.run(&["env", "set", "A", "--from-file", "value"]);
        let text = sandbox.read(".env");
        match run.code {
            0 => {
                let found = nixstart::dotenv::read(&text).into_iter().find(|entry| entry.key == "A").unwrap();
                assert_eq!(found.value.expose_secret(), format!("v {}w", char::from(byte)), "{byte:#x}");
                kept += 1;
            }
            10 => assert_eq!(text, usual(), "{byte:#x}: {}", run.stderr),
            other => panic!("{byte:#x}: {other}: {}", run.stderr),
        }
        assert!(run.code == 0 || run.stderr.contains("hint: "), "{byte:#x}: {}", run.stderr);
    }
    // A line end is refused because of direnv; `\x7f` and below ` ` are control characters; from 0x80 on it is no UTF-8.
    assert!(kept >= 90, "{kept}");
}

#[test]
fn without_a_home_the_file_can_be_read_and_the_error_names_what_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", &usual());
    let without_home = |arguments: &[&str]| {
        let mut command = sandbox.command();
        command.args(arguments).env_remove("HOME").env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME");
        run(&mut command, &canary())
    };
    silent(without_home(&["env", "list"])).expect(0);
    assert_eq!(without_home(&["env", "get", "SECRET"]).expect(0).stdout, format!("{}\n", canary()));
    let run = silent(without_home(&SET));
    // The system knows a home directory of most users.
    assert!(run.code == 0 || (run.code == 1 && run.stderr.contains("HOME")), "{run:?}");
}

#[test]
fn a_file_that_git_tracks_is_refused_with_the_remedy_which_works() {
    if !tools::have("a_file_that_git_tracks_is_refused_with_the_remedy_which_works", &["git"]) {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.git(".", &["init", "-q"]);
    sandbox.write(".env", &usual());
    sandbox.git(".", &["add", "-f", ".env"]);
    sandbox.git(".", &["commit", "-qm", "leak"]);
    sandbox.write(".gitignore", ".env*\n");
    let run = set(&sandbox).expect(10).says("secrets are not written to `.env`: git tracks it");
    run.says("run `git rm --cached .env` and commit that").says("it is in the history");
    assert_eq!(sandbox.read(".env"), usual());
    sandbox.git(".", &["rm", "-q", "--cached", ".env"]);
    set(&sandbox).expect(0);
    assert_eq!(sandbox.git(".", &["status", "--porcelain"]), "D  .env\n?? .gitignore\n");
}

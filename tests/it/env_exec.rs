//! `env exec`: what a program gets, how it ends, and that its output holds no secret when that is asked for.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::pty::Terminal;
use crate::support::{Run, Sandbox, run};

/// Where the programs of these tests are.
const PATH: &str = "/usr/bin:/bin";

/// A password with characters that programs encode.
fn secret() -> String {
    ["hunter2", "/+", "hunter 22"].concat()
}

fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".env", &format!("DB_PASSWORD='{}'\nPORT=3000\nNODE_ENV=production\n", secret()));
    sandbox
}

fn command(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.command();
    command.env("PATH", PATH).args(["env", "exec"]).args(arguments);
    command
}

fn exec(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    run(&mut command(sandbox, arguments), "")
}

fn masked(sandbox: &Sandbox, script: &str) -> Run {
    exec(sandbox, &["--mask-output", "--", "sh", "-c", script])
}

#[test]
fn the_program_takes_our_place() {
    let sandbox = project();
    let mut child = command(&sandbox, &["--", "sh", "-c", "echo $$ \"$DB_PASSWORD\" $PORT; exit 7"]);
    let child = child.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{pid} {} 3000\n", secret()));
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn nothing_of_the_file_is_in_arguments() {
    let sandbox = project();
    let run = exec(&sandbox, &["--", "sh", "-c", "cat /proc/$$/cmdline"]).expect(0);
    assert!(run.stdout.contains("cmdline") && !run.stdout.contains("hunter2"), "{}", run.stdout);
}

#[test]
fn variables_that_are_set_win_unless_the_file_is_to_win() {
    let sandbox = project();
    let port = |arguments: &[&str]| {
        let mut command = command(&sandbox, arguments);
        run(command.args(["--", "sh", "-c", "echo $PORT $EXTRA"]).env("PORT", "1").env("EXTRA", "x"), "").expect(0).stdout
    };
    assert_eq!(port(&[]), "1 x\n");
    assert_eq!(port(&["--override"]), "3000 x\n");
    assert_eq!(port(&["--clean"]), "3000\n");
}

#[test]
fn only_what_is_asked_for_is_handed_over() {
    let sandbox = project();
    let names = |arguments: &[&str]| exec(&sandbox, &[arguments, &["--", "env"]].concat()).expect(0).stdout;
    assert_eq!(names(&["--clean", "--only", "PORT,NODE_ENV"]).lines().filter(|line| !line.contains('/')).count(), 3);
    assert!(!names(&["--only", "PORT"]).contains("hunter2"));
    exec(&sandbox, &["--only", "PROT", "--", "env"]).expect(1).says("did you mean `PORT`?");
    exec(&sandbox, &["--scope", "bot", "--", "env"]).expect(1).says("this project declares no scopes");
}

#[test]
fn a_scope_hands_over_what_is_declared_for_it() {
    let sandbox = project();
    sandbox.write(
        "nixstart.toml",
        "[secrets.DB_PASSWORD]\nscopes = [\"api\"]\n[secrets.PORT]\nsensitive = false\n[secrets.OTHER]\nscopes = [\"bot\"]\nrequired = true\n",
    );
    sandbox.write(
        "secretspec.toml",
        "[project]\nname = \"x\"\nrevision = \"1.0\"\n[profiles.default]\nDB_PASSWORD = { description = \"x\", required = false }\nPORT = { description = \"x\", required = false }\nOTHER = { description = \"x\", required = true }\n[scopes]\n",
    );
    let run = exec(&sandbox, &["--scope", "api", "--clean", "--", "env"]).expect(0);
    assert!(run.stdout.contains("DB_PASSWORD=hunter2") && run.stdout.contains("PORT=3000"), "{}", run.stdout);
    assert!(!run.stdout.contains("NODE_ENV"), "{}", run.stdout);
    exec(&sandbox, &["--scope", "aip", "--", "env"]).expect(1).says("did you mean `api`?");
}

#[test]
fn what_is_required_is_asked_for_before_anything_runs() {
    let sandbox = project();
    sandbox.write(
        "secretspec.toml",
        "[project]\nname = \"x\"\nrevision = \"1.0\"\n[profiles.default]\nDB_PASSWORD = { description = \"x\", required = true }\nBOT_TOKEN = { description = \"x\", required = true }\nEMPTY = { description = \"x\", required = true }\nMODE = { description = \"x\", required = true, default = \"fast\" }\n",
    );
    sandbox.write(".env", "DB_PASSWORD=hunter22\nEMPTY=\n");
    let arguments = ["--", "sh", "-c", "touch ran; echo $MODE"];
    let run = exec(&sandbox, &arguments).expect(4);
    assert_eq!(
        run.stderr,
        "error: `sh` was not started: BOT_TOKEN, EMPTY have no value\nhint: `nixstart env set BOT_TOKEN`\nhint: `nixstart env set EMPTY`\n"
    );
    assert!(!sandbox.exists("ran"));
    let mut command = command(&sandbox, &arguments);
    assert_eq!(crate::support::run(command.env("BOT_TOKEN", "x").env("EMPTY", "x"), "").expect(0).stdout, "fast\n");
}

#[test]
fn a_program_that_cannot_be_started_has_the_exit_codes_of_shells() {
    let sandbox = project();
    sandbox.write("plain", "text");
    sandbox.write("broken", "#!/no/such/interpreter\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(sandbox.work().join("broken"), mode).unwrap();
    for mask in [&[][..], &["--mask-output"]] {
        let start = |program: &str| exec(&sandbox, &[mask, &["--", program]].concat());
        start("no-such-program").expect(127).says("error: `no-such-program` was not found");
        start("./plain").expect(126).says("`./plain` cannot be executed").says("chmod +x ./plain");
        start("/").expect(126).says("`/` is a directory");
        start("./broken").expect(126).says("the interpreter that its first line names is not there");
    }
    sandbox.write(".env", "A=\"x\0y\"\n");
    let refused = exec(&sandbox, &["--", "true"]);
    assert!(refused.code == 10 && refused.stderr.contains("the value of A holds a NUL character"), "{}", refused.stderr);
}

#[test]
fn our_own_messages_hold_no_secret() {
    let sandbox = project();
    let run = exec(&sandbox, &["--", &secret()]).expect(127).says("error: `[DB_PASSWORD]` was not found");
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
}

#[test]
fn both_streams_lose_their_secrets_and_nothing_else() {
    let sandbox = project();
    let script = "printf 'out %s \\033[31mred\\033[0m \\377\\n' \"$DB_PASSWORD\"; printf 'err %s' \"$DB_PASSWORD\" >&2; exit 3";
    let mut command = command(&sandbox, &["--mask-output", "--", "sh", "-c", script]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.stdout, b"out [DB_PASSWORD] \x1b[31mred\x1b[0m \xff\n");
    assert_eq!((output.stderr.as_slice(), output.status.code()), (b"err [DB_PASSWORD]".as_slice(), Some(3)));
}

#[test]
fn other_forms_of_a_secret_go_too_and_harmless_words_stay() {
    let sandbox = project();
    let script =
        "printf 'user:%s' \"$DB_PASSWORD\" | base64 -w0; echo; printf %s \"$DB_PASSWORD\" | base64; echo $PORT $NODE_ENV";
    let run = masked(&sandbox, script).expect(0);
    let [first, second, third] = run.stdout.lines().collect::<Vec<_>>()[..] else { panic!("{}", run.stdout) };
    assert!(first.starts_with("dXNlcj") && first.contains("[DB_PASSWORD]"), "{first}");
    assert!(second.starts_with("[DB_PASSWORD]") && second.len() < 17, "{second}");
    assert_eq!(third, "3000 production");
    let encoded: String = url::form_urlencoded::byte_serialize(secret().as_bytes()).collect();
    assert_eq!(
        masked(&sandbox, &format!("echo '{encoded}' '{}'", encoded.to_lowercase())).stdout,
        "[DB_PASSWORD] [DB_PASSWORD]\n"
    );
}

#[test]
fn a_secret_that_comes_in_pieces_is_none_the_less_one() {
    let sandbox = project();
    let whole = secret();
    let (first, rest) = whole.split_at(5);
    let script = format!("printf '%s' '{first}'; sleep 0.4; printf '%s' '{}'; sleep 0.2; echo '{}'", &rest[..4], &rest[4..]);
    let run = masked(&sandbox, &script).expect(0);
    assert_eq!(run.stdout, "hun[DB_PASSWORD]\n");
}

/// Whatever seeks it must not look at the whole again for each of its characters.
#[test]
fn a_long_secret_that_repeats_itself_holds_nothing_up() {
    let sandbox = project();
    sandbox.write(".env", &format!("LONG={}\n", "ab".repeat(2_000_000)));
    sandbox.run(&["env", "get", "NOPE"]).expect(1).says("has no variable `NOPE`");
    // No program gets more in one variable.
    sandbox.write(".env", &format!("LONG={}\n", "ab".repeat(60_000)));
    let said = masked(&sandbox, "sed s/^LONG=// .env; head -c 100000 .env; echo; echo over").expect(0).stdout;
    let (first, rest) = said.split_once('\n').unwrap();
    assert_eq!(first, "[LONG]");
    let (second, last) = rest.split_once('\n').unwrap();
    assert!(second.starts_with("LONG=[LONG]") && second.len() < 600, "{} bytes", second.len());
    assert_eq!(last, "over\n");
}

#[test]
fn much_output_comes_through_whole() {
    let sandbox = project();
    let run = masked(&sandbox, "seq 1 200000").expect(0);
    let numbers: Vec<String> = (1..=200_000).map(|number| number.to_string()).collect();
    assert!(run.stdout == numbers.join("\n") + "\n", "{} bytes", run.stdout.len());
}

#[test]
fn a_reader_that_goes_away_ends_the_program() {
    let sandbox = project();
    let mut child = command(&sandbox, &["--mask-output", "--", "yes"]);
    let mut child = child.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(128 + 13));
}

#[test]
fn input_reaches_the_program_and_a_closed_one_holds_nothing_up() {
    let sandbox = project();
    let cat = &mut command(&sandbox, &["--mask-output", "--", "cat"]);
    assert_eq!(run(cat, "one\ntwo").expect(0).stdout, "one\ntwo");
    let mut shell = Command::new("/bin/sh");
    let line = format!("exec '{}' env exec --mask-output -- cat <&-", crate::support::binary());
    shell.args(["-c", &line]).current_dir(sandbox.work()).env_clear().envs(sandbox.environment()).env("PATH", PATH);
    let began = Instant::now();
    run(&mut shell, "");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_a_program_leaves_running_is_not_waited_for() {
    let sandbox = project();
    let began = Instant::now();
    let run = masked(&sandbox, "(sleep 60) & echo $!; echo bye").expect(0);
    let pid = run.stdout.lines().next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    assert!(run.stdout.ends_with("bye\n") && began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn signals_are_the_programs() {
    let sandbox = project();
    masked(&sandbox, "kill -9 $$").expect(137);
    let script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
    let mut command = command(&sandbox, &["--mask-output", "--", "sh", "-c", script]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "caught");
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn we_leave_no_core_file_and_the_program_may() {
    let sandbox = project();
    let script = "grep 'core file' /proc/$PPID/limits /proc/self/limits";
    let run = masked(&sandbox, script).expect(0);
    let soft: Vec<&str> = run.stdout.lines().map(|line| line.split_whitespace().nth(4).unwrap()).collect();
    let ours = fs::read_to_string("/proc/self/limits").unwrap();
    let ours = ours.lines().find(|line| line.contains("core file")).unwrap().split_whitespace().nth(4).unwrap();
    assert_eq!(soft, ["0", ours]);
}

fn in_terminal(sandbox: &Sandbox, script: &str) -> Terminal {
    let arguments = ["env", "exec", "--mask-output", "--", "sh", "-c", script];
    Terminal::start_with(sandbox, &arguments, (24, 80), &[("PATH", PATH)])
}

#[test]
fn on_a_terminal_the_program_has_one_too() {
    let sandbox = project();
    let script = "test -t 0 && test -t 1 && test -t 2 && stty size; printf '\\033[31m%s\\033[0m\\n' \"$DB_PASSWORD\"; exit 4";
    let ended = in_terminal(&sandbox, script).end();
    assert_eq!(ended.code, 4);
    let raw = String::from_utf8_lossy(&ended.raw);
    assert!(raw.contains("24 80\r\n") && raw.contains("\x1b[31m[DB_PASSWORD]\x1b[0m\r\n"), "{raw}");
    assert!(!raw.contains("hunter2"), "{raw}");
}

#[test]
fn keys_reach_the_program_and_ctrl_c_is_its_own() {
    let sandbox = project();
    let script = "trap 'echo caught; exit 6' INT; printf 'name? '; read name; echo \"hello $name $DB_PASSWORD\"; while :; do sleep 0.05; done";
    let mut terminal = in_terminal(&sandbox, script);
    terminal.wait_for("name?").send("Ada\r").wait_for("hello Ada [DB_PASSWORD]").send("\x03").wait_for("caught");
    assert_eq!(terminal.end().code, 6);
}

#[test]
fn the_size_of_the_window_is_passed_on() {
    let sandbox = project();
    let script = "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done";
    let mut terminal = in_terminal(&sandbox, script);
    terminal.wait_for("ready").resize((30, 100)).wait_for("30 100");
    assert_eq!(terminal.end().code, 0);
}

/// The settings of a terminal, as `stty` names them.
fn settings(device: &std::path::Path) -> String {
    let output = Command::new("stty").arg("-g").arg("-F").arg(device).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_terminal_is_as_it_was_however_the_program_ends() {
    let sandbox = project();
    for (script, signal) in [("echo ready; read x", None), ("echo ready; while :; do sleep 0.05; done", Some(Signal::TERM))] {
        let shell = format!(
            "stty -F /dev/tty -g; '{}' env exec --mask-output -- sh -c '{script}'; stty -F /dev/tty -g; read y",
            crate::support::binary()
        );
        let mut command = portable_pty::CommandBuilder::new("/bin/sh");
        command.args(["-c", &shell]);
        command.cwd(sandbox.work());
        command.env_clear();
        sandbox.environment().into_iter().for_each(|(name, value)| command.env(name, value));
        command.env("PATH", PATH);
        let mut terminal = Terminal::spawn(command, (24, 80));
        terminal.wait_for("ready");
        let before = terminal.screen().lines().next().unwrap().trim().to_owned();
        match signal {
            None => drop(terminal.send("\r")),
            Some(signal) => kill_process(below(terminal.process_id()), signal).unwrap(),
        }
        terminal.wait_until("the settings of before", |terminal| terminal.screen().matches(&before).count() == 2);
        assert_eq!(settings(&terminal.device()).trim(), before);
        terminal.send("\r");
        terminal.end();
    }
}

/// The process that a shell started.
fn below(shell: u32) -> Pid {
    let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    Pid::from_raw(children.split_whitespace().last().unwrap().parse().unwrap()).unwrap()
}

#[test]
fn with_input_from_elsewhere_the_output_is_still_a_terminals() {
    let sandbox = project();
    let line = format!(
        "echo piped | '{}' env exec --mask-output -- sh -c 'cat; test -t 1 && echo \"$DB_PASSWORD\" drawn'",
        crate::support::binary()
    );
    let mut command = portable_pty::CommandBuilder::new("/bin/sh");
    command.args(["-c", &line]);
    command.cwd(sandbox.work());
    command.env_clear();
    sandbox.environment().into_iter().for_each(|(name, value)| command.env(name, value));
    command.env("PATH", PATH);
    let ended = Terminal::spawn(command, (24, 80)).end();
    assert_eq!((ended.code, String::from_utf8_lossy(&ended.raw).as_ref()), (0, "piped\r\n[DB_PASSWORD] drawn\r\n"));
}

#[test]
fn without_a_mask_a_terminal_is_the_programs_own() {
    let sandbox = project();
    let arguments = ["env", "exec", "--", "sh", "-c", "test -t 1 && stty size; echo $PORT"];
    let ended = Terminal::start_with(&sandbox, &arguments, (24, 80), &[("PATH", PATH)]).end();
    assert_eq!((ended.code, ended.text.as_str()), (0, "24 80\r\n3000\r\n"));
}

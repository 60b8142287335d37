//! `nixstart env edit` on a terminal: the form, its plain twin and the person's own editor, as a person uses them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pretty_assertions::assert_eq;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::pty::Terminal;
use crate::support::{APPLICATION_ID, Sandbox, token};
use crate::wizard::is_restored;

const EDIT: [&str; 2] = ["env", "edit"];
const SIZE: (u16, u16) = (24, 80);
const ENV: &str = "# mine\r\nCLIENT_ID=1 # wrong\r\nexport OLD='x y'\r\n";

const SCHEMA: &str = "[project]\nname = 'p'\nrevision = '1.0'\n[profiles.default]\n\
    BOT_TOKEN = { description = 'Token the bot logs in with', required = true }\n\
    CLIENT_ID = { description = 'Id of the application', required = true }\n\
    SESSION_KEY = { description = 'Signs cookies', required = true, type = 'hex', generate = { bytes = 8 } }\n";
const SIDECAR: &str =
    "[secrets.BOT_TOKEN]\nkind = 'discord/bot-token'\n[secrets.CLIENT_ID]\nkind = 'discord/application-id'\nsensitive = false\n";

/// A project that declares three variables and has two.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", SCHEMA);
    sandbox.write("nixstart.toml", SIDECAR);
    sandbox.write(".env", ENV);
    sandbox
}

fn mode(sandbox: &Sandbox) -> u32 {
    fs::metadata(sandbox.work().join(".env")).unwrap().permissions().mode() & 0o777
}

/// Pastes as terminals do.
fn paste(terminal: &mut Terminal, text: &str) {
    terminal.send(&format!("\x1b[200~{text}\x1b[201~"));
}

fn signal(terminal: &Terminal, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(terminal.process_id()).unwrap()).unwrap(), signal).unwrap();
}

#[track_caller]
fn assert_never_shown(raw: &[u8], secret: &str) {
    assert!(!raw.windows(secret.len()).any(|window| window == secret.as_bytes()), "the secret was shown");
}

#[test]
fn a_pasted_value_is_checked_and_saved_and_every_other_byte_stays() {
    let sandbox = project();
    let mut terminal = Terminal::start(&sandbox, &EDIT, SIZE);
    terminal.wait_for("4 variables, 2 missing, 1 invalid").send("\r");
    terminal.wait_for("type or paste it");
    paste(&mut terminal, &format!("{}\n", token()));
    terminal.wait_for("pasted 72 characters, 3 parts").wait_for("accepted").send("\r");
    terminal.wait_for("1 change not saved").send("j\r").wait_for("Id of the application");
    // What is public is edited where it stands.
    terminal.send("\x15").wait_for("type or paste it").send(&APPLICATION_ID[..18]).send(&APPLICATION_ID[18..]).send("\r");
    terminal.wait_for("2 changes not saved").send("jg").wait_for("made at random on saving").send("s");
    terminal.wait_for("~ CLIENT_ID changed").wait_for("+ SESSION_KEY added").wait_for("Save 3 changes?").send("y");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(ended.text.contains("done: Change 3 variables of `.env`"), "{}", ended.text);
    assert_never_shown(&ended.raw, &token());
    let text = sandbox.read(".env");
    let (head, key) = text.split_at(text.find("SESSION_KEY=").unwrap());
    assert_eq!(head, format!("# mine\r\nCLIENT_ID={APPLICATION_ID} # wrong\r\nexport OLD='x y'\r\nBOT_TOKEN={}\r\n", token()));
    assert_eq!(key.trim_end().len(), "SESSION_KEY=".len() + 16);
    assert_eq!(mode(&sandbox), 0o600);
    assert!(!sandbox.remembered().contains(&token()), "no receipt holds a value");
}

#[test]
fn leaving_changes_nothing_and_says_so() {
    for (keys, code, said) in [
        (&["q"][..], 0, "nothing was changed"),
        (&["\x1b"], 0, "nothing was changed"),
        (&["jjjx", "q", "y"], 7, "nothing was changed"),
        (&["jjjx", "s", "n", "q", "y"], 7, "nothing was changed"),
        (&["jjjx", "\x03"], 130, "interrupted; nothing was changed"),
    ] {
        let sandbox = project();
        let mut terminal = Terminal::start(&sandbox, &EDIT, SIZE);
        terminal.wait_for("4 variables");
        let device = terminal.device();
        for key in keys {
            terminal.send(key);
        }
        let ended = terminal.end();
        assert_eq!(ended.code, code, "{keys:?}: {}", ended.text);
        assert!(ended.text.contains(said), "{}", ended.text);
        assert!(is_restored(&device));
        assert_eq!(sandbox.read(".env"), ENV);
        assert_eq!(sandbox.receipts().len(), 0);
    }
}

#[test]
fn a_shown_value_is_hidden_again_by_itself_and_is_not_in_the_scrollback() {
    let sandbox = project();
    sandbox.write(".env", &format!("BOT_TOKEN={}\n", token()));
    let mut terminal = Terminal::start_with(&sandbox, &EDIT, SIZE, &[("NIXSTART_TEST_SECOND", "200")]);
    terminal.wait_for("variables").send("\x1b[H").send("k").wait_for("Token the bot logs in with");
    assert_never_shown(terminal.raw(), &token()[..30]);
    terminal.send("r").wait_for(&token()[..30]).wait_for("hidden again in 9 s");
    terminal.wait_until("the value hidden", |terminal| !terminal.screen().contains(&token()[..30]));
    terminal.send("t").wait_for("xxxx").send("q").wait_until_given_back();
    assert!(!terminal.screen().contains(&token()[..30]));
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn ctrl_z_hides_what_was_shown_and_keeps_what_was_typed() {
    let sandbox = project();
    sandbox.write(".env", &format!("BOT_TOKEN={}\n", token()));
    let mut terminal = Terminal::start(&sandbox, &EDIT, SIZE);
    terminal.wait_for("variables").send("kkr").wait_for(&token()[..30]);
    let device = terminal.device();
    let _open = fs::OpenOptions::new().read(true).write(true).open(&device).unwrap();
    terminal.send("\x1a").wait_until_given_back();
    crate::review::wait_until_stopped(terminal.process_id());
    assert!(is_restored(&device) && !terminal.screen().contains(&token()[..30]));
    let before = terminal.raw().len();
    signal(&terminal, Signal::CONT);
    terminal.wait_for_new(before, "3 variables");
    assert!(!terminal.screen().contains(&token()[..30]));
    terminal.send("q");
    // The device is there as long as its other end is.
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    assert!(is_restored(&device));
}

#[test]
fn plain_and_small_terminals_get_numbered_lines() {
    let sandbox = project();
    let mut terminal = Terminal::start(&sandbox, &["--plain", "env", "edit"], SIZE);
    terminal
        .wait_for("1. BOT_TOKEN, missing")
        .wait_for("2. CLIENT_ID, invalid, ********")
        .wait_for("4. OLD, extra, ******** (short)");
    terminal.wait_for("Type a number:").send("1\r").wait_for("BOT_TOKEN (Enter for later):");
    // What is typed before the prompt is there again is read by nobody.
    let prompts = |terminal: &Terminal| String::from_utf8_lossy(terminal.raw()).matches("BOT_TOKEN (Enter for later):").count();
    terminal.send("nonsense\r").wait_for("not accepted").wait_until("the prompt again", |terminal| prompts(terminal) == 2);
    terminal.send(&format!("{}\r", token()));
    terminal.wait_for("1. BOT_TOKEN, changed").send("g\r").wait_for("Which one is made at random?").send("1\r");
    terminal.wait_for("3. SESSION_KEY, changed, made at random on saving").send("x\r");
    terminal.wait_for("Which one is taken out?").send("3\r").wait_for("4. OLD, removed").send("u\r");
    terminal.wait_for("stays as it is in the file?").send("3\r").wait_for("`s` save").send("s\r");
    terminal.wait_for("+ BOT_TOKEN added").wait_for("Save 2 changes?").send("yes\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(!String::from_utf8_lossy(&ended.raw).contains("\x1b[?1049h"), "the screen was taken over");
    assert_never_shown(&ended.raw, &token());
    assert!(sandbox.read(".env").starts_with(&format!("{ENV}BOT_TOKEN={}\r\nSESSION_KEY=", token())));

    let mut terminal = Terminal::start(&sandbox, &EDIT, (14, 60));
    terminal.wait_for("Variables in .env").send("\x1b");
    assert_eq!(terminal.end().code, 7);
}

#[test]
fn leaving_the_plain_form_asks_about_changes() {
    let sandbox = project();
    let mut terminal = Terminal::start_with(&sandbox, &EDIT, SIZE, &[("TERM", "dumb")]);
    terminal.wait_for("Type a number:").send("x\r").wait_for("taken out?").send("2\r");
    // What is typed before a prompt is there is read by nobody.
    let prompts = |terminal: &Terminal, text: &str| String::from_utf8_lossy(terminal.raw()).matches(text).count();
    let (number, leave) = ("Type a number:", "(Enter for no):");
    terminal.wait_for("4. OLD, removed").wait_until("the list", |terminal| prompts(terminal, number) == 3).send("q\r");
    terminal.wait_until("the question", |terminal| prompts(terminal, leave) == 1).send("no\r");
    terminal.wait_until("the list again", |terminal| prompts(terminal, number) == 4).send("q\r");
    terminal.wait_until("the question again", |terminal| prompts(terminal, leave) == 2).send("yes\r");
    assert_eq!(terminal.end().code, 7);
    assert_eq!(sandbox.read(".env"), ENV);
}

#[test]
fn without_a_terminal_it_names_another_way_and_never_hangs() {
    let sandbox = project();
    for arguments in [&EDIT[..], &["env", "edit", "--editor"], &["env", "edit", "--yes"], &["--no-input", "env", "edit"]] {
        sandbox.run(arguments).expect(4).says("nobody to ask").says("nixstart env set NAME --stdin");
    }
}

#[test]
fn a_project_without_anything_begins_in_the_form() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &EDIT, SIZE);
    terminal.wait_for("There is no variable yet").send("a").wait_for("Name of the new variable").send("FIRST\r");
    terminal.wait_for("type or paste it").send("one").send("\r").wait_for("1 change not saved").send("s");
    terminal.wait_for("+ FIRST added").send("y");
    assert_eq!(terminal.end().code, 0);
    assert_eq!((sandbox.read(".env").as_str(), mode(&sandbox)), ("FIRST=one\n", 0o600));
}

#[test]
fn what_cannot_be_written_is_said_before_anybody_types() {
    let sandbox = project();
    sandbox.write(".env", "A=\"open\n");
    let ended = Terminal::start(&sandbox, &EDIT, SIZE).end();
    assert_eq!(ended.code, 1, "{}", ended.text);
    assert!(ended.text.contains("the quote of `A` is not closed") && ended.text.contains("env edit --editor"), "{}", ended.text);
}

/// An editor that is a script of the shell; `$1` is the copy.
fn editor(sandbox: &Sandbox, script: &str) -> String {
    let path = sandbox.home().join("my editor");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!("'{}' --wait", path.display())
}

/// Runs `--editor` with a script as the editor; PATH has the tools it needs.
fn open(sandbox: &Sandbox, script: &str) -> Terminal {
    let runtime = sandbox.home().join("runtime");
    fs::create_dir_all(&runtime).unwrap();
    let script = editor(sandbox, &format!("shift $(($# - 1))\n{script}"));
    let variables = [("VISUAL", script.as_str()), ("XDG_RUNTIME_DIR", runtime.to_str().unwrap()), ("PATH", "/usr/bin:/bin")];
    Terminal::start_with(sandbox, &["env", "edit", "--editor"], SIZE, &variables)
}

/// What is left of private copies.
fn copies(sandbox: &Sandbox) -> usize {
    fs::read_dir(sandbox.home().join("runtime")).unwrap().count()
}

#[test]
fn the_editor_gets_a_private_copy_and_what_it_makes_is_written() {
    let sandbox = project();
    let script = "stat -c '%a' \"$1\" > \"$HOME/modes\"; stat -c '%a' \"$(dirname \"$1\")\" >> \"$HOME/modes\"; echo \"$1\" > \"$HOME/place\"\n\
                  cp \"$1\" \"$1~\"; printf '# new\\nCLIENT_ID=1100000000000000001\\nNEW=1\\n' > \"$1\"";
    let mut terminal = open(&sandbox, script);
    terminal.wait_for("~ CLIENT_ID changed").wait_for("+ NEW added").wait_for("- OLD removed").wait_for("Save 3 changes?");
    terminal.send("\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert_eq!(sandbox.read(".env"), "# new\nCLIENT_ID=1100000000000000001\nNEW=1\n");
    assert_eq!(fs::read_to_string(sandbox.home().join("modes")).unwrap(), "600\n700\n");
    assert!(fs::read_to_string(sandbox.home().join("place")).unwrap().contains("/runtime/nixstart-edit-"));
    assert_eq!((copies(&sandbox), mode(&sandbox)), (0, 0o600));
}

#[test]
fn comments_alone_can_be_edited_and_nothing_is_no_change() {
    let sandbox = project();
    let mut terminal = open(&sandbox, "echo '# more' >> \"$1\"");
    terminal.wait_for("comments, order or quotes are different").wait_for("Save the file?").send("\r");
    assert_eq!(terminal.end().code, 0);
    assert_eq!(sandbox.read(".env"), format!("{ENV}# more\n"));
    let ended = open(&sandbox, "true").end();
    assert_eq!((ended.code, copies(&sandbox)), (0, 0));
    assert!(ended.text.contains("nothing was changed"));
}

#[test]
fn faults_are_named_by_line_and_key_and_the_editor_opens_again() {
    let sandbox = project();
    let secret = ["not-", "an-id"].concat();
    let again = format!("if grep -q an-id \"$1\"; then echo 'OK=1' > \"$1\"; else echo 'CLIENT_ID={secret}' > \"$1\"; fi");
    let mut terminal = open(&sandbox, &again);
    terminal.wait_for("line 1: CLIENT_ID:").wait_for("Edit again?").send("\r");
    terminal.wait_for("+ OK added").send("n\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 7, "{}", ended.text);
    assert_never_shown(&ended.raw, &secret);
    assert_eq!((sandbox.read(".env").as_str(), copies(&sandbox)), (ENV, 0));

    let mut terminal = open(&sandbox, "printf 'A=\"open\\n' > \"$1\"");
    terminal.wait_for("the quote of `A` is not closed").wait_for("Edit again?").send("n\r");
    assert_eq!(terminal.end().code, 7);
    assert_eq!((sandbox.read(".env").as_str(), copies(&sandbox)), (ENV, 0));
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten_and_the_edit_is_kept() {
    let sandbox = project();
    let path = sandbox.work().join(".env");
    let mut terminal = open(&sandbox, &format!("echo 'MINE=1' > \"$1\"; echo 'THEIRS=1' > '{}'", path.display()));
    terminal.wait_for("Save").send("\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 1, "{}", ended.text);
    assert!(ended.text.contains("changed by somebody else meanwhile"), "{}", ended.text);
    assert_eq!((sandbox.read(".env").as_str(), copies(&sandbox)), ("THEIRS=1\n", 1));
}

#[test]
fn signals_and_failures_leave_no_copy_and_change_nothing() {
    let sandbox = project();
    let ended = open(&sandbox, "echo X=1 > \"$1\"; exit 3").end();
    assert_eq!((ended.code, copies(&sandbox)), (5, 0), "{}", ended.text);
    for by_key in [true, false] {
        let mut terminal = open(&sandbox, "echo X=1 > \"$1\"; echo opened; exec sleep 100");
        terminal.wait_for("opened");
        if by_key {
            terminal.send("\x03");
        } else {
            signal(&terminal, Signal::TERM);
        }
        let ended = terminal.end();
        assert_eq!((ended.code, copies(&sandbox)), (130, 0), "{}", ended.text);
    }
    // Ctrl-C and SIGTERM at the question that comes afterwards.
    for by_key in [true, false] {
        let mut terminal = open(&sandbox, "echo X=1 > \"$1\"");
        terminal.wait_for("Save");
        if by_key {
            terminal.send("\x03");
        } else {
            signal(&terminal, Signal::TERM);
        }
        let ended = terminal.end();
        assert_eq!((ended.code, copies(&sandbox)), (130, 0), "{}", ended.text);
    }
    assert_eq!(sandbox.read(".env"), ENV);
}

#[test]
fn an_editor_that_is_not_there_is_named() {
    let sandbox = project();
    let mut terminal = Terminal::start_with(&sandbox, &["env", "edit", "--editor"], SIZE, &[("EDITOR", "no-such-editor -w")]);
    terminal.wait_for("there is no editor `no-such-editor`");
    assert_eq!(terminal.end().code, 6);
    let mut terminal = Terminal::start_with(&sandbox, &["env", "edit", "--editor"], SIZE, &[("VISUAL", "'open")]);
    terminal.wait_for("`$VISUAL` cannot be split into words");
    assert_eq!(terminal.end().code, 1);
}

#[test]
fn what_another_file_says_is_not_missing() {
    let sandbox = Sandbox::new();
    sandbox.write("package.json", r#"{"dependencies":{"next":"16.0.0"}}"#);
    sandbox.write("secretspec.toml", "[profiles.default]\nDATABASE_URL = { description = 'db', required = true }\n");
    sandbox.write(".env", &["DATABASE_URL=postgres://ada:", "hunter22@db.example/app\n"].concat());
    let mut terminal = Terminal::start(&sandbox, &EDIT, SIZE);
    terminal.wait_for("1 variable").wait_for("DATABASE_URL in .env");
    terminal.wait_for("effective value comes from `.env`");
    assert!(!terminal.screen().contains("missing"), "{}", terminal.screen());
    terminal.send("\r").wait_for("type or paste it").send("x\r").wait_for("1 change not saved").send("s");
    terminal.wait_for("DATABASE_URL is in `.env`, too").send("n");
    terminal.wait_for("1 change not saved").send("q").wait_for("Leave").send("y");
    assert_eq!(terminal.end().code, 7);
    let mut terminal = Terminal::start(&sandbox, &["--plain", "env", "edit"], SIZE);
    terminal.wait_for("DATABASE_URL, set, in `.env`").send("1\r").wait_for("effective value comes from `.env`");
}

//! The dashboard where no screen can be drawn: each screen once without a terminal, numbered choices on one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use pretty_assertions::assert_eq;

use crate::dash::project;
use crate::support::nix_project::{can_run, sandbox};
use crate::support::nix_world::alone;
use crate::support::pty::{Ended, Terminal};
use crate::support::services::{Services, wait_until};
use crate::support::tools;

const SIZE: (u16, u16) = (60, 100);
/// What comes after the last choice.
const PROMPT: &str = "Type a number";

/// A conversation, of which only what is new counts.
struct Talk {
    terminal: Terminal,
    seen: usize,
}

impl Talk {
    fn begin(mut command: Command) -> Self {
        command.env("TERM", "dumb");
        Self { terminal: Terminal::of(&command, SIZE), seen: 0 }
    }

    /// What has come since, without breaks of lines.
    fn news(terminal: &Terminal, seen: usize) -> String {
        let text = anstream::adapter::strip_bytes(&terminal.raw()[seen..]).into_vec();
        String::from_utf8_lossy(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Waits for a text, and then for a question; everything that was said before it is old from now on.
    #[track_caller]
    fn expect(&mut self, text: &str) -> &mut Self {
        self.await_all(&[text]);
        self
    }

    #[track_caller]
    fn await_all(&mut self, texts: &[&str]) {
        let seen = self.seen;
        self.terminal.wait_long_until(&format!("{texts:?}"), |terminal| {
            let news = Self::news(terminal, seen);
            texts.iter().all(|text| news.contains(text))
        });
    }

    /// Takes the choice whose words begin like this.
    #[track_caller]
    fn choose(&mut self, label: &str) -> &mut Self {
        self.await_all(&[&format!(". {label}"), PROMPT]);
        let news = Self::news(&self.terminal, self.seen);
        let (before, _) = news.split_once(&format!(". {label}")).unwrap();
        let number = before.rsplit(' ').next().unwrap().to_owned();
        self.answer(&number)
    }

    /// Types a line.
    fn answer(&mut self, line: &str) -> &mut Self {
        self.seen = self.terminal.raw().len();
        self.terminal.send(&format!("{line}\r"));
        self
    }

    /// Goes back until the program ends.
    fn leave(mut self) -> Ended {
        self.terminal.send("\x04");
        let ended = self.terminal.end();
        for drawn in ["\x1b[?1049h", "│", "─", "┌"] {
            assert!(!ended.raw.windows(drawn.len()).any(|window| window == drawn.as_bytes()), "{drawn:?} was drawn");
        }
        ended
    }
}

#[test]
fn without_a_terminal_every_screen_is_printed_once() {
    let project = project();
    let shown = project.run(&["dash"]).expect(0).stdout;
    let (before, after) = shown.split_once("\nHealth\n").unwrap();
    assert_eq!(
        before,
        "Overview\n2 processes, 2 stopped\nNext\n  Start everything: `nixstart up --detach`\n\
         \nProcesses\nNAME    STATE\nweb     - stopped\nbroken  - stopped\n\
         \nLogs\n  Nothing was said yet\n\
         \nBuilds\n  There is no `flake.nix` here or above\n\
         \nShells\nDev shells\n  there is no `flake.nix` here or above\ndirenv\n  there is no `.envrc`\n\
         \nSecrets\nVariables in .env\n"
    );
    assert!(after.contains(" ok, "), "{after}");
    project.run(&["up", "--detach"]).expect(0);
    // On a busy machine a program has not said or done what it will by the time its start is told.
    project.wait_for("broken", "failed");
    let says = |name: &str, text: &str| project.run(&["logs", name]).stdout.contains(text);
    assert!(wait_until(|| says("web", "hello from web") && says("broken", "the disk is on fire")));
    let shown = project.run(&["dash", "--plain"]).expect(0).stdout;
    assert!(shown.contains("Broken\n  x broken failed: exit code 3\n"), "{shown}");
    assert!(shown.contains("  Read why broken is broken: `nixstart logs --lines 50 broken`\n"), "{shown}");
    assert!(shown.contains("web    | hello from web\n"), "{shown}");
    let only = project.run(&["dash", "broken"]).expect(0).stdout;
    assert!(!only.contains("hello from web") && only.contains("the disk is on fire"), "{only}");
}

#[test]
fn values_of_variables_are_on_no_screen() {
    let secret = ["s3cr3t", "-of-the-", "plain-dash"].concat();
    let project = Services::new(
        "[services.web]\ntype = 'oneshot'\ncommand = 'echo the token is $API_TOKEN'\nsecrets.API_TOKEN = { as = 'env' }\n",
    );
    fs::write(project.root().join(".env"), format!("API_TOKEN={secret}\n")).unwrap();
    project.run(&["up", "--detach"]).expect(0);
    project.wait_for("web", "completed");
    let shown = project.run(&["dash"]).expect(0);
    assert!(shown.stdout.contains("API_TOKEN: extra") && shown.stdout.contains("the token is"), "{}", shown.stdout);
    assert!(!shown.stdout.contains(&secret) && !shown.stderr.contains(&secret));
}

#[test]
fn processes_are_started_read_and_stopped_by_numbers() {
    let project = project();
    let mut talk = Talk::begin(project.command(&["dash"]));
    talk.choose("Overview").expect("2 stopped").choose("Start everything");
    // One line for each change.
    talk.expect("web runs").expect(PROMPT).answer("");
    talk.choose("Processes").choose("web, running").choose("Read what it says").expect("hello from web");
    talk.choose("Restart it").expect("Restarted web").choose("Stop it").expect("Stopped web").choose("Start it");
    talk.expect("web runs").choose("Stop it").expect("Stopped web").answer("q");
    talk.choose("Stop everything").expect("Stop everything?").answer("no").choose("Stop everything").answer("yes");
    talk.expect("Everything is stopped").answer("nonsense").expect("type a number from 1 to").answer("").answer("q");
    let ended = talk.terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    project.expect_nobody();
}

#[test]
fn plain_is_asked_for_by_a_flag_and_the_end_of_input_ends_it() {
    let project = project();
    let talk = Talk { terminal: Terminal::of(&project.command(&["dash", "--plain", "web"]), SIZE), seen: 0 };
    let mut talk = talk;
    // The lines of those who were named come first.
    talk.expect("Nothing was said yet").expect(PROMPT);
    assert_eq!(talk.leave().code, 0);
    let mut talk = Talk::begin(project.command(&[]));
    talk.expect("Which screen of p?").expect(PROMPT);
    assert_eq!(talk.leave().code, 0);
}

#[test]
fn an_envrc_is_allowed_after_it_was_shown() {
    if !tools::have("dash_plain::an_envrc_is_allowed_after_it_was_shown", &["direnv"]) {
        return;
    }
    let project = project();
    fs::write(project.root().join(".envrc"), "export A=1\n").unwrap();
    let mut talk = Talk::begin(project.command(&["dash"]));
    talk.choose("Shells").expect("p/.envrc: blocked").choose("Show ").expect("| export A=1").expect("Let direnv load this");
    talk.answer("").expect("p/.envrc: blocked").choose("Show ").expect("yes or no").answer("yes");
    talk.expect("direnv may load").expect("p/.envrc: allowed").choose("Keep direnv from").expect("direnv does not load");
    talk.choose("Show ").expect("yes or no");
    fs::write(project.root().join(".envrc"), "export A=2\n").unwrap();
    talk.answer("yes").expect("was changed since you have read it").choose("Show ").expect("| export A=2").answer("no");
    assert_eq!(talk.leave().code, 0);
}

#[test]
fn variables_are_edited_and_health_is_mended_by_the_commands_for_it() {
    let project = Services::new("[secrets.PORT]\nkind = 'port'\nsensitive = false\ndescription = 'Where it answers'\n");
    project.sandbox.git("p", &["init", "-q"]);
    fs::write(project.root().join(".gitignore"), ".env\n").unwrap();
    let mut talk = Talk::begin(project.command(&["dash"]));
    talk.choose("Secrets").expect("PORT: not set").choose("Edit the variables").choose("PORT, not set").answer("4711");
    talk.choose("`s` save").expect("Save 1 change?").answer("yes").expect("done:").expect("PORT: set").answer("");
    let file = project.root().join(".env");
    assert_eq!(fs::read_to_string(&file).unwrap(), "PORT=4711\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    talk.choose("Health").expect("env-perms: others can read `.env`").choose("env-perms").expect("you see:");
    talk.choose("Take the permissions")
        .expect("Apply 1 step?")
        .answer("yes")
        .expect("env-perms is mended")
        .expect("Only you can read");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(talk.leave().code, 0);
}

#[test]
fn an_output_is_built_with_a_line_for_each_change() {
    if !can_run("dash_plain::an_output_is_built_with_a_line_for_each_change", &["jq"]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("nixstart.toml", "");
    sandbox.flake(
        r#"
        broken = drv "broken" "echo compiling; exit 3" {};
        default = drv "app" "echo hello > $out" {};"#,
    );
    let _alone = alone();
    let mut talk = Talk::begin(sandbox.nix_command(&["dash"]));
    talk.choose("Builds").expect(".: not built yet").choose("Build .:").expect("building app").expect("built app");
    talk.expect(".: built 0s ago").choose("Build .#broken").expect("its builder ended with exit code 3");
    talk.expect("It ended with exit code").expect(".#broken: failed 0s ago").answer("");
    let shown = talk.leave();
    assert_eq!(shown.code, 0, "{}", shown.text);
}

#[test]
fn a_shell_is_entered_and_the_conversation_goes_on() {
    if !can_run("dash_plain::a_shell_is_entered_and_the_conversation_goes_on", &["jq"]) {
        return;
    }
    let sandbox = sandbox();
    let project = sandbox.offline_project(&["discord-bot"]);
    let _alone = alone();
    let mut command = sandbox.nix_command(&["dash"]);
    command.current_dir(&project);
    let mut talk = Talk::begin(command);
    talk.choose("Shells").expect("default: ").choose("Enter the shell").expect("Entering the dev shell");
    // Nix asks whether it may use the caches that the flake names.
    talk.answer("echo in-$((40 + 2))").expect("in-42").answer("exit 3").expect("The shell default ended with exit code 3");
    assert_eq!(talk.leave().code, 0);
}

//! The command line itself: help, exit codes, completions, streams.

use std::process::Stdio;

use pretty_assertions::assert_eq;

use crate::support::{Sandbox, run};

#[test]
fn bare_nixstart_without_a_terminal_shows_help_as_data() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&[]).expect(0);
    assert!(run.stdout.starts_with("From a bare machine") && run.stderr.is_empty());
    assert_eq!(run.stdout, sandbox.run(&["help"]).expect(0).stdout);
}

#[test]
fn prints_the_version_only() {
    let run = Sandbox::new().run(&["--version"]).expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (concat!("nixstart ", env!("CARGO_PKG_VERSION"), "\n"), ""));
}

#[test]
fn prints_the_table_of_exit_codes() {
    let text = Sandbox::new().run(&["help", "exit-codes"]).expect(0).stdout;
    for row in ["  0  done", "  4  an answer is needed", " 10  refused for safety", "130  interrupted"] {
        assert!(text.contains(row), "{text}");
    }
}

#[test]
fn a_mistake_on_the_command_line_exits_with_2() {
    let sandbox = Sandbox::new();
    sandbox.run(&["nwe"]).expect(2).says("unrecognized subcommand 'nwe'");
    sandbox.run(&["help", "nwe"]).expect(2).says("did you mean `new`?");
    sandbox.run(&["new", "discord-bot", "a", "--set", "language"]).expect(2).says("`--set language` has no `=`");
    sandbox
        .run(&["new", "discord-bot", "a", "--set", "language=perl"])
        .expect(2)
        .says("`perl` is no choice for `language`; it takes `typescript`, `javascript`");
    sandbox
        .run(&["new", "discord-bot", "a", "--set", "langage=typescript"])
        .expect(2)
        .says("unknown answer `langage`")
        .says("did you mean `language`?");
}

#[test]
fn completes_for_every_shell_and_has_manual_pages() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(sandbox.run(&["completions", shell]).expect(0).stdout.contains("nixstart"), "{shell}");
    }
    assert!(sandbox.run(&["man"]).expect(0).stdout.starts_with(".ie"));
    assert!(sandbox.run(&["man", "new"]).expect(0).stdout.contains("env\\-file"));
    sandbox.run(&["man", "nwe"]).expect(2).says("did you mean `new`?");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let sandbox = Sandbox::new();
    let mut child =
        sandbox.command().args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn without_colour_there_is_no_escape_sequence() {
    let sandbox = Sandbox::new();
    let plain = sandbox.run(&["new", "discord-bot", "a", "--dry-run"]).expect(0);
    assert!(!plain.stderr.contains('\u{1b}'));
    let colored = sandbox.run(&["--color", "always", "new", "discord-bot", "a", "--dry-run"]).expect(0);
    assert!(colored.stderr.contains('\u{1b}'));
    let no_color =
        run(sandbox.command().env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").args(["new", "discord-bot", "a", "--dry-run"]), "");
    assert!(!no_color.stderr.contains('\u{1b}'));
}

#[test]
fn quiet_says_nothing_but_errors() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["-q", "new", "discord-bot", "a"]).expect(0).stderr, "");
    assert!(sandbox.run(&["-q", "new", "nope"]).expect(1).stderr.starts_with("error: there is no template `nope`\nhint: "));
}

#[test]
fn a_closed_standard_input_is_no_terminal() {
    let sandbox = Sandbox::new();
    let status = std::process::Command::new("sh")
        .args(["-c", "exec \"$0\" new discord-bot a <&-", crate::support::binary()])
        .current_dir(sandbox.work())
        .env("XDG_STATE_HOME", sandbox.state())
        .env("HOME", sandbox.home())
        .stderr(Stdio::null())
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
    assert!(sandbox.exists("a/flake.nix"));
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    Sandbox::new().run(&["-C", "nowhere", "template", "list"]).expect(1).says("cannot change to `nowhere`");
}

#[test]
fn under_sudo_it_refuses_unless_told() {
    if !crate::support::tools::is_root() {
        crate::support::tools::note_missing("under_sudo_it_refuses_unless_told", "root");
        return;
    }
    let sandbox = Sandbox::new();
    run(sandbox.command().env("SUDO_USER", "someone").args(["template", "list"]), "")
        .expect(10)
        .says("would belong to root and not to someone");
    run(sandbox.command().env("SUDO_USER", "someone").args(["--allow-root", "template", "list"]), "").expect(0);
}

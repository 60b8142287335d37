//! The conversation on a terminal: what a person sees, types and gets.

use pretty_assertions::assert_eq;

use crate::support::pty::Terminal;
use crate::support::{APPLICATION_ID, GUILD_ID, Sandbox, token, tools};
use crate::template::hostile_manifest;

const WIDE: (u16, u16) = (40, 100);
const SMALL: (u16, u16) = (24, 80);

/// Answers both questions of the discord-bot template with Enter.
fn answer_questions(terminal: &mut Terminal) {
    terminal.wait_for("Which language?").send("\r");
    terminal.wait_for("Which package manager?").send("\r");
}

#[test]
fn the_whole_wizard() {
    for size in [WIDE, SMALL, (15, 60), (30, 40)] {
        let sandbox = Sandbox::new();
        let mut terminal = Terminal::start(&sandbox, &["new", "discord-bot", "my-bot"], size);
        answer_questions(&mut terminal);
        terminal.wait_for("BOT_TOKEN:").send(&format!("{}\r", token()));
        terminal.wait_for("CLIENT_ID:").send(&format!("{APPLICATION_ID}\r"));
        terminal.wait_for("GUILD_ID:").send(&format!("https://discord.com/channels/{GUILD_ID}/1\r"));
        terminal.wait_for("Apply this plan?").send("\r");
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert!(ended.text.contains("is ready.") && ended.text.contains("Next:"), "{}", ended.text);
        assert!(!ended.text.contains(&token()), "the token was shown at {size:?}");
        assert!(ended.text.contains("cd my-bot"));
        let env = sandbox.read("my-bot/.env");
        for line in [format!("BOT_TOKEN={}", token()), format!("CLIENT_ID={APPLICATION_ID}"), format!("GUILD_ID={GUILD_ID}")] {
            assert!(env.lines().any(|found| found == line), "{env}");
        }
    }
}

#[test]
fn enter_leaves_a_secret_for_later() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["new", "discord-bot", "my-bot"], SMALL);
    answer_questions(&mut terminal);
    for name in ["BOT_TOKEN:", "CLIENT_ID:", "GUILD_ID:"] {
        terminal.wait_for(name).send("\r");
    }
    terminal.wait_for("Apply this plan?").send("y\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(ended.text.contains("Left for later: BOT_TOKEN, CLIENT_ID"), "{}", ended.text);
    assert!(!sandbox.exists("my-bot/.env"));
}

#[test]
fn a_wrong_paste_is_explained_and_asked_again() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["new", "discord-bot", "my-bot"], WIDE);
    answer_questions(&mut terminal);
    terminal.wait_for("BOT_TOKEN:").send(&format!("{}\r", "a".repeat(32)));
    terminal.wait_for("this is the OAuth2 client secret, not a bot token");
    // A bracketed paste with the line break that comes along when a line is copied.
    terminal.send(&format!("\x1b[200~BOT_TOKEN={}\n\x1b[201~", token())).send("\r");
    terminal.wait_for("took off `BOT_TOKEN=`");
    terminal.wait_for("CLIENT_ID:").send("123\r");
    terminal.wait_for("an id has 17 to 20 digits; this has 3").send(&format!("Bot {}\r", token()));
    terminal.wait_for("this is a bot token, not an id, and it was shown").send(&format!("{APPLICATION_ID}\r"));
    terminal.wait_for("GUILD_ID:").send("\r");
    terminal.wait_for("Apply this plan?").send("\r");
    assert_eq!(terminal.end().code, 0);
    assert!(sandbox.read("my-bot/.env").contains(&format!("BOT_TOKEN={}\n", token())));
}

#[test]
fn no_means_no() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["new", "discord-bot", "my-bot"], SMALL);
    answer_questions(&mut terminal);
    for name in ["BOT_TOKEN:", "CLIENT_ID:", "GUILD_ID:"] {
        terminal.wait_for(name).send("\r");
    }
    terminal.wait_for("Apply this plan?").send("n\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 7);
    assert!(ended.text.contains("you said no; nothing was changed"));
    assert_eq!((sandbox.files().len(), sandbox.receipts().len()), (0, 0));
}

/// Whether a terminal is as a shell expects it: characters are shown, lines are edited, Ctrl-C interrupts.
pub(crate) fn is_restored(device: &std::path::Path) -> bool {
    // While the kernel still hangs the terminal of the ended program up, opening and asking it fail.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let ask = || {
        let file = std::fs::OpenOptions::new().read(true).write(true).open(device)?;
        std::io::Result::Ok(rustix::termios::tcgetattr(&file)?.local_modes)
    };
    let modes = loop {
        match ask() {
            Ok(modes) => break modes,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
        std::thread::yield_now();
    };
    modes.contains(rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ICANON | rustix::termios::LocalModes::ISIG)
}

#[test]
fn ctrl_c_at_every_prompt_changes_nothing_and_restores_the_terminal() {
    let prompts = ["Which language?", "Which package manager?", "BOT_TOKEN:", "CLIENT_ID:", "GUILD_ID:", "Apply this plan?"];
    for stop in 0..prompts.len() {
        let sandbox = Sandbox::new();
        let mut terminal = Terminal::start(&sandbox, &["new", "discord-bot", "my-bot"], WIDE);
        for prompt in &prompts[..stop] {
            terminal.wait_for(prompt).send("\r");
        }
        let device = terminal.device();
        // The slave side stays open, so that its settings outlive the program.
        let _open = std::fs::OpenOptions::new().read(true).write(true).open(&device).unwrap();
        terminal.wait_for(prompts[stop]).send("\x03");
        let ended = terminal.end();
        assert_eq!(ended.code, 130, "at `{}`: {}", prompts[stop], ended.text);
        assert!(is_restored(&device), "the terminal is not restored after Ctrl-C at `{}`", prompts[stop]);
        assert_eq!(sandbox.files().len(), 0);
    }
}

#[test]
fn sigterm_at_a_prompt_restores_the_terminal() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["new", "discord-bot", "my-bot"], WIDE);
    terminal.wait_for("Which language?");
    let device = terminal.device();
    let _open = std::fs::OpenOptions::new().read(true).write(true).open(&device).unwrap();
    assert!(!is_restored(&device), "the prompt should have taken the terminal over");
    let process = rustix::process::Pid::from_raw(i32::try_from(terminal.process_id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    // What is left keeps the terminal; without it another test could get one of the same name.
    let ended = terminal.end();
    assert_eq!(ended.code, 130);
    assert!(is_restored(&device));
}

#[test]
fn escape_cancels() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["new", "discord-bot", "my-bot"], SMALL);
    terminal.wait_for("Which language?").send("\x1b");
    let ended = terminal.end();
    assert_eq!(ended.code, 7, "{}", ended.text);
    assert!(ended.text.contains("cancelled; nothing was changed"));
}

#[test]
fn the_picker_finds_a_template_by_a_few_letters() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["new"], WIDE);
    terminal.wait_for("Which template?").wait_for("A Discord bot with slash commands").send("dsc\r");
    terminal.wait_for("Which language?").send("\x03");
    assert_eq!(terminal.end().code, 130);
}

#[test]
fn bare_nixstart_shows_a_menu() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[], SMALL);
    terminal.wait_for("What would you like to do?").wait_for("New project").send("templ\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    assert!(ended.text.contains("discord-bot   A Discord bot"));
}

#[test]
fn the_plain_mode_has_numbers_and_never_redraws() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["--plain", "new", "discord-bot", "my-bot"], SMALL);
    terminal.wait_for("1. TypeScript").wait_for("Type a number (Enter for TypeScript):").send("2\r");
    terminal.wait_for("Type a number (Enter for pnpm):").send("9\r").wait_for("type a number from 1 to 2").send("npm\r");
    terminal.wait_for("BOT_TOKEN (Enter for later):").send(&format!("{}\r", token()));
    terminal.wait_for("CLIENT_ID (Enter for later):").send(&format!("{APPLICATION_ID}\r"));
    terminal.wait_for("GUILD_ID (Enter for later):").send("\r");
    terminal.wait_for("Apply this plan?").send("yes\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(!ended.text.contains(&token()), "the token was shown");
    assert!(sandbox.exists("my-bot/src/index.js") && sandbox.read("my-bot/.env").contains(&token()));
    assert_eq!(sequences_but_styles(&ended.raw), Vec::<String>::new());
    assert!(ended.raw.contains(&0x1b), "without a style this test would prove nothing");
}

/// The beginnings of all escape sequences that do more than to change a style.
fn sequences_but_styles(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let is_style = |rest: &&str| {
        let end = rest
            .strip_prefix('[')
            .and_then(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').chars().next());
        end == Some('m')
    };
    text.split('\u{1b}').skip(1).filter(|rest| !is_style(rest)).map(|rest| rest.chars().take(10).collect()).collect()
}

/// Goes through the questions of the hostile template.
fn answer_hostile_template(sandbox: &Sandbox, mode: &[&str]) -> Vec<u8> {
    sandbox.write("t/template.toml", &hostile_manifest());
    sandbox.write("t/files/.gitignore", ".env\n.env.*\n!.env.example\n");
    sandbox.write("t/files/a.hbs", "{{title}}{{several}}\n");
    let arguments = [mode, &["--color", "never", "new", "./t", "out"]].concat();
    let mut terminal = Terminal::start_with(sandbox, &arguments, WIDE, &[("PATH", "/usr/bin:/bin")]);
    terminal.wait_for("Pick").wait_for("Help").wait_for("Label").wait_for("Why").send("\r");
    terminal.wait_for("Title").send("y\r").wait_for("start with x");
    terminal.send(if mode.is_empty() { "\x7f\r" } else { "\r" });
    terminal.wait_for("Several").send("\r");
    terminal.wait_for("Sure").send("\r");
    terminal.wait_for("HKey".trim_start_matches('H')).wait_for("Open").wait_for("KEY").send("\r");
    terminal.wait_for("Id").wait_for("ID").send("wrong\r").wait_for("it does not have the expected form").send("\r");
    terminal.wait_for("when the files are there?").send("n\r");
    terminal.wait_for("Apply this plan?").send("y\r");
    terminal.wait_for("echoes");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    ended.raw
}

#[test]
fn a_hostile_template_has_no_hold_of_the_terminal() {
    let raw = answer_hostile_template(&Sandbox::new(), &["--plain"]);
    let text = String::from_utf8(raw).unwrap();
    assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n')), "{text:?}");
    let raw = answer_hostile_template(&Sandbox::new(), &[]);
    let text = String::from_utf8(raw).unwrap();
    for forbidden in ["\u{1b}]", "\u{7}", "\u{1b}[5m", "\u{8}", "\u{9b}", "\u{7f}"] {
        assert!(!text.contains(forbidden), "{forbidden:?} is in {text:?}");
    }
}

#[test]
fn quiet_still_shows_what_a_question_needs() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["-q", "new", "discord-bot", "my-bot"], WIDE);
    answer_questions(&mut terminal);
    terminal.wait_for("Token the bot logs in with").wait_for("BOT_TOKEN:").send("\r");
    terminal.wait_for("CLIENT_ID:").send("\r").wait_for("GUILD_ID:").send("\r");
    terminal.wait_for("Create the directory with").wait_for("Apply this plan?").send("\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(!ended.text.contains("done:") && !ended.text.contains("Next:"), "{}", ended.text);
    let mut terminal = Terminal::start(&sandbox, &["-q", "-C", "my-bot", "undo"], WIDE);
    terminal.wait_for("Undo: Create `my-bot`").wait_for("Take this back?").send("y\r");
    assert_eq!(terminal.end().code, 0);
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn quiet_and_plain_go_together() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["-q", "--plain", "new", "discord-bot", "my-bot"], WIDE);
    terminal.wait_for("Which language?").wait_for("2. JavaScript").wait_for("Type a number (Enter for TypeScript):").send("\r");
    terminal.wait_for("Type a number (Enter for pnpm):").send("\r");
    for name in ["BOT_TOKEN (Enter for later):", "CLIENT_ID (Enter for later):", "GUILD_ID (Enter for later):"] {
        terminal.wait_for(name).send("\r");
    }
    terminal.wait_for("Create the directory with").wait_for("Apply this plan?").send("yes\r");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn quiet_says_nothing_where_nothing_is_asked() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::start(&sandbox, &["-q", "new", "discord-bot", "my-bot", "--defaults"], SMALL);
    let ended = terminal.end();
    assert_eq!((ended.code, ended.text.as_str()), (0, ""));
}

#[test]
fn a_dumb_terminal_gets_the_plain_mode_without_colour() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start_with(&sandbox, &["new", "discord-bot", "my-bot"], SMALL, &[("TERM", "dumb")]);
    terminal.wait_for("Type a number (Enter for TypeScript):").send("\x03");
    let ended = terminal.end();
    assert_eq!(ended.code, 130);
    assert!(!ended.text.contains('\u{1b}') && !ended.raw.contains(&0x1b));
}

#[test]
fn conflicts_are_decided_file_by_file() {
    let sandbox = Sandbox::new();
    sandbox.write("my-bot/README.md", "mine\n");
    sandbox.write("my-bot/flake.nix", "mine\n");
    let mut terminal = Terminal::start(&sandbox, &["new", "discord-bot", "my-bot"], WIDE);
    answer_questions(&mut terminal);
    for name in ["BOT_TOKEN:", "CLIENT_ID:", "GUILD_ID:"] {
        terminal.wait_for(name).send("\r");
    }
    terminal.wait_for("`README.md` exists and differs").send("README\r");
    terminal.wait_for("`flake.nix` exists and differs").send("replace\r");
    terminal.wait_for("Apply this plan?").send("\r");
    assert_eq!(terminal.end().code, 0);
    assert_eq!(sandbox.read("my-bot/README.md"), "mine\n");
    assert!(sandbox.read("my-bot/README.md.new").starts_with("# my-bot"));
    assert!(sandbox.read("my-bot/flake.nix").contains("devenv"));
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert_eq!(sandbox.read("my-bot/flake.nix"), "mine\n");
    assert_eq!(sandbox.files().len(), 2);
}

#[test]
fn an_offered_program_is_run_when_wanted_and_undone() {
    if !tools::have("an_offered_program_is_run_when_wanted_and_undone", &["npm", "node"]) {
        return;
    }
    let sandbox = Sandbox::new();
    let environment = tools::package_manager_environment();
    let variables: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let arguments = ["new", "discord-bot", "my-bot", "--set", "package_manager=npm"];
    let mut terminal = Terminal::start_with(&sandbox, &arguments, WIDE, &variables);
    terminal.wait_for("Which language?").send("\r");
    for name in ["BOT_TOKEN:", "CLIENT_ID:", "GUILD_ID:"] {
        terminal.wait_for(name).send("\r");
    }
    terminal.wait_for("Run `npm install` when the files are there?").send("y\r");
    terminal.wait_for("Apply this plan?").send("\r");
    let ended = terminal.end_within(std::time::Duration::from_secs(300));
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(sandbox.exists("my-bot/node_modules/discord.js") && sandbox.exists("my-bot/package-lock.json"));
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn quoted_words_of_an_offer_stay_together() {
    let sandbox = Sandbox::new();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    let step = "[[next_step]]\ncommand = \"make-it 'two words' {{sh project.name}}\"\nabout = \"makes it\"\noffer = { produces = [\"made\"] }\n";
    sandbox.write("tiny/template.toml", &format!("{head}{step}"));
    sandbox.write("bin/make-it", "#!/bin/sh\nprintf '<%s>' \"$@\" >made\n");
    let bin = sandbox.work().join("bin");
    std::fs::set_permissions(bin.join("make-it"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut terminal = Terminal::start_with(&sandbox, &["new", "./tiny", "my bot"], WIDE, &[("PATH", bin.to_str().unwrap())]);
    terminal.wait_for("Run `make-it 'two words' 'my bot'` when the files are there?").send("y\r");
    terminal.wait_for("Run `make-it 'two words' 'my bot'` It makes it.").wait_for("Apply this plan?").send("\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert_eq!(sandbox.read("my bot/made"), "<two words><my bot>");
    assert!(!ended.text.split("Next:").nth(1).unwrap().contains("make-it"), "{}", ended.text);
}

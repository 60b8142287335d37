//! `env export`, `import`, `diff` and `example`: what is printed and written, what is said, and what is never said.

use pretty_assertions::assert_eq;

use crate::support::pty::Terminal;
use crate::support::{Sandbox, token};

const SPEC: &str = "[project]\nname = \"x\"\nrevision = \"1.0\"\n\n[profiles.default]\nTOKEN = { description = \"Logs in\" }\nPORT = { description = \"Where it listens\", default = \"3000\" }\n";

fn secret() -> String {
    ["hunter", "2-", "secret"].concat()
}

#[test]
fn exports_in_the_words_of_each_program() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "# why\nA='it is'\nB=1 # one\n");
    let printed = |arguments: &[&str]| {
        let ended = sandbox.run(&[&["env", "--file", ".env", "export"], arguments].concat()).expect(0);
        assert_eq!(ended.stderr, "");
        ended.stdout
    };
    assert_eq!(printed(&[]), "A='it is'\nB=1\n");
    assert_eq!(printed(&["--format", "json", "--reveal"]), "{\n  \"A\": \"it is\",\n  \"B\": \"1\"\n}\n");
    assert_eq!(printed(&["--format", "shell", "A"]), "export A='it is'\n");
    assert_eq!(printed(&["--format", "k8s-secret", "--name", "api", "B"]).lines().nth(3), Some("  name: \"api\""));
    let document: serde_json::Value = serde_json::from_str(&printed(&["--format", "fish", "--json", "B"])).unwrap();
    assert_eq!(
        (&document["format"], &document["variables"][0], &document["text"]),
        (&"fish".into(), &"B".into(), &"set -gx B '1'\n".into())
    );
}

#[test]
fn what_a_format_cannot_carry_is_refused_by_name_and_nothing_is_printed() {
    let sandbox = Sandbox::new();
    let secret = secret();
    sandbox.write(".env", &format!("A=1\nB='{secret}\n{secret}'\nUID=5\n"));
    let ended = sandbox.run(&["env", "export", "--format", "docker"]).expect(10);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("`B` has no form for `docker run --env-file`: it has more than one line"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(&secret));
    sandbox
        .run(&["env", "export", "--format", "shell"])
        .expect(10)
        .says("`UID` has no form for a shell: bash keeps this variable for itself");
    sandbox
        .run(&["env", "export", "--format", "k8s-secret", "--name", "No"])
        .expect(2)
        .says("`No` is no name of a Kubernetes object");
    sandbox.run(&["env", "export", "AA"]).expect(1).says("`.env` has no variable `AA`");
    sandbox.write(".env", "A='open\n");
    sandbox.run(&["env", "export"]).expect(1).says("`.env` is not exported: line 1, column 3: the quote of `A` is not closed");
    sandbox.run(&["env", "--file", "none", "export"]).expect(1).says("there is no `none`");
}

#[test]
fn secrets_reach_a_terminal_only_when_asked_for() {
    let sandbox = Sandbox::new();
    let secret = secret();
    sandbox.write(".env", &format!("A={secret}\n"));
    let ended = Terminal::start(&sandbox, &["env", "export"], (24, 80)).end();
    assert_eq!(ended.code, 10, "{}", ended.text);
    assert!(!ended.text.contains(&secret), "{}", ended.text);
    let ended = Terminal::start(&sandbox, &["env", "export", "--reveal"], (24, 80)).end();
    assert!(ended.code == 0 && ended.text.contains(&secret), "{}", ended.text);
}

#[test]
fn imports_what_is_missing_and_leaves_every_other_byte() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "# mine\r\nA='1' # one\r\nB=\r\n");
    sandbox.write("from.json", "{\"A\": 1, \"B\": \"x y\", \"C\": true}");
    let ended = sandbox.run(&["env", "import", "from.json"]).expect(0);
    assert_eq!(sandbox.read(".env"), "# mine\r\nA='1' # one\r\nB='x y'\r\nC=true\r\n");
    for line in ["A  = the same", "B  + added", "C  + added"] {
        assert!(ended.stderr.contains(line), "{}", ended.stderr);
    }
    let again = sandbox.run(&["env", "import", "from.json"]).expect(0);
    assert!(again.stderr.contains("`.env` was not touched"), "{}", again.stderr);
}

#[test]
fn a_conflict_needs_a_decision() {
    let sandbox = Sandbox::new();
    let secret = secret();
    sandbox.write(".env", "A=1\nB=2\n");
    let list = format!("A={secret}\nC=3\n");
    let run = |flags: &[&str]| sandbox.run_with_input(&[&["env", "import", "-", "--dialect", "raw"], flags].concat(), &list);
    let refused = run(&[]).expect(4);
    assert!(
        refused.stderr.contains("other values are there already for A, and there is no terminal to ask on"),
        "{}",
        refused.stderr
    );
    run(&["--yes"]).expect(4);
    run(&["--dry-run"]).expect(0).says("A ! different");
    assert_eq!(sandbox.read(".env"), "A=1\nB=2\n");
    run(&["--keep"]).expect(0).says("A ! different, kept as it is");
    assert_eq!(sandbox.read(".env"), "A=1\nB=2\nC=3\n");
    let ended = run(&["--overwrite"]).expect(0);
    assert_eq!(sandbox.read(".env"), format!("A={secret}\nB=2\nC=3\n"));
    for said in [refused.stderr, ended.stderr, ended.stdout, sandbox.remembered()] {
        assert!(!said.contains(&secret), "{said}");
    }
}

#[test]
fn a_person_decides_about_each_conflict() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A=1\nB=2\nC=3\n");
    sandbox.write("from", "A=x\nB=y\nC=z\n");
    let mut terminal = Terminal::start(&sandbox, &["--plain", "env", "import", "from"], (40, 80));
    terminal.wait_for("A has another value").send("2\r");
    terminal.wait_for("B has another value").send("3\r");
    terminal.wait_for("Apply this plan?").send("y\r");
    let ended = terminal.end();
    assert_eq!((ended.code, sandbox.read(".env").as_str()), (0, "A=x\nB=2\nC=3\n"), "{}", ended.text);
}

#[test]
fn json_shows_the_plan_and_applies_it_only_with_yes() {
    let sandbox = Sandbox::new();
    sandbox.write("from", "A=x\n");
    let plan: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["env", "import", "from", "--json"]).expect(0).stdout).unwrap();
    assert_eq!((&plan["applied"], sandbox.exists(".env")), (&false.into(), false));
    let done: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["env", "import", "from", "--json", "--yes"]).expect(0).stdout).unwrap();
    assert_eq!((&done["applied"], sandbox.read(".env").as_str()), (&true.into(), "A=x\n"));
    let same: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["env", "import", "from", "--json", "--yes"]).expect(0).stdout).unwrap();
    assert_eq!(same["applied"], false);
}

#[test]
fn values_that_do_not_fit_are_not_imported() {
    let sandbox = Sandbox::new();
    sandbox.write("nixstart.toml", "[secrets.BOT_TOKEN]\nkind = \"discord/bot-token\"\n");
    sandbox.write("secretspec.toml", &SPEC.replace("TOKEN", "BOT_TOKEN"));
    let (bad, good) = (secret(), token());
    sandbox.write("from", &format!("OTHER=1\nBOT_TOKEN={bad}\n"));
    let ended = sandbox.run(&["env", "import", "from"]).expect(1);
    assert!(ended.stderr.contains("the value of BOT_TOKEN is not accepted"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(&bad) && !sandbox.exists(".env"), "{}", ended.stderr);
    sandbox.write("from", &format!("BOT_TOKEN=\"{good}\"\n"));
    sandbox.run(&["env", "import", "from"]).expect(0);
    assert_eq!(sandbox.read(".env"), format!("BOT_TOKEN={good}\n"));
    let dollar = ["A=pa$", "word"].concat();
    sandbox
        .run_with_input(&["env", "--consumers", "next", "import", "-", "--dialect", "raw"], &dollar)
        .expect(10)
        .says("`A` cannot be written: it has a `$` that Next.js would expand");
    sandbox
        .run_with_input(&["env", "import", "-", "--dialect", "raw"], "a-b=1\n")
        .expect(10)
        .says("names that only some programs know: a-b");
}

#[test]
fn what_cannot_be_read_is_said_with_its_line() {
    let sandbox = Sandbox::new();
    let secret = secret();
    for (text, dialect, expected) in [
        (format!("A=1\nB=\"{secret}\\\"x\"\n"), "auto", "line 2 has a backslash in the double quotes of `B`"),
        (format!("A=$({secret})\n"), "shell", "line 1 has something in `A` that a shell would expand or run"),
        (format!("{{\"A\": [\"{secret}\"]}}"), "auto", "`A` is a list, not a string"),
        (format!("{{\"A\": \"{secret}\""), "json", "this is no JSON"),
        (secret.clone(), "auto", "standard input has no variables"),
    ] {
        let ended = sandbox.run_with_input(&["env", "import", "-", "--dialect", dialect], &text).expect(1);
        let said = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(expected) && !said.contains(&secret), "{said}");
    }
    sandbox.write("here/x", "");
    sandbox.run(&["env", "import", "here"]).expect(1).says("`here` is a directory");
    sandbox.run(&["env", "import", "nowhere"]).expect(1).says("nowhere");
}

#[test]
fn compares_two_files_without_their_values() {
    let sandbox = Sandbox::new();
    let secret = secret();
    sandbox.write("a", &format!("A={secret}\nB='x y'\nC=1\n"));
    sandbox.write("b", "B=\"x y\"\nA=1\nD=2\n");
    let ended = sandbox.run(&["env", "diff", "a", "b"]).expect(3);
    assert_eq!(ended.stdout, "! A  different\n- C  only in a\n+ D  only in b\n");
    assert!(ended.stderr.contains("`a` and `b` differ in 3 variables") && !ended.stderr.contains(&secret), "{}", ended.stderr);
    let revealed = sandbox.run(&["env", "diff", "a", "b", "--reveal"]).expect(3).stdout;
    assert!(revealed.starts_with(&format!("! A  different\n    a: {secret}\n    b: 1\n")), "{revealed}");
    let document: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["env", "diff", "a", "b", "--json"]).expect(3).stdout).unwrap();
    assert_eq!(
        (&document["differences"], &document["variables"][1]),
        (&3.into(), &serde_json::json!({ "key": "B", "state": "same" }))
    );
    sandbox.run(&["env", "diff", "a", "a"]).expect(0).says("the same 3 variables");
    sandbox.run(&["env", "diff", "a", "c"]).expect(1).says("there is no `c`");
}

#[test]
fn compares_the_file_with_what_is_declared() {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", SPEC);
    sandbox.write(".env", "TOKEN=x\nEXTRA=1\n");
    let ended = sandbox.run(&["env", "diff"]).expect(3);
    assert_eq!(ended.stdout, "- EXTRA  only in .env\n+ PORT  only in secretspec.toml\n");
    sandbox.write(".env", "TOKEN=x\nPORT=1\n");
    sandbox.run(&["env", "diff"]).expect(0);
}

#[test]
fn the_example_is_written_and_brought_up_to_date_and_taken_back() {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", SPEC);
    sandbox.run(&["env", "example", "--check"]).expect(3).says("`.env.example` does not say what is declared");
    sandbox.run(&["env", "example"]).expect(4);
    sandbox.run(&["env", "example", "--yes"]).expect(0);
    let first = sandbox.read(".env.example");
    assert!(first.ends_with("\n# Logs in (required)\nTOKEN=\n\n# Where it listens (optional)\nPORT=3000\n"), "{first}");
    sandbox.run(&["env", "example", "--check"]).expect(0);
    sandbox.run(&["env", "example"]).expect(0).says("`.env.example` is up to date");
    let edited = first.replace("TOKEN=\n", "# Ask Ada.\nTOKEN=\nMINE=1\n").replace("Logs in", "Old words");
    sandbox.write(".env.example", &edited);
    let stale: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["env", "example", "--check", "--json"]).expect(3).stdout).unwrap();
    assert_eq!(stale["stale"], true);
    sandbox.run(&["env", "example", "--yes"]).expect(0);
    assert_eq!(sandbox.read(".env.example"), edited.replace("Old words", "Logs in"));
    sandbox.run(&["undo", "--yes"]).expect(0);
    assert_eq!(sandbox.read(".env.example"), edited);
}

#[test]
fn an_example_that_holds_a_secret_is_not_touched() {
    let sandbox = Sandbox::new();
    let secret = secret();
    sandbox.write("secretspec.toml", SPEC);
    sandbox.write(".env", &format!("TOKEN={secret}\n"));
    sandbox.write(".env.example", &format!("TOKEN={secret}\n"));
    let ended = sandbox.run(&["env", "example", "--yes"]).expect(10);
    assert!(ended.stderr.contains("`.env.example` holds the secret of `.env`: TOKEN"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(&secret) && !sandbox.remembered().contains(&secret), "{}", ended.stderr);
}

#[test]
fn a_foreign_example_that_declares_itself_stays_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.write(".env.example", "# Whatever\nA=1\nB=\n");
    sandbox.run(&["env", "example", "--check"]).expect(0);
    sandbox.run(&["env", "example"]).expect(0);
    assert_eq!(sandbox.read(".env.example"), "# Whatever\nA=1\nB=\n");
    let empty = Sandbox::new();
    empty.run(&["env", "example"]).expect(1).says("nothing is declared to write an example from");
}

#[test]
fn thousands_of_variables_come_at_once() {
    let sandbox = Sandbox::new();
    let text = |value: &str| {
        let lines: Vec<String> = (0..3000).map(|number| format!("VARIABLE_{number}={value}{number}\n")).collect();
        lines.concat()
    };
    sandbox.write(".env", &format!("# mine\n{}", text("old")));
    sandbox.write("new.env", &format!("{}LAST=1\n", text("new")));
    let begun = std::time::Instant::now();
    sandbox.run(&["env", "import", "new.env", "--overwrite", "--yes"]).expect(0);
    // A reparse for each of them takes minutes in a build that is not optimised.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    assert_eq!(sandbox.read(".env"), format!("# mine\n{}LAST=1\n", text("new")));
}

#[test]
fn a_directory_is_no_file_of_variables() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.work().join("folder")).unwrap();
    let refused = sandbox.run(&["env", "import", "folder"]).expect(1);
    refused.says("`folder` is a directory").says("hint: name the file that holds the variables");
}

//! Sharing: what is sealed opens with plain `age`, what `age` sealed opens here, nothing is readable in between, and whoever
//! is taken out is out. Keys are made by the real `ssh-keygen` and `age-keygen`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use pretty_assertions::assert_eq;

use crate::support::pty::Terminal;
use crate::support::server::{Answer, Server};
use crate::support::{Sandbox, run, tools};

const TOOLS: [&str; 3] = ["age", "age-keygen", "ssh-keygen"];

/// A value that no file but the `.env` may hold in any form.
fn canary() -> String {
    ["canary", "-Zq7", "Vb2Kd", "9x"].concat()
}

/// Runs a tool and returns what it prints.
#[track_caller]
fn tool(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(tools::find(program).unwrap());
    let output = command.args(arguments).current_dir(sandbox.work()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes a pair of keys in the work directory.
fn ssh_key(sandbox: &Sandbox, name: &str, options: &[&str], passphrase: &str) -> PathBuf {
    let comment = format!("{name}@laptop");
    let arguments = [&["-q", "-N", passphrase, "-C", &comment, "-f", name], options].concat();
    tool(sandbox, "ssh-keygen", &arguments);
    sandbox.work().join(name)
}

/// Lets a key be one's own.
fn own(sandbox: &Sandbox, key: &Path, name: &str) {
    let folder = sandbox.home().join(".ssh");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(key, folder.join(name)).unwrap();
}

fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(".", &["init", "-q"]);
    sandbox.write(".gitignore", ".env\n.env.*\n");
    sandbox.write(".env", &format!("# mine\nTOKEN={}\nNAME=\"two words\"\nEMPTY=\n", canary()));
    sandbox
}

/// Everything that could be committed or is remembered, and what was said.
fn assert_nothing_readable(sandbox: &Sandbox, said: &[&str]) {
    let value = canary();
    let standard = base64::engine::general_purpose::STANDARD.encode(&value);
    let hexadecimal = nixstart::file_tree::hex(value.as_bytes());
    let reversed: String = value.chars().rev().collect();
    let forms = [value.as_str(), standard.trim_end_matches('='), &hexadecimal, &reversed];
    let files = sandbox.files();
    let committed = files.iter().filter(|(name, _)| !name.starts_with(".env"));
    let texts = committed.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    for text in texts.chain([sandbox.remembered()]).chain(said.iter().map(|text| (*text).to_owned())) {
        for form in forms {
            assert!(!text.contains(form), "`{form}` is in:\n{text}");
        }
    }
}

#[test]
fn what_is_shared_opens_with_age_for_each_kind_of_key() {
    if !tools::have("what_is_shared_opens_with_age_for_each_kind_of_key", &TOOLS) {
        return;
    }
    let sandbox = project();
    ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    ssh_key(&sandbox, "bob", &["-t", "rsa", "-b", "2048"], "");
    tool(&sandbox, "age-keygen", &["-o", "carol"]);
    let carol = tool(&sandbox, "age-keygen", &["-y", "carol"]);
    let first = sandbox.run(&["env", "share", "--to", "alice.pub", "--to", "bob.pub", "--yes"]).expect(0);
    let second = sandbox.run(&["env", "share", "--to", carol.trim(), "--name", "carol", "--yes"]).expect(0);
    for key in ["alice", "bob", "carol"] {
        let text = tool(&sandbox, "age", &["-d", "-i", key, "team/env/default.age"]);
        let (head, body) = text.split_at(text.find("TOKEN").unwrap());
        assert_eq!(body, format!("TOKEN={}\nNAME='two words'\n", canary()));
        assert!(
            head.starts_with("# nixstart invitation 1\n# project: work-") && head.contains("\n# profile: default\n"),
            "{head}"
        );
    }
    let fingerprint = tool(&sandbox, "ssh-keygen", &["-l", "-f", "alice.pub"]);
    let fingerprint = fingerprint.split(' ').nth(1).unwrap();
    let list = sandbox.read("team/recipients.toml");
    assert!(list.contains(&format!("fingerprint = \"{fingerprint}\"")), "{list}");
    let shown = sandbox.run(&["env", "recipients"]).expect(0);
    assert!(shown.stdout.contains(&format!("ssh-ed25519 {fingerprint}\n")), "{}", shown.stdout);
    assert!(first.stderr.contains(fingerprint) && first.stderr.contains("compare it with them"), "{}", first.stderr);
    let json: serde_json::Value = serde_json::from_str(&sandbox.run(&["env", "recipients", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(json["recipients"][0]["fingerprints"][0], fingerprint);
    assert_eq!(json["files"][0], "team/env/default.age");
    assert_nothing_readable(&sandbox, &[&first.stdout, &first.stderr, &second.stderr]);
}

#[test]
fn unlock_opens_with_each_kind_of_key_and_loses_nothing() {
    if !tools::have("unlock_opens_with_each_kind_of_key_and_loses_nothing", &TOOLS) {
        return;
    }
    for (kind, name) in [("ed25519", "id_ed25519"), ("rsa", "id_rsa")] {
        let sandbox = project();
        let key = ssh_key(&sandbox, "alice", &["-t", kind], "");
        own(&sandbox, &key, name);
        sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
        sandbox.write(".env", "# other\r\nexport NAME='mine' # keep\r\nTOKEN=\r\nLAST=1");
        let unlocked = sandbox.run(&["env", "unlock"]).expect(0).says("kept, although the team has another value: NAME");
        assert_eq!(sandbox.read(".env"), format!("# other\r\nexport NAME='mine' # keep\r\nTOKEN={}\r\nLAST=1", canary()));
        assert_nothing_readable(&sandbox, &[&unlocked.stdout, &unlocked.stderr]);
        let again = sandbox.run(&["env", "unlock"]).expect(0);
        assert!(again.stderr.contains("it was not touched"), "{}", again.stderr);
        sandbox.run(&["env", "unlock", "--overwrite"]).expect(4).says("it replaces values");
        sandbox.run(&["env", "unlock", "--overwrite", "--yes"]).expect(0);
        assert!(sandbox.read(".env").contains("export NAME='two words' # keep\r\n"));
        fs::remove_file(sandbox.work().join(".env")).unwrap();
        sandbox.run(&["env", "unlock"]).expect(0);
        assert_eq!(sandbox.read(".env"), format!("TOKEN={}\nNAME='two words'\n", canary()));
        let mode = fs::metadata(sandbox.work().join(".env")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn an_identity_of_our_own_opens_files_of_age_and_is_never_replaced() {
    if !tools::have("an_identity_of_our_own_opens_files_of_age_and_is_never_replaced", &TOOLS) {
        return;
    }
    let sandbox = project();
    sandbox.run(&["env", "identity", "show"]).expect(1).says("make one with `nixstart env identity new`");
    let recipient = sandbox.run(&["env", "identity", "new"]).expect(0).stdout;
    let path = sandbox.home().join(".config/nixstart/identity.txt");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(sandbox.run(&["env", "identity", "show"]).expect(0).stdout, recipient);
    assert_eq!(tool(&sandbox, "age-keygen", &["-y", path.to_str().unwrap()]), recipient);
    let before = fs::read(&path).unwrap();
    sandbox.run(&["env", "identity", "new"]).expect(10).says("files may be sealed to it");
    assert_eq!(fs::read(&path).unwrap(), before);
    let secret = String::from_utf8(before).unwrap().lines().last().unwrap().to_owned();
    assert!(!sandbox.remembered().contains(&secret));
    sandbox.write("by-hand.env", "A=1\nB='it is'\n");
    for arguments in [["-a", "-o", "armored.age"], ["-o", "binary.age", "--encrypt"]] {
        tool(&sandbox, "age", &[&arguments[..], &["-r", recipient.trim(), "by-hand.env"]].concat());
    }
    for file in ["armored.age", "binary.age"] {
        sandbox.write(".env", "");
        sandbox.run(&["env", "unlock", file]).expect(0).says("was not made by nixstart");
        assert_eq!(sandbox.read(".env"), "A=1\nB='it is'\n");
    }
    let text = sandbox.read("armored.age");
    sandbox.write(".env", "");
    sandbox.run_with_input(&["env", "unlock", "-"], &text).expect(0);
    assert_eq!(sandbox.read(".env"), "A=1\nB='it is'\n");
}

#[test]
fn a_passphrase_is_asked_for_once_and_only_when_it_helps() {
    if !tools::have("a_passphrase_is_asked_for_once_and_only_when_it_helps", &TOOLS) {
        return;
    }
    let passphrase = ["open ", "sesame"].concat();
    for plain in [false, true] {
        let sandbox = project();
        let key = ssh_key(&sandbox, "alice", &["-t", "ed25519"], &passphrase);
        own(&sandbox, &key, "id_ed25519");
        sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
        fs::remove_file(sandbox.work().join(".env")).unwrap();
        sandbox.run(&["env", "unlock"]).expect(4).says("needs its passphrase, and there is no terminal to ask on");
        let arguments: &[&str] = if plain { &["--plain", "env", "unlock", "--yes"] } else { &["env", "unlock", "--yes"] };
        let mut terminal = Terminal::start(&sandbox, arguments, (30, 120));
        terminal.wait_for("Passphrase of").send("wrong\r");
        terminal.wait_for("once more").send(&format!("{passphrase}\r"));
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert!(!ended.text.contains(&passphrase), "the passphrase was shown");
        assert_eq!(sandbox.read(".env"), format!("TOKEN={}\nNAME='two words'\n", canary()));
        // Another key opens it without a question.
        let recipient = sandbox.run(&["env", "identity", "new"]).expect(0).stdout;
        let before = sandbox.read("team/env/default.age");
        let arguments = ["env", "share", "--to", recipient.trim(), "--name", "me", "--yes"];
        sandbox.run(&arguments).expect(4).says("needs its passphrase").says("or delete `team/env/default.age` first");
        assert_eq!(sandbox.read("team/env/default.age"), before);
        let mut terminal = Terminal::start(&sandbox, &arguments, (40, 120));
        terminal.wait_for("Passphrase of").send(&format!("{passphrase}\r"));
        assert_eq!(terminal.end().code, 0);
        fs::remove_file(sandbox.work().join(".env")).unwrap();
        sandbox.run(&["env", "unlock"]).expect(0);
        // A file that is not for the key asks for nothing.
        ssh_key(&sandbox, "bob", &["-t", "ed25519"], "");
        sandbox.run(&["env", "share", "--to", "bob.pub", "--out", "bob.age", "--yes"]).expect(0);
        sandbox.run(&["env", "unlock", "bob.age"]).expect(1).says("none of your keys opens `bob.age`");
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused_with_what_they_are() {
    if !tools::have("keys_that_cannot_be_used_are_refused_with_what_they_are", &TOOLS) {
        return;
    }
    let sandbox = project();
    let private = ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    ssh_key(&sandbox, "ecdsa", &["-t", "ecdsa"], "");
    ssh_key(&sandbox, "weak", &["-t", "rsa", "-b", "1024"], "");
    tool(&sandbox, "age-keygen", &["-o", "identity"]);
    let blob = ["\0\0\0\u{1a}sk-ssh-ed25519@openssh.com\0\0\0\u{1}x"].concat();
    let hardware = format!("sk-ssh-ed25519@openssh.com {} a@b", base64::engine::general_purpose::STANDARD.encode(blob));
    sandbox.write("sk.pub", &hardware);
    sandbox.write("big.pub", &"x".repeat(300_000));
    sandbox.write("binary.pub", "\0\u{1}");
    fs::create_dir(sandbox.work().join("folder.pub")).unwrap();
    let private_text = fs::read_to_string(&private).unwrap();
    let identity_text = sandbox.read("identity");
    let identity_line = identity_text.lines().last().unwrap();
    let share = |to: &str| sandbox.run(&["env", "share", "--to", to, "--yes"]);
    for (to, code, said) in [
        ("ecdsa.pub", 1, "it is an ECDSA key (`ecdsa-sha2-nistp256`), which age cannot seal to"),
        ("sk.pub", 1, "which lives in hardware"),
        ("weak.pub", 1, "it has 1024 bits, and age wants 2048 at least"),
        ("alice", 10, "this is a private key, which never leaves its machine"),
        ("identity", 10, "this is a private identity of age"),
        (private_text.as_str(), 10, "this is a private key"),
        (identity_line, 10, "this is a private identity of age"),
        (hardware.as_str(), 1, "which lives in hardware"),
        ("big.pub", 1, "too large"),
        ("folder.pub", 1, "is no plain file"),
        ("binary.pub", 1, "public key"),
        ("missing.pub", 1, "missing.pub"),
        ("age1qqqq", 1, "its checksum does not fit"),
        ("github:not/a/name", 2, "no name of a user of GitHub"),
    ] {
        let refused = share(to).expect(code).says(said);
        assert!(!refused.stderr.contains(identity_line), "{}", refused.stderr);
        assert!(!refused.stderr.contains(private_text.lines().nth(1).unwrap()), "{}", refused.stderr);
        assert!(!sandbox.exists("team"), "{to}");
    }
}

#[test]
fn damaged_and_foreign_files_are_named_and_change_nothing() {
    if !tools::have("damaged_and_foreign_files_are_named_and_change_nothing", &TOOLS) {
        return;
    }
    let sandbox = project();
    let key = ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    own(&sandbox, &key, "id_ed25519");
    ssh_key(&sandbox, "bob", &["-t", "ed25519"], "");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
    sandbox.run(&["env", "share", "--to", "bob.pub", "--out", "bob.age", "--yes"]).expect(0);
    let good = sandbox.read("team/env/default.age");
    let lines: Vec<&str> = good.lines().collect();
    sandbox.write("cut.age", &lines[..4].join("\n"));
    let mut swapped = lines.clone();
    let last = swapped.len() - 2;
    let flipped =
        if swapped[last].starts_with('A') { swapped[last].replacen('A', "B", 1) } else { format!("A{}", &swapped[last][1..]) };
    swapped[last] = &flipped;
    sandbox.write("flipped.age", &swapped.join("\n"));
    sandbox.write("text.age", "TOKEN=1\n");
    sandbox.write("empty.age", "");
    sandbox.write("merged.age", &good.replace(lines[2], &format!("<<<<<<< HEAD\n{}\n=======\n", lines[2])));
    sandbox.write("newer.age", "age-encryption.org/v2\n-> x\n");
    sandbox.write("nothing.env", "# nothing\n");
    sandbox.write("open.env", "A='1\n");
    sandbox.write("later.env", "# nixstart invitation 9\nA=1\n");
    for name in ["nothing", "open", "later"] {
        tool(&sandbox, "age", &["-R", "alice.pub", "-o", &format!("{name}.age"), &format!("{name}.env")]);
    }
    fs::File::create(sandbox.work().join("huge.age")).unwrap().set_len(17 * 1024 * 1024).unwrap();
    fs::create_dir(sandbox.work().join("folder.age")).unwrap();
    tool(&sandbox, "mkfifo", &["fifo.age"]);
    let before = sandbox.read(".env");
    for (file, said) in [
        ("bob.age", "none of your keys opens `bob.age`, which is sealed to keys of SSH (1)"),
        ("cut.age", "it is cut off"),
        ("flipped.age", "it is damaged"),
        ("text.age", "it is no file that age has sealed"),
        ("empty.age", "it is cut off"),
        ("merged.age", "it is damaged"),
        ("newer.age", "it is sealed in a later format of age"),
        ("huge.age", "larger than 16 MB"),
        ("folder.age", "is no plain file"),
        ("fifo.age", "is no plain file"),
        ("missing.age", "there is no `missing.age`"),
        ("nothing.age", "no variable is sealed in it"),
        ("open.age", "column 3: the quote of `A` is not closed"),
        ("later.age", "it was written in format 9"),
    ] {
        sandbox.run(&["env", "unlock", file, "--yes"]).expect(1).says(said);
        assert_eq!(sandbox.read(".env"), before);
    }
    sandbox
        .run(&["env", "--profile", "production", "unlock"])
        .expect(1)
        .says("there are team/env/default.age (`nixstart env unlock`)");
}

#[test]
fn whoever_is_revoked_is_out_and_the_rest_is_told_what_to_rotate() {
    if !tools::have("whoever_is_revoked_is_out_and_the_rest_is_told_what_to_rotate", &TOOLS) {
        return;
    }
    let sandbox = project();
    sandbox.write(
        "secretspec.toml",
        "[project]\nname = \"x\"\nrevision = \"1.0\"\n[profiles.default]\nTOKEN = { description = \"t\" }\nNAME = { description = \"n\" }\n",
    );
    sandbox.write(
        "nixstart.toml",
        "[secrets.TOKEN]\nobtain = { url = \"https://example.org/token\", steps = [\"Open it\", \"Copy it\"] }\n",
    );
    let key = ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    own(&sandbox, &key, "id_ed25519");
    ssh_key(&sandbox, "bob", &["-t", "ed25519"], "");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--to", "bob.pub", "--yes"]).expect(0);
    sandbox.run(&["env", "--profile", "staging", "share", "--yes"]).expect(0);
    // A value that was changed here since is not what the team has.
    sandbox.write(".env", "TOKEN=other\n");
    sandbox.run(&["env", "revoke", "bib", "--yes"]).expect(1).says("did you mean `bob`?");
    sandbox.run(&["env", "revoke", "bob"]).expect(4);
    let revoked = sandbox.run(&["env", "revoke", "bob", "--yes"]).expect(0);
    let revoked = revoked.says("a value is safe again only when it is a new one").says("NAME: `nixstart env rotate NAME`");
    let revoked = revoked.says("TOKEN: `nixstart env rotate TOKEN` get it: https://example.org/token 1. Open it 2. Copy it");
    for file in ["team/env/default.age", "team/env/staging.age"] {
        let text = tool(&sandbox, "age", &["-d", "-i", "alice", file]);
        assert!(text.ends_with(&format!("TOKEN={}\nNAME='two words'\n", canary())), "{text}");
        let bob = Command::new(tools::find("age").unwrap()).args(["-d", "-i", "bob", file]).current_dir(sandbox.work()).output();
        assert!(!bob.unwrap().status.success());
    }
    assert!(!sandbox.read("team/recipients.toml").contains("bob"));
    sandbox.run(&["env", "revoke", "alice", "--yes"]).expect(1).says("is the only recipient");
    assert_nothing_readable(&sandbox, &[&revoked.stdout, &revoked.stderr]);
    sandbox.run(&["undo", "--yes"]).expect(0);
    assert!(sandbox.read("team/recipients.toml").contains("bob"));
    assert!(tool(&sandbox, "age", &["-d", "-i", "bob", "team/env/default.age"]).contains("TOKEN="));
}

#[test]
fn what_is_personal_stays_at_home_unless_it_is_named() {
    if !tools::have("what_is_personal_stays_at_home_unless_it_is_named", &TOOLS) {
        return;
    }
    let sandbox = project();
    sandbox.write("nixstart.toml", "[secrets.TOKEN]\npersonal = true\n[secrets.NAME]\n");
    sandbox.write("secretspec.toml", "[profiles.default]\nTOKEN = { description = \"t\" }\nNAME = { description = \"n\" }\n");
    sandbox.write(".env", &format!("TOKEN={}\nNAME=n\nEXTRA=e\n", canary()));
    ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    let opened = |sandbox: &Sandbox| {
        let text = tool(sandbox, "age", &["-d", "-i", "alice", "team/env/default.age"]);
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split('=').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let shared = sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
    let shared = shared.says("not shared: TOKEN (personal: everybody has one of their own)");
    shared.says("not shared: EXTRA (nothing declares it)").says("none of your own keys is a recipient");
    assert_eq!(opened(&sandbox), ["NAME"]);
    // What nobody shares cannot be unlocked.
    let whole = sandbox.read(".env");
    for (left_out, is_shared) in [("NAME=n\n", true), ("TOKEN=", false)] {
        let lines = whole.split_inclusive('\n').filter(|line| !line.starts_with(left_out));
        sandbox.write(".env", &lines.collect::<String>());
        let checked = sandbox.run(&["env", "check"]).expect(3);
        assert_eq!(checked.stderr.contains("adds what the team shares"), is_shared, "{}", checked.stderr);
    }
    sandbox.write(".env", &whole);
    sandbox.run(&["env", "share", "--keys", "TOKEN,EXTRA", "--yes"]).expect(0);
    assert_eq!(opened(&sandbox), ["TOKEN", "EXTRA"]);
    sandbox.run(&["env", "share", "--all", "--yes"]).expect(0);
    assert_eq!(opened(&sandbox), ["TOKEN", "NAME", "EXTRA"]);
    sandbox.run(&["env", "share", "--keys", "MISSING", "--yes"]).expect(1).says("has no value for `MISSING`");
}

#[test]
fn nothing_is_shared_without_consent() {
    if !tools::have("nothing_is_shared_without_consent", &TOOLS) {
        return;
    }
    let sandbox = project();
    ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    let files = sandbox.files();
    sandbox.run(&["env", "share", "--to", "alice.pub"]).expect(4).says("there is no terminal to ask on");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--dry-run"]).expect(0).says("can open it: alice ssh-ed25519 SHA256:");
    let json = sandbox.run(&["env", "share", "--to", "alice.pub", "--json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["applied"], false);
    sandbox.run(&["env", "share", "--yes"]).expect(2).says("there is nobody to share with");
    assert_eq!(sandbox.files(), files);
    let mut terminal = Terminal::start(&sandbox, &["env", "share", "--to", "alice.pub"], (40, 120));
    terminal.wait_for("Apply this plan?").send("n\r");
    assert_eq!(terminal.end().code, 7);
    assert_eq!(sandbox.files(), files);
    let mut terminal = Terminal::start(&sandbox, &["env", "share", "--to", "alice.pub"], (40, 120));
    terminal.wait_for("SHA256:").wait_for("Apply this plan?").send("y\r");
    assert_eq!(terminal.end().code, 0);
    sandbox.run(&["undo", "--yes"]).expect(0);
    assert!(!sandbox.exists("team/env/default.age"));
}

#[test]
fn a_list_that_contradicts_itself_is_named_with_its_line() {
    if !tools::have("a_list_that_contradicts_itself_is_named_with_its_line", &TOOLS) {
        return;
    }
    let sandbox = project();
    ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    ssh_key(&sandbox, "other", &["-t", "ed25519"], "");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
    let good = sandbox.read("team/recipients.toml");
    sandbox
        .run(&["env", "share", "--to", "other.pub", "--name", "alice", "--yes"])
        .expect(1)
        .says("is a recipient already, with another key");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--name", "bob", "--yes"]).expect(1).says("`alice` has this key already");
    sandbox.run(&["env", "recipients", "add", "alice.pub", "--yes"]).expect(0).says("as it should be already");
    assert_eq!(sandbox.read("team/recipients.toml"), good);
    let at = good.lines().position(|line| line.starts_with("fingerprint")).unwrap() + 1;
    for (text, said) in [
        (
            good.replace("fingerprint = \"SHA256:", "fingerprint = \"SHA256:x"),
            format!("line {at}: `fingerprint` of `alice` is not that of `key`"),
        ),
        (good.replace("format = 1", "<<<<<<< HEAD\nformat = 1"), "two branches have changed the list".to_owned()),
        (good.replace("ssh-ed25519 AAAA", "ssh-ed25519 AAAB"), "`key` of `alice`".to_owned()),
        (
            format!(
                "{good}{}",
                good.split_once("format = 1\n").unwrap().1.split_once("[[").map(|(_, rest)| format!("[[{rest}")).unwrap()
            ),
            "two recipients called `alice`".to_owned(),
        ),
        ("format = 99\n".to_owned(), "`format` is none that this nixstart knows".to_owned()),
    ] {
        sandbox.write("team/recipients.toml", &text);
        for verb in [&["env", "recipients"][..], &["env", "share", "--yes"], &["env", "revoke", "alice", "--yes"]] {
            sandbox.run(verb).expect(1).says(&said);
        }
        assert_eq!(sandbox.read("team/recipients.toml"), text);
    }
    // What people write into it stays.
    let commented = format!("# ours\n{good}team = \"core\" # note\n");
    sandbox.write("team/recipients.toml", &commented);
    sandbox.run(&["env", "recipients", "add", "other.pub", "--name", "bob", "--yes"]).expect(0);
    assert!(sandbox.read("team/recipients.toml").starts_with(&commented));
    sandbox.run(&["env", "recipients", "remove", "bob", "--yes"]).expect(0).says("the sealed files still open for bob");
    assert_eq!(sandbox.read("team/recipients.toml"), commented);
}

#[test]
fn keys_of_github_are_fetched_and_shown() {
    if !tools::have("keys_of_github_are_fetched_and_shown", &TOOLS) {
        return;
    }
    let sandbox = project();
    for name in ["one", "two"] {
        ssh_key(&sandbox, name, &["-t", "ed25519"], "");
    }
    ssh_key(&sandbox, "three", &["-t", "ecdsa"], "");
    let body = ["one.pub", "two.pub", "three.pub"].map(|file| sandbox.read(file)).concat();
    let server = Server::plain("/alice.keys", Answer::Whole(body.into_bytes()));
    server.answers("/nobody.keys", &[Answer::Status(404, &[])]);
    server.answers("/empty.keys", &[Answer::Whole(b"\n".to_vec())]);
    server.answers("/page.keys", &[Answer::Page]);
    let share = |user: &str| {
        let mut command = sandbox.command();
        command.env("NIXSTART_GITHUB_URL", server.url("")).args(["env", "share", "--yes", "--to", &format!("github:{user}")]);
        run(&mut command, "")
    };
    share("nobody").expect(1).says("GitHub knows nobody called `nobody`");
    share("empty").expect(1).says("has no public key");
    share("page").expect(1);
    assert!(!sandbox.exists("team"));
    let shared = share("alice").expect(0).says("a key is left out: it is an ECDSA key");
    assert!(shared.stderr.matches("SHA256:").count() >= 2, "{}", shared.stderr);
    for key in ["one", "two"] {
        assert!(tool(&sandbox, "age", &["-d", "-i", key, "team/env/default.age"]).contains("TOKEN="));
    }
    assert_eq!(server.asked().iter().filter(|path| path.contains("alice")).count(), 1);
    // Without `--to` nobody is asked.
    let before = server.asked().len();
    sandbox.run(&["env", "share", "--yes"]).expect(0);
    assert_eq!(server.asked().len(), before);
}

#[test]
fn a_rotated_value_reaches_the_team() {
    if !tools::have("a_rotated_value_reaches_the_team", &TOOLS) {
        return;
    }
    let sandbox = project();
    sandbox.write("nixstart.toml", "[deployments.server]\nhost = \"x\"\n");
    sandbox.write(".github/workflows/ci.yml", "env: ${{ secrets.TOKEN }}\n");
    let key = ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    own(&sandbox, &key, "id_ed25519");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--keys", "TOKEN", "--yes"]).expect(0);
    let opened = |sandbox: &Sandbox| tool(sandbox, "age", &["-d", "-i", "alice", "team/env/default.age"]);
    let rotated = sandbox.run_with_input(&["env", "rotate", "TOKEN", "--stdin"], "second\n").expect(0);
    rotated
        .says("may be in `team/env/default.age` with its old value")
        .says("the deployment `server`")
        .says("gh secret set TOKEN");
    assert!(opened(&sandbox).contains(&canary()));
    sandbox.run_with_input(&["env", "rotate", "TOKEN", "--stdin", "--yes"], "third\n").expect(0);
    assert!(opened(&sandbox).ends_with("\nTOKEN=third\n"), "{}", opened(&sandbox));
    let mut terminal = Terminal::start(&sandbox, &["env", "rotate", "TOKEN", "--generate"], (40, 120));
    terminal.wait_for("Seal it anew?").send("y\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    let value = sandbox.read(".env").lines().find_map(|line| line.strip_prefix("TOKEN=")).unwrap().to_owned();
    assert!(value.len() >= 32 && opened(&sandbox).ends_with(&format!("TOKEN={value}\n")));
    assert!(!ended.text.contains(&value) && !sandbox.remembered().contains(&value));
    sandbox.run(&["env", "rotate", "NOWHERE", "--generate"]).expect(1).says("nothing declares it");
    sandbox.run(&["env", "rotate", "TOKEN"]).expect(4);
}

#[test]
fn what_one_person_does_not_have_stays_sealed_for_the_others() {
    if !tools::have("what_one_person_does_not_have_stays_sealed_for_the_others", &TOOLS) {
        return;
    }
    let sandbox = project();
    sandbox.write(".env", "AAA=1\nBBB=of-the-team\nCCC=3\n");
    let key = ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    ssh_key(&sandbox, "carol", &["-t", "ed25519"], "");
    own(&sandbox, &key, "id_ed25519");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
    let opened = |sandbox: &Sandbox, key: &str| {
        let text = tool(sandbox, "age", &["-d", "-i", key, "team/env/default.age"]);
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    // Another value of one's own, and one variable less: neither is the team's business when a third is rotated.
    sandbox.write(".env", "AAA=1\nBBB=my-own\n");
    sandbox.run_with_input(&["env", "rotate", "AAA", "--stdin", "--yes"], "2\n").expect(0);
    assert_eq!(opened(&sandbox, "alice"), ["AAA=2", "BBB=of-the-team", "CCC=3"]);
    // Inviting somebody loses nothing, and says whose value counts.
    sandbox.write(".env", "AAA=2\nBBB=my-own\nDDD=4\n");
    let shared = sandbox.run(&["env", "share", "--to", "carol.pub", "--yes"]).expect(0);
    let said = shared.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for note in ["new in it: DDD", "another value: BBB (yours takes", "stays as it is sealed: CCC (`--drop"] {
        assert!(said.contains(note), "{note}: {said}");
    }
    assert!(!said.contains("my-own") && !said.contains("of-the-team"), "{said}");
    for key in ["alice", "carol"] {
        assert_eq!(opened(&sandbox, key), ["AAA=2", "BBB=my-own", "CCC=3", "DDD=4"]);
    }
    // What is damaged could be opened by one of the keys, and is not written over.
    let whole = fs::read(sandbox.work().join("team/env/default.age")).unwrap();
    fs::write(sandbox.work().join("team/env/default.age"), &whole[..whole.len() - 20]).unwrap();
    let refused = sandbox.run(&["env", "share", "--yes"]).expect(1).says("cannot be opened");
    let rotated = sandbox.run_with_input(&["env", "rotate", "AAA", "--stdin", "--yes"], "5\n").expect(8);
    rotated.says("AAA has its new value, but the team does not have it").says("Make the old value invalid");
    sandbox.run_with_input(&["env", "set", "AAA", "--stdin"], "2\n").expect(0);
    assert!(refused.stderr.contains("or delete `team/env/default.age` first"), "{}", refused.stderr);
    fs::write(sandbox.work().join("team/env/default.age"), &whole).unwrap();
    // Whoever cannot open it is told what that costs.
    fs::remove_file(sandbox.home().join(".ssh/id_ed25519")).unwrap();
    let blind = sandbox.run(&["env", "share", "--dry-run"]).expect(0);
    let said = format!("{}{}", blind.stdout, blind.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("what is in it and not shared now will be gone from it"), "{said}");
    assert_eq!(sandbox.run(&["env", "recipients", "remove", "carol", "--dry-run"]).expect(0).says("env revoke carol").code, 0);
    fs::remove_file(sandbox.work().join(".env")).unwrap();
    assert!(sandbox.run(&["env", "check"]).stdout.contains("open what the team shares with `nixstart env unlock`"));
}

#[test]
fn variables_are_taken_out_and_people_let_in_without_a_file_of_ones_own() {
    if !tools::have("variables_are_taken_out_and_people_let_in_without_a_file_of_ones_own", &TOOLS) {
        return;
    }
    let sandbox = project();
    sandbox.write(".env", "AAA=1\nBBB=2\nCCC=3\n");
    let key = ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    ssh_key(&sandbox, "bob", &["-t", "ed25519"], "");
    own(&sandbox, &key, "id_ed25519");
    sandbox
        .run(&["env", "share", "--drop", "AAA", "--to", "alice.pub", "--yes"])
        .expect(1)
        .says("`team/env/default.age` is not there");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
    let opened = |sandbox: &Sandbox, key: &str| {
        let text = tool(sandbox, "age", &["-d", "-i", key, "team/env/default.age"]);
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    sandbox.run(&["env", "share", "--drop", "NOPE", "--yes"]).expect(1).says("has no `NOPE`").says("there are AAA, BBB, CCC");
    sandbox
        .run(&["env", "share", "--drop", "AAA,BBB,CCC", "--yes"])
        .expect(1)
        .says("nothing would be left")
        .says("`git rm team/env/default.age`");
    // What is taken out is taken out alone: one's own values are not the team's business then.
    sandbox.write(".env", "AAA=1\nBBB=my-own\nCCC=3\n");
    let dropped = sandbox.run(&["env", "share", "--drop", "AAA", "--yes"]).expect(0).says("taken out: AAA");
    assert!(!dropped.stderr.contains("shared:"), "{}", dropped.stderr);
    assert_eq!(opened(&sandbox, "alice"), ["BBB=2", "CCC=3"]);
    sandbox.run(&["env", "share", "--all", "--drop", "CCC", "--yes"]).expect(0).says("another value: BBB");
    assert_eq!(opened(&sandbox, "alice"), ["BBB=my-own", "AAA=1"]);
    // Every file has to be sealed anew for whoever comes into the list.
    sandbox.run(&["env", "share", "--profile", "production", "--keys", "BBB", "--yes"]).expect(0);
    let added = sandbox.run(&["env", "recipients", "add", "bob.pub", "--yes"]).expect(0);
    added.says("Run `nixstart env share`, `nixstart env --profile production share`, so that");
    sandbox.run(&["env", "recipients", "remove", "bob", "--yes"]).expect(0);
    // Without a `.env`, what is sealed stays as it is.
    fs::remove_file(sandbox.work().join(".env")).unwrap();
    sandbox.run(&["env", "share", "--to", "bob.pub", "--yes"]).expect(0).says("stays as it is sealed: BBB, AAA");
    assert_eq!(opened(&sandbox, "bob"), ["BBB=my-own", "AAA=1"]);
    // With a file that was named, or that has nothing for the team, too.
    sandbox.run(&["env", "--file", ".env.typo", "share", "--yes"]).expect(1).says("`.env.typo` is not there");
    sandbox.write(".env", "");
    sandbox.run(&["env", "share", "--to", "bob.pub", "--yes"]).expect(0);
    assert_eq!(opened(&sandbox, "bob"), ["BBB=my-own", "AAA=1"]);
    // What has become personal goes, also where one's own file does not have it or nothing of it is shared.
    sandbox.write("nixstart.toml", "[secrets.AAA]\npersonal = true\n[secrets.BBB]\n");
    for file in [None, Some(""), Some("AAA=mine\n")] {
        fs::remove_file(sandbox.work().join(".env")).unwrap_or_default();
        if let Some(text) = file {
            sandbox.write(".env", text);
        }
        let shown = sandbox.run(&["env", "share", "--to", "bob.pub", "--dry-run"]).expect(0);
        assert!(format!("{}{}", shown.stdout, shown.stderr).contains("taken out: AAA"), "{file:?} {}", shown.stderr);
    }
    sandbox.run(&["env", "share", "--yes"]).expect(0);
    assert_eq!(opened(&sandbox, "bob"), ["BBB=my-own"]);
    sandbox.write("nixstart.toml", "<<<<<<< HEAD\n");
    sandbox.run(&["env", "share", "--to", "bob.pub", "--yes"]).expect(1).says("what the project declares cannot be read");
    fs::remove_file(sandbox.work().join("nixstart.toml")).unwrap();
    // Whoever cannot open it cannot let anybody in.
    fs::remove_file(sandbox.home().join(".ssh/id_ed25519")).unwrap();
    fs::remove_file(sandbox.work().join(".env")).unwrap();
    let blind = sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(1);
    blind.says("none of your keys opens `team/env/default.age`");
}

#[test]
fn every_command_that_is_said_inside_an_app_can_be_typed_there() {
    if !tools::have("every_command_that_is_said_inside_an_app_can_be_typed_there", &TOOLS) {
        return;
    }
    let sandbox = project();
    let declared = "[project]\nname = 'x'\nrevision = '1.0'\n[profiles.default]\nTOP = { description = 't' }\n\
        OF_API = { description = 'a', type = 'hex', generate = { bytes = 8 } }\n";
    sandbox.write("secretspec.toml", declared);
    for (file, text) in [(".env", "TOP=1\n"), ("apps/api/.env", "OF_API=2\n"), ("apps/web/.env", "TOP=3\n")] {
        sandbox.write(file, text);
    }
    let key = ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    ssh_key(&sandbox, "bob", &["-t", "ed25519"], "");
    own(&sandbox, &key, "id_ed25519");
    for arguments in [&["--app", "api"][..], &["--app", "web"], &["--profile", "staging"], &[]] {
        let arguments = [&["env"], arguments, &["share", "--to", "alice.pub", "--yes"]].concat();
        sandbox.run(&arguments).expect(0);
    }
    let in_api = |arguments: &[&str]| run(sandbox.command().current_dir(sandbox.work().join("apps/api")).args(arguments), "");
    let files = ["api.default.age", "default.age", "staging.age", "web.default.age"];
    let opened_by_bob = || {
        let opens = |file: &&str| {
            let file = format!("team/env/{file}");
            let age =
                Command::new(tools::find("age").unwrap()).args(["-d", "-i", "bob", &file]).current_dir(sandbox.work()).output();
            age.unwrap().status.success()
        };
        files.into_iter().filter(opens).collect::<Vec<_>>()
    };
    let type_all = |said: &str| {
        let commands: Vec<&str> = said.split('`').filter(|part| part.starts_with("nixstart ")).collect();
        assert_eq!(commands.len(), files.len(), "{said}");
        for command in commands {
            let mut words: Vec<&str> = command.split_whitespace().skip(1).collect();
            words.push("--yes");
            in_api(&words).expect(0);
        }
    };
    let added = in_api(&["env", "recipients", "add", "../../bob.pub", "--yes"]).expect(0);
    assert_eq!(opened_by_bob(), Vec::<&str>::new());
    type_all(added.stderr.rsplit_once("Run ").unwrap().1);
    assert_eq!(opened_by_bob(), files);
    let unlocked = in_api(&["env", "--profile", "nope", "unlock"]).expect(1);
    type_all(&unlocked.stderr);
    // Whoever goes: every file that has a variable says how it gets a new one.
    let revoked = in_api(&["env", "revoke", "bob", "--yes"]).expect(0);
    assert_eq!(opened_by_bob(), Vec::<&str>::new());
    let root = sandbox.work().to_str().unwrap().to_owned();
    let revoked = revoked.says("OF_API: `nixstart env --app api rotate OF_API --generate`");
    let revoked = revoked.says(&format!("TOP: `nixstart -C {root} env rotate TOP`"));
    let revoked = revoked.says(&format!("TOP: `nixstart -C {root} env --profile staging rotate TOP`"));
    let revoked = revoked.says("TOP: `nixstart env --app web rotate TOP`");
    in_api(&["env", "--app", "api", "rotate", "OF_API", "--generate", "--yes"]).expect(0);
    type_all(revoked.stderr.rsplit_once("Then run ").unwrap().1);
    assert_eq!(opened_by_bob(), Vec::<&str>::new());
}

#[test]
fn a_key_in_a_variable_is_refused_and_a_file_named_there_is_tried_first() {
    if !tools::have("a_key_in_a_variable_is_refused_and_a_file_named_there_is_tried_first", &TOOLS) {
        return;
    }
    let sandbox = project();
    ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
    fs::remove_file(sandbox.work().join(".env")).unwrap();
    let unlock = |identity: &str| run(sandbox.command().env("NIXSTART_AGE_IDENTITY", identity).args(["env", "unlock"]), "");
    let secret = ["AGE-SECRET-", "KEY-1QQQ"].concat();
    let refused = unlock(&secret).expect(10);
    assert!(!refused.stderr.contains("QQQ"), "{}", refused.stderr);
    unlock("missing").expect(1).says("is no private key");
    unlock("alice.pub").expect(1).says("it is a public key; name the private one");
    sandbox.run(&["env", "unlock"]).expect(1).says("there is no private key in `~/.ssh`");
    unlock("alice").expect(0);
    assert!(sandbox.read(".env").contains(&canary()));
}

#[test]
fn unlock_names_its_source_once_and_tells_new_values_from_replaced_ones() {
    if !tools::have("unlock_names_its_source_once_and_tells_new_values_from_replaced_ones", &TOOLS) {
        return;
    }
    let sandbox = project();
    let key = ssh_key(&sandbox, "alice", &["-t", "ed25519"], "");
    own(&sandbox, &key, "id_ed25519");
    sandbox.run(&["env", "share", "--to", "alice.pub", "--yes"]).expect(0);
    sandbox.write(".env", "NAME=other\n");
    sandbox.run(&["env", "unlock", "--dry-run"]).expect(0).says("TOKEN + added from team/env/default.age");
    let all = sandbox.run(&["env", "unlock", "--overwrite", "--dry-run"]).expect(0);
    let lines = "     from team/env/default.age\n     TOKEN  + added\n     NAME   ~ replaced\n";
    assert!(all.stderr.contains(lines), "{}", all.stderr);
    let json = sandbox.run(&["env", "unlock", "--overwrite", "--json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let variables = &json["plan"]["steps"][0]["details"]["variables"];
    assert_eq!((&variables[0]["replaces"], &variables[1]["replaces"]), (&false.into(), &true.into()));
    assert_nothing_readable(&sandbox, &[&all.stdout, &all.stderr]);
}

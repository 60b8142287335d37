//! `nixstart setup` and everything that goes wrong: sudo that says no, locks, kills, full disks, and start-up files of every
//! kind. Nothing is lost, and what was begun can be continued and taken back.

use portable_pty::CommandBuilder;
use pretty_assertions::assert_eq;

use crate::support::Run;
use crate::support::machine::{Machine, OFFLINE};
use crate::support::pty::Terminal;

/// Without what comes over the network from a cache of Nix.
const SETUP: &str = "nixstart setup --yes --route distro --skip caches --skip nix-direnv";

/// Runs the whole setup as a user who has no terminal, and sees that nothing was changed.
#[track_caller]
fn is_denied(machine: &Machine, user: &str, variables: &[(&str, &str)], texts: &[&str]) {
    let command: Vec<&str> = SETUP.split(' ').collect();
    let run = machine.run_with(user, variables, &command, "").expect(9);
    let run = texts.iter().fold(run, |run, text| run.says(text));
    let word = variables.iter().find(|(name, _)| *name == "NIXSTART_SUDO").map_or("sudo", |(_, word)| word);
    let run = run.says("run as root, in this order:").says(&format!("{word} apt-get"));
    let run = run.says(&format!("{word} usermod -aG nix-users {user}"));
    assert!(!run.stderr.contains("running:"), "{}", run.stderr);
    is_untouched(machine, user);
}

#[track_caller]
fn is_untouched(machine: &Machine, user: &str) {
    let home = format!("/home/{user}");
    machine.script("root", &format!("cmp {home}/.bashrc /etc/skel/.bashrc; ! ls {home}/.local/state/nixstart/receipts {home}/.config 2>/dev/null; ! which nix direnv")).expect(0);
}

#[test]
fn what_sudo_denies_is_said_before_anything_is_done() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.run(&["apt-get", "update"]).expect(0);
    is_denied(&machine, "ada", &[], &["`sudo` lets you run nothing on this machine", "ask whoever administers this machine"]);
    is_denied(&machine, "carol", &[], &["`sudo` wants a password, and none was given", "run the same command on a terminal"]);
    let run = machine.run_with("dan", &[], &SETUP.split(' ').collect::<Vec<_>>(), "");
    assert!(!run.stderr.contains("commands: `apt-get"), "{}", run.stderr);
    is_denied(&machine, "dan", &[], &["`sudo` lets you run not all of the commands: `sh -c", "`usermod -aG nix-users dan`"]);
    is_denied(&machine, "bob", &[("NIXSTART_SUDO", "doas")], &["`doas` is not installed", "NIXSTART_SUDO"]);
    wrong_passwords(&machine);
}

fn wrong_passwords(machine: &Machine) {
    let command = ["nixstart", "--plain", "setup", "--route", "distro", "--only", "packages-update", "--yes"];
    let mut terminal = machine.terminal("carol", &[], &command, (24, 80));
    terminal.wait_for("password for carol").send("wrong\r");
    terminal.wait_for("try again").send("wrong\r").wait_for("try again. [sudo] password for carol").send("wrong\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 9, "{}", ended.text);
    assert!(ended.text.contains("`sudo` did not accept the password"), "{}", ended.text);
    let mut terminal = machine.terminal("carol", &[], &command, (24, 80));
    terminal.wait_for("password for carol").send("\x03");
    terminal.end();
    is_untouched(machine, "carol");
}

#[test]
fn doas_is_asked_in_its_own_way() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.script("root", "apt-get update; apt-get install -y --no-install-recommends opendoas").expect(0);
    let doas = [("NIXSTART_SUDO", "doas")];
    is_denied(&machine, "bob", &doas, &["`doas` refuses: doas: doas is not enabled"]);
    let rules = |text: &str, mode: &str| {
        machine.write("/etc/doas.conf", text);
        machine.run(&["chmod", mode, "/etc/doas.conf"]).expect(0);
    };
    rules("permit carol\n", "600");
    is_denied(&machine, "carol", &doas, &["`doas` wants a password, and none was given"]);
    is_denied(&machine, "ada", &doas, &["`doas` lets you run nothing on this machine"]);
    rules("permit nopass dan cmd apt-get\n", "644");
    is_denied(&machine, "dan", &doas, &["`doas` lets you run not all of the commands: `sh -c", "`usermod"]);
    let update = ["nixstart", "setup", "--yes", "--route", "distro", "--only", "packages-update"];
    machine.run_with("dan", &doas, &update, "").expect(0).says("done: Fetch the lists");
    // Without `persist` the password would be asked for at each step, where nobody sees the question.
    rules("permit carol\n", "600");
    let mut terminal = machine.terminal("carol", &doas, &[&["nixstart", "--plain"], &update[1..]].concat(), (24, 80));
    terminal.wait_for("password").send("carol\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 9, "{}", ended.text);
    assert!(ended.text.contains("`doas` does not remember the password"), "{}", ended.text);
}

/// Functions for scripts that run setup and do something to it meanwhile.
const MEANWHILE: &str = r#"
out=$(mktemp)
# What a script starts in the background ignores Ctrl-C, and so would everything it starts.
begin() { perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' -- "$@" > $out 2>&1 < /dev/null & pid=$!; }
says() { until grep -q -- "$1" $out; do kill -0 $pid || { cat $out; exit 99; }; sleep 0.02; done; }
ends() { local code=0; wait $pid || code=$?; [ $code = $1 ] || { echo "exit $code"; cat $out; exit 98; }; }
take_lock() {
  sudo perl -e 'use Fcntl; open(F, ">", $ARGV[0]) or die; my $l = pack("s s l! l! i x4", F_WRLCK, 0, 0, 0, 0);
    fcntl(F, F_SETLK, $l) or die; open(H, ">", "/tmp/held"); print H $$; close(H); sleep 600' $1 < /dev/null > /dev/null 2>&1 &
  until [ -s /tmp/held ]; do sleep 0.02; done
}
release() { sudo kill $(cat /tmp/held); sudo rm /tmp/held; }
"#;

#[track_caller]
fn meanwhile(machine: &Machine, script: &str) {
    let script = format!("{MEANWHILE}{script}");
    machine.run_as("bob", &["timeout", "600", "bash", "-euc", &script]).expect(0);
}

/// Nix works for bob in his next login, and setup has nothing left to do.
#[track_caller]
fn is_ready(machine: &Machine) {
    let project = machine.flake("bob");
    machine.run_with("bob", &[OFFLINE], &["nix", "develop", &project, "-c", "true"], "").expect(0);
    machine.script("bob", SETUP).expect(0).says("nothing to do");
    machine.script("bob", "test -z \"$(dpkg --audit)\"").expect(0);
}

#[test]
fn a_lock_of_another_package_manager_is_waited_for_and_one_that_stays_is_named() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.run(&["apt-get", "update"]).expect(0);
    // The real apt, which is only less patient: of two values the last one counts.
    machine.write("/usr/local/sbin/apt-get", "#!/bin/sh\nexec /usr/bin/apt-get \"$@\" -o DPkg::Lock::Timeout=1\n");
    machine.run(&["chmod", "755", "/usr/local/sbin/apt-get"]).expect(0);
    meanwhile(
        &machine,
        &format!(
            "take_lock /var/lib/dpkg/lock-frontend
            begin {SETUP}
            ends 8
            grep -q 'Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend)' $out
            grep -q 'another package manager runs' $out
            grep -q 'continue with the same command and `--resume`' $out
            release"
        ),
    );
    machine.run(&["rm", "/usr/local/sbin/apt-get"]).expect(0);
    meanwhile(
        &machine,
        "take_lock /var/lib/dpkg/lock-frontend
        begin nixstart setup --resume --yes
        says 'waiting for process'
        release
        says 'done: Install Nix and git with apt'
        ends 0",
    );
    is_ready(&machine);
    // The lists have a lock of their own, for which apt does not wait.
    meanwhile(
        &machine,
        &format!(
            "sudo apt-get purge -y direnv
            take_lock /var/lib/dpkg/lock-frontend
            begin {SETUP}
            says 'held by process'
            release
            ends 0"
        ),
    );
}

#[test]
fn ctrl_c_lets_the_package_manager_end_then_passes_it_on_then_leaves_it_behind() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.run(&["apt-get", "update"]).expect(0);
    meanwhile(
        &machine,
        &format!(
            "take_lock /var/lib/dpkg/lock-frontend
            begin {SETUP}
            says 'held by process'
            kill -INT $pid
            says 'press Ctrl-C again to pass it on'
            kill -TERM $pid
            says 'passed on to `apt-get`'
            ends 130
            grep -q 'interrupted in `apt-get`' $out
            release"
        ),
    );
    meanwhile(
        &machine,
        "begin nixstart setup --resume --yes
        says 'Unpacking nix-bin'
        kill -INT $pid
        says 'press Ctrl-C again to pass it on'
        kill -INT $pid
        says 'passed on to `apt-get`'
        kill -INT $pid
        ends 130
        grep -q 'still runs' $out
        begin nixstart setup --resume --yes
        says 'done: Install Nix and git with apt'
        kill -INT $pid
        ends 130
        grep -q 'interrupted before' $out
        nixstart setup --resume --yes",
    );
    is_ready(&machine);
}

#[test]
fn ctrl_c_on_a_terminal_reaches_nixstart_and_not_the_package_manager() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.script("root", "apt-get update; apt-get install -y --no-install-recommends direnv").expect(0);
    let script = format!("{MEANWHILE}take_lock /var/lib/dpkg/lock-frontend; {SETUP}; echo code $?; release");
    // What brings the command into the machine stands between the terminal and it, and has to survive Ctrl-C.
    let command = machine.command("bob", &[], &["bash", "-c", &script]);
    let mut builder = CommandBuilder::new("sh");
    builder.args(["-c", "trap '' INT; exec \"$@\"", "sh"]);
    builder.arg(command.get_program());
    builder.args(command.get_args());
    builder.env("TERM", "xterm-256color");
    let mut terminal = Terminal::spawn(builder, (24, 100));
    terminal.wait_long_for("held by process").send("\x03");
    terminal.wait_for("press Ctrl-C again to pass it on").send("\x03");
    terminal.wait_for("interrupted in `apt-get`").wait_for("code 130");
    terminal.end();
}

/// Kills something while packages are unpacked, and continues.
fn is_continued_after(victim: &str, code: u8) {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.run(&["apt-get", "update"]).expect(0);
    meanwhile(&machine, &format!("begin {SETUP}\nsays 'Unpacking nix-bin'\n{victim}\nends {code}"));
    machine.script("bob", SETUP).expect(1).says("`nixstart setup --resume`");
    machine.script("bob", "nixstart setup --resume --yes").expect(0);
    is_ready(&machine);
}

#[test]
fn a_package_manager_that_is_killed_is_settled_and_continued() {
    is_continued_after("sudo pkill -KILL -x dpkg; sudo pkill -KILL -x apt-get", 8);
}

#[test]
fn a_nixstart_that_is_killed_while_packages_are_unpacked_is_continued() {
    is_continued_after("kill -KILL $pid", 137);
}

const HOOKED: &str = "nixstart setup --yes --only direnv-hook";

/// A start-up file: what makes it, what setup ends with, and what it says.
type StartUp = (&'static str, i32, &'static str);

#[test]
fn every_kind_of_start_up_file_ends_as_it_should() {
    let Some(machine) = Machine::start("trixie+systemd+daemon+direnv") else { return };
    let by_hand = "add by hand: eval \"$(direnv hook bash)\"";
    let untouched: [StartUp; 11] = [
        ("echo mine > .bashrc; chmod 444 .bashrc", 1, "you may not write to it"),
        ("echo mine > .bashrc; sudo chown root: .bashrc", 1, "you may not write to it"),
        ("echo mine > .bashrc; immutable .bashrc 16", 1, "you may not write to it"),
        ("ln -s nowhere .bashrc", 1, "it is a link to `nowhere`, which is not there"),
        ("mkdir .bashrc", 1, "it is a directory"),
        ("mkfifo .bashrc", 1, "it is no plain file"),
        ("printf '#\\0m\\0\\n\\0' > .bashrc", 1, "it is no text"),
        ("sed 's/^eval/# eval/' /tmp/block > .bashrc", 1, "were changed by somebody else"),
        ("head -n 2 /tmp/block | sed 's/^eval/# eval/' > .bashrc", 1, "do not belong together"),
        ("sudo ln -sf /nix/store/0-home-manager-files/.bashrc .bashrc", 1, "which is not there"),
        (
            "echo mine > .bashrc; mkdir -p .local/state; touch before mode; chmod 555 .; trap 'chmod 755 ~' EXIT",
            1,
            "Permission denied",
        ),
    ];
    for (make, code, text) in untouched {
        let run = in_a_clean_home(&machine, make, HOOKED, "[ ! -f .bashrc ] || cmp .bashrc before").expect(code).says(text);
        // Where the edit was planned, its diff says the same.
        assert!(text == "Permission denied" || run.says(by_hand).code == code);
    }
    let hooked = ["eval \"$(direnv hook bash)\"\\n", "plugins=(git direnv)\\nsource $OSH/oh-my-bash.sh\\n"];
    for text in hooked {
        let make = format!("printf '{text}' > .bashrc");
        in_a_clean_home(&machine, &make, HOOKED, "cmp .bashrc before").expect(0).says("nothing to do");
    }
    let edited = [
        "printf 'gr\\374n=1\\n' > .bashrc; chmod 640 .bashrc",
        "printf 'crlf\\r\\n' > .bashrc",
        "printf 'no end' > .bashrc; chmod 664 .bashrc; umask 077",
        "yes '# a long file' | head -c 10000000 > .bashrc",
        "mkdir dotfiles; echo mine > dotfiles/rc; ln -s dotfiles/rc .bashrc",
        "rm -f .bashrc",
    ];
    for make in edited {
        let check = "tr -d '\\r' < .bashrc | tail -n 3 | cmp - /tmp/block
            [ ! -f before ] || head -c $(stat -c %s before) .bashrc | cmp - before
            [ ! -f before ] || [ $(stat -Lc %a:%u .bashrc) = $(cat mode) ]
            nixstart setup --yes --only direnv-hook 2>&1 | grep 'nothing to do'
            nixstart setup --undo --yes
            if [ -f before ]; then cmp .bashrc before; else [ ! -e .bashrc ]; fi
            [ ! -e dotfiles ] || [ -L .bashrc ]";
        in_a_clean_home(&machine, make, HOOKED, check).expect(0);
    }
}

/// Makes a start-up file in an empty home of bob's, runs a command, and checks what came of it. The exit code is that of the
/// command, and 99 when the check fails.
fn in_a_clean_home(machine: &Machine, make: &str, command: &str, check: &str) -> Run {
    let script = format!(
        r#"immutable() {{ sudo perl -e 'open F, "<", $ARGV[0]; my $f = pack("l!", $ARGV[1]); ioctl(F, 0x40086602, $f) or die $!' $1 $2; }}
        printf '# >>> nixstart direnv >>>
eval "$(direnv hook bash)"
# <<< nixstart direnv <<<
' > /tmp/block
        [ ! -f .bashrc ] || immutable .bashrc 0
        sudo rm -rf ~/.bashrc ~/.config ~/.local ~/dotfiles ~/before ~/mode
        {make}
        if [ -f .bashrc ]; then cp .bashrc before 2>/dev/null || true; stat -Lc %a:%u .bashrc > mode || true; fi
        code=0; {command} || code=$?
        ( set -e; {check} ) >&2 || exit 99
        exit $code"#
    );
    machine.run_as("bob", &["timeout", "600", "bash", "-euc", &script])
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing_half_written() {
    let Some(machine) = Machine::start("trixie+systemd+daemon+direnv") else { return };
    let mount = |options: &str| {
        let script = format!(
            "umount /home/bob 2>/dev/null || true
            mount -t tmpfs -o {options},mode=755,uid=$(id -u bob),gid=$(id -g bob) full /home/bob
            cp /etc/skel/.bashrc /home/bob; chown bob: /home/bob/.bashrc"
        );
        machine.script("root", &script).expect(0);
    };
    let setup = |code: i32| {
        let run = machine.script("bob", "nixstart setup --yes --only direnv-hook --only flakes").expect(code);
        let run = run.says("No space left on device").says("`/home/bob/.").says("free some space");
        machine.script("bob", "cmp ~/.bashrc /etc/skel/.bashrc; ! find ~ -name '*.env.nixstart-*' | grep .").expect(0);
        run
    };
    mount("size=2m");
    machine.script("bob", "head -c 3000000 /dev/zero > ~/fill || true").expect(0);
    setup(1);
    machine
        .script("bob", "[ ! -e ~/.config ]; rm ~/fill; nixstart setup --yes --only direnv-hook; grep direnv ~/.bashrc")
        .expect(0);

    // In the middle: the first step is done, and there is no room for the second one.
    mount("nr_inodes=12");
    setup(8).says("continue with the same command and `--resume`");
    machine.script("bob", "nixstart undo --list").expect(0);
    let id = machine.script("bob", "nixstart undo --list").stdout;
    assert!(id.contains("unfinished"), "{id}");
    machine.script("root", "mount -o remount,nr_inodes=1000 /home/bob").expect(0);
    machine.script("bob", "nixstart setup --resume --yes; grep direnv ~/.bashrc; nixstart setup --undo --yes; cmp ~/.bashrc /etc/skel/.bashrc; [ ! -e ~/.config ]").expect(0);
    for used in 1..8 {
        mount("nr_inodes=12");
        let script = format!("mkdir ~/f; for n in $(seq {used}); do touch ~/f/$n; done");
        machine.script("bob", &script).expect(0);
        setup(1);
        machine.script("bob", "[ ! -e ~/.config ]; nixstart undo --list").expect(0);
    }

    // The place of receipts is full, the place of files is not.
    mount("size=50m");
    machine.script("root", "mkdir /small; mount -t tmpfs -o size=64k,mode=777 small /small").expect(0);
    machine.script("bob", "yes '# a long file' | head -c 1000000 >> ~/.bashrc; cp ~/.bashrc ~/before").expect(0);
    let run = machine.run_with("bob", &[("XDG_STATE_HOME", "/small")], &HOOKED.split(' ').collect::<Vec<_>>(), "").expect(1);
    run.says("/small/nixstart/receipts").says("No space left on device");
    machine.script("bob", "cmp ~/.bashrc ~/before").expect(0);
}

#[test]
fn a_machine_whose_directories_are_read_only_is_told_so() {
    let Some(machine) = Machine::start("trixie+systemd+daemon+direnv") else { return };
    machine.script("root", "mount --bind /etc /etc; mount -o remount,bind,ro /etc").expect(0);
    let run = machine.script("bob", "nixstart setup --yes --skip caches --skip nix-direnv").expect(8);
    run.says("usermod: cannot lock /etc/passwd").says("--resume");
    machine.script("root", "umount /etc").expect(0);
    // What failed has nothing to take back, and that is no reason to stop.
    machine.script("bob", "nixstart setup --undo --yes").expect(0).says("kept: what `gpasswd -d bob nix-users` takes back");
    machine.script("bob", "cmp ~/.bashrc /etc/skel/.bashrc; [ ! -e ~/.config ]").expect(0);
    machine.script("root", "systemctl stop nix-daemon.service; mount --bind /nix /nix; mount -o remount,bind,ro /nix").expect(0);
    machine.script("bob", "nixstart setup --yes --skip caches --skip nix-direnv").expect(0).says("Log out");
    machine.run_as("bob", &["nixstart", "doctor", "--offline", "--check", "nix-mount-flags"]).expect(3).says("read-only");
}

/// What a run that was cut short after so many lines of its receipt, by a signal, is continued or taken back to.
const CUT_SHORT: &str = r#"
state() { id -nG bob; find ~ -type f ! -path '*/.local/state/*' ! -path '*/.cache/*' -exec sha256sum {} + | sort; }
clean() { sudo gpasswd -d bob nix-users > /dev/null || true; rm -rf ~/.config ~/.local; cp /etc/skel/.bashrc ~; }
lines() { cat ~/.local/state/nixstart/receipts/*.jsonl 2>/dev/null | wc -l; }
cut() { # SIGNAL LINES
  perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' -- nixstart setup --yes --skip caches --skip nix-direnv > $out 2>&1 < /dev/null & pid=$!
  while kill -0 $pid 2>/dev/null && [ $(lines) -lt $2 ]; do :; done
  kill -$1 $pid 2>/dev/null || true
  wait $pid || code=$?
}
out=$(mktemp); clean; before=$(state)
for lines in $cuts; do
  code=0; cut $signal $lines
  echo "$signal at line $lines: exit $code" >&2
  nixstart undo --list >&2
  if [ $code != 0 ]; then
    [ $signal = KILL ] && [ $code = 137 ] || [ $code = 130 ]
    if nixstart undo --list | grep -q unfinished; then
      if [ $((lines % 2)) = 0 ]; then
        nixstart setup --undo --yes >&2; [ "$(state)" = "$before" ]; clean; continue
      fi
      nixstart setup --resume --yes >&2
    else
      nixstart setup --yes --skip caches --skip nix-direnv >&2
    fi
  fi
  sg nix-users -c 'nixstart setup --yes --skip caches --skip nix-direnv' 2>&1 | grep 'nothing to do' >&2
  grep -q 'direnv hook bash' ~/.bashrc; grep -q flakes ~/.config/nix/nix.conf; id -nG bob | grep -q nix-users
  nixstart setup --undo --yes >&2
  state > /tmp/after; echo "$before" | cmp - /tmp/after
  clean
done
"#;

#[test]
fn a_setup_that_is_cut_short_at_any_line_of_its_receipt_is_continued_and_taken_back() {
    let Some(machine) = Machine::start("trixie+systemd+daemon+direnv") else { return };
    for (signal, lines) in [("KILL", "1 2 3 4 5 6"), ("INT", "1 3 6"), ("TERM", "2 5")] {
        let script = format!("signal={signal}; cuts='{lines}'\n{CUT_SHORT}");
        machine.run_as("bob", &["timeout", "600", "bash", "-euc", &script]).expect(0);
    }
}

//! The routes of `nixstart setup` that download an installer, on real machines: a loopback server stands in for the
//! publishers and a script for their installers, but sudo, TLS, Nix, its daemon and its store are real.

use pretty_assertions::assert_eq;

use crate::support::machine::Machine;
use crate::support::server::{Answer, Identity, Server};
use crate::support::{Run, checkout};

/// Where the real Nix is put, so that nothing finds it.
const REAL: &str = "/opt/nix/nix";
/// What goes wrong is read from here by the installer.
const FAULT: &str = "/var/tmp/fault";

/// What starts the daemon, and has it make its database before two ask for it at once: real installers bring one.
const START: &str = "/opt/nix/start";

/// A machine, a server, and the table of installers that names the server.
pub(crate) struct World {
    pub(crate) machine: Machine,
    server: Server,
    user: &'static str,
}

impl World {
    /// A machine whose Nix was hidden; `None` when this host cannot have machines.
    pub(crate) fn start(name: &str, user: &'static str) -> Option<Self> {
        let machine = Machine::start(name)?;
        let server = Server::start(Identity::Good);
        machine.script("root", &hide_nix()).expect(0);
        let authority = std::fs::read_to_string(server.authority()).unwrap();
        machine.write("/var/tmp/authority.pem", &authority);
        let world = Self { machine, server, user };
        world.serve(&installer());
        world.fault("none");
        Some(world)
    }

    /// Serves an installer, and writes the table that pins it.
    fn serve(&self, script: &[u8]) {
        let digest = nixstart::host::files::sha256(script);
        self.server.answers("/installer", &[Answer::Whole(script.to_vec())]);
        self.server.answers("/installer.sha256", &[Answer::Whole(digest.clone().into_bytes())]);
        self.table(&digest);
    }

    fn table(&self, digest: &str) {
        let row = |list: &str, kind: &str, rest: &str| {
            format!("[[{list}]]\nkind = \"{kind}\"\nsystem = \"any\"\nurl = \"{}\"\n{rest}\n", self.server.url("/installer"))
        };
        let pinned =
            format!("version = \"2.35.2\"\nsha256 = \"{digest}\"\nsha256_url = \"{}\"", self.server.url("/installer.sha256"));
        let kinds = ["nix-installer", "script", "nix-portable"];
        let rows = kinds.map(|kind| row("installer", kind, &pinned) + &row("latest", kind, "sha256_url = \".sha256\""));
        self.machine.write("/var/tmp/installers.toml", &rows.concat());
    }

    fn fault(&self, fault: &str) {
        self.machine.write(FAULT, fault);
    }

    fn setup(&self, arguments: &[&str]) -> Run {
        self.machine.run_with(self.user, &variables(), &[&["nixstart", "setup"], arguments].concat(), "")
    }

    /// Everything that nixstart or an installer may have left.
    fn left(&self) -> String {
        let script = "ls -d /nix/receipt.json /nix/nix-installer /nix/var/nix/profiles/default/bin/nix ~/.nix-profile ~/.local/state/nixstart/downloads/* 2>/dev/null || true";
        self.machine.script(self.user, script).expect(0).stdout
    }
}

/// The last one tells Nix where it is, because Debian's was built for another place.
pub(crate) fn variables() -> [(&'static str, &'static str); 3] {
    let table = ("NIXSTART_TEST_INSTALLERS", "/var/tmp/installers.toml");
    [table, ("NIX_SSL_CERT_FILE", "/var/tmp/authority.pem"), ("NIX_BIN_DIR", "/opt/nix")]
}

/// Puts the real Nix where no installer puts one; the daemon goes on. Build users get the numbers that installers give them,
/// which refuse those of the packages. The stand-in for the script downloads nothing, so that
/// the programs which are looked for need only be there.
fn hide_nix() -> String {
    format!(
        r"install -D /usr/bin/nix {REAL}
for link in $(find /usr/bin -lname nix); do ln -sf {REAL} $link; done
rm /usr/bin/nix
if getent group nixbld; then
  groupmod -g 30000 nixbld
  for user in $(cut -d: -f1 /etc/passwd | grep ^nixbld); do usermod -u $((30000 + ${{user#nixbld}})) -g nixbld $user; done
  [ ! -d /nix/store ] || chgrp nixbld /nix/store
fi
if getent group nix-users; then usermod -aG nix-users bob; fi
if [ -d /run/systemd/system ]; then
  mkdir -p /run/systemd/system/nix-daemon.service.d
  printf '[Service]\nEnvironment=NIX_BIN_DIR=/opt/nix\n' > /run/systemd/system/nix-daemon.service.d/place.conf
  systemctl daemon-reload
fi
printf '#!/bin/sh\nsystemctl stop nix-daemon.service nix-daemon.socket\nsystemctl reset-failed\nsystemctl start nix-daemon.socket\n{REAL} --extra-experimental-features nix-command store info --store daemon\n' > {START}
chmod +x {START}
for program in xz curl; do
  command -v $program || ln -s /bin/false /usr/local/bin/$program
done"
    )
}

/// The installer that is served: it installs the real Nix at the real place.
fn installer() -> Vec<u8> {
    let script = std::fs::read_to_string(checkout().join("tests/fixtures/setup/stand-in-installer")).unwrap();
    let head =
        format!("#!/bin/sh\nSTAND_IN_ROOT=/.\nSTAND_IN_NIX={REAL}\nSTAND_IN_START={START}\nSTAND_IN_FAULT=$(cat {FAULT})\n");
    script.replacen("#!/bin/sh\n", &head, 1).into_bytes()
}

/// The steps that bring Nix, and nothing else.
fn only_nix<'a>(route: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let steps = ["nix-download", "nix-directory", "nix", "nix-path"];
    let only = steps.iter().flat_map(|step| ["--only", step]);
    ["--route", route].into_iter().chain(only).chain(more.iter().copied()).collect()
}

#[test]
fn nix_installer_installs_for_all_and_is_uninstalled() {
    let Some(world) = World::start("trixie+systemd+daemon", "bob") else { return };
    let plan = world.setup(&only_nix("nix-installer", &["--plan"])).expect(0);
    plan.says("pinned: SHA-256").says("install --no-confirm").says("let it uninstall").says("sudo /home/bob");

    let setup = only_nix("nix-installer", &["--yes"]);
    world.setup(&setup).expect(0).says("Nix was installed successfully").says("This machine is ready");
    world.machine.run_as("bob", &["/nix/var/nix/profiles/default/bin/nix", "--version"]).expect(0);
    world.setup(&setup).expect(0).says("nothing to do").says("open a new one");

    world.setup(&["--undo", "--yes"]).expect(0).says("installer uninstall --no-confirm");
    assert_eq!(world.left(), "");
}

#[test]
fn an_installer_that_fails_leaves_a_machine_that_can_be_continued_or_taken_back() {
    let Some(world) = World::start("trixie+systemd+daemon", "bob") else { return };
    let setup = only_nix("nix-installer", &["--yes"]);

    // It says that all is well and installs nothing: there is nothing to continue, but the download to take back.
    world.fault("nothing");
    world.setup(&setup).expect(8).says("the result is not what was written").says("--resume");
    world.setup(&["--undo", "--yes"]).expect(0);
    assert_eq!(world.left(), "");

    // It says that all is well after half of it: its receipt is there, but Nix is not.
    world.fault("partial-receipt");
    world.setup(&setup).expect(8).says("Nix does not work yet").says("nixstart setup --undo");

    world.setup(&["--undo", "--yes"]).expect(0);
    assert_eq!(world.left(), "");

    for fault in ["midway", "kill"] {
        world.fault(fault);
        world.setup(&setup).expect(8).says("`--resume`");
        assert!(world.machine.exists("/nix/receipt.json"), "{fault}");
        world.setup(&setup).expect(1).says("an earlier setup was cut short").says("--resume").says("--undo");
        world.fault("none");
        world.setup(&["--resume", "--yes"]).expect(0).says("Nix was installed successfully");
        world.setup(&["--undo", "--yes"]).expect(0);
        assert_eq!(world.left(), "", "{fault}");
        world.fault(fault);
        world.setup(&setup).expect(8);
        world.setup(&["--undo", "--yes"]).expect(0);
        assert_eq!(world.left(), "", "{fault}");
    }
}

#[test]
fn a_download_that_is_not_what_was_expected_never_runs() {
    let Some(world) = World::start("trixie+systemd+daemon", "bob") else { return };
    let setup = only_nix("nix-installer", &["--yes"]);
    let script = installer();
    let mut flipped = script.clone();
    flipped[200] ^= 1;
    for (answer, code, message) in [
        (Answer::Whole(flipped), 10, "and the pinned one is"),
        (Answer::Short(script.clone()), 1, "cut off"),
        (Answer::CutChunks(script.clone()), 1, "cut off"),
        (Answer::Page, 1, "log in"),
        (Answer::Redirect("http://127.0.0.1/installer".into()), 10, "http"),
        (Answer::Status(404, &[]), 1, "404"),
        (Answer::Status(429, &[("Retry-After", "30")]), 1, "30"),
        (Answer::Closed, 1, "installer"),
    ] {
        world.server.answers("/installer", std::slice::from_ref(&answer));
        let run = world.setup(&setup);
        assert_eq!(run.code, code, "{answer:.30?}: {}", run.stderr);
        run.says(message);
        assert_eq!(world.left(), "", "{message}");
    }
    world.serve(&script);
    world.setup(&setup).expect(0);
}

#[test]
fn what_only_its_publisher_vouches_for_needs_its_own_yes() {
    let Some(world) = World::start("trixie+systemd+daemon", "bob") else { return };
    world.table("");
    let setup = only_nix("nix-installer", &["--yes"]);
    world.setup(&only_nix("nix-installer", &["--plan"])).expect(0).says("unpinned");
    world.setup(&setup).expect(4).says("is unpinned").says("--latest --yes").says("--installer-sha256");
    assert_eq!((world.left(), world.server.asked().len()), (String::new(), 0));

    let latest = only_nix("nix-installer", &["--latest"]);
    let command = [&["nixstart", "--plain", "setup"], latest.as_slice()].concat();
    let mut terminal = world.machine.terminal("bob", &variables(), &command, (24, 80));
    terminal.wait_for("Apply 2 steps").send("yes\r").wait_for("run it all the same?").send("no\r");
    assert_eq!(terminal.end().code, 7);
    assert_eq!(world.left(), "");

    world.setup(&only_nix("nix-installer", &["--latest", "--yes"])).expect(0).says("This machine is ready");
    assert_eq!(world.server.asked(), ["/installer", "/installer.sha256"]);
    world.setup(&["--undo", "--yes"]).expect(0);
    let digest = nixstart::host::files::sha256(&installer());
    world.setup(&only_nix("nix-installer", &["--yes", "--installer-sha256", &digest])).expect(0);
}

#[test]
fn an_installer_that_was_brought_along_needs_no_network() {
    let Some(world) = World::start("trixie+systemd+daemon", "bob") else { return };
    world.machine.write("/var/tmp/brought", &String::from_utf8(installer()).unwrap());
    let setup = only_nix("nix-installer", &["--yes", "--offline-installer", "/var/tmp/brought"]);
    world.table(&"0".repeat(64));
    let digest = nixstart::host::files::sha256(&installer());
    world.setup(&setup).expect(10).says("is no installer that nixstart knows").says(&format!("--installer-sha256 {digest}"));
    world.setup(&only_nix("nix-installer", &["--yes", "--offline-installer", "/nowhere"])).expect(1).says("`/nowhere`");
    world.table(&digest);
    world.setup(&setup).expect(0).says("This machine is ready");
    assert_eq!(world.server.asked(), Vec::<String>::new());
    world.setup(&["--undo", "--yes"]).expect(0);
    assert!(world.machine.exists("/var/tmp/brought") && world.left().is_empty());
}

#[test]
fn the_script_for_one_user_puts_nix_on_path_and_goes_without_a_trace() {
    let Some(world) = World::start("trixie+nix", "bob") else { return };
    world.machine.script("bob", "printf 'alias mine=1' > ~/.bashrc").expect(0);
    let before = world.machine.read("/home/bob/.bashrc");
    let setup = only_nix("script-single-user", &["--yes"]);
    world.setup(&setup).expect(0).says("Make /nix, which belongs to bob").says("This machine is ready");
    let version = world.machine.run_with("bob", &[("HOME", "/home/bob")], &["bash", "-ic", "nix --version"], "");
    assert!(version.stdout.starts_with("nix (Nix)"), "{}{}", version.stdout, version.stderr);
    world.setup(&setup).expect(0).says("nothing to do");

    world.setup(&["--undo", "--yes"]).expect(0).says("remove /home/bob/.nix-profile");
    assert_eq!(world.machine.read("/home/bob/.bashrc"), before);
    assert!(!world.machine.exists("/nix"));
}

#[test]
fn without_root_nix_can_be_tried() {
    let Some(world) = World::start("trixie+nix", "ada") else { return };
    world.serve(format!("#!/bin/sh\nexec {REAL} \"$@\"\n").as_bytes());
    let setup = only_nix("chroot-store", &["--yes"]);
    world.setup(&setup).expect(0).says("This machine is ready");
    let version = world.machine.run_with("ada", &[("HOME", "/home/ada")], &["bash", "-ic", "nix --version"], "");
    assert!(version.stdout.starts_with("nix (Nix)"), "{}{}", version.stdout, version.stderr);
    world.setup(&["--undo", "--yes"]).expect(0);
    assert!(!world.machine.exists("/home/ada/.local/share/nixstart"));
}

#[test]
fn the_script_for_all_users_says_how_it_is_taken_back() {
    let Some(world) = World::start("trixie+systemd+daemon", "bob") else { return };
    world.setup(&only_nix("script-daemon", &["--yes"])).expect(0).says("This machine is ready");
    world.setup(&["--undo", "--yes"]).expect(0).says("the group nixbld");
}

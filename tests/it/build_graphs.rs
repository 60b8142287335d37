//! Graphs of builds that fail, go on side by side, are there already, and have hashes of their own, with two real versions
//! of Nix: Debian's 2.8, and 2.26 in a root of trixie.

use tempfile::TempDir;

use crate::support::machine::Machine;
use crate::support::nix_project::{GREETING, RELATED_PACKAGES, SETTINGS, can_run, sandbox};
use crate::support::nix_world::alone;
use crate::support::pty::Terminal;
use crate::support::{Run, Sandbox, run};

const SIZE: (u16, u16) = (30, 110);
/// A hash that nothing has.
const WRONG: &str = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";
/// Where the project is inside.
const INSIDE: &str = "/root/project";

/// A project and where its Nix is.
struct Project {
    sandbox: Sandbox,
    place: Place,
}

enum Place {
    /// This machine, with a directory for builds to meet in.
    Here(TempDir),
    /// A machine that the project was copied to.
    Inside(Machine),
}

/// Two builds at once.
fn settings() -> String {
    format!("{SETTINGS}max-jobs = 2\n")
}

/// A flake with every kind of graph. `left` and `right` end only when the other one has begun and `go` is there.
fn graphs(meeting: &str) -> Sandbox {
    let sandbox = sandbox();
    sandbox.write("nixstart.toml", "");
    sandbox.write("greeting.txt", GREETING);
    let meet = |own: &str, other: &str| {
        let until = format!("[ -e {meeting}/{other} -a -e {meeting}/go ]");
        format!(
            r#""touch {meeting}/{own}; for i in $(seq 1200); do {until} && break; sleep 0.05; done; {until} && echo > $out" {{}}"#
        )
    };
    sandbox.flake(&format!(
        r#"
        {RELATED_PACKAGES}
        model = fetched "model" "{WRONG}";
        pair = drv "pair" "echo ${{drv "left" {left}}} ${{drv "right" {right}}} > $out" {{}};"#,
        left = meet("left", "right"),
        right = meet("right", "left"),
    ));
    sandbox
}

impl Project {
    /// With the Nix of this machine.
    fn here(test: &str) -> Option<Self> {
        if !can_run(test, &[]) {
            return None;
        }
        // (Its place is known only when it is made.)
        let meeting = tempfile::Builder::new().prefix("nixstart-meeting-").tempdir().unwrap();
        let sandbox = graphs(meeting.path().to_str().unwrap());
        std::fs::write(sandbox.home().join(".config/nix/nix.conf"), settings()).unwrap();
        Some(Self { sandbox, place: Place::Here(meeting) })
    }

    /// With the Nix of Debian trixie.
    fn inside() -> Option<Self> {
        let machine = Machine::start("trixie+nix")?;
        let sandbox = graphs("/root");
        machine.copy("root", &sandbox.work(), INSIDE);
        machine.write("/root/.config/nix/nix.conf", &settings());
        Some(Self { sandbox, place: Place::Inside(machine) })
    }

    /// Changes the flake.
    fn replace(&self, from: &str, to: &str) {
        let flake = self.flake();
        assert!(flake.contains(from), "{flake}");
        self.write("flake.nix", &flake.replace(from, to));
    }

    fn flake(&self) -> String {
        match &self.place {
            Place::Inside(machine) => machine.read(&format!("{INSIDE}/flake.nix")),
            Place::Here(_) => self.sandbox.read("flake.nix"),
        }
    }

    fn write(&self, path: &str, text: &str) {
        match &self.place {
            Place::Inside(machine) => machine.write(&format!("{INSIDE}/{path}"), text),
            Place::Here(_) => self.sandbox.write(path, text),
        }
    }

    /// Lets `left` and `right` end.
    fn go(&self) {
        match &self.place {
            Place::Inside(machine) => machine.write("/root/go", ""),
            Place::Here(meeting) => std::fs::write(meeting.path().join("go"), "").unwrap(),
        }
    }

    /// `nixstart build` of something of the flake.
    fn build(&self, arguments: &[&str]) -> Run {
        let arguments = [&["build", "--no-link"], arguments].concat();
        match &self.place {
            Place::Inside(machine) => machine.run(&[&["nixstart", "-C", INSIDE], arguments.as_slice()].concat()),
            Place::Here(_) => run(&mut self.sandbox.nix_command(&arguments), ""),
        }
    }

    /// The builds of the dashboard, when the flake is read.
    fn open(&self) -> Terminal {
        let mut terminal = match &self.place {
            Place::Inside(machine) => machine.terminal("root", &[], &["nixstart", "-C", INSIDE, "dash"], SIZE),
            Place::Here(_) => Terminal::of(&self.sandbox.nix_command(&["dash"]), SIZE),
        };
        terminal.wait_for("nothing runs").send("7").wait_for("6 outputs can be built");
        terminal
    }
}

/// What `nixstart build` says of every graph.
fn are_told(project: &Project) {
    // What needs something that fails is no failure of its own.
    let failed = project.build(&[".#dependant"]).expect(5).says("its builder ended with exit code 3");
    assert!(failed.stderr.contains("  | src/a.ts(1,2): error: TS2304"), "{}", failed.stderr);
    assert!(failed.stderr.contains("error: broken-") && !failed.stderr.contains("error: dependant-"), "{}", failed.stderr);
    // Mended, it is built with what it needs; afterwards everything is there.
    project.replace("; exit 3", "; echo fine > $out");
    let built = project.build(&[".#dependant"]).expect(0).says("built broken-").says("built dependant-");
    let again = project.build(&[".#dependant"]).expect(0);
    assert!(!again.stderr.contains("building") && again.stdout == built.stdout, "{}", again.stderr);
    // They end only when both are built at the same time.
    project.go();
    project.build(&[".#pair"]).expect(0).says("built left-").says("built right-").says("built pair-");
    project.build(&[".#model"]).expect(5).says(WRONG).says("`nixstart build --yes` writes it");
    project.build(&[".#model", "--yes"]).expect(0).says("Write the hash into `flake.nix`");
    assert!(!project.flake().contains(WRONG));
    project.build(&[]).expect(0).says("built letters-").says("built app-");
    // A line of its source is another: why it was built anew is told from the last time.
    project.write("greeting.txt", "hello again\n");
    project.build(&[]).expect(0).says("built anew: letters-").says("its source `greeting.txt` has other contents");
}

/// What the builds of the dashboard show of every graph.
fn are_shown(project: &Project) {
    let mut terminal = project.open();
    terminal.send("jj\r").wait_for("could not be built: its builder ended with exit code 3");
    terminal.wait_for("| src/a.ts(1,2): error: TS2304").wait_for("1 derivation failed");
    project.replace("; exit 3", "; echo fine > $out");
    terminal.send("r").wait_for("done | built 2").send("r").wait_for("built: everything was there");
    // Two at once.
    terminal.send("b").send("G\r").wait_for("building 2").wait_for("left-").wait_for("right-");
    project.go();
    terminal.wait_for("done | built 3");
    terminal.send("b").send("Gk\r").wait_for("what was downloaded has the hash").wait_for(WRONG);
    terminal.send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
}

#[test]
fn graphs_of_every_kind_are_told_with_the_nix_of_bookworm() {
    let Some(project) = Project::here("build_graphs::graphs_of_every_kind_are_told_with_the_nix_of_bookworm") else { return };
    let _alone = alone();
    are_told(&project);
}

#[test]
fn graphs_of_every_kind_are_told_with_the_nix_of_trixie() {
    let Some(project) = Project::inside() else { return };
    are_told(&project);
}

#[test]
fn graphs_of_every_kind_are_shown_with_the_nix_of_bookworm() {
    let Some(project) = Project::here("build_graphs::graphs_of_every_kind_are_shown_with_the_nix_of_bookworm") else { return };
    let _alone = alone();
    are_shown(&project);
}

#[test]
fn graphs_of_every_kind_are_shown_with_the_nix_of_trixie() {
    let Some(project) = Project::inside() else { return };
    are_shown(&project);
}

//! Formats on disk: what a released version wrote is understood for ever.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use nixstart::nix::build_history::{History, Outcome};
use nixstart::plan::receipt::Status;
use nixstart::plan::{Action, DownloadCheck, Privilege, Receipt};
use nixstart::project::Record;
use nixstart::template::Manifest;
use pretty_assertions::assert_eq;

use crate::support::{Sandbox, checkout};

fn fixture(name: &str) -> String {
    fs::read_to_string(checkout().join("tests/fixtures/formats").join(name)).unwrap()
}

#[test]
fn receipts_of_every_version_parse() {
    let completed = Receipt::parse(&fixture("receipt-1-completed.jsonl")).unwrap();
    assert_eq!(completed.status, Status::Completed);
    assert_eq!(
        completed.plan.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(),
        ["files", "repository", "stage", "secrets"]
    );
    let killed = Receipt::parse(&fixture("receipt-1-killed.jsonl")).unwrap();
    assert_eq!(killed.status, Status::Unfinished);
    assert_eq!(
        killed.steps_to_resume().iter().map(|step| step.id.as_str()).collect::<Vec<_>>(),
        ["repository", "stage", "secrets"]
    );
}

#[test]
fn a_receipt_of_every_version_can_be_undone() {
    let sandbox = Sandbox::new();
    let project = sandbox.work().join("project");
    let text = fixture("receipt-1-completed.jsonl").replace("/home/someone/projects/project", project.to_str().unwrap());
    let receipt = Receipt::parse(&text).unwrap();
    let Action::CreateDirectory { tree, .. } = &receipt.plan.steps[0].action else { panic!("the first step makes the files") };
    for (path, file) in tree.iter() {
        sandbox.write(&format!("project/{path}"), &String::from_utf8_lossy(&file.contents));
    }
    sandbox.git("project", &["init", "-q"]);
    sandbox.git("project", &["add", "."]);
    let receipts = sandbox.state().join("nixstart/receipts");
    fs::create_dir_all(&receipts).unwrap();
    fs::write(receipts.join("20261121T105841Z-00000000.jsonl"), text).unwrap();
    sandbox.run(&["undo", "20261121T105841Z-00000000", "--yes"]).expect(0);
    assert!(!sandbox.exists("project"), "{:?}", sandbox.files().keys());
}

#[test]
fn receipts_of_setup_and_doctor_parse() {
    let kinds = |receipt: &Receipt| receipt.plan.steps.iter().map(|step| step.action.kind()).collect::<Vec<_>>();
    let installer = Receipt::parse(&fixture("receipt-1-setup-installer.jsonl")).unwrap();
    assert_eq!((installer.status, kinds(&installer)), (Status::Completed, vec!["download", "run"]));
    let Action::Download { check, .. } = &installer.plan.steps[0].action else { panic!("the first step downloads") };
    assert!(matches!(check, DownloadCheck::Pinned { .. }) && installer.progress("nix-download").after.unwrap().sha256.is_some());
    let Action::Run { takes_back, settles, .. } = &installer.plan.steps[1].action else { panic!("the second step runs it") };
    assert!(takes_back.contains(&"uninstall".to_owned()) && settles.contains(&"/nix/receipt.json".to_owned()));
    let distro = Receipt::parse(&fixture("receipt-1-setup-distro.jsonl")).unwrap();
    assert_eq!(kinds(&distro), ["run", "run", "run", "edit-file", "run", "edit-file"]);
    let root = distro.plan.steps.iter().filter(|step| step.privilege == Privilege::Root);
    assert_eq!(root.map(|step| step.id.as_str()).collect::<Vec<_>>(), ["packages-update", "nix", "nix-group", "direnv"]);
    let group = distro.plan.step("nix-group").unwrap();
    assert!(matches!(&group.action, Action::Run { takes_back, .. } if takes_back[0] == "gpasswd"));
    assert!(distro.plan.steps.iter().all(|step| step.explanation.ends_with('.')) && distro.steps_to_undo().len() == 6);
}

#[test]
fn edits_and_modes_of_every_version_can_be_undone() {
    let sandbox = Sandbox::new();
    let (home, receipts) = (sandbox.home(), sandbox.state().join("nixstart/receipts"));
    let id = "20261121t164238261-ffb0a9ec";
    let text = fixture("receipt-1-edits.jsonl")
        .replace("/home/someone/.local/state/nixstart/receipts", receipts.to_str().unwrap())
        .replace("/home/someone", home.to_str().unwrap());
    fs::create_dir_all(receipts.join(id)).unwrap();
    fs::write(receipts.join(format!("{id}.jsonl")), text).unwrap();
    fs::write(receipts.join(id).join("direnv-hook"), "mine\n").unwrap();
    let block = "# >>> nixstart direnv >>>\neval \"$(direnv hook bash)\"\n# <<< nixstart direnv <<<\n";
    fs::write(home.join(".bashrc"), format!("mine\n{block}")).unwrap();
    fs::create_dir_all(home.join(".config/nix")).unwrap();
    fs::write(home.join(".config/nix/nix.conf"), "extra-experimental-features = nix-command flakes\n").unwrap();
    fs::write(home.join(".env"), "").unwrap();
    fs::set_permissions(home.join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    sandbox.run(&["undo", id, "--yes"]).expect(0).says("Taken back");
    assert_eq!(fs::read_to_string(home.join(".bashrc")).unwrap(), "mine\n");
    assert!(!home.join(".config").exists());
    assert_eq!(fs::metadata(home.join(".env")).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn records_and_manifests_of_every_version_parse() {
    let record = Record::parse(&fixture("nixstart-1.toml")).unwrap();
    assert_eq!((record.template.as_str(), record.answers.len()), ("tiny", 3));
    assert_eq!(record.parts, []);
    let record = Record::parse(&fixture("nixstart-1-parts.toml")).unwrap();
    let parts: Vec<_> =
        record.parts.iter().map(|part| (part.part.as_str(), part.name.as_str(), part.kind.as_str(), part.port)).collect();
    assert_eq!(parts, [("app", "admin", "web", Some(3002)), ("app", "jobs", "empty", None)]);
    let manifest = Manifest::parse(&fixture("template-1.toml")).unwrap();
    assert_eq!((manifest.questions.len(), manifest.secrets.len(), manifest.next_steps.len()), (4, 2, 1));
}

#[test]
fn the_example_manifest_makes_a_project() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny/template.toml", &fixture("template-1.toml"));
    sandbox.write(
        "tiny/files/README.md.hbs",
        "{{title}} {{database}} {{#if (contains extras \"ci\")}}ci{{/if}}{{#if (eq database \"postgres\")}}{{seed}}{{/if}}\n",
    );
    sandbox.write("tiny/files/.gitignore", ".env\n.env.*\n!.env.example\n");
    sandbox.run(&["template", "check", "tiny"]).expect(0);
    sandbox
        .run(&["new", "./tiny", "out", "--set", "extras=ci,docs", "--set", "title=A title", "--set", "database=none"])
        .expect(0);
    assert_eq!(sandbox.read("out/README.md"), "A title none ci\n");
}

#[test]
fn the_history_of_builds_of_every_version_is_read() {
    let history = History::read(&fixture("builds-1.jsonl"));
    assert_eq!((history.lines, history.broken), (5, 0));
    assert_eq!(history.estimate("", "library-2.0"), Some(Duration::from_millis(3250)));
    assert_eq!(history.estimate("builder.example", "app"), Some(Duration::from_secs(61)));
    let subject = "/home/someone/projects/project#default";
    let outcomes: Vec<Outcome> = history.runs_of(subject).map(|run| run.outcome).collect();
    assert_eq!(outcomes, [Outcome::Interrupted, Outcome::Succeeded]);
    let last = history.last_success(subject).unwrap();
    assert_eq!((last.bytes, last.closure().unwrap().bytes()), (Some(5120), 5120));
    assert!(history.last_derivation(subject).unwrap().ends_with("-app.drv"));
    assert_eq!(History::read(&history.compacted()).compacted(), history.compacted());
}

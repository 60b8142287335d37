//! Formats on disk: what a released version wrote is understood for ever.

use std::fs;

use nixstart::plan::receipt::Status;
use nixstart::plan::{Action, Receipt};
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
fn records_and_manifests_of_every_version_parse() {
    let record = Record::parse(&fixture("nixstart-1.toml")).unwrap();
    assert_eq!((record.template.as_str(), record.answers.len()), ("tiny", 3));
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

//! Facts with which the checks of Node find something, and facts with which they do not.

use semver::Version;

use crate::doctor::Example;
use crate::facts::node::lock::MismatchKind;
use crate::facts::node::{Lock, Mismatch, NodeOnPath, Origin, PackageManager, Pnpm, Turbo, Wish};
use crate::facts::{Fact, Facts, Node};
use crate::nix::hashes::Freshness;

fn node(change: impl FnOnce(&mut Node)) -> Facts {
    let mut node = Node {
        wish: Wish { ranges: vec![("`.nvmrc`".into(), "24".into())], has_nix_shell: true }.into(),
        on_path: vec![on_path("/nix/store/x-nodejs-24.1.0/bin/node", Origin::Nix)].into(),
        version: Version::new(24, 1, 0).into(),
        package_manager: Some(manager("^10.0.0")).into(),
        pnpm: Some(Pnpm { path: "/bin/pnpm".into(), is_corepack: false, version: Version::new(10, 34, 9).into() }).into(),
        lock: Lock {
            file: "pnpm-lock.yaml".into(),
            manager: "pnpm".into(),
            exists: true,
            is_tracked: Some(true),
            is_needed: true,
            ..Lock::default()
        }
        .into(),
        turbo: Turbo { has_commits: true, base: "main".into(), has_base: true, ..Turbo::default() }.into(),
        hash: Some(Freshness::Fresh).into(),
    };
    change(&mut node);
    Facts { node, ..Facts::default() }
}

fn on_path(path: &str, origin: Origin) -> NodeOnPath {
    NodeOnPath { path: path.into(), origin }
}

fn manager(range: &str) -> PackageManager {
    PackageManager { name: "pnpm".into(), range: range.into(), field: "packageManager".into(), is_lenient: false }
}

fn lock(change: impl FnOnce(&mut Lock)) -> Facts {
    node(|node| {
        let mut lock = node.lock.known().cloned().unwrap_or_default();
        change(&mut lock);
        node.lock = lock.into();
    })
}

fn turbo(turbo: Turbo) -> Facts {
    node(|node| node.turbo = Turbo { has_commits: true, base: "main".into(), ..turbo }.into())
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let good = || node(|_| {});
    let system = || on_path("/usr/bin/node", Origin::Other);
    let nvm = || on_path("/home/dev/.nvm/versions/node/v24.1.0/bin/node", Origin::Manager("nvm"));
    let nix = || on_path("/nix/store/x-nodejs-24.1.0/bin/node", Origin::Nix);
    let mismatch = |kind| Mismatch { importer: "apps/web".into(), name: "next".into(), kind };
    let corepack = Pnpm { path: "/usr/bin/pnpm".into(), is_corepack: true, version: Fact::not_looked("corepack") };
    let example = |id, bad| Example { id, bad, good: good() };
    vec![
        example("node-from-nix", node(|node| node.version = Version::new(18, 20, 4).into())),
        example("node-from-nix", node(|node| node.on_path = vec![system()].into())),
        example("node-from-nix", node(|node| node.on_path = Vec::new().into())),
        example("node-manager-shadow", node(|node| node.on_path = vec![nvm(), nix()].into())),
        example("pnpm-match", node(|node| node.package_manager = Some(manager("9.1.0")).into())),
        example("pnpm-match", node(|node| node.pnpm = Some(corepack).into())),
        example("lockfile-present", lock(|lock| lock.exists = false)),
        example("lockfile-present", lock(|lock| lock.has_conflict = true)),
        example("lockfile-present", lock(|lock| lock.mismatches = vec![mismatch(MismatchKind::OtherRange)])),
        example("lockfile-present", lock(|lock| lock.is_tracked = Some(false))),
        example("lockfile-present", lock(|lock| lock.others = vec!["yarn.lock".into()])),
        example("dependency-hash", node(|node| node.hash = Some(Freshness::Stale).into())),
        example("dependency-hash", node(|node| node.hash = Some(Freshness::Missing).into())),
        example("turbo-history", turbo(Turbo { is_shallow: true, has_base: true, ..Turbo::default() })),
        example("turbo-history", turbo(Turbo { branches: vec!["origin/master".into()], ..Turbo::default() })),
        example("turbo-history", turbo(Turbo { has_base: true, shallow_workflows: vec!["ci.yml:9".into()], ..Turbo::default() })),
    ]
}

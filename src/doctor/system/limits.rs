//! Judges what the system allows: namespaces, labels, open files, temporary files.

use super::super::remedy::Restart;
use super::super::{Fix, Look, Problem, Verdict};
use crate::facts::system::{Selinux, UserNamespaces};
use crate::facts::{Facts, Unknown};

const FEWEST_OPEN_FILES: u64 = 1024;

pub(super) fn has_user_namespaces(facts: &Facts) -> Look {
    let namespaces = facts.system.user_namespaces.get()?;
    if namespaces.works == Some(true) {
        return Ok(Verdict::Pass("`unshare` makes one".to_owned()));
    }
    let why = obstacle(namespaces);
    if namespaces.works.is_none() && why.is_none() {
        return Ok(Verdict::Pass("the kernel allows them".to_owned()));
    }
    let container = facts.system.container.known().and_then(Option::as_deref);
    let (why, fix) = why.unwrap_or_else(|| match container {
        Some(container) => (format!("this {container} container forbids it"), in_container()),
        None => ("`unshare --user` is not permitted".to_owned(), in_container()),
    });
    Ok(Verdict::Warn(
        Problem::new("users cannot make namespaces")
            .detail(why)
            .detail("Nix with a daemon works; an installation without root does not, nor a sandbox that is set to be required")
            .fix(fix),
    ))
}

/// Which switch of the kernel forbids it.
fn obstacle(namespaces: &UserNamespaces) -> Option<(String, Fix)> {
    let allow = |switch: &str, value: &str| {
        Fix::by_hand(
            "Allow it until the next start; every user can then reach more of the kernel",
            &[&format!("sudo sysctl -w {switch}={value}")],
        )
    };
    if namespaces.most == Some(0) {
        Some(("`user.max_user_namespaces` is 0".to_owned(), allow("user.max_user_namespaces", "15000")))
    } else if namespaces.unprivileged_clone == Some(false) {
        Some(("`kernel.unprivileged_userns_clone` is 0".to_owned(), allow("kernel.unprivileged_userns_clone", "1")))
    } else if namespaces.restricted_by_apparmor == Some(true) {
        let switch = "kernel.apparmor_restrict_unprivileged_userns";
        Some((format!("AppArmor restricts them (`{switch}` is 1)"), allow(switch, "0")))
    } else {
        None
    }
}

fn in_container() -> Fix {
    Fix::by_hand("Start the container with a profile that allows them, or set `sandbox = false` in its `nix.conf`", &[])
}

pub(super) fn is_labelled(facts: &Facts) -> Look {
    let Selinux { is_enforcing, store_type, socket_type, .. } = facts.system.selinux.get()?;
    if store_type.is_none() && socket_type.is_none() {
        return Err(Unknown::Irrelevant("there is no `/nix` with labels".to_owned()));
    }
    // What files get that were made or moved without a policy that knows them.
    let is_foreign = |kind: &&String| matches!(kind.as_str(), "unlabeled_t" | "user_home_t" | "user_tmp_t" | "tmp_t" | "mnt_t");
    let store = store_type.iter().find(is_foreign).map(|kind| format!("`/nix/store` is `{kind}`"));
    let socket = socket_type.iter().find(|kind| is_foreign(kind) || kind.as_str() == "default_t");
    let socket = socket.map(|kind| format!("`/nix/var/nix/daemon-socket` is `{kind}`, not `var_run_t`"));
    let wrong: Vec<String> = store.into_iter().chain(socket).collect();
    if !is_enforcing || wrong.is_empty() {
        let mode = if *is_enforcing { "enforcing, labels fit" } else { "permissive" };
        return Ok(Verdict::Pass(mode.to_owned()));
    }
    let problem = wrong.into_iter().fold(Problem::new("files of Nix have labels that services may not use"), Problem::detail);
    Ok(Verdict::Warn(
        problem
            .fix(
                Fix::run_as_root("Give the files below `/nix` their labels", &["restorecon", "-FR", "/nix"], None)
                    .restarting(Restart::Daemon),
            )
            .fix(Fix::by_hand(
                "When that changes nothing, see whether the policy of Nix is installed",
                &["sudo semodule -l | grep nix"],
            )),
    ))
}

pub(super) fn can_open_files(facts: &Facts) -> Look {
    Ok(match facts.system.open_files.get()? {
        Some(most) if *most < FEWEST_OPEN_FILES => Verdict::Warn(
            Problem::new(format!("a program may hold {most} files open"))
                .fix(Fix::by_hand("Raise it for this shell; for good where the session gets its limits", &["ulimit -n 4096"])),
        ),
        Some(most) => Verdict::Pass(format!("{most}")),
        None => Verdict::Pass("no limit".to_owned()),
    })
}

pub(super) fn has_temporary_directory(facts: &Facts) -> Look {
    let temporary = facts.system.temporary.get()?;
    let path = &temporary.path;
    let wrong = if !temporary.exists {
        "is not there"
    } else if !temporary.is_writable {
        "cannot be written to"
    } else if !temporary.is_executable {
        "is mounted with `noexec`, so that no build can start programs there"
    } else if temporary.depth() > 1 {
        "belongs to a Nix shell inside a Nix shell"
    } else {
        return Ok(Verdict::Pass(format!("`{path}`")));
    };
    let name = if temporary.is_set { "`TMPDIR`" } else { "the directory of temporary files" };
    let fix = if temporary.is_set {
        Fix::by_hand("Forget it in this shell", &["unset TMPDIR"])
    } else {
        Fix::by_hand("Have temporary files go elsewhere in this shell", &["export TMPDIR=/var/tmp"])
    };
    Ok(Verdict::Warn(Problem::new(format!("{name}, `{path}`, {wrong}")).fix(fix)))
}

pub(super) fn is_directory_open(facts: &Facts) -> Look {
    let Some(path) = facts.system.closed_directory.get()? else { return Ok(Verdict::Pass("it can".to_owned())) };
    let problem = Problem::new(format!("you may not read `{path}`, so no project is looked at"));
    Ok(Verdict::Fail(problem.fix(Fix::by_hand("Change to a directory of your own", &["cd"]))))
}

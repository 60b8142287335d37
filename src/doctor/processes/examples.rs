//! Facts with which a check of processes finds something, and facts with which it does not.

use crate::doctor::{Example, Remedy, Verdict};
use crate::facts::Facts;
use crate::facts::processes::{Holder, OpenReceipt, Port, Processes, RuntimeDirectory, Socket, SocketState};

fn with(set: impl FnOnce(&mut Processes)) -> Facts {
    let mut facts = Facts::default();
    set(&mut facts.processes);
    facts
}

fn holder(name: &str, is_own: bool) -> Holder {
    Holder { pid: Some(4711), name: Some(name.to_owned()), is_own }
}

fn port(holder: Option<Holder>) -> Port {
    Port { number: 8080, declared_by: "service `web`".to_owned(), holder }
}

fn ports(holder: Option<Holder>) -> Facts {
    with(|processes| processes.ports = vec![port(holder)].into())
}

fn interface(holder: Option<Holder>) -> Facts {
    with(|processes| processes.interface = port(holder).into())
}

fn sockets(state: SocketState, is_own: bool) -> Facts {
    let socket = Socket { path: "/run/user/1000/devenv-0123456/pc.sock".into(), is_own, state };
    with(|processes| processes.sockets = vec![socket].into())
}

fn directory(path: &str, owner: u32, mode: u32, is_link: bool) -> Facts {
    let directory =
        RuntimeDirectory { path: path.into(), owner: Some(owner), mode: Some(mode), is_link, user: 1000, most_bytes: 107 };
    with(|processes| processes.runtime_directory = directory.into())
}

fn receipts(steps: &[Option<(usize, usize)>]) -> Facts {
    let receipts = steps.iter().map(|steps| OpenReceipt { id: "20261121t130441-0123abcd".to_owned(), steps: *steps });
    with(|processes| processes.receipts = receipts.collect::<Vec<_>>().into())
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let rivals = with(|processes| {
        processes.interface = port(None).into();
        processes.ports = vec![port(None)].into();
    });
    let orphans = |orphans: Vec<Holder>| with(|processes| processes.orphans = orphans.into());
    let own = || directory("/run/user/1000/devenv-0123456", 1000, 0o700, false);
    let long = format!("/run/{}", "x".repeat(90));
    vec![
        Example { id: "port-free", bad: ports(Some(holder("nginx", false))), good: ports(Some(holder("node", true))) },
        Example { id: "port-free", bad: ports(Some(Holder::default())), good: ports(None) },
        Example { id: "pc-api-port", bad: interface(Some(holder("nginx", true))), good: interface(None) },
        Example { id: "pc-api-port", bad: rivals, good: interface(Some(holder("process-compose", true))) },
        Example { id: "stale-socket", bad: sockets(SocketState::Dead, true), good: sockets(SocketState::Answers, true) },
        Example { id: "stale-socket", bad: sockets(SocketState::Dead, false), good: sockets(SocketState::Forbidden, false) },
        Example { id: "stale-socket", bad: sockets(SocketState::Silent, true), good: sockets(SocketState::Answers, true) },
        Example { id: "orphan-process", bad: orphans(vec![holder("node", true)]), good: orphans(Vec::new()) },
        Example {
            id: "orphan-process",
            bad: orphans(vec![holder("node", true), holder("redis-server", true)]),
            good: orphans(Vec::new()),
        },
        Example { id: "runtime-dir", bad: directory("/tmp/devenv-0123456", 0, 0o700, false), good: own() },
        Example { id: "runtime-dir", bad: directory("/tmp/devenv-0123456", 1000, 0o755, false), good: own() },
        Example { id: "runtime-dir", bad: directory("/tmp/devenv-0123456", 1000, 0o700, true), good: own() },
        Example { id: "runtime-dir", bad: directory(&long, 1000, 0o700, false), good: own() },
        Example { id: "nixstart-receipt", bad: receipts(&[Some((2, 5)), None]), good: receipts(&[]) },
        Example { id: "nixstart-receipt", bad: receipts(&[None]), good: receipts(&[]) },
    ]
}

#[test]
fn only_a_dead_socket_of_ones_own_is_removed() {
    let check = super::CHECKS.iter().find(|check| check.id == "stale-socket").unwrap();
    let removes = |facts: &Facts| match (check.look)(facts) {
        Ok(Verdict::Warn(problem)) => problem.fixes.iter().any(|fix| matches!(fix.remedy, Remedy::RemoveFile { .. })),
        _ => false,
    };
    assert!(removes(&sockets(SocketState::Dead, true)));
    assert!(!removes(&sockets(SocketState::Dead, false)));
    assert!(!removes(&sockets(SocketState::Silent, true)));
}

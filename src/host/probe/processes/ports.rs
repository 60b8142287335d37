//! Who listens on the ports a project wants. Linux's own tables say so; macOS has `lsof`.

use std::collections::BTreeMap;

use super::super::Vantage;
use super::{Places, table};
use crate::facts::Fact;
use crate::facts::processes::declared::Declared;
use crate::facts::processes::{Holder, Port, listeners};

/// The port of process-compose's interface when nothing else is said.
const DEFAULT_INTERFACE: u16 = 8080;
/// Variables that take the interface off its port.
const WITHOUT_PORT: [&str; 3] = ["PC_SOCKET_PATH", "PC_USE_UDS", "PC_NO_SERVER"];

pub(super) fn look(vantage: &Vantage, places: &Places, wanted: Vec<Declared>) -> Fact<Vec<Port>> {
    if wanted.is_empty() {
        return Fact::irrelevant("the project declares no port");
    }
    let numbers: Vec<u16> = wanted.iter().map(|(number, _)| *number).collect();
    holders(vantage, places, &numbers).map(|holders| {
        let port = |(number, declared_by)| Port { number, declared_by, holder: holders.get(&number).cloned() };
        wanted.into_iter().map(port).collect()
    })
}

pub(super) fn interface(vantage: &Vantage, places: &Places, has_file: bool) -> Fact<Port> {
    if !has_file {
        return Fact::irrelevant("the project has no process-compose file");
    }
    if WITHOUT_PORT.into_iter().any(|name| vantage.variable(name).is_some()) {
        return Fact::irrelevant("process-compose uses a socket");
    }
    let given = vantage.variable("PC_PORT_NUM");
    let number = given.and_then(|number| number.parse().ok()).unwrap_or(DEFAULT_INTERFACE);
    let declared_by = if given.is_some() { "`PC_PORT_NUM`" } else { "process-compose" }.to_owned();
    holders(vantage, places, &[number]).map(|holders| Port { number, declared_by, holder: holders.get(&number).cloned() })
}

/// Who listens on which of these ports.
fn holders(vantage: &Vantage, places: &Places, wanted: &[u16]) -> Fact<BTreeMap<u16, Holder>> {
    let table = |name: &str| vantage.read(&vantage.system(&format!("/proc/net/{name}"))).known().cloned().flatten();
    match (table("tcp"), table("tcp6")) {
        (None, None) => of_lsof(vantage, places, wanted),
        (first, second) => {
            let tables = [first, second].into_iter().flatten();
            let listening: BTreeMap<u64, u16> = tables
                .flat_map(|table| listeners::parse_table(&table))
                .filter(|(port, _)| wanted.contains(port))
                .map(|(port, inode)| (inode, port))
                .collect();
            Fact::Known(table::holders(vantage, places, &listening))
        }
    }
}

fn of_lsof(vantage: &Vantage, places: &Places, wanted: &[u16]) -> Fact<BTreeMap<u16, Holder>> {
    vantage.run("lsof", &["-nP", "-iTCP", "-sTCP:LISTEN", "-Fpcn"]).map(|output| {
        let found = listeners::parse_lsof(&output.stdout).into_iter().filter(|(port, _)| wanted.contains(port));
        found.map(|(port, holder)| (port, Holder { is_own: works_in(vantage, places, holder.pid), ..holder })).collect()
    })
}

fn works_in(vantage: &Vantage, places: &Places, pid: Option<u32>) -> bool {
    let Some(pid) = pid else { return false };
    let output = vantage.run("lsof", &["-a", "-p", &pid.to_string(), "-d", "cwd", "-Fn"]);
    let directory = output.known().and_then(|output| output.stdout.lines().find_map(|line| line.strip_prefix('n')));
    directory.is_some_and(|directory| camino::Utf8Path::new(directory).starts_with(&places.project))
}

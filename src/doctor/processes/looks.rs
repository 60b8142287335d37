//! Judges ports, sockets, processes left over and receipts. Nothing is ended or removed that may be in use.

use super::super::{Fix, Look, Problem, Remedy, Verdict};
use crate::facts::Facts;
use crate::facts::processes::{Holder, Port, Socket, SocketState};

pub(super) fn are_ports_free(facts: &Facts) -> Look {
    let ports = facts.processes.ports.get()?;
    let busy: Vec<(&Port, &Holder)> = ports.iter().filter_map(|port| Some((port, port.holder.as_ref()?))).collect();
    let foreign: Vec<&(&Port, &Holder)> = busy.iter().filter(|(_, holder)| !holder.is_own).collect();
    if foreign.is_empty() {
        let numbers: Vec<String> = ports.iter().map(|port| port.number.to_string()).collect();
        let numbers = numbers.join(", ");
        return Ok(Verdict::Pass(if busy.is_empty() { numbers } else { format!("{numbers}; the project itself listens") }));
    }
    let numbers: Vec<String> = foreign.iter().map(|(port, _)| port.number.to_string()).collect();
    let problem = Problem::new(format!("another program listens on {}", numbers.join(", ")));
    let problem = foreign.iter().fold(problem, |problem, (port, holder)| {
        problem.detail(format!("{}, wanted by {}: {}", port.number, port.declared_by, holder.label()))
    });
    let problem = foreign.iter().filter_map(|(_, holder)| holder.pid).fold(problem, |problem, pid| {
        problem.fix(Fix::by_hand(
            "Look at it, and end it when you do not need it",
            &[&format!("ps -fp {pid}"), &format!("kill {pid}")],
        ))
    });
    let is_unknown = foreign.iter().any(|(_, holder)| holder.pid.is_none());
    Ok(Verdict::Warn(if is_unknown {
        problem.fix(Fix::by_hand("See which program it is, as root", &["sudo ss -ltnp"]))
    } else {
        problem
    }))
}

pub(super) fn is_interface_free(facts: &Facts) -> Look {
    let interface = facts.processes.interface.get()?;
    let number = interface.number;
    let rival = facts.processes.ports.known().and_then(|ports| ports.iter().find(|port| port.number == number));
    let use_socket =
        Fix::by_hand("Have process-compose use a socket, or another port", &["process-compose -U up", "export PC_PORT_NUM=8099"]);
    if let Some(rival) = rival {
        let summary = format!("port {number} is wanted by {} and by process-compose itself", rival.declared_by);
        return Ok(Verdict::Warn(Problem::new(summary).fix(use_socket)));
    }
    Ok(match &interface.holder {
        None => Verdict::Pass(format!("{number} is free")),
        Some(holder) if holder.is_own && holder.name.as_deref() == Some("process-compose") => {
            Verdict::Pass(format!("process-compose listens on {number}"))
        }
        Some(holder) => Verdict::Warn(Problem::new(format!("port {number} is taken by {}", holder.label())).fix(use_socket)),
    })
}

pub(super) fn do_sockets_answer(facts: &Facts) -> Look {
    let sockets = facts.processes.sockets.get()?;
    let mute: Vec<&Socket> =
        sockets.iter().filter(|socket| matches!(socket.state, SocketState::Dead | SocketState::Silent)).collect();
    let Some(first) = mute.first() else {
        let found = sockets.first().map_or("there is none".to_owned(), |socket| format!("`{}`", socket.path));
        return Ok(Verdict::Pass(found));
    };
    let problem = Problem::new(format!("nobody answers on `{}`", first.path));
    Ok(Verdict::Warn(mute.iter().fold(problem, |problem, socket| {
        let path = &socket.path;
        match (socket.state, socket.is_own) {
            (SocketState::Dead, true) => {
                problem.fix(Fix::new("Remove the socket that nobody listens on", Remedy::RemoveFile { path: path.clone() }))
            }
            (SocketState::Dead, false) => problem.detail(format!("`{path}` belongs to another user, who can remove it")),
            _ => problem
                .detail(format!("`{path}` takes connections and says nothing"))
                .fix(Fix::by_hand("See who has it open", &[&format!("lsof '{path}'")])),
        }
    })))
}

pub(super) fn is_nothing_left_over(facts: &Facts) -> Look {
    let orphans = facts.processes.orphans.get()?;
    if orphans.is_empty() {
        return Ok(Verdict::Pass("none".to_owned()));
    }
    let problem = Problem::new(match orphans.len() {
        1 => "a process of the project outlived its manager".to_owned(),
        count => format!("{count} processes of the project outlived their manager"),
    });
    let problem = orphans.iter().fold(problem, |problem, orphan| problem.detail(orphan.label()));
    let pids: Vec<String> = orphans.iter().filter_map(|orphan| Some(orphan.pid?.to_string())).collect();
    let look = format!("ps -fp {}", pids.join(","));
    let end = format!("kill {}", pids.join(" "));
    Ok(Verdict::Warn(problem.fix(Fix::by_hand("Look at them, then end them", &[&look, &end]))))
}

pub(super) fn is_runtime_directory_own(facts: &Facts) -> Look {
    let directory = facts.processes.runtime_directory.get()?;
    let path = &directory.path;
    let short = Fix::by_hand("Take a short directory of your own", &["export XDG_RUNTIME_DIR=/run/user/$(id -u)"]);
    let (wrong, fix) = if directory.longest() > directory.most_bytes {
        let most = directory.most_bytes;
        (format!("paths of sockets have {} bytes, and at most {most} are allowed", directory.longest()), short)
    } else if directory.is_link {
        ("it is a link, which devenv refuses".to_owned(), short)
    } else if let Some(owner) = directory.owner.filter(|owner| *owner != directory.user) {
        (format!("it is owned by uid {owner}, and you are {}", directory.user), short)
    } else if let Some(mode) = directory.mode.filter(|mode| mode & 0o077 != 0) {
        let close = Fix::new("Close it to others", Remedy::SetMode { path: path.clone(), mode: 0o700 });
        (format!("others can look into it: its mode is {mode:03o}"), close)
    } else {
        return Ok(Verdict::Pass(format!("`{path}`")));
    };
    Ok(Verdict::Warn(Problem::new(format!("`{path}` does not fit: {wrong}")).fix(fix)))
}

pub(super) fn are_receipts_whole(facts: &Facts) -> Look {
    let receipts = facts.processes.receipts.get()?;
    if receipts.is_empty() {
        return Ok(Verdict::Pass("every receipt is whole".to_owned()));
    }
    let readable = receipts.iter().filter(|receipt| receipt.steps.is_some()).count();
    let summary = if readable == 0 { "a receipt cannot be read" } else { "a run of nixstart is not finished" };
    let problem = receipts.iter().fold(Problem::new(summary), |problem, receipt| {
        problem.detail(match receipt.steps {
            Some((done, all)) => format!("`{}`: {done} of {all} steps are done", receipt.id),
            None => format!("`{}` cannot be read", receipt.id),
        })
    });
    let first = receipts.iter().find(|receipt| receipt.steps.is_some());
    Ok(Verdict::Warn(match first {
        Some(receipt) => problem.fix(Fix::by_hand(
            "Continue with the command you began with and `--resume`, or take back what was done",
            &[&format!("nixstart undo {}", receipt.id)],
        )),
        None => problem,
    }))
}

//! The ports that processes listen at. process-compose finds them by walking through the system's table of processes each time it is
//! asked, which takes it milliseconds: it is asked when a process is up, and then less and less often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::{Client, encoded};
use crate::process::{NamedPort, Process, ProcessState};

/// When a process is asked for again the first time. What has just started may not listen yet.
const SOON: Duration = Duration::from_secs(1);
/// It is asked for at least as often as this.
const LATE: Duration = Duration::from_secs(60);
/// So many are asked for at one look.
const AT_ONCE: usize = 2;

/// What is known of ports.
#[derive(Default)]
pub(super) struct Ports {
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    pid: u32,
    ports: Vec<NamedPort>,
    pause: Duration,
    next: Instant,
}

impl Ports {
    /// Asks for the ports of a few of those that are up, and says of each what is known.
    pub(super) fn look(&self, client: &Client, processes: &mut [Process]) {
        let now = Instant::now();
        let due: Vec<(String, u32)> = processes
            .iter()
            .filter_map(|process| Some((process.name.clone(), number(process)?)))
            .filter(|(name, pid)| self.is_due(name, *pid, now))
            .take(AT_ONCE)
            .collect();
        for (name, pid) in due {
            let answer = client.get(&format!("/process/ports/{}", encoded(&name)));
            self.learn(name, pid, answer.map(|answer| ports(&answer.body)).unwrap_or_default(), now);
        }
        for process in processes {
            self.fill(process);
        }
    }

    /// Says of a process what is known.
    pub(super) fn fill(&self, process: &mut Process) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let own = known.get(&process.name).filter(|known| number(process) == Some(known.pid));
        process.ports = own.map(|known| known.ports.clone()).unwrap_or_default();
    }

    fn is_due(&self, name: &str, pid: u32, now: Instant) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).is_none_or(|known| known.pid != pid || known.next <= now)
    }

    fn learn(&self, name: String, pid: u32, ports: Vec<NamedPort>, now: Instant) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(&name).filter(|before| before.pid == pid && before.ports == ports);
        let pause = before.map_or(SOON, |before| (before.pause * 2).min(LATE));
        known.insert(name, Known { pid, ports, pause, next: now + pause });
    }
}

/// The number of a process that is up.
fn number(process: &Process) -> Option<u32> {
    process.pid.filter(|_| matches!(process.state, ProcessState::Running | ProcessState::Ready))
}

/// Reads an answer. Nobody tells their names.
fn ports(answer: &Value) -> Vec<NamedPort> {
    let listed = answer.get("tcp_ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let numbers = listed.iter().filter_map(|port| u16::try_from(port.as_u64()?).ok()).filter(|port| *port > 0);
    let mut ports: Vec<NamedPort> = numbers.map(|port| NamedPort { name: String::new(), port }).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_are_read_in_order_and_what_is_none_is_left_out() {
        let read = |answer: Value| ports(&answer).iter().map(|port| port.port).collect::<Vec<_>>();
        assert_eq!(read(json!({"name": "web", "tcp_ports": [8081, 80, 80, 0, 70000, "x"], "udp_ports": [53]})), [80, 8081]);
        assert_eq!(read(json!({"name": "web", "tcp_ports": null})), [0; 0]);
        assert_eq!(read(json!({"error": "no such process"})), [0; 0]);
    }

    #[test]
    fn a_process_is_asked_for_less_and_less_often_and_anew_when_it_is_another() {
        let (known, begun) = (Ports::default(), Instant::now());
        let after = |seconds| begun + Duration::from_secs(seconds);
        let port = || vec![NamedPort { name: String::new(), port: 80 }];
        assert!(known.is_due("web", 1, begun));
        known.learn("web".into(), 1, Vec::new(), begun);
        assert!(!known.is_due("web", 1, begun) && known.is_due("web", 1, after(1)) && known.is_due("web", 2, begun));
        known.learn("web".into(), 1, port(), after(1));
        known.learn("web".into(), 1, port(), after(2));
        assert!(!known.is_due("web", 1, after(3)) && known.is_due("web", 1, after(4)));
        let mut process = Process { pid: Some(1), ..Process::new("web", ProcessState::Running) };
        known.fill(&mut process);
        assert_eq!(process.ports, port());
        process.pid = Some(2);
        known.fill(&mut process);
        assert_eq!(process.ports, []);
    }
}

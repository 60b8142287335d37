//! What processes wait for.

use super::task::{Life, Task};
use super::{Order, Supervision};
use crate::process::ProcessState;
use crate::service::{Condition, Dependency};

/// How far something is that is needed.
enum Met {
    Yes,
    /// What is waited for.
    NotYet(String),
    /// Why it will not come.
    Never(String),
}

impl Supervision {
    /// Starts every process that waits for nothing any more, and leaves those out that wait in vain.
    pub(super) fn start_what_can(&mut self, orders: &mut Vec<Order>) {
        // Each round may start one that others wait for, or leave out one that others need.
        loop {
            let mut has_changed = false;
            for index in 0..self.tasks.len() {
                let Some(met) = self.tasks.get(index).filter(|task| task.life == Life::Waiting).map(|task| self.met(task)) else {
                    continue;
                };
                let Some(task) = self.tasks.get_mut(index) else { continue };
                match met {
                    Met::Yes => orders.push(task.begin(0, index)),
                    Met::NotYet(why) => {
                        task.become_state(ProcessState::Pending, Some(why));
                        continue;
                    }
                    Met::Never(why) => {
                        task.life = Life::Down;
                        task.become_state(ProcessState::Skipped, Some(why));
                    }
                }
                has_changed = true;
            }
            if !has_changed {
                return;
            }
        }
    }

    fn met(&self, task: &Task) -> Met {
        let mut waits_for = None;
        for (name, dependency) in &task.service.depends_on {
            match self.met_by(name, *dependency) {
                Met::Yes => {}
                Met::NotYet(what) => waits_for = waits_for.or(Some(what)),
                Met::Never(_) if !dependency.required => {}
                Met::Never(why) => return Met::Never(why),
            }
        }
        waits_for.map_or(Met::Yes, Met::NotYet)
    }

    fn met_by(&self, name: &str, Dependency { condition, .. }: Dependency) -> Met {
        let Some(needed) = self.tasks.iter().find(|task| task.process.name == name) else {
            return Met::Never(format!("it needs `{name}`, which is not declared"));
        };
        let state = &needed.process.state;
        let is_met = match condition {
            // What was only ordered to start may not be able to.
            Condition::Started => needed.runs() || *state == ProcessState::Completed,
            Condition::Healthy => matches!(state, ProcessState::Ready | ProcessState::Running),
            Condition::Completed => *state == ProcessState::Completed,
        };
        if is_met {
            return Met::Yes;
        }
        match state {
            ProcessState::Failed => Met::Never(format!("it needs `{name}`, which has failed")),
            ProcessState::Skipped => Met::Never(format!("it needs `{name}`, which was skipped")),
            ProcessState::Disabled => Met::Never(format!("it needs `{name}`, which is disabled")),
            ProcessState::Completed => Met::Never(format!("it needs `{name}`, which has ended")),
            ProcessState::Stopped => Met::NotYet(format!("waits for `{name}`, which is stopped")),
            ProcessState::Pending
            | ProcessState::Starting
            | ProcessState::Running
            | ProcessState::Ready
            | ProcessState::Stopping
            | ProcessState::Backoff
            | ProcessState::Unknown(_) => Met::NotYet(match condition {
                Condition::Started => format!("waits for `{name}` to start"),
                Condition::Healthy => format!("waits for `{name}` to be ready"),
                Condition::Completed => format!("waits for `{name}` to be done"),
            }),
        }
    }

    /// Wants everything, too, that a process needs and that neither runs nor is done.
    pub(super) fn want_needed(&mut self, index: usize) {
        let mut open = vec![index];
        let mut seen = vec![index];
        while let Some(index) = open.pop() {
            let Some(task) = self.tasks.get(index) else { continue };
            let names: Vec<String> = task.service.depends_on.keys().cloned().collect();
            let needed: Vec<usize> = names.iter().filter_map(|name| self.index(name)).collect();
            for needed in needed {
                if seen.contains(&needed) {
                    continue;
                }
                seen.push(needed);
                open.push(needed);
                if let Some(task) = self.tasks.get_mut(needed)
                    && task.is_down()
                    && task.process.state != ProcessState::Completed
                    && task.service.enabled
                {
                    task.want_again();
                }
            }
        }
    }

    /// Gives those another chance that were left out because of others.
    pub(super) fn revive_skipped(&mut self) {
        for task in self.tasks.iter_mut().filter(|task| task.is_wanted && task.process.state == ProcessState::Skipped) {
            task.wait();
        }
    }
}

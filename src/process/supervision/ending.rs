//! The end of everything: what others need ends after them.

use super::{Moment, Order, Supervision};

impl Supervision {
    /// Ends every process that nobody who still runs needs.
    pub(super) fn end_in_order(&mut self, now: Moment, orders: &mut Vec<Order>) {
        let running = |supervision: &Self| supervision.indices(|task| !task.is_down());
        for index in running(self) {
            if let Some(task) = self.tasks.get_mut(index)
                && task.process.pid.is_none()
            {
                orders.extend(task.stop(index, now));
            }
        }
        let running = running(self);
        let is_needed = |index: usize| {
            let Some(name) = self.process(index).map(|process| process.name.as_str()) else { return false };
            running.iter().any(|other| self.tasks.get(*other).is_some_and(|task| task.service.depends_on.contains_key(name)))
        };
        let ready: Vec<usize> = running.iter().copied().filter(|index| !is_needed(*index)).collect();
        for index in ready {
            if let Some(task) = self.tasks.get_mut(index) {
                orders.extend(task.stop(index, now));
            }
        }
    }
}

//! Keeps what is in our memory to ourselves: no other program of the user may read it, and a crash leaves no copy of it.

use std::sync::OnceLock;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// The limit of core files that this process began with.
static BEGAN_WITH: OnceLock<Rlimit> = OnceLock::new();

/// Refuses core files and whoever would look into this process. Commands that hold secrets call it first. Where it cannot be
/// had, the command goes on: it is a second wall.
pub fn protect() {
    let _best_effort = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let limit = *BEGAN_WITH.get_or_init(|| getrlimit(Resource::Core));
    // The hard limit stays, so that a program of the user's can have its own.
    let _best_effort = setrlimit(Resource::Core, Rlimit { current: Some(0), ..limit });
}

/// Gives a program that is started now the limit that we began with; the rest it does not inherit.
pub fn release_for_child() {
    if let Some(limit) = BEGAN_WITH.get() {
        let _best_effort = setrlimit(Resource::Core, *limit);
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn there_is_no_core_file_and_a_child_has_its_limit_back() {
        let before = getrlimit(Resource::Core);
        protect();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), ..before });
        release_for_child();
        assert_eq!(getrlimit(Resource::Core), before);
        set_dumpable_behavior(DumpableBehavior::Dumpable).unwrap();
    }
}

//! Which steps go together: a step that is left out takes along what needs it, and brings back what it needs.

use std::collections::{BTreeMap, BTreeSet};

/// Which steps a step needs, by id.
pub type Requires = BTreeMap<String, Vec<String>>;

/// What became of switching a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switched {
    /// It stays on.
    Refused {
        /// The step that needs it and cannot be left out; `None` when it is the step itself.
        needed_by: Option<String>,
    },
    /// It is off.
    Off {
        /// What goes off with it.
        with: BTreeSet<String>,
    },
    /// It is on.
    On {
        /// What goes on with it.
        with: BTreeSet<String>,
    },
}

/// What switching a step means while others are off.
pub fn toggle(off: &BTreeSet<String>, id: &str, optional: &BTreeSet<String>, requires: &Requires) -> Switched {
    if off.contains(id) {
        return Switched::On { with: needs(id, requires).intersection(off).cloned().collect() };
    }
    if !optional.contains(id) {
        return Switched::Refused { needed_by: None };
    }
    let with: BTreeSet<String> = needed_by(id, requires).difference(off).cloned().collect();
    match with.iter().find(|dependent| !optional.contains(*dependent)) {
        Some(dependent) => Switched::Refused { needed_by: Some(dependent.clone()) },
        None => Switched::Off { with },
    }
}

/// Everything that a step needs, directly or not.
fn needs(id: &str, requires: &Requires) -> BTreeSet<String> {
    closure(id, |id| requires.get(id).into_iter().flatten().cloned().collect())
}

/// Everything that needs a step, directly or not.
fn needed_by(id: &str, requires: &Requires) -> BTreeSet<String> {
    closure(id, |id| {
        requires.iter().filter(|(_, needs)| needs.iter().any(|need| need == id)).map(|(dependent, _)| dependent.clone()).collect()
    })
}

fn closure(id: &str, next: impl Fn(&str) -> Vec<String>) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![id.to_owned()]);
    while let Some(id) = open.pop() {
        open.extend(next(&id).into_iter().filter(|other| found.insert(other.clone())));
    }
    found.remove(id);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    fn requires(rows: &[(&str, &[&str])]) -> Requires {
        rows.iter().map(|(id, needs)| ((*id).to_owned(), needs.iter().map(|id| (*id).to_owned()).collect())).collect()
    }

    #[test]
    fn what_needs_a_step_goes_with_it_and_comes_back_with_what_it_needs() {
        let chain = requires(&[("b", &["a"]), ("c", &["b"]), ("a", &["c"])]);
        let all = ids(&["a", "b", "c"]);
        assert_eq!(toggle(&ids(&[]), "b", &all, &chain), Switched::Off { with: ids(&["a", "c"]) });
        let chain = requires(&[("b", &["a"]), ("c", &["b"])]);
        assert_eq!(toggle(&ids(&["c"]), "a", &all, &chain), Switched::Off { with: ids(&["b"]) });
        assert_eq!(toggle(&all, "c", &all, &chain), Switched::On { with: ids(&["a", "b"]) });
        assert_eq!(toggle(&all, "a", &all, &chain), Switched::On { with: ids(&[]) });
    }

    #[test]
    fn what_is_needed_stays() {
        let needs = requires(&[("b", &["a"])]);
        assert_eq!(toggle(&ids(&[]), "b", &ids(&["a"]), &needs), Switched::Refused { needed_by: None });
        assert_eq!(toggle(&ids(&[]), "a", &ids(&["a"]), &needs), Switched::Refused { needed_by: Some("b".to_owned()) });
    }
}

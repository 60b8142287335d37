//! Which service waits for which.

use std::collections::BTreeSet;

use super::{Service, ServiceSet};

/// The services in an order in which each comes after those it waits for, and otherwise as in the file. Services that wait
/// for each other come once, too.
pub(super) fn start_order(set: &ServiceSet) -> Vec<&Service> {
    let mut ordered: Vec<&Service> = Vec::with_capacity(set.len());
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for first in set {
        for name in post_order(set, &first.name) {
            if done.insert(name) {
                ordered.extend(set.get(name));
            }
        }
    }
    ordered
}

/// These services and all they need, in the order of starting.
pub(super) fn closure<'a>(set: &'a ServiceSet, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted: BTreeSet<&str> = names.into_iter().flat_map(|name| post_order(set, name)).collect();
    start_order(set).into_iter().map(|service| service.name.as_str()).filter(|name| wanted.contains(name)).collect()
}

/// A service after all it waits for, without recursion: a file can have any depth.
fn post_order<'a>(set: &'a ServiceSet, name: &str) -> Vec<&'a str> {
    let Some(first) = set.get(name) else { return Vec::new() };
    let mut seen: BTreeSet<&str> = BTreeSet::from([first.name.as_str()]);
    let mut order = Vec::new();
    let mut stack = vec![(first, dependencies(set, first))];
    while let Some((service, waiting)) = stack.last_mut() {
        match waiting.pop() {
            Some(next) if seen.insert(&next.name) => stack.push((next, dependencies(set, next))),
            Some(_) => {}
            None => {
                order.push(service.name.as_str());
                stack.pop();
            }
        }
    }
    order
}

/// What a service waits for, the last in the file first.
fn dependencies<'a>(set: &'a ServiceSet, service: &Service) -> Vec<&'a Service> {
    set.iter().rev().filter(|other| service.depends_on.contains_key(&other.name)).collect()
}

/// A chain of services each of which waits for the next; the first is also the last.
pub(super) fn cycle(set: &ServiceSet) -> Option<Vec<String>> {
    let mut sound: BTreeSet<&str> = BTreeSet::new();
    for first in set {
        let mut stack = vec![(first, dependencies(set, first))];
        while let Some((service, waiting)) = stack.last_mut() {
            let Some(next) = waiting.pop() else {
                sound.insert(&service.name);
                stack.pop();
                continue;
            };
            if let Some(start) = stack.iter().position(|(above, _)| above.name == next.name) {
                let chain = stack.iter().skip(start).map(|(above, _)| above.name.clone());
                return Some(chain.chain([next.name.clone()]).collect());
            }
            if !sound.contains(next.name.as_str()) {
                stack.push((next, dependencies(set, next)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;
    use toml::{Table, Value};

    use super::super::ServiceError;
    use super::super::tests::set;
    use super::*;

    #[test]
    fn services_start_after_what_they_wait_for() {
        let toml = "[web]\ncommand = 'x'\ndepends_on = { migrate = 'completed', cache = 'started' }\n[migrate]\ncommand = 'x'\ndepends_on.db = 'started'\n[db]\ncommand = 'x'\n[cache]\ncommand = 'x'\n[docs]\ncommand = 'x'";
        let set = set(toml);
        let order: Vec<&str> = set.start_order().into_iter().map(|service| service.name.as_str()).collect();
        assert_eq!(order, ["db", "migrate", "cache", "web", "docs"]);
        assert_eq!(set.closure(["migrate"]), ["db", "migrate"]);
        assert_eq!(set.closure(["docs", "web", "gone"]), ["db", "migrate", "cache", "web", "docs"]);
        assert_eq!(set.closure([]), Vec::<&str>::new());
        assert_eq!((set.dependents("db"), set.dependents("web")), (vec!["migrate"], vec![]));
    }

    /// Services that depend on each other in any way.
    fn graphs() -> impl Strategy<Value = Table> {
        prop::collection::vec(prop::collection::vec(0_usize..8, 0..4), 1..8).prop_map(|services| {
            let count = services.len();
            let service = |(index, dependencies): (usize, Vec<usize>)| {
                let waits = dependencies.into_iter().map(|other| (format!("s{}", other % count), Value::from("started")));
                let fields = [("command", Value::from("x")), ("depends_on", Value::Table(waits.collect()))];
                let fields: Table = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
                (format!("s{index}"), Value::Table(fields))
            };
            services.into_iter().enumerate().map(service).collect()
        })
    }

    proptest! {
        #[test]
        fn services_have_an_order_or_a_cycle(table in graphs()) {
            match ServiceSet::parse(&table) {
                Ok(set) => {
                    let order: Vec<&str> = set.start_order().into_iter().map(|service| service.name.as_str()).collect();
                    let at = |name: &str| order.iter().position(|other| *other == name).unwrap();
                    for service in &set {
                        for dependency in service.depends_on.keys() {
                            prop_assert!(at(dependency) < at(&service.name));
                            prop_assert!(set.closure([service.name.as_str()]).contains(&dependency.as_str()));
                            prop_assert!(set.dependents(dependency).contains(&service.name.as_str()));
                        }
                    }
                }
                Err(errors) => {
                    let [ServiceError::Cycle { services }] = errors.as_slice() else { panic!("{errors:?}") };
                    let (set, _) = ServiceSet::read(&table);
                    prop_assert_eq!(services.first(), services.last());
                    for pair in services.windows(2) {
                        prop_assert!(set.get(&pair[0]).unwrap().depends_on.contains_key(&pair[1]));
                    }
                }
            }
        }
    }
}

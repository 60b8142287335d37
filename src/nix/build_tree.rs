//! What is built as a tree: each derivation once, under the lowest of those that need it, so that what waits for what is seen
//! without anything being seen twice.

use std::collections::{BTreeMap, HashMap, HashSet};

/// What needs what: derivations, and those among the others that each needs itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edges(BTreeMap<String, Vec<String>>);

impl Edges {
    /// Says what a derivation needs. What it needs besides need not be known.
    pub fn insert(&mut self, derivation: &str, needs: Vec<String>) {
        self.0.insert(derivation.to_owned(), needs);
    }

    /// Whether something was said of a derivation.
    pub fn knows(&self, derivation: &str) -> bool {
        self.0.contains_key(derivation)
    }

    /// What a derivation needs itself.
    pub fn needs(&self, derivation: &str) -> &[String] {
        self.0.get(derivation).map_or(&[], Vec::as_slice)
    }

    /// Every derivation that cannot be built when these cannot, and the first of them that it needs.
    pub fn blocked<'a>(&'a self, failed: &[&'a str]) -> BTreeMap<&'a str, &'a str> {
        let mut dependants: HashMap<&str, Vec<&str>> = HashMap::new();
        for (derivation, needs) in &self.0 {
            for needed in needs {
                dependants.entry(needed).or_default().push(derivation);
            }
        }
        let mut blocked = BTreeMap::new();
        for cause in failed {
            let mut waiting = vec![*cause];
            while let Some(next) = waiting.pop() {
                for dependant in dependants.get(next).into_iter().flatten() {
                    if !failed.contains(dependant) && !blocked.contains_key(dependant) {
                        blocked.insert(*dependant, *cause);
                        waiting.push(dependant);
                    }
                }
            }
        }
        blocked
    }
}

/// A derivation in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Which of the derivations.
    pub index: usize,
    /// For each level above it and for its own, whether something follows below on that level.
    pub goes_on: Vec<bool>,
}

/// Puts derivations into a tree, those that nobody needs first. Every one of them is in it exactly once, also where they need
/// each other.
pub fn tree(derivations: &[&str], edges: &Edges) -> Vec<Node> {
    let indexes: HashMap<&str, usize> = derivations.iter().enumerate().map(|(index, path)| (*path, index)).collect();
    let needs: Vec<Vec<usize>> = derivations
        .iter()
        .enumerate()
        .map(|(index, path)| {
            let known = edges.needs(path).iter().filter_map(|needed| indexes.get(needed.as_str()).copied());
            let mut seen = HashSet::new();
            known.filter(|needed| *needed != index && seen.insert(*needed)).collect()
        })
        .collect();
    let parents = parents(&needs);
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); derivations.len()];
    let mut roots = Vec::new();
    for (index, parent) in parents.iter().enumerate() {
        match parent.and_then(|parent| children.get_mut(parent)) {
            Some(siblings) => siblings.push(index),
            None => roots.push(index),
        }
    }
    walk(&roots, &children)
}

/// For each the one it is shown under: the lowest of those that need it, the first of several. Those that need each other in a
/// circle, which Nix never makes, have none.
fn parents(needs: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut waiting_for = vec![0_usize; needs.len()];
    for needed in needs.iter().flatten() {
        if let Some(number) = waiting_for.get_mut(*needed) {
            *number += 1;
        }
    }
    let mut ready: Vec<usize> = (0..needs.len()).filter(|index| waiting_for.get(*index) == Some(&0)).collect();
    let mut places: Vec<(usize, Option<usize>)> = vec![(0, None); needs.len()];
    let mut is_placed = vec![false; needs.len()];
    while let Some(index) = ready.pop() {
        if let Some(placed) = is_placed.get_mut(index) {
            *placed = true;
        }
        let depth = places.get(index).map_or(0, |(depth, _)| *depth);
        for needed in needs.get(index).into_iter().flatten() {
            if let Some((known, parent)) = places.get_mut(*needed)
                && (parent.is_none() || depth + 1 > *known || depth + 1 == *known && parent.is_some_and(|parent| index < parent))
            {
                (*known, *parent) = (depth + 1, Some(index));
            }
            if let Some(number) = waiting_for.get_mut(*needed) {
                *number = number.saturating_sub(1);
                if *number == 0 {
                    ready.push(*needed);
                }
            }
        }
    }
    places.into_iter().zip(is_placed).map(|((_, parent), is_placed)| parent.filter(|_| is_placed)).collect()
}

/// From top to bottom, without recursion: a chain may be as long as it likes.
fn walk(roots: &[usize], children: &[Vec<usize>]) -> Vec<Node> {
    let level = |indexes: &[usize], above: &[bool]| -> Vec<Node> {
        let last = indexes.len().saturating_sub(1);
        let node = |(place, index): (usize, &usize)| {
            let goes_on = above.iter().copied().chain([place < last]).collect();
            Node { index: *index, goes_on }
        };
        indexes.iter().enumerate().map(node).rev().collect()
    };
    let mut waiting = level(roots, &[]);
    let mut nodes = Vec::new();
    while let Some(node) = waiting.pop() {
        if let Some(below) = children.get(node.index) {
            waiting.extend(level(below, &node.goes_on));
        }
        nodes.push(node);
    }
    nodes
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn edges(all: &[(&str, &[&str])]) -> Edges {
        let mut edges = Edges::default();
        for (derivation, needs) in all {
            edges.insert(derivation, needs.iter().map(|needed| (*needed).to_owned()).collect());
        }
        edges
    }

    fn drawn(derivations: &[&str], edges: &Edges) -> Vec<String> {
        let nodes = tree(derivations, edges);
        nodes.iter().map(|node| format!("{}{}", " ".repeat(node.goes_on.len() - 1), derivations[node.index])).collect()
    }

    #[test]
    fn each_is_shown_once_under_the_lowest_that_needs_it() {
        let edges =
            edges(&[("image", &["bot", "core"]), ("bot", &["net", "core"]), ("net", &["core"]), ("docs", &["elsewhere"])]);
        let derivations = ["core", "net", "bot", "image", "docs"];
        assert_eq!(drawn(&derivations, &edges), ["image", " bot", "  net", "   core", "docs"]);
    }

    #[test]
    fn what_needs_itself_is_shown_too() {
        let edges = edges(&[("a", &["b", "a"]), ("b", &["a", "c"]), ("c", &[])]);
        let mut shown = drawn(&["a", "b", "c"], &edges);
        shown.sort_unstable();
        assert_eq!(shown.iter().map(|line| line.trim()).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn what_cannot_be_built_is_told_with_its_cause() {
        let edges = edges(&[("image", &["bot"]), ("bot", &["net", "core"]), ("net", &["core"]), ("docs", &[])]);
        let blocked = edges.blocked(&["core"]);
        assert_eq!(blocked, BTreeMap::from([("bot", "core"), ("image", "core"), ("net", "core")]));
    }

    #[test]
    fn a_long_chain_is_no_trouble() {
        let names: Vec<String> = (0..2000).map(|number| format!("{number}")).collect();
        let mut edges = Edges::default();
        for pair in names.windows(2) {
            edges.insert(&pair[0], vec![pair[1].clone()]);
        }
        let derivations: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(tree(&derivations, &edges).last().unwrap().goes_on.len(), 2000);
    }

    proptest! {
        #[test]
        fn everything_is_there_once_and_below_something_that_needs_it(pairs in prop::collection::vec((0..12_usize, 0..12_usize), 0..40)) {
            let names: Vec<String> = (0..12).map(|number| format!("d{number}")).collect();
            let derivations: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut needs: BTreeMap<usize, Vec<String>> = BTreeMap::new();
            for (from, to) in &pairs {
                needs.entry(*from).or_default().push(names[*to].clone());
            }
            let mut edges = Edges::default();
            for (from, needed) in &needs {
                edges.insert(&names[*from], needed.clone());
            }
            let nodes = tree(&derivations, &edges);
            let mut indexes: Vec<usize> = nodes.iter().map(|node| node.index).collect();
            indexes.sort_unstable();
            prop_assert_eq!(indexes, (0..12).collect::<Vec<_>>());
            let mut above: Vec<usize> = Vec::new();
            for node in &nodes {
                let depth = node.goes_on.len();
                prop_assert!(depth <= above.len() + 1);
                above.truncate(depth - 1);
                if let Some(parent) = above.last() {
                    prop_assert!(edges.needs(&names[*parent]).contains(&names[node.index]));
                }
                above.push(node.index);
            }
        }
    }
}

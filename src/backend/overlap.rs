//! Where the last lines of a process join those that are known. Both are windows on one sequence that only grows; nobody
//! numbers its lines.

/// How many of the last lines of `fetched` are new, when the two overlap: the fewest that make everything before them agree
/// with what is known, but not fewer than `at_least` when that is possible, too.
pub(super) fn new_lines<K: AsRef<str>, F: AsRef<str>>(known: &[K], fetched: &[F], at_least: usize) -> Option<usize> {
    if fetched.is_empty() {
        return Some(0);
    }
    let agrees = |new: &usize| agree(known, fetched.get(..fetched.len() - new).unwrap_or_default());
    let first = at_least.min(fetched.len());
    (first..fetched.len()).find(agrees).or_else(|| (0..first).find(agrees))
}

/// Whether two windows that end at the same line say the same, as far as both go back.
fn agree<K: AsRef<str>, F: AsRef<str>>(known: &[K], fetched: &[F]) -> bool {
    let mut pairs = known.iter().rev().zip(fetched.iter().rev()).peekable();
    pairs.peek().is_some() && pairs.all(|(known, fetched)| known.as_ref() == fetched.as_ref())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_overlap_counts() {
        let known = ["a", "b", "a", "b"];
        assert_eq!(new_lines(&known, &["a", "b", "c"], 0), Some(1));
        assert_eq!(new_lines(&known, &["b", "a", "b"], 0), Some(0));
        assert_eq!(new_lines(&known, &["x", "y"], 0), None);
        assert_eq!(new_lines(&known, &[] as &[&str], 0), Some(0));
        assert_eq!(new_lines(&[] as &[&str], &["x"], 0), None);
    }

    #[test]
    fn what_was_counted_decides_among_equal_lines() {
        let (known, fetched) = (["tick"; 3], ["tick"; 5]);
        assert_eq!([0, 2, 4].map(|counted| new_lines(&known, &fetched, counted)), [Some(0), Some(2), Some(4)]);
        assert_eq!(new_lines(&["a", "b"], &["b", "c"], 2), Some(1));
    }

    proptest! {
        #[test]
        fn windows_on_lines_that_differ_join_without_loss_or_repetition(
            length in 1..200_usize, from in 0..200_usize, until in 1..200_usize, back in 0..200_usize, at_least in 0..50_usize,
        ) {
            let said: Vec<String> = (0..length).map(|line| line.to_string()).collect();
            let until = until.min(length);
            let (from, back) = (from.min(until - 1), back.min(length - 1));
            let (known, fetched) = (&said[from..until], &said[back..]);
            let expected = (back < until).then_some(length - until);
            prop_assert_eq!(new_lines(known, fetched, at_least), expected);
        }

        #[test]
        fn what_is_new_continues_what_is_known(
            said in proptest::collection::vec(0..3_u8, 1..60), from in 0..60_usize, until in 1..60_usize, back in 0..60_usize,
        ) {
            let said: Vec<String> = said.iter().map(u8::to_string).collect();
            let until = until.min(said.len());
            let (from, back) = (from.min(until - 1), back.min(until - 1));
            let (known, fetched) = (&said[from..until], &said[back..]);
            // With the right count, the join is right even where lines repeat.
            prop_assert_eq!(new_lines(known, fetched, said.len() - until), Some(said.len() - until));
            let fewest = new_lines(known, fetched, 0);
            prop_assert!(fewest.is_some_and(|fewest| fewest <= said.len() - until));
        }
    }
}

//! Which lines of a page are on the screen: those around the cursor, which stays on its row as far as that can be had.

/// The first line that is seen. `rows` says how many rows a line takes.
pub(super) fn first(lines: usize, (cursor, row): (usize, usize), height: usize, rows: &dyn Fn(usize) -> usize) -> usize {
    let mut first = cursor.min(lines.saturating_sub(1));
    let mut above = 0;
    let row = row.min(height.saturating_sub(rows(first)));
    while first > 0 && above < row {
        first -= 1;
        above += rows(first);
    }
    // The cursor has to be seen whole, and it comes before what is above it.
    while above > row && first < cursor {
        above -= rows(first).min(above);
        first += 1;
    }
    let mut used = above;
    let mut last = cursor;
    while last < lines && used < height {
        used += rows(last);
        last += 1;
    }
    // No row stays empty as long as there are lines above.
    while first > 0 && used + rows(first - 1) <= height {
        first -= 1;
        used += rows(first);
    }
    first
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cursor_stays_on_its_row_and_no_row_is_empty() {
        let one = |_: usize| 1;
        assert_eq!(first(100, (50, 4), 10, &one), 46);
        assert_eq!(first(100, (2, 4), 10, &one), 0);
        assert_eq!(first(100, (99, 0), 10, &one), 90);
        assert_eq!(first(3, (1, 9), 10, &one), 0);
        assert_eq!(first(0, (0, 0), 10, &one), 0);
        assert_eq!(first(100, (50, usize::MAX), 10, &|_| 3), 48);
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_seen(
            heights in proptest::collection::vec(1..6_usize, 1..40),
            cursor in 0..40_usize,
            row in 0..30_usize,
            height in 6..20_usize,
        ) {
            let cursor = cursor.min(heights.len() - 1);
            let first = first(heights.len(), (cursor, row), height, &|line| heights.get(line).copied().unwrap_or(1));
            prop_assert!(first <= cursor);
            prop_assert!(heights[first..=cursor].iter().sum::<usize>() <= height, "{} {}", first, cursor);
        }
    }
}

//! What may be seen of a value that nobody may see.

/// The same for every value, so that nothing about it follows.
const MASK: &str = "********";
/// A value of so many characters has an end that says nothing about the rest.
pub const LONG: usize = 24;
/// How many characters stand for a value.
pub const STARS: usize = MASK.len();

/// A value as it is shown: that there is one, and roughly how long it is.
pub fn mask(value: &str) -> &'static str {
    match value.chars().count() {
        0 => "empty",
        1..8 => "******** (short)",
        8..LONG => MASK,
        LONG.. => "******** (long)",
    }
}

/// The same with the last four characters of a long value, for somebody who asks for them.
pub fn mask_with_end(value: &str) -> String {
    let count = value.chars().count();
    if count < LONG { mask(value).to_owned() } else { MASK.to_owned() + &value.chars().skip(count - 4).collect::<String>() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_tells_neither_the_value_nor_its_length() {
        assert_eq!((mask(""), mask("abc"), mask("abcdefgh")), ("empty", "******** (short)", MASK));
        assert_eq!(mask(&"x".repeat(24)), mask(&"y".repeat(99)));
        assert_eq!(mask_with_end(&format!("{}1234", "x".repeat(20))), "********1234");
        assert_eq!(mask_with_end("short1234"), "********");
    }
}

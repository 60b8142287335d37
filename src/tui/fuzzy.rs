//! How well a few letters fit a text, in which they stand in the same order: what a palette is searched by.

/// A score, the higher the better; `None` when a letter is missing. Letters that stand together or begin a word count more.
pub(super) fn score(letters: &str, text: &str) -> Option<i32> {
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let letters: Vec<char> = letters.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect();
    if letters.is_empty() {
        return Some(0);
    }
    // From each place where the first letter stands; what fits best counts.
    let starts = text.iter().enumerate().filter(|(_, character)| Some(*character) == letters.first()).map(|(place, _)| place);
    starts.take(MOST_STARTS).filter_map(|start| score_from(start, &letters, &text)).max()
}

/// Texts are short; nobody sees a difference after so many beginnings.
const MOST_STARTS: usize = 16;

fn score_from(start: usize, letters: &[char], text: &[char]) -> Option<i32> {
    let (mut score, mut next, mut last) = (0, start, None);
    for letter in letters {
        let place = text.iter().skip(next).position(|character| character == letter)? + next;
        let begins_word = place.checked_sub(1).and_then(|before| text.get(before)).is_none_or(|before| !before.is_alphanumeric());
        let follows = last.is_some_and(|last: usize| last + 1 == place);
        score += 1 + if begins_word { 6 } else { 0 } + if follows { 4 } else { 0 };
        score -= last.map_or(0, |last| i32::try_from(place - last).unwrap_or(i32::MAX).min(8) - 1);
        (last, next) = (Some(place), place + 1);
    }
    Some(score * 4 - i32::try_from(start).unwrap_or(i32::MAX).min(20))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn best<'a>(letters: &str, texts: &[&'a str]) -> Option<&'a str> {
        let scored = texts.iter().filter_map(|text| Some((score(letters, text)?, *text)));
        scored.max_by_key(|(score, _)| *score).map(|(_, text)| text)
    }

    #[test]
    fn beginnings_of_words_and_letters_together_win() {
        let texts = ["Stop the process", "Restart the process", "Show the lines of standard error only", "Start everything"];
        assert_eq!(best("rst", &texts), Some("Restart the process"));
        assert_eq!(best("st ev", &texts), Some("Start everything"));
        assert_eq!(best("stde", &texts), Some("Show the lines of standard error only"));
        assert_eq!(best("xq", &texts), None);
    }

    proptest! {
        #[test]
        fn every_text_fits_itself_and_nothing_breaks(letters in "\\PC{0,20}", text in "\\PC{0,40}") {
            prop_assert!(score(&text, &text).is_some());
            let _some_or_none = score(&letters, &text);
        }
    }
}

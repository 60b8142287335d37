//! How a program wants its words to look: the colours and attributes of escape sequences like `ESC [ 1;31 m`.

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// One of the 256 that terminals number; the first sixteen are those of their own theme.
    Numbered(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// How words look. What would hide them (blinking, no colour at all) is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paint {
    /// The colour of the letters.
    pub letters: Option<Color>,
    /// The colour behind them.
    pub ground: Option<Color>,
    /// Bits of attributes; see the constants.
    pub attributes: u8,
}

impl Paint {
    /// Bold letters.
    pub const BOLD: u8 = 1;
    /// Dim letters.
    pub const DIM: u8 = 2;
    /// Italic letters.
    pub const ITALIC: u8 = 4;
    /// A line under them.
    pub const UNDERLINED: u8 = 8;
    /// Letters and ground exchanged.
    pub const REVERSED: u8 = 16;
    /// A line through them.
    pub const STRUCK: u8 = 32;

    /// Takes the numbers of a sequence in, as `1;31` or `38:2::1:2:3`. What they do not say stays as it is.
    pub fn apply(&mut self, numbers: &str) {
        let mut numbers = numbers.split([';', ':']).map(|number| if number.is_empty() { Some(0) } else { number.parse().ok() });
        while let Some(number) = numbers.next() {
            let Some(number) = number else { continue };
            match number {
                0_u16 => *self = Self::default(),
                1 => self.attributes |= Self::BOLD,
                2 => self.attributes |= Self::DIM,
                3 => self.attributes |= Self::ITALIC,
                4 => self.attributes |= Self::UNDERLINED,
                7 => self.attributes |= Self::REVERSED,
                9 => self.attributes |= Self::STRUCK,
                22 => self.attributes &= !(Self::BOLD | Self::DIM),
                23 => self.attributes &= !Self::ITALIC,
                24 => self.attributes &= !Self::UNDERLINED,
                27 => self.attributes &= !Self::REVERSED,
                29 => self.attributes &= !Self::STRUCK,
                30..=37 => self.letters = numbered(number - 30),
                38 => self.letters = extended(&mut numbers).or(self.letters),
                39 => self.letters = None,
                40..=47 => self.ground = numbered(number - 40),
                48 => self.ground = extended(&mut numbers).or(self.ground),
                49 => self.ground = None,
                90..=97 => self.letters = numbered(number - 82),
                100..=107 => self.ground = numbered(number - 92),
                _ => {}
            }
        }
    }

    /// Nine bytes.
    pub(super) fn encode(self) -> Vec<u8> {
        let color = |color: Option<Color>| match color {
            None => [0, 0, 0, 0],
            Some(Color::Numbered(number)) => [1, number, 0, 0],
            Some(Color::Rgb(red, green, blue)) => [2, red, green, blue],
        };
        [[self.attributes].as_slice(), &color(self.letters), &color(self.ground)].concat()
    }

    /// What those bytes say.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let color = |bytes: &[u8]| match bytes {
            [1, number, ..] => Some(Color::Numbered(*number)),
            [2, red, green, blue] => Some(Color::Rgb(*red, *green, *blue)),
            _ => None,
        };
        let part = |range| bytes.get(range).and_then(color);
        Self { attributes: bytes.first().copied().unwrap_or_default(), letters: part(1..5), ground: part(5..9) }
    }
}

fn numbered(number: u16) -> Option<Color> {
    u8::try_from(number).ok().map(Color::Numbered)
}

/// The rest of `38;5;…` and `38;2;…`; with colons there may be an empty number before the red.
fn extended(numbers: &mut impl Iterator<Item = Option<u16>>) -> Option<Color> {
    let byte = |number: Option<u16>| number.and_then(|number| u8::try_from(number).ok());
    match numbers.next()?? {
        5 => byte(numbers.next()?).map(Color::Numbered),
        2 => Some(Color::Rgb(byte(numbers.next()?)?, byte(numbers.next()?)?, byte(numbers.next()?)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(numbers: &str) -> Paint {
        let mut paint = Paint::default();
        paint.apply(numbers);
        paint
    }

    #[test]
    fn numbers_mean_what_terminals_take_them_for() {
        assert_eq!(after("1;31"), Paint { letters: Some(Color::Numbered(1)), ground: None, attributes: Paint::BOLD });
        assert_eq!(after("97;48;5;200").letters, Some(Color::Numbered(15)));
        assert_eq!(after("97;48;5;200").ground, Some(Color::Numbered(200)));
        assert_eq!(after("38;2;1;2;3").letters, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(after("1;3;4;7;9;22;23;24;27;29"), Paint::default());
        for nothing in ["1;31;0", "", "1;", "8", "5", "38;9", "38", "999;x"] {
            assert_eq!(after(nothing), Paint::default(), "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_numbers_it_is_the_same_after_it_was_stored(numbers in "[0-9;:]{0,20}") {
            let paint = after(&numbers);
            prop_assert_eq!(Paint::decode(&paint.encode()), paint);
        }
    }
}

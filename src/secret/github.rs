//! Tokens of GitHub. Their forms are documented; the checksum in the classic ones is known from third parties only, so a
//! wrong one is a warning.

use super::check::{Accepted, Rejection};

const HINT: &str = "make one at https://github.com/settings/tokens";
/// Letters and digits of base 62, in GitHub's order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// How many characters the checksum has.
const CHECKSUM: usize = 6;

/// Checks a token: personal (`ghp_`, `github_pat_`), of an application (`gho_`, `ghu_`, `ghs_`, `ghr_`).
pub(super) fn check_token(value: &str) -> Result<Accepted, Rejection> {
    if let Some(rest) = value.strip_prefix("github_pat_") {
        let is_whole = rest.len() == 82 && rest.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
        return if is_whole { Ok(fine_grained(value)) } else { Err(cut_off(value)) };
    }
    let classic = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].iter().find_map(|prefix| value.strip_prefix(prefix));
    let Some(rest) = classic else {
        return Err(Rejection::new("it does not begin like a token of GitHub (`ghp_`, `github_pat_`)", HINT));
    };
    let is_whole = (36..=255).contains(&rest.len()) && rest.chars().all(|character| character.is_ascii_alphanumeric());
    if !is_whole {
        return Err(cut_off(value));
    }
    let mut accepted = Accepted::unchanged(value);
    if rest.len() == 36 && !has_right_checksum(rest) {
        accepted.warnings.push("its checksum is not right; perhaps a character was changed or lost".to_owned());
    }
    Ok(accepted)
}

fn fine_grained(value: &str) -> Accepted {
    let mut accepted = Accepted::unchanged(value);
    accepted.warnings.push("ghcr.io takes classic tokens only (`ghp_`); this one is fine-grained".to_owned());
    accepted
}

fn cut_off(value: &str) -> Rejection {
    Rejection::new(format!("it begins like a token of GitHub and has {} characters, which is not its length", value.len()), HINT)
}

/// Whether the last six characters are the CRC-32 of the others in base 62.
fn has_right_checksum(rest: &str) -> bool {
    let Some((random, checksum)) = rest.split_at_checked(rest.len() - CHECKSUM) else { return false };
    let mut remainder = crc32(random.as_bytes());
    let mut expected = [b'0'; CHECKSUM];
    for digit in expected.iter_mut().rev() {
        *digit = DIGITS.get((remainder % 62) as usize).copied().unwrap_or(b'0');
        remainder /= 62;
    }
    checksum.as_bytes() == expected
}

/// The CRC-32 of zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(random: &str) -> String {
        let mut checksum = crc32(random.as_bytes());
        let mut digits = Vec::new();
        for _ in 0..CHECKSUM {
            digits.push(char::from(DIGITS[(checksum % 62) as usize]));
            checksum /= 62;
        }
        let digits: String = digits.iter().rev().collect();
        ["ghp", "_", random, &digits].concat()
    }

    #[test]
    fn the_checksum_is_that_of_zip() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn whole_tokens_are_taken_and_cut_ones_are_not() {
        let whole = token(&"aB3".repeat(10));
        assert!(check_token(&whole).unwrap().warnings.is_empty());
        let changed = whole.replace("aB3", "aB4");
        assert!(check_token(&changed).unwrap().warnings[0].contains("checksum"));
        assert!(check_token(whole.get(..whole.len() - 3).unwrap()).unwrap_err().message.contains("37 characters"));
        let fine = ["github", "_pat_", &"x".repeat(82)].concat();
        assert!(check_token(&fine).unwrap().warnings[0].contains("ghcr.io"));
        assert!(check_token(fine.get(..fine.len() - 1).unwrap()).is_err());
        assert!(check_token("hunter2").unwrap_err().message.contains("does not begin like"));
    }
}

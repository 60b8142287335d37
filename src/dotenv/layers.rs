//! Which files of a directory make up its variables, for the programs that read several.

use super::consumer::Consumer;

/// The profile of a developer's machine.
const DEFAULT: &str = "default";

/// The names of the files, the one that wins first; none when nobody reads several.
///
/// Next.js 16 and bun 1.4 put `.env.local` before `.env.MODE`, and leave it out in tests. Vite 7 does it the other way round,
/// never leaves it out, and knows any mode.
pub fn names(consumers: &[Consumer], profile: &str) -> Vec<String> {
    let has = |consumer: Consumer| consumers.contains(&consumer);
    let knows_few_modes = has(Consumer::Next) || has(Consumer::Bun);
    if !knows_few_modes && !has(Consumer::Vite) {
        return Vec::new();
    }
    let mode = match profile {
        DEFAULT | "development" => "development",
        "test" => "test",
        // Whatever is no test and no development is built like production.
        _ if knows_few_modes => "production",
        other => other,
    };
    let of_mode = format!(".env.{mode}");
    let local = (!knows_few_modes || mode != "test").then(|| ".env.local".to_owned());
    let between: Vec<String> = if knows_few_modes {
        local.into_iter().chain([of_mode.clone()]).collect()
    } else {
        [of_mode.clone()].into_iter().chain(local).collect()
    };
    [format!("{of_mode}.local")].into_iter().chain(between).chain([".env".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn the_profile_chooses_the_files() {
        let cases: [(&[Consumer], &str, &[&str]); 6] = [
            (&[Consumer::Next], "default", &[".env.development.local", ".env.local", ".env.development", ".env"]),
            (&[Consumer::Next], "production", &[".env.production.local", ".env.local", ".env.production", ".env"]),
            (&[Consumer::Bun], "staging", &[".env.production.local", ".env.local", ".env.production", ".env"]),
            (&[Consumer::Next], "test", &[".env.test.local", ".env.test", ".env"]),
            (&[Consumer::Vite], "test", &[".env.test.local", ".env.test", ".env.local", ".env"]),
            (&[Consumer::Node], "default", &[]),
        ];
        for (consumers, profile, expected) in cases {
            assert_eq!(names(consumers, profile), expected, "{consumers:?} {profile}");
        }
    }
}

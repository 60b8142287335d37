//! The same variable in another file that the programs of a project read, too: which of them wins, in words.

use secrecy::SecretString;

/// Whose value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// That of the other file, whatever the edited one says.
    More,
    /// That of the edited file, when it has one.
    Less,
}

/// A variable in another file. `Debug` does not show its value.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// The file, as a person would type it.
    pub file: String,
    /// Its value there.
    pub value: SecretString,
    /// Whose value counts.
    pub rank: Rank,
}

impl Elsewhere {
    /// What is worth knowing beside the variable; `is_here` says whether the edited file has it.
    pub fn remark(&self, is_here: bool) -> String {
        let file = &self.file;
        match (self.rank, is_here) {
            (Rank::More, false) => format!("effective value comes from `{file}`, and would whatever is set here"),
            (Rank::More, true) => format!("effective value comes from `{file}`, which counts more"),
            (Rank::Less, false) => format!("effective value comes from `{file}`; one that is set here counts more"),
            (Rank::Less, true) => format!("also in `{file}`, which counts less"),
        }
    }

    /// What a person should know before a value is saved; `is_here` says whether the edited file has one already.
    pub fn warning(&self, key: &str, is_here: bool) -> Option<String> {
        let file = &self.file;
        match (self.rank, is_here) {
            (Rank::More, _) => Some(format!("no program sees the new value of {key}: that of `{file}` counts more")),
            (Rank::Less, false) => Some(format!("{key} is in `{file}`, too; from now on the value that is saved here counts")),
            (Rank::Less, true) => None,
        }
    }
}

//! What is remembered of builds: how long each derivation took on each machine, and what came of each run. The file has a JSON
//! object on each line; its format only grows, lines of a later version are kept, and a line that is broken off is passed over.

mod csv;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::closure::Closure;
use super::store_name::package;

/// So many of the last times of a derivation count.
const TIMES: usize = 10;
/// So many of the last runs of an installable are kept.
const RUNS: usize = 20;

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A derivation was built.
    Build(Timed),
    /// A run has ended.
    Run(Run),
}

/// How long a derivation took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// The machine; empty for the one we are on.
    #[serde(default)]
    pub host: String,
    /// The package, without its version.
    pub package: String,
    /// How long.
    pub seconds: f64,
    /// When it ended, in milliseconds since 1970.
    pub when: u64,
}

/// What came of one installable in a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What was built, with the flake by its absolute path: the same whatever directory it was built from.
    pub subject: String,
    /// When it ended, in milliseconds since 1970.
    pub when: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// How long the whole run took, in seconds.
    #[serde(default)]
    pub seconds: f64,
    /// How many derivations were built in it.
    #[serde(default)]
    pub built: usize,
    /// The derivation, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivation: Option<String>,
    /// What was made, by the names of outputs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// The bytes of the closure by package; only of the last run that succeeded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packages: BTreeMap<String, u64>,
    /// The bytes of the closure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The names of derivations that failed by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything is there.
    Succeeded,
    /// Something could not be built.
    Failed,
    /// It was stopped.
    Interrupted,
    /// A later version knows how.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Outcome {
    /// The outcome in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "built",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Unknown => "unknown",
        }
    }
}

impl Run {
    /// Its closure, when it was kept.
    pub fn closure(&self) -> Option<Closure> {
        (!self.packages.is_empty()).then(|| Closure { packages: self.packages.clone() })
    }
}

/// Everything that is remembered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    times: HashMap<(String, String), Vec<Timed>>,
    /// Times of another program, for what we know nothing of.
    seeds: HashMap<(String, String), Vec<f64>>,
    runs: Vec<Run>,
    /// Lines of a later version.
    others: Vec<String>,
    /// How many lines could not be read.
    pub broken: usize,
    /// How many lines there were.
    pub lines: usize,
}

impl History {
    /// Reads a file.
    pub fn read(text: &str) -> Self {
        let mut history = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            history.lines += 1;
            match (serde_json::from_str(line), serde_json::from_str::<Value>(line)) {
                (Ok(entry), _) => history.add(entry),
                (Err(_), Ok(Value::Object(_))) => history.others.push(line.to_owned()),
                (Err(_), _) => history.broken += 1,
            }
        }
        history
    }

    /// Takes in the file `build-reports.csv` of nix-output-monitor. What we know ourselves counts first.
    pub fn seed(&mut self, csv: &str) {
        for (host, package, seconds) in csv::rows(csv) {
            self.seeds.entry((host, package)).or_default().push(seconds);
        }
    }

    /// Adds an entry, newer than all others.
    pub fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Build(build) if build.seconds.is_finite() && build.seconds >= 0.0 => {
                let last = self.times.entry((build.host.clone(), build.package.clone())).or_default();
                last.push(build);
                let old = last.len().saturating_sub(TIMES);
                last.drain(..old);
            }
            Entry::Build(_) => self.broken += 1,
            Entry::Run(run) => self.runs.push(run),
        }
    }

    /// How long a derivation takes on a machine: the median of the last times.
    pub fn estimate(&self, host: &str, name: &str) -> Option<Duration> {
        let key = (host.to_owned(), package(name).0.to_owned());
        let own = self.times.get(&key).map(|times| times.iter().map(|timed| timed.seconds).collect::<Vec<_>>());
        let mut seconds = own.or_else(|| self.seeds.get(&key).cloned())?;
        let old = seconds.len().saturating_sub(TIMES);
        seconds.drain(..old);
        seconds.sort_unstable_by(f64::total_cmp);
        let middle = seconds.get(seconds.len() / 2).copied()?;
        Duration::try_from_secs_f64(middle).ok()
    }

    /// The runs of a subject, the newest first.
    pub fn runs_of<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().rev().filter(move |run| run.subject == subject)
    }

    /// All runs of a project, the newest first.
    pub fn runs_in<'a>(&'a self, root: &'a str) -> impl Iterator<Item = &'a Run> {
        let is_in = move |run: &&Run| run.subject.rsplit_once('#').is_some_and(|(flake, _)| flake == root);
        self.runs.iter().rev().filter(is_in)
    }

    /// The newest run of a subject whose derivation is known.
    pub fn last_derivation<'a>(&'a self, subject: &'a str) -> Option<&'a str> {
        self.runs_of(subject).find_map(|run| run.derivation.as_deref())
    }

    /// The newest run of a subject that succeeded.
    pub fn last_success<'a>(&'a self, subject: &'a str) -> Option<&'a Run> {
        self.runs_of(subject).find(|run| run.outcome == Outcome::Succeeded)
    }

    /// Whether the file has many more lines than are needed.
    pub fn is_long(&self) -> bool {
        self.lines > 2 * self.kept().count() + 200
    }

    fn kept(&self) -> impl Iterator<Item = Entry> {
        let mut times: Vec<&Timed> = self.times.values().flatten().collect();
        times.sort_by(|left, right| (left.when, &left.package).cmp(&(right.when, &right.package)));
        let mut seen: HashMap<&str, (usize, bool, bool)> = HashMap::new();
        let mut runs: Vec<Run> = Vec::new();
        for run in self.runs.iter().rev() {
            let (number, has_success, has_packages) = seen.entry(&run.subject).or_default();
            *number += 1;
            let is_last_success = run.outcome == Outcome::Succeeded && !*has_success;
            *has_success |= is_last_success;
            if *number > RUNS && !is_last_success {
                continue;
            }
            let mut kept = run.clone();
            if *has_packages {
                kept.packages.clear();
            }
            *has_packages |= !run.packages.is_empty();
            runs.push(kept);
        }
        times.into_iter().cloned().map(Entry::Build).chain(runs.into_iter().rev().map(Entry::Run)).collect::<Vec<_>>().into_iter()
    }

    /// The file with what is needed alone.
    pub fn compacted(&self) -> String {
        self.kept().map(|entry| line(&entry)).chain(self.others.iter().map(|other| format!("{other}\n"))).collect()
    }
}

/// An entry as a line of the file.
pub fn line(entry: &Entry) -> String {
    serde_json::to_string(entry).map(|line| line + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn timed(package: &str, seconds: f64, when: u64) -> Entry {
        Entry::Build(Timed { host: String::new(), package: package.into(), seconds, when })
    }

    fn run(subject: &str, when: u64, outcome: Outcome) -> Run {
        Run { subject: subject.into(), when, outcome, ..Run::default() }
    }

    #[test]
    fn the_estimate_is_the_median_of_the_last_ten() {
        let mut history = History::default();
        assert_eq!(history.estimate("", "app-1.0"), None);
        for (when, seconds) in [(1, 900.0), (2, 900.0), (3, 10.0), (4, 12.0), (5, 11.0)] {
            history.add(timed("app", seconds, when));
        }
        assert_eq!(history.estimate("", "app-2.0"), Some(Duration::from_secs(12)));
        (6..20).for_each(|when| history.add(timed("app", 20.0, when)));
        assert_eq!(history.estimate("", "app-2.0"), Some(Duration::from_secs(20)));
        assert_eq!(history.estimate("builder", "app-2.0"), None);
    }

    #[test]
    fn times_of_another_program_count_where_there_are_none_of_ours() {
        let mut history = History::default();
        history.seed(
            "hostname,derivation name,utc time,build seconds\nlocalhost,\"app\",2026-01-01 00:00:00 UTC,7\nfar,app,x,9\n\"bro",
        );
        assert_eq!(history.estimate("", "app-1"), Some(Duration::from_secs(7)));
        assert_eq!(history.estimate("far", "app-1"), Some(Duration::from_secs(9)));
        history.add(timed("app", 3.0, 1));
        assert_eq!(history.estimate("", "app-1"), Some(Duration::from_secs(3)));
    }

    #[test]
    fn what_was_written_years_ago_and_what_will_be_is_read() {
        let text = concat!(
            r#"{"kind":"build","package":"app","seconds":3,"when":1,"later":true}"#,
            "\n",
            r#"{"kind":"run","subject":"/w#default","when":2,"outcome":"postponed"}"#,
            "\n",
            r#"{"kind":"deploy","when":3}"#,
            "\nnonsense\n",
            r#"{"kind":"run","subject":"/w#def"#,
        );
        let history = History::read(text);
        assert_eq!((history.broken, history.lines), (2, 5));
        assert_eq!(history.runs_of("/w#default").map(|run| run.outcome).collect::<Vec<_>>(), [Outcome::Unknown]);
        assert_eq!(history.estimate("", "app"), Some(Duration::from_secs(3)));
        assert!(history.compacted().contains("deploy"), "{}", history.compacted());
    }

    #[test]
    fn what_is_not_needed_goes_and_the_last_success_stays() {
        let mut history = History::default();
        let success = Run { packages: BTreeMap::from([("app".into(), 5)]), ..run("/w#a", 1, Outcome::Succeeded) };
        history.add(Entry::Run(success.clone()));
        history.add(Entry::Run(Run { when: 2, ..success }));
        (3..50).for_each(|when| history.add(Entry::Run(run("/w#a", when, Outcome::Failed))));
        history.lines = 1000;
        assert!(history.is_long());
        let compacted = History::read(&history.compacted());
        let last = compacted.last_success("/w#a").unwrap();
        assert_eq!((last.when, last.closure().map(|closure| closure.bytes())), (2, Some(5)));
        assert_eq!(compacted.runs_in("/w").filter(|run| run.closure().is_some()).count(), 1);
        assert_eq!(compacted.runs_in("/").count(), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_what_is_compacted_says_the_same(
            lines in prop::collection::vec(prop_oneof![
                "\\PC{0,20}".boxed(),
                (0..3_u8, 0..50_u64).prop_map(|(package, when)| line(&timed(&format!("p{package}"), 1.0, when)).trim().to_owned()).boxed(),
                (0..3_u8, 0..50_u64).prop_map(|(subject, when)| line(&Entry::Run(run(&format!("/w#{subject}"), when, Outcome::Failed))).trim().to_owned()).boxed(),
            ], 0..60),
        ) {
            let history = History::read(&lines.join("\n"));
            let again = History::read(&history.compacted());
            prop_assert_eq!(again.broken, 0);
            for name in ["p0", "p1", "p2"] {
                prop_assert_eq!(again.estimate("", name), history.estimate("", name));
            }
            prop_assert_eq!(again.compacted(), history.compacted());
        }
    }
}

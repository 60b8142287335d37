//! What a check found, in words that can be shown.

use crate::doctor::{Check, Finding, Problem, Severity, Status};
use crate::tui::keymap::{self, Action, Context, ProjectAction};
use crate::ui::visible;

/// How much something matters, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Work cannot go on.
    Blocks,
    /// Work goes on, worse.
    Degrades,
    /// Worth knowing.
    Informs,
    /// It could not be judged.
    Unjudged,
    /// It holds.
    Holds,
    /// It says nothing here.
    Skipped,
}

impl Rank {
    /// Every rank, the worst first.
    pub const ALL: [Self; 6] = [Self::Blocks, Self::Degrades, Self::Informs, Self::Unjudged, Self::Holds, Self::Skipped];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Blocks => "Stops work",
            Self::Degrades => "Makes work harder",
            Self::Informs => "Worth knowing",
            Self::Unjudged => "Not judged",
            Self::Holds => "Holds",
            Self::Skipped => "Says nothing here",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ailment {
    /// The id of the check.
    pub id: &'static str,
    /// How much it matters.
    pub rank: Rank,
    /// What was found, in a line.
    pub summary: String,
    /// Everything that is known: evidence, symptom, cause, ways to mend it.
    pub lines: Vec<String>,
    /// What the first way to mend it is called, and whether nixstart can do it itself.
    pub fix: Option<(String, Mending)>,
}

/// Who mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// nixstart, with a plan.
    ByPlan,
    /// A person.
    ByHand,
}

impl Ailment {
    /// What was found, with everything invisible written out; `redact` takes secrets out.
    pub fn of(finding: &Finding, redact: &dyn Fn(&str) -> String) -> Self {
        let clean = |text: &str| visible(&redact(text));
        let rank = rank(finding);
        let check = finding.check;
        match &finding.status {
            Status::Pass(found) => {
                Self { id: check.id, rank, summary: clean(found), lines: vec![check.title.to_owned()], fix: None }
            }
            Status::Skip(why) | Status::Crash(why) => {
                Self { id: check.id, rank, summary: clean(why), lines: vec![check.title.to_owned()], fix: None }
            }
            Status::Warn(problem) | Status::Fail(problem) => Self {
                id: check.id,
                rank,
                summary: clean(&problem.summary),
                lines: lines(check, problem).iter().map(|line| clean(line)).collect(),
                fix: problem
                    .fixes
                    .first()
                    .map(|fix| (clean(&fix.title), if fix.is_automatic() { Mending::ByPlan } else { Mending::ByHand })),
            },
        }
    }

    /// Everything that is known, where there are no keys to speak of.
    pub fn plain(&self) -> Vec<String> {
        let by = by_key();
        self.lines.iter().map(|line| line.strip_suffix(&by).unwrap_or(line).to_owned()).collect()
    }

    /// The command that mends it, when nixstart can.
    pub fn command(&self) -> Option<String> {
        let (_, mending) = self.fix.as_ref()?;
        (*mending == Mending::ByPlan).then(|| format!("nixstart doctor --fix --check {}", self.id))
    }
}

fn rank(finding: &Finding) -> Rank {
    match &finding.status {
        Status::Fail(_) => Rank::Blocks,
        Status::Warn(_) if finding.check.severity == Severity::Informs => Rank::Informs,
        Status::Warn(_) => Rank::Degrades,
        Status::Crash(_) => Rank::Unjudged,
        Status::Pass(_) => Rank::Holds,
        Status::Skip(_) => Rank::Skipped,
    }
}

/// What is said behind a way to mend that a key goes.
fn by_key() -> String {
    format!(" ({} does it, after a review)", keymap::key(Context::Health, Action::Project(ProjectAction::Fix)))
}

fn lines(check: &Check, problem: &Problem) -> Vec<String> {
    let mut lines = vec![problem.summary.clone()];
    lines.extend(problem.details.iter().map(|detail| format!("  {detail}")));
    lines.push(format!("you see: {}", check.symptom));
    lines.push(format!("because: {}", check.cause));
    if problem.fixes.is_empty() {
        lines.push(format!("fix: {}", check.fix));
    }
    for (index, fix) in problem.fixes.iter().enumerate() {
        let by = if index == 0 && fix.is_automatic() { by_key() } else { String::new() };
        lines.push(format!("fix: {}{by}", fix.title));
        lines.extend(fix.typed().into_iter().map(|line| format!("    {line}")));
    }
    lines
}

//! What an examination found, as numbers and as data for programs.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Check, Finding, Status};

/// How many checks ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Checks that hold.
    pub pass: usize,
    /// Checks that found something that degrades work.
    pub warn: usize,
    /// Checks that found something that blocks work.
    pub fail: usize,
    /// Checks that say nothing here.
    pub skip: usize,
    /// Checks that could not be judged.
    pub crash: usize,
}

impl Summary {
    /// Counts findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        findings.into_iter().fold(Self::default(), |mut summary, finding| {
            let count = match finding.status {
                Status::Pass(_) => &mut summary.pass,
                Status::Warn(_) => &mut summary.warn,
                Status::Fail(_) => &mut summary.fail,
                Status::Skip(_) => &mut summary.skip,
                Status::Crash(_) => &mut summary.crash,
            };
            *count += 1;
            summary
        })
    }
}

/// A finding as data: the row of the table, and what was found.
pub fn to_json(finding: &Finding) -> Value {
    let mut value = row(finding.check);
    let Some(fields) = value.as_object_mut() else { return value };
    fields.insert("status".into(), finding.status.word().into());
    match &finding.status {
        Status::Pass(found) => drop(fields.insert("summary".into(), found.clone().into())),
        Status::Skip(reason) | Status::Crash(reason) => drop(fields.insert("reason".into(), reason.clone().into())),
        Status::Warn(problem) | Status::Fail(problem) => {
            fields.insert("summary".into(), problem.summary.clone().into());
            fields.insert("details".into(), json!(problem.details));
            fields.insert("fixes".into(), json!(problem.fixes));
        }
    }
    value
}

/// A row of the table as data.
pub fn row(check: &Check) -> Value {
    json!({
        "id": check.id, "group": check.group, "severity": check.severity, "title": check.title, "symptom": check.symptom,
        "cause": check.cause, "fix": check.fix, "source": check.source, "platform": check.platform, "cost": check.cost,
        "needs": check.needs,
    })
}

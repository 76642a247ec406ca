//! The report of a check.

use crate::record::{ParkCause, ParkReason};
use crate::store::{RunRow, Status, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

/// A report on whether a build can resume every unfinished run of a database, from
/// [`Engine::check`](crate::Engine::check).
///
/// Its `Display` is a report for people, by workflow and reason; [`to_json`](CheckReport::to_json) is one for programs,
/// and [`exit_code`](CheckReport::exit_code) ends a program with it.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow) -> Result<()> { Ok(()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let report = Engine::builder().in_memory().workflow(hello).check().await?;
/// println!("{report}");
/// assert!(report.problems().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[must_use = "the report says whether the build fits"]
pub struct CheckReport {
    /// The number of unfinished runs.
    checked: usize,
    /// The runs that this build cannot resume, in the order of their start.
    problems: Vec<Problem>,
}

/// An unfinished run that this build cannot resume.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The run's id; empty if its row cannot be read.
    pub run: String,
    /// The name of its workflow.
    pub workflow: String,
    /// The run's status.
    #[serde(serialize_with = "word")]
    pub status: Status,
    /// The reason for which it would be parked.
    pub reason: ParkReason,
    /// Suggestions, if there are any.
    pub help: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn word<S: serde::Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.as_str())
}

impl CheckReport {
    /// Returns whether this build can resume every run.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// Returns the number of unfinished runs that were checked.
    #[must_use]
    pub const fn checked(&self) -> usize {
        self.checked
    }

    /// Returns the runs that this build cannot resume, in the order of their start.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns success if every run can resume, else failure: for a deployment that stops before it does harm.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        if self.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Returns the report as one JSON object with the members `checked` and `problems`.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "strings and numbers are JSON")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a report of strings and numbers is JSON")
    }

    pub(super) fn fits(&mut self) {
        self.checked += 1;
    }

    pub(super) fn refuse(&mut self, row: RunRow, reason: ParkReason, help: Vec<String>) {
        self.checked += 1;
        self.problems.push(Problem { run: row.id, workflow: row.workflow, status: row.status, reason, help });
    }

    /// Adds rows that cannot be read at all.
    pub(super) fn damaged(&mut self, errors: Vec<StoreError>) {
        for error in errors {
            self.checked += 1;
            let reason = ParkReason::new(ParkCause::Damaged, error.to_string());
            let (run, workflow) = (String::new(), String::new());
            self.problems.push(Problem { run, workflow, status: Status::Parked, reason, help: Vec::new() });
        }
    }

    /// Groups problems by workflow and common cause.
    fn groups(&self) -> BTreeMap<(&str, String), Vec<&Problem>> {
        let mut groups: BTreeMap<_, Vec<&Problem>> = BTreeMap::new();
        for problem in &self.problems {
            let ParkReason { position, found, .. } = &problem.reason;
            let key = format!("{:?} {position:?} {found:?}", problem.reason.cause);
            groups.entry((problem.workflow.as_str(), key)).or_default().push(problem);
        }
        groups
    }
}

/// The number of ids shown for a group.
const SHOWN: usize = 5;

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (checked, bad) = (self.checked, self.problems.len());
        if bad == 0 {
            return match checked {
                0 => f.write_str("there are no unfinished runs"),
                1 => f.write_str("the one unfinished run can continue with this build"),
                _ => write!(f, "all {checked} unfinished runs can continue with this build"),
            };
        }
        write!(f, "{bad} of {checked} unfinished runs cannot continue with this build")?;
        let mut workflow = None;
        for ((of, _), problems) in self.groups() {
            if workflow != Some(of) {
                workflow = Some(of);
                write!(f, "\n\nworkflow `{of}`")?;
            }
            let ids = problems.iter().take(SHOWN).map(|problem| format!("`{}`", problem.run)).collect::<Vec<_>>();
            let more = problems.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            write!(f, "\n  {}: {}{more}\n    {}", count(problems.len()), ids.join(", "), problems[0].reason)?;
            for help in &problems[0].help {
                write!(f, "\n    - {help}")?;
            }
        }
        Ok(())
    }
}

fn count(runs: usize) -> String {
    if runs == 1 { "1 run".into() } else { format!("{runs} runs") }
}

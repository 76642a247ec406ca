//! The types of the workflow: an expense, its question, and the answers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use steadfast::{Message, Principal};

/// The role of a manager's principal.
pub(crate) const MANAGER: &str = "manager";

/// The input of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expense {
    pub(crate) by: String,
    pub(crate) cents: u64,
    pub(crate) what: String,
    /// The time that colleagues have before a manager is asked.
    pub(crate) limit: Duration,
}

/// Writes `129.00 for ada: train to Graz`.
impl fmt::Display for Expense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}: {}", money(self.cents), self.by, self.what)
    }
}

/// Formats `12900` cents as `129.00`.
pub(crate) fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The addressee of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Asked {
    Colleague,
    Manager,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Colleague => "a colleague",
            Self::Manager => "a manager",
        })
    }
}

/// A question that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Message, Serialize, Deserialize)]
#[message(name = "approval.question")]
pub(crate) struct Question {
    pub(crate) expense: Expense,
    pub(crate) asked: Asked,
    /// The reason why the previous answer was rejected.
    pub(crate) remark: Option<String>,
}

/// An answer, with its author.
#[derive(Clone, Debug, PartialEq, Eq, Message, Serialize, Deserialize)]
#[message(name = "approval.verdict")]
pub(crate) struct Verdict {
    pub(crate) by: Principal,
    pub(crate) decision: Decision,
}

/// A decision about an expense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Decision {
    Approved,
    Rejected { because: String },
}

/// The state that the workflow publishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Waiting { asked: Asked },
    Paying { approved_by: String },
    Paid { approved_by: String },
    Rejected { by: String, because: String },
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { asked } => write!(f, "waits for {asked}"),
            Self::Paying { approved_by } => write!(f, "approved by {approved_by}, is being paid"),
            Self::Paid { approved_by } => write!(f, "approved by {approved_by}, paid"),
            Self::Rejected { by, because } => write!(f, "rejected by {by}: {because}"),
        }
    }
}

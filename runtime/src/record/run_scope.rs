//! The scope of a run: recorded with its start, the same in every replay.

use super::{SAMPLED, SpanOf, Traceparent};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The scope of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunScope {
    /// The id of the run that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The latest end of the run, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<i64>,
    /// Whether the deadline is a time limit: a duration, which moves when the clock is set.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) limited: bool,
    /// The principal for whom it acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
    /// The labels by which it can be found.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The deduplication key: while the run has not ended, no other can be started with the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduplication_key: Option<String>,
    /// The span that caused it, as the header `traceparent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<String>,
}

/// The principal for whom a run acts.
///
/// ```
/// use steadfast::Principal;
///
/// let ada = Principal::new("ada").role("support").acting_for(Principal::new("customer-17"));
/// assert_eq!(ada.to_string(), "ada for customer-17");
/// assert!(ada.has_role("support"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Principal {
    /// The name of the principal.
    pub name: String,
    /// The roles of the principal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The principal on whose behalf it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<Box<Principal>>,
}

impl RunScope {
    /// Returns the latest end of the run.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        let millis = u64::try_from(self.deadline?).unwrap_or(0);
        UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    }

    /// Returns the span that caused the run.
    pub(crate) fn caused_by(&self) -> Option<Traceparent> {
        self.traceparent.as_deref()?.parse().ok()
    }

    /// Returns a span of a run with this scope as the header of what it causes: in the trace of its own cause, or in one
    /// named for its execution.
    pub(crate) fn header_of(&self, execution: [u8; 16], span: SpanOf) -> String {
        let cause = self.caused_by();
        let trace = cause.map_or(execution, |cause| cause.trace);
        let flags = cause.map_or(SAMPLED, |cause| cause.flags);
        Traceparent { trace, span: span.id(execution), flags }.to_string()
    }

    /// Returns whether the deadline is a time limit.
    pub(crate) const fn is_limited(&self) -> bool {
        self.limited && self.deadline.is_some()
    }

    /// Checks the size of labels and identity.
    ///
    /// # Errors
    /// Labels and identity together are too large to be recorded with every run.
    pub(crate) fn check_size(&self) -> Result<(), String> {
        /// The limit, in bytes of JSON.
        const LARGEST: usize = 64 << 10;
        let bytes = serde_json::to_vec(self).map_or(0, |text| text.len());
        if bytes <= LARGEST {
            return Ok(());
        }
        Err(format!("the labels and the identity of a run have at most {LARGEST} bytes, these have {bytes}"))
    }

    /// Returns why the principal may not do what needs one of these roles; `None` if it may.
    pub(crate) fn lacks(&self, roles: &[&str]) -> Option<String> {
        let principal = self.principal.as_ref();
        if roles.is_empty() || roles.iter().any(|role| principal.is_some_and(|principal| principal.has_role(role))) {
            return None;
        }
        let asked = if roles.len() == 1 { "the role" } else { "one of the roles" };
        let found = match principal {
            None => "the run acts for nobody".to_owned(),
            Some(principal) if principal.roles.is_empty() => format!("the run acts for `{principal}`, who has none"),
            Some(principal) => {
                let only = if principal.roles.len() == 1 { "only the role" } else { "only the roles" };
                format!("the run acts for `{principal}`, who has {only} {}", listed(&principal.roles))
            }
        };
        Some(format!("it asks for {asked} {}, and {found}", listed(roles)))
    }
}

fn listed(words: &[impl AsRef<str>]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

impl Principal {
    /// Creates a principal without roles.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Sets another principal for which it acts; that one's roles do not count.
    #[must_use]
    pub fn acting_for(mut self, other: Self) -> Self {
        self.acting_for = Some(Box::new(other));
        self
    }

    /// Returns whether it has a role of its own.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

/// The name, and the principal for which it acts.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(other) = &self.acting_for {
            write!(f, " for {other}")?;
        }
        Ok(())
    }
}

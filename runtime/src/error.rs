//! The error of a body, into which `?` converts any `std::error::Error`.

mod class;
mod conversions;
mod step;
mod terminal;

pub(crate) use class::{class_of_attempt, class_of_step};
pub use conversions::{AnyError, OtherError, or_other, recordable};
pub use step::{AttemptCause, AttemptFailure, Attempts, StepError};
pub use terminal::Terminal;

use crate::lengths;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{any::Any, error::Error as StdError, fmt};

/// The return type of a step or workflow: `Result<T>` for any error, `Result<T, E>` for an error of its own type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, as the journal keeps it: its text, its type's name, and the texts of its sources. A text of more than 16
/// KiB is truncated when it is recorded, with a note.
///
/// `?` converts every `std::error::Error` into it. The error that a workflow gets from a step, or a caller from a
/// workflow, always comes from the journal: live and in replay it is the same value, and the original object is not
/// kept. To match on an error, return one of your own that is `Serialize + DeserializeOwned`.
///
/// ```
/// fn parse(text: &str) -> steadfast::Result<u32> {
///     Ok(text.parse::<u32>()?)
/// }
/// let error = parse("x").unwrap_err();
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert_eq!(error.type_name(), "core::num::error::ParseIntError");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    message: String,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chain: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    terminal: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Error {
    /// Creates an error from a text.
    pub fn msg(message: impl Into<String>) -> Self {
        Self { message: message.into(), type_name: "text".into(), chain: Vec::new(), terminal: false }
    }

    /// Returns the name of the type that this error was made from; `text` if it was made from a text.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// Returns the texts of the sources, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &str> {
        self.chain.iter().map(String::as_str)
    }

    /// Returns whether the error was wrapped in [`Terminal`]: a step that returns it is not retried.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let any: &dyn Any = &error;
        if let Some(terminal) = any.downcast_ref::<Terminal>() {
            return terminal.to_error();
        }
        Self::describe(&error, std::any::type_name::<E>())
    }
}

impl Error {
    fn describe(error: &(dyn StdError + 'static), type_name: &str) -> Self {
        let chain =
            std::iter::successors(error.source(), |source| (*source).source()).map(ToString::to_string).collect();
        Self { message: error.to_string(), type_name: type_name.into(), chain, terminal: false }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Shows the text, then one source per line: the output of a `main` that returns this error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for source in &self.chain {
            write!(f, "\n  caused by: {source}")?;
        }
        Ok(())
    }
}

/// The bounds on the error of a step or workflow, so that the journal returns the same value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a step or workflow",
    label = "this error cannot be kept in the journal",
    note = "return `steadfast::Result<T>`, or derive `serde::Serialize` and `serde::Deserialize` for `{Self}` and implement `std::error::Error`"
)]
pub trait Failure: fmt::Debug + fmt::Display + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Returns whether an attempt that fails with this error is the last, whatever the policy.
    #[doc(hidden)]
    fn is_terminal(&self) -> bool;

    /// Returns the error with its texts cut to a length that the journal keeps, if they are longer.
    #[doc(hidden)]
    fn cut(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Returns the error as a source of another.
    #[doc(hidden)]
    fn as_source(&self) -> Option<&(dyn StdError + 'static)>;
}

#[diagnostic::do_not_recommend]
impl<E: StdError + Serialize + DeserializeOwned + Send + Sync + 'static> Failure for E {
    fn is_terminal(&self) -> bool {
        false
    }

    fn as_source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self)
    }
}

impl Failure for Error {
    fn is_terminal(&self) -> bool {
        self.terminal
    }

    fn cut(&self) -> Option<Self> {
        /// The longest chain that is kept.
        const LINKS: usize = 64;
        let shorter = |text: &String| lengths::cut(text.as_str());
        let mut cut = Self { message: shorter(&self.message), ..self.clone() };
        cut.chain = self.chain.iter().take(LINKS).map(shorter).collect();
        if self.chain.len() > LINKS {
            cut.chain.push(format!(".. (cut: there were {} sources)", self.chain.len()));
        }
        (cut != *self).then_some(cut)
    }

    fn as_source(&self) -> Option<&(dyn StdError + 'static)> {
        None
    }
}

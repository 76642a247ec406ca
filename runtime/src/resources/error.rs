//! Errors of resources.

use std::fmt;

/// A resource is not available: names its type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceError {
    /// No resource of this type is registered.
    Missing {
        /// The type, as it is written.
        resource: String,
        /// The types that are registered.
        registered: Vec<String>,
    },
    /// Its factory failed or panicked. The next step that needs it runs it again.
    Failed {
        /// The type, as it is written.
        resource: String,
        /// The error of the factory.
        message: String,
    },
}

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { resource, registered } if registered.is_empty() => {
                write!(f, "there is no resource `{resource}`, and no other either")
            }
            Self::Missing { resource, registered } => {
                write!(f, "there is no resource `{resource}` (there are: `{}`)", registered.join("`, `"))
            }
            Self::Failed { resource, message } => write!(f, "resource `{resource}` could not be made: {message}"),
        }
    }
}

impl std::error::Error for ResourceError {}

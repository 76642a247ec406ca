//! Types with a recorded name, so that who sends a value and who gets it mean the same.

use crate::codec::Storable;

/// A type with a recorded name: what `#[derive(Message)]` gives a struct or an enum.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use steadfast::Message;
///
/// #[derive(Message, Serialize, Deserialize)]
/// struct Approve {
///     by: String,
/// }
///
/// #[derive(Message, Serialize, Deserialize)]
/// #[message(name = "approval.withdrawn")]
/// enum Withdrawn {
///     By(String),
///     Expired,
/// }
///
/// assert_eq!((Approve::NAME, Withdrawn::NAME), ("Approve", "approval.withdrawn"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "it has no recorded name",
    note = "put `#[derive(steadfast::Message, serde::Serialize, serde::Deserialize)]` on it"
)]
pub trait Message: Storable {
    /// The recorded name.
    const NAME: &'static str;
}

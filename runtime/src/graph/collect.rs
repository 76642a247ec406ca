//! Parameters that wait for several events.

use super::payload::Inputs;
use super::take::Takes;
use crate::codec::CodecError;
use crate::fields::Coder;

/// The type of a parameter with `#[collect]`: a `Vec` of events.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the events that are collected",
    label = "`#[collect]` takes several events of one type",
    note = "write `#[collect] all: Vec<YourEvent>`"
)]
pub trait Collects: Sized + Send + 'static {
    /// The type of one event.
    type Item: Takes;

    /// Collects the events that came.
    fn collect(events: impl Iterator<Item = Result<Self::Item, CodecError>>) -> Result<Self, CodecError>;
}

#[diagnostic::do_not_recommend]
impl<T: Takes> Collects for Vec<T> {
    type Item = T;

    fn collect(events: impl Iterator<Item = Result<T, CodecError>>) -> Result<Self, CodecError> {
        events.collect()
    }
}

impl Inputs {
    /// Returns the events of a parameter that waits for several.
    ///
    /// # Errors
    /// An event does not fit the type.
    #[doc(hidden)]
    pub fn all<T: Collects>(&self, coder: Coder<'_>, index: usize) -> Result<T, CodecError> {
        T::collect(self.parameter(index).iter().map(|payload| T::Item::take(coder, payload)))
    }
}

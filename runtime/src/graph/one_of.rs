//! A choice between several types of events, without an enum.

use super::emit::{AllStop, Emission, Emits};
use super::shape::Shape;
use super::start::NoStop;
use crate::codec::CodecError;

/// One of two to four types of events. An enum with `#[derive(Events)]` has more telling names.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[derive(Event)] struct Chunk { text: String }
/// # #[derive(Event)] struct Skipped { why: String }
/// fn split(text: String) -> OneOf<Chunk, Skipped> {
///     if text.is_empty() { OneOf::B(Skipped { why: "empty".into() }) } else { OneOf::A(Chunk { text }) }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneOf<A, B, C = Never, D = Never> {
    /// The first type.
    A(A),
    /// The second type.
    B(B),
    /// The third type.
    C(C),
    /// The fourth type.
    D(D),
}

/// No event: the unused types of a [`OneOf`] with fewer ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

#[diagnostic::do_not_recommend]
impl Emits for Never {
    const SHAPE: Shape = Shape::Nothing;
    type Stop = NoStop;

    fn emit(self, _: &mut Emission<'_>) -> Result<(), CodecError> {
        match self {}
    }
}

#[diagnostic::do_not_recommend]
impl<A: Emits, B: Emits, C: Emits, D: Emits> Emits for OneOf<A, B, C, D>
where
    (A::Stop, B::Stop, C::Stop, D::Stop): AllStop,
{
    const SHAPE: Shape = Shape::One(&[&A::SHAPE, &B::SHAPE, &C::SHAPE, &D::SHAPE]);
    type Stop = <(A::Stop, B::Stop, C::Stop, D::Stop) as AllStop>::Stop;

    fn emit(self, out: &mut Emission<'_>) -> Result<(), CodecError> {
        match self {
            Self::A(event) => event.emit(out),
            Self::B(event) => event.emit(out),
            Self::C(event) => event.emit(out),
            Self::D(event) => event.emit(out),
        }
    }
}

//! The return types of steps: events, several of them, none, or the end of the run.

use super::event::{Event, EventWriter, value};
use super::items;
use super::shape::Shape;
use super::start::{BothStop, NoStop};
use crate::codec::{self, CodecError, Location, Storable};
use crate::fields::Coder;
use crate::value::{Encoding, Value};
use bytes::Bytes;

/// A type that a step of an event-driven workflow can return: an event, [`Stop`](crate::Stop), a request
/// ([`Ask`](crate::Ask)), nothing, or several of these as `Vec`, tuple, `Option`, [`OneOf`](crate::OneOf) or an enum
/// with `#[derive(Events)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which events it stands for",
    label = "the compiler must see which steps follow",
    note = "return events (`#[derive(Event)]`), `Stop<T>`, `Vec`, `Option`, a tuple or `OneOf<..>` of them, or an enum with `#[derive(Events)]`"
)]
pub trait Emits: Send + Sized + 'static {
    /// The events that it may emit.
    #[doc(hidden)]
    const SHAPE: Shape;

    /// The type of the result with which it ends the run, if it does.
    #[doc(hidden)]
    type Stop;

    #[doc(hidden)]
    fn emit(self, out: &mut Emission<'_>) -> Result<(), CodecError>;
}

/// The events of one result, as they are encoded.
#[doc(hidden)]
#[derive(Debug)]
pub struct Emission<'a> {
    coder: Coder<'a>,
    text: Vec<u8>,
    raws: Vec<Bytes>,
    location: Location<'a>,
}

impl<'a> Emission<'a> {
    /// Begins an empty result, for the location at which it will be stored.
    pub(super) fn new(coder: Coder<'a>, location: Location<'a>) -> Self {
        let mut text = Vec::with_capacity(128);
        text.push(b'[');
        Self { coder, text, raws: Vec::new(), location }
    }

    pub(super) const fn coder(&self) -> Coder<'a> {
        self.coder
    }

    /// Returns the location at which the events will be stored.
    pub(super) const fn location(&self) -> Location<'a> {
        self.location
    }

    fn name(&mut self, name: &str) -> Result<(), CodecError> {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        self.text.push(b'{');
        let written = serde_json::to_writer(&mut self.text, name);
        written.map_err(|error| CodecError { path: String::new(), message: error.to_string() })?;
        self.text.push(b':');
        Ok(())
    }

    pub(super) fn event<E: Event>(&mut self, event: &E) -> Result<(), CodecError> {
        self.name(E::INFO.name)?;
        let mut writer = EventWriter::open(self.coder, &mut self.text, &mut self.raws, self.location);
        event.write(&mut writer).map_err(|error| error.within(".").within(E::INFO.name))?;
        writer.close();
        self.text.push(b'}');
        Ok(())
    }

    /// Adds the result of the run.
    pub(super) fn stop<T: Storable>(&mut self, result: &T) -> Result<(), CodecError> {
        let stored = codec::record_at(self.coder, self.location, result)?;
        if stored.encoding == Encoding::Bytes {
            self.name(items::STOP_RAW)?;
            self.text.extend_from_slice(self.raws.len().to_string().as_bytes());
            self.raws.push(stored.bytes);
        } else {
            self.name(items::STOP)?;
            self.text.extend_from_slice(&stored.bytes);
        }
        self.text.push(b'}');
        Ok(())
    }

    /// Adds bytes beside the text, and returns their index.
    pub(super) fn raw(&mut self, bytes: Bytes) -> usize {
        self.raws.push(bytes);
        self.raws.len() - 1
    }

    /// Adds a member that is JSON already.
    pub(super) fn json(&mut self, name: &str, text: &[u8]) -> Result<(), CodecError> {
        self.name(name)?;
        self.text.extend_from_slice(text);
        self.text.push(b'}');
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Value {
        self.text.push(b']');
        value(self.text, &self.raws)
    }
}

/// Encodes everything that a step returns as one value.
pub(super) fn encode<T: Emits>(coder: Coder<'_>, location: Location<'_>, output: T) -> Result<Value, CodecError> {
    let mut emission = Emission::new(coder, location);
    output.emit(&mut emission)?;
    Ok(emission.finish())
}

#[diagnostic::do_not_recommend]
impl<E: Event> Emits for E {
    const SHAPE: Shape = Shape::Event(&E::INFO);
    type Stop = NoStop;

    fn emit(self, out: &mut Emission<'_>) -> Result<(), CodecError> {
        out.event(&self)
    }
}

#[diagnostic::do_not_recommend]
impl Emits for () {
    const SHAPE: Shape = Shape::Nothing;
    type Stop = NoStop;

    fn emit(self, _: &mut Emission<'_>) -> Result<(), CodecError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Emits> Emits for Vec<T> {
    const SHAPE: Shape = Shape::Many(&T::SHAPE);
    type Stop = T::Stop;

    fn emit(self, out: &mut Emission<'_>) -> Result<(), CodecError> {
        self.into_iter().try_for_each(|event| event.emit(out))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Emits> Emits for Option<T> {
    const SHAPE: Shape = Shape::Maybe(&T::SHAPE);
    type Stop = T::Stop;

    fn emit(self, out: &mut Emission<'_>) -> Result<(), CodecError> {
        self.map_or(Ok(()), |event| event.emit(out))
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)+) => { $(tuple!($($name)+);)+ };
}

macro_rules! tuple {
    ($first:ident $($rest:ident)+) => {
        #[diagnostic::do_not_recommend]
        impl<$first: Emits, $($rest: Emits),+> Emits for ($first, $($rest),+)
        where
            ($first::Stop, $($rest::Stop),+): AllStop,
        {
            const SHAPE: Shape = Shape::All(&[&$first::SHAPE, $(&$rest::SHAPE),+]);
            type Stop = <($first::Stop, $($rest::Stop),+) as AllStop>::Stop;

            #[allow(non_snake_case, reason = "the names of the types")]
            fn emit(self, out: &mut Emission<'_>) -> Result<(), CodecError> {
                let ($first, $($rest),+) = self;
                $first.emit(out)?;
                $($rest.emit(out)?;)+
                Ok(())
            }
        }
    };
}

/// The combined stop of several types.
#[doc(hidden)]
pub trait AllStop {
    /// The combined stop.
    type Stop;
}

impl<A: BothStop<B>, B> AllStop for (A, B) {
    type Stop = A::Stop;
}

impl<A: BothStop<B>, B, C> AllStop for (A, B, C)
where
    A::Stop: BothStop<C>,
{
    type Stop = <A::Stop as BothStop<C>>::Stop;
}

impl<A, B, C, D> AllStop for (A, B, C, D)
where
    (A, B): AllStop,
    (C, D): AllStop,
    <(A, B) as AllStop>::Stop: BothStop<<(C, D) as AllStop>::Stop>,
{
    type Stop = <<(A, B) as AllStop>::Stop as BothStop<<(C, D) as AllStop>::Stop>>::Stop;
}

tuples! {
    A B;
    A B C;
    A B C D;
}

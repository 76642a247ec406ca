//! Types of events, and their encoding.

use crate::codec::{self, CodecError, JsonText, Location, Storable};
use crate::fields::Coder;
use crate::value::{Encoding, Value};
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

use crate::record::EventInfo;

/// A type of events, implemented by `#[derive(Event)]`.
///
/// Its fields are owned serde types, or bytes, which are stored raw. It needs no other derive.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(Event)]
/// struct Fetched {
///     url: String,
///     body: Bytes,
/// }
///
/// /// Comes from outside, by `engine.emit(run, Approved { .. })`.
/// #[derive(Event)]
/// #[event(external, name = "approval.given")]
/// struct Approved {
///     by: String,
///     #[event(default)]
///     note: Option<String>,
/// }
///
/// assert_eq!((Fetched::NAME, Approved::NAME), ("Fetched", "approval.given"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "no step can return or take it",
    note = "put `#[derive(steadfast::Event)]` on the struct"
)]
pub trait Event: Sized + Send + 'static {
    /// The recorded name.
    const NAME: &'static str = Self::INFO.name;

    #[doc(hidden)]
    const INFO: EventInfo;

    #[doc(hidden)]
    fn write(&self, event: &mut EventWriter<'_>) -> Result<(), CodecError>;

    #[doc(hidden)]
    fn read(event: &EventReader<'_>) -> Result<Self, CodecError>;
}

/// A writer for the fields of one event: raw bytes go beside the text.
#[doc(hidden)]
#[derive(Debug)]
pub struct EventWriter<'a> {
    coder: Coder<'a>,
    text: &'a mut Vec<u8>,
    raws: &'a mut Vec<Bytes>,
    location: Location<'a>,
}

impl<'a> EventWriter<'a> {
    /// Begins an event.
    pub(super) fn open(
        coder: Coder<'a>,
        text: &'a mut Vec<u8>,
        raws: &'a mut Vec<Bytes>,
        location: Location<'a>,
    ) -> Self {
        text.push(b'{');
        Self { coder, text, raws, location }
    }

    /// Adds a field.
    ///
    /// # Errors
    /// The field cannot be stored; the path begins with its name.
    pub fn field<T: Storable>(&mut self, name: &'static str, value: &T) -> Result<(), CodecError> {
        let stored = codec::record_at(self.coder, self.location, value).map_err(|error| error.within(name))?;
        if !self.text.ends_with(b"{") {
            self.text.push(b',');
        }
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        if stored.encoding == Encoding::Bytes {
            self.text.extend_from_slice(format!("#raw\":{}", self.raws.len()).as_bytes());
            self.raws.push(stored.bytes);
        } else {
            self.text.extend_from_slice(b"\":");
            self.text.extend_from_slice(&stored.bytes);
        }
        Ok(())
    }

    pub(super) fn close(self) {
        self.text.push(b'}');
    }
}

/// A reader for the fields of one event, by name.
#[doc(hidden)]
#[derive(Debug)]
pub struct EventReader<'a> {
    coder: Coder<'a>,
    fields: Fields<'a>,
    text: &'a Bytes,
    raws: &'a [Bytes],
    location: Location<'a>,
}

impl<'a> EventReader<'a> {
    pub(super) fn new(
        coder: Coder<'a>,
        json: Result<JsonText<'a>, serde_json::Error>,
        text: &'a Bytes,
        raws: &'a [Bytes],
        location: Location<'a>,
    ) -> Result<Self, CodecError> {
        let fields = json
            .and_then(JsonText::members)
            .map(Fields)
            .map_err(|error| none(format!("expected the fields of an event, found something else: {error}")))?;
        Ok(Self { coder, fields, text, raws, location })
    }

    /// Reads a field.
    ///
    /// # Errors
    /// The field is missing, or does not fit the type; the path begins with its name.
    pub fn field<T: Storable>(&self, name: &'static str, aliases: &[&'static str]) -> Result<T, CodecError> {
        match self.optional(name, aliases)? {
            Some(value) => Ok(value),
            None => Err(none(format!(
                "no field `{name}` is recorded: if it is new, write `#[event(default)]` on it; if it had another name, \
                 `#[event(alias = \"..\")]`"
            ))),
        }
    }

    /// Reads a field that may be missing.
    ///
    /// # Errors
    /// The field does not fit the type.
    pub fn optional<T: Storable>(&self, name: &'static str, aliases: &[&'static str]) -> Result<Option<T>, CodecError> {
        for name in std::iter::once(&name).chain(aliases) {
            if let Some(value) = self.value(name)? {
                return codec::decode_at(self.coder, self.location, &value)
                    .map(Some)
                    .map_err(|error| error.within(name));
            }
        }
        Ok(None)
    }

    fn value(&self, name: &str) -> Result<Option<Value>, CodecError> {
        if let Some(field) = self.fields.get(name) {
            return Ok(Some(Value::json(self.text.slice_ref(field.get().as_bytes()))));
        }
        if self.raws.is_empty() {
            return Ok(None);
        }
        let Some(index) = self.fields.get(&format!("{name}#raw")) else { return Ok(None) };
        let raw = index.get().parse::<usize>().ok().and_then(|index| self.raws.get(index));
        let raw = raw.ok_or_else(|| none(format!("the bytes of field `{name}` are missing")))?;
        Ok(Some(Value { encoding: Encoding::Bytes, bytes: raw.clone() }))
    }
}

/// The fields of one recorded event: few enough for a linear search.
#[derive(Debug)]
struct Fields<'a>(Vec<(Cow<'a, str>, JsonText<'a>)>);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<JsonText<'a>> {
        // The last of several fields with one name counts.
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

fn none(message: String) -> CodecError {
    CodecError { path: String::new(), message }
}

/// Encodes one event as a value of its own, for the location at which it will be stored: its text, or its text and the
/// bytes beside it.
pub(crate) fn encode<E: Event>(coder: Coder<'_>, location: Location<'_>, event: &E) -> Result<Value, CodecError> {
    let (mut text, mut raws) = (Vec::with_capacity(64), Vec::new());
    let mut writer = EventWriter::open(coder, &mut text, &mut raws, location);
    event.write(&mut writer)?;
    writer.close();
    Ok(value(text, &raws))
}

/// Decodes an event that is a value of its own, at its location.
pub(crate) fn decode<E: Event>(coder: Coder<'_>, location: Location<'_>, value: &Value) -> Result<E, CodecError> {
    let (text, raws) = split(value)?;
    read::<E>(coder, JsonText::new(&text), &text, &raws, location)
}

/// Encodes an event that comes from outside or was sent by hand.
pub(crate) fn encode_message<E: Event>(coder: Coder<'_>, event: &E) -> Result<Value, CodecError> {
    encode(coder, Location::Message(E::INFO.channel), event)
}

/// Decodes an event from its text, which was checked or was part of a checked one, and the bytes beside it.
pub(super) fn read<E: Event>(
    coder: Coder<'_>,
    json: Result<JsonText<'_>, serde_json::Error>,
    text: &Bytes,
    raws: &[Bytes],
    location: Location<'_>,
) -> Result<E, CodecError> {
    E::read(&EventReader::new(coder, json, text, raws, location)?)
}

/// Combines a text and its bytes into one value.
pub(super) fn value(text: Vec<u8>, raws: &[Bytes]) -> Value {
    if raws.is_empty() { Value::json(text) } else { codec::text_and_bytes(&text, raws) }
}

/// Splits such a value into the text and its bytes.
pub(super) fn split(value: &Value) -> Result<(Bytes, Arc<[Bytes]>), CodecError> {
    match value.encoding {
        Encoding::Json => Ok((value.bytes.clone(), Arc::default())),
        Encoding::Parts => codec::split_text_and_bytes(value),
        encoding => Err(none(format!("expected an event, found a value of form {}", encoding.as_str()))),
    }
}

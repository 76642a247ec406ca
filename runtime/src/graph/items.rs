//! What a step has returned: the events in it one after the other, as they stand in the journal.

use super::event::{self, Event, split};
use crate::codec::{self, CodecError};
use crate::value::Value;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// The name under which the end of the run stands among the events.
pub(super) const STOP: &str = "#stop";
/// The same for a result of raw bytes.
pub(super) const STOP_RAW: &str = "#stop#raw";
/// What a question's name begins with.
pub(super) const ASK: &str = "#ask:";
/// The position of the step that has sent what stands before it.
pub(super) const FROM: &str = "#from";

/// One thing that a step has returned.
#[derive(Clone, Debug)]
pub struct Item {
    /// The name of the event.
    pub(crate) name: String,
    pub(super) text: Bytes,
    pub(super) raws: Arc<[Bytes]>,
    /// The step whose result it is, to whose place secrets in it are bound; `None` if it came alone.
    pub(super) step: Option<&'static str>,
}

impl Item {
    /// Reads the event.
    pub(super) fn read<E: Event>(&self) -> Result<E, CodecError> {
        let read = || event::read::<E>(&self.text, &self.raws);
        match self.step {
            Some(step) => codec::at_result(step, read),
            None => codec::at_message(E::INFO.channel, read),
        }
    }
}

/// Takes the result of a step apart, without reading the events. No step is named where nobody reads them.
pub(crate) fn items(value: &Value, step: Option<&'static str>) -> Result<Vec<Item>, CodecError> {
    let (text, raws) = split(value)?;
    let mut reader = serde_json::Deserializer::from_slice(&text);
    let items = reader.deserialize_seq(Items { text: &text, raws: &raws, step });
    items.and_then(|items| reader.end().map(|()| items)).map_err(|error| CodecError {
        path: String::new(),
        message: format!("expected the events of a step, found something else: {error}"),
    })
}

/// The events in this text.
struct Items<'a> {
    text: &'a Bytes,
    raws: &'a Arc<[Bytes]>,
    step: Option<&'static str>,
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<Item>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Entry(name, value)) = all.next_element()? {
            let text = self.text.slice_ref(value.get().as_bytes());
            items.push(Item { name: name.into_owned(), text, raws: self.raws.clone(), step: self.step });
        }
        Ok(items)
    }
}

/// Events that a running step has sent by hand: its position, and the events.
pub(super) fn sender(mut items: Vec<Item>) -> Option<(u64, Vec<Item>)> {
    let from = items.iter().position(|item| item.name == FROM)?;
    let position = std::str::from_utf8(&items.remove(from).text).ok()?.parse().ok()?;
    Some((position, items))
}

/// An object with one member.
struct Entry<'a>(Cow<'a, str>, &'a RawValue);

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Entry<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with one member, the name of an event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (Name(name), value) = map.next_entry()?.ok_or_else(|| A::Error::custom("no event is named"))?;
                Ok(Entry(name, value))
            }
        }
        deserializer.deserialize_map(One)
    }
}

/// Borrowed where the name has no escape.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

//! The result of a step: its events one after the other, as the journal has them.

use super::event::{self, Event, split};
use crate::codec::{CodecError, JsonText, Location};
use crate::fields::Coder;
use crate::value::Value;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

/// The name of the end of the run among the events.
pub(super) const STOP: &str = "#stop";
/// The name of an end whose result is raw bytes.
pub(super) const STOP_RAW: &str = "#stop#raw";
/// The prefix of a request's name.
pub(super) const ASK: &str = "#ask:";
/// The name of a change of the context among the events.
pub(super) const CONTEXT: &str = "#context";
/// The name of the sending step's command index, which follows the event.
pub(super) const FROM: &str = "#from";

/// One event, request or change that a step has returned.
#[derive(Clone, Debug)]
pub struct Item {
    /// The name of the event.
    pub(crate) name: String,
    pub(super) text: Bytes,
    pub(super) raws: Arc<[Bytes]>,
    /// The step whose result it is from, to which its secrets are bound; `None` if it came alone.
    pub(super) step: Option<&'static str>,
}

impl Item {
    /// Decodes the event.
    pub(super) fn read<E: Event>(&self, coder: Coder<'_>) -> Result<E, CodecError> {
        let (location, json) = match self.step {
            // The result of the step was checked as a whole when it was split.
            Some(step) => (Location::Result(step), JsonText::of_part(&self.text)),
            None => (Location::Message(E::INFO.channel), JsonText::new(&self.text)),
        };
        event::read::<E>(coder, json, &self.text, &self.raws, location)
    }
}

/// Splits the result of a step without decoding the events. `step` is `None` where they are never decoded.
pub(crate) fn items(value: &Value, step: Option<&'static str>) -> Result<Vec<Item>, CodecError> {
    let (text, raws) = split(value)?;
    let wrong = |why: &dyn std::fmt::Display| CodecError {
        path: String::new(),
        message: format!("expected the events of a step, found something else: {why}"),
    };
    let members = JsonText::new(&text).and_then(JsonText::only_members).map_err(|error| wrong(&error))?;
    let item = |member: Result<(Cow<'_, str>, JsonText<'_>), serde_json::Error>| {
        let (name, value) = member.map_err(|error| wrong(&error))?;
        let text = text.slice_ref(value.get().as_bytes());
        Ok(Item { name: name.into_owned(), text, raws: raws.clone(), step })
    };
    members.map(item).collect()
}

/// Returns the command index of the step that has sent events by hand, and the events.
pub(super) fn sender(mut items: Vec<Item>) -> Option<(u64, Vec<Item>)> {
    let from = items.iter().position(|item| item.name == FROM)?;
    let position = std::str::from_utf8(&items.remove(from).text).ok()?.parse().ok()?;
    Some((position, items))
}

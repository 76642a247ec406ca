//! Reseals secrets of a run for another location: each is opened for the old database and execution and sealed for the
//! new one.

use super::error::EngineError;
use crate::codec::change_parts;
use crate::record::{InboxKind, Sealed, result_of};
use crate::shared_state::rows;
use crate::store::{EntryRow, FieldRow, NewInboxItem, RequestRow};
use crate::value::{Encoding, Pointer, Value};
use crate::vault::{CipherError, Location, Vault, VaultFault, reseal};
use bytes::Bytes;
use std::sync::Arc;

/// Seals the secrets of one run for another.
pub(super) struct Reseal {
    pub(super) from: Arc<Vault>,
    pub(super) to: Arc<Vault>,
}

impl Reseal {
    /// Reseals the value of an entry.
    ///
    /// # Errors
    /// A key is missing.
    pub(super) fn entry(&self, entry: &mut EntryRow) -> Result<(), EngineError> {
        let name = entry.name.as_deref().unwrap_or_default();
        let channel;
        let location = match entry.kind.sealed() {
            Sealed::Nothing => return Ok(()),
            Sealed::Input => Location::Input,
            Sealed::Arguments => Location::Arguments(name),
            Sealed::Result => Location::Result(name),
            Sealed::Message => Location::Message(name),
            Sealed::Event => {
                channel = format!("event:{name}");
                Location::Message(&channel)
            }
            Sealed::ChildInput => Location::ChildInput(name),
            Sealed::Output => Location::Output,
        };
        if let Some(value) = &mut entry.value
            && let Some(bytes) = self.bytes(value, location)?
        {
            value.bytes = bytes;
        }
        Ok(())
    }

    /// Reseals the result or the error of a run for the run that waits for it.
    ///
    /// # Errors
    /// A key is missing.
    pub(super) fn ended_with(&self, value: &mut Value) -> Result<(), EngineError> {
        if let Some(bytes) = self.bytes(value, Location::Output)? {
            value.bytes = bytes;
        }
        Ok(())
    }

    /// Reseals the value of a field; contents in stores are resealed by [`resealed`].
    ///
    /// # Errors
    /// A key is missing.
    pub(super) fn field(&self, row: &mut FieldRow) -> Result<(), EngineError> {
        if let Some(bytes) = self.field_bytes(&row.name, &row.value)? {
            row.value.bytes = bytes;
        }
        Ok(())
    }

    /// Reseals the bytes of a field's value under its recorded name; `None` if they are unchanged.
    ///
    /// # Errors
    /// A key is missing.
    pub(super) fn field_bytes(&self, name: &str, value: &Value) -> Result<Option<Bytes>, EngineError> {
        let location = result_of(name).map_or_else(|| Location::Field(rows::place(name)), Location::Result);
        self.bytes(value, location)
    }

    /// Reseals an inbox item; `answer` is the type of an answer, which the item does not contain.
    ///
    /// # Errors
    /// A key is missing.
    pub(super) fn item(&self, item: &mut NewInboxItem, answer: Option<&str>) -> Result<(), EngineError> {
        let name = match item.kind {
            InboxKind::Ended => return item.value.as_mut().map_or(Ok(()), |value| self.ended_with(value)),
            InboxKind::Message => item.name.as_deref(),
            InboxKind::Answer => answer,
            InboxKind::Cancel
            | InboxKind::Pause
            | InboxKind::Resume
            | InboxKind::Attempt
            | InboxKind::Wrote
            | InboxKind::Unknown(_) => None,
        };
        if let (Some(name), Some(value)) = (name, &mut item.value)
            && let Some(bytes) = self.bytes(value, Location::Message(name))?
        {
            value.bytes = bytes;
        }
        Ok(())
    }

    /// Reseals a question; returns whether it held a secret.
    ///
    /// # Errors
    /// A key is missing.
    pub(super) fn request(&self, request: &mut RequestRow) -> Result<bool, EngineError> {
        let sealed = self.bytes(&request.value, Location::Message(&request.name))?;
        let held = sealed.is_some();
        request.value.bytes = sealed.unwrap_or_else(|| request.value.bytes.clone());
        Ok(held)
    }

    /// Reseals an output of a channel.
    ///
    /// # Errors
    /// A key is missing.
    pub(super) fn output(&self, channel: &str, value: &mut Value) -> Result<(), EngineError> {
        if let Some(bytes) = self.bytes(value, Location::Published(channel))? {
            value.bytes = bytes;
        }
        Ok(())
    }

    fn bytes(&self, value: &Value, location: Location<'_>) -> Result<Option<Bytes>, EngineError> {
        let resealed = match value.encoding {
            Encoding::Json => self.json(&value.bytes, location),
            Encoding::Parts => change_parts(&value.bytes, |part| match part.encoding {
                Encoding::Json => self.json(&part.bytes, location),
                _ => Ok(None),
            }),
            // Raw bytes are the user's own, and a hash or a pointer holds no secret.
            Encoding::Bytes | Encoding::Hash | Encoding::Stored => Ok(None),
        };
        resealed.map_err(|error| {
            let fault = VaultFault::from(error);
            EngineError::value(format!("a secret at `{location}` cannot be sealed for its new run: {fault}"))
        })
    }

    fn json(&self, text: &Bytes, location: Location<'_>) -> Result<Option<Bytes>, CipherError> {
        reseal(text, &self.from, &self.to, location)
    }
}

/// Returns a content with its secrets sealed for the new run.
pub(super) fn resealed(reseal: &Reseal, old: &Pointer, bytes: Bytes) -> Result<Bytes, EngineError> {
    let Some(encoding) = Encoding::parse(&old.encoding) else {
        return Err(EngineError::value(format!("field `{}` has a form that this version does not know", old.field)));
    };
    let value = Value { encoding, bytes };
    Ok(reseal.field_bytes(&old.field, &value)?.unwrap_or(value.bytes))
}

//! The arguments of a step call as one value.

use super::comparison::{Same, compare};
use super::json::{self, Order};
use super::{CodecError, JsonText, Location, parts, typed};
use crate::fields::Coder;
use crate::value::{Encoding, Value};
use crate::vault;
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

/// Encodes arguments in canonical form (object keys sorted): a JSON array, or parts if one of them is raw bytes.
#[derive(Debug)]
pub struct ArgsWriter<'a> {
    coder: Coder<'a>,
    /// The JSON arguments, as an array that is not closed yet.
    json: Vec<u8>,
    /// The end of each argument's text in `json`, or its bytes.
    args: Vec<Arg>,
    location: Option<Location<'static>>,
}

#[derive(Debug)]
enum Arg {
    Json(usize),
    Raw(Bytes),
}

impl<'a> ArgsWriter<'a> {
    /// Creates a writer without arguments.
    pub(crate) fn new(coder: Coder<'a>) -> Self {
        let mut json = json::space();
        json.push(b'[');
        Self { coder, json, args: Vec::new(), location: None }
    }

    /// Creates a writer for the arguments of a step.
    #[must_use]
    pub fn of(coder: Coder<'a>, step: &'static str) -> Self {
        Self { location: Some(Location::Arguments(step)), ..Self::new(coder) }
    }

    /// Adds an argument.
    ///
    /// # Errors
    /// The argument cannot be stored; the path begins with `name`.
    pub fn arg<T: Serialize + 'static>(&mut self, name: &'static str, value: &T) -> Result<(), CodecError> {
        if let Some(bytes) = typed::raw(value) {
            self.args.push(Arg::Raw(bytes));
            return Ok(());
        }
        if self.json.len() > 1 {
            self.json.push(b',');
        }
        let coding = typed::coding_of::<T>(self.coder, self.location);
        json::append(&mut self.json, value, Order::Sorted).map_err(|error| error.within(name))?;
        drop(coding);
        self.args.push(Arg::Json(self.json.len()));
        Ok(())
    }

    /// Adds an argument that will be decoded: its secrets must decode as secrets.
    ///
    /// # Errors
    /// The argument cannot be stored, or a secret in it would decode as another type; the path begins with `name`.
    pub(super) fn arg_to_read<T>(&mut self, name: &'static str, value: &T) -> Result<(), CodecError>
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        let (before, start) = (vault::sealed(), self.json.len());
        self.arg(name, value)?;
        let secrets = vault::sealed() - before;
        if secrets > 0 {
            let text = self.json[start..].strip_prefix(b",").unwrap_or(&self.json[start..]);
            typed::read_back::<T>(self.coder, self.location, &Value::json(text.to_vec()), secrets)
                .map_err(|error| error.within(name))?;
        }
        Ok(())
    }

    /// Compares the last added argument with the value that a reader will decode.
    ///
    /// # Errors
    /// They differ; the path begins with `name`.
    pub(super) fn compare<T: DeserializeOwned + 'static>(
        &self,
        name: &'static str,
        value: &T,
        same: Option<Same<T>>,
    ) -> Result<(), CodecError> {
        let (Some(same), Some(Arg::Json(end))) = (same, self.args.last()) else { return Ok(()) };
        // It begins after the comma that follows the JSON argument before it.
        let start = self.args.iter().rev().skip(1).find_map(|arg| match arg {
            Arg::Json(end) => Some(end + 1),
            Arg::Raw(_) => None,
        });
        let stored = Value::json(self.json[start.unwrap_or(1)..*end].to_vec());
        let compared = typed::decode_here_or_at::<T>(self.coder, self.location, &stored)
            .and_then(|read| compare(value, &read, &stored, Some(same)));
        compared.map_err(|error| error.within(name))
    }

    /// Returns the arguments as one value.
    #[must_use]
    pub fn finish(mut self) -> Value {
        if self.args.iter().all(|arg| matches!(arg, Arg::Json(_))) {
            self.json.push(b']');
            return Value::json(json::finished(self.json));
        }
        let mut out = Vec::new();
        let mut start = 1;
        for arg in &self.args {
            match arg {
                Arg::Raw(bytes) => parts::append(&mut out, Encoding::Bytes, bytes),
                Arg::Json(end) => {
                    parts::append(&mut out, Encoding::Json, &self.json[start..*end]);
                    // After the comma.
                    start = end + 1;
                }
            }
        }
        Value { encoding: Encoding::Parts, bytes: out.into() }
    }
}

/// Decodes recorded arguments, one after the other.
#[derive(Debug)]
pub struct ArgsReader<'a> {
    coder: Coder<'a>,
    count: usize,
    rest: std::vec::IntoIter<Value>,
    location: Option<Location<'static>>,
}

impl<'a> ArgsReader<'a> {
    /// Reads the arguments in a value that [`ArgsWriter`] created.
    ///
    /// # Errors
    /// The value does not hold arguments.
    pub(crate) fn new(coder: Coder<'a>, value: &Value) -> Result<Self, CodecError> {
        let values = match value.encoding {
            Encoding::Parts => parts::split(value.bytes.clone())?,
            Encoding::Json => elements(&value.bytes).map_err(|error| {
                let found = if vault::is_exposing() { typed::outline(value) } else { value.to_string() };
                none(&format!("expected the arguments of a step, found {found}: {error}"))
            })?,
            Encoding::Hash => return Err(none("only the hash of the arguments was kept")),
            Encoding::Bytes => return Err(none("expected the arguments of a step, found raw bytes")),
            Encoding::Stored => return Err(none("expected the arguments of a step, found a field of a context")),
        };
        Ok(Self { coder, count: values.len(), rest: values.into_iter(), location: None })
    }

    /// Reads the arguments of a step.
    ///
    /// # Errors
    /// The value does not hold arguments.
    pub fn of(coder: Coder<'a>, step: &'static str, value: &Value) -> Result<Self, CodecError> {
        Ok(Self { location: Some(Location::Arguments(step)), ..Self::new(coder, value)? })
    }

    /// Takes the next argument.
    ///
    /// # Errors
    /// No argument is left, or it does not fit the type; the path begins with `name`.
    pub fn arg<T: DeserializeOwned + 'static>(&mut self, name: &'static str) -> Result<T, CodecError> {
        match self.rest.next() {
            Some(value) => {
                typed::decode_here_or_at(self.coder, self.location, &value).map_err(|error| error.within(name))
            }
            None => Err(none(&format!("there is no argument `{name}`: {}", recorded(self.count)))),
        }
    }

    /// Checks that no argument is left.
    ///
    /// # Errors
    /// More arguments are recorded than were taken.
    pub fn finish(self) -> Result<(), CodecError> {
        match self.rest.len() {
            0 => Ok(()),
            left => {
                let taken = self.count - left;
                Err(none(&format!("{}, and the step takes {taken}", recorded(self.count))))
            }
        }
    }
}

fn recorded(count: usize) -> String {
    if count == 1 { "1 argument is recorded".into() } else { format!("{count} arguments are recorded") }
}

/// Returns the elements of a JSON array as texts, without copying.
fn elements(array: &Bytes) -> Result<Vec<Value>, serde_json::Error> {
    let texts = JsonText::new(array)?.elements()?;
    Ok(texts.into_iter().map(|text| Value::json(array.slice_ref(text.get().as_bytes()))).collect())
}

fn none(message: &str) -> CodecError {
    CodecError { path: String::new(), message: message.into() }
}

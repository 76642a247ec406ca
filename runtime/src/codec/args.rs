//! The arguments of a step call as one value.
use super::CodecError;
use crate::value::{Form, Value};
use serde::{Serialize, de::DeserializeOwned};

/// Encodes arguments in canonical form (object keys sorted): a JSON array, or parts if one of them is raw bytes.
#[derive(Default, Debug)]
pub struct ArgsWriter(Vec<serde_json::Value>);
impl ArgsWriter {
    /// Starts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds an argument.
    ///
    /// # Errors
    /// It cannot be stored; the path begins with `name`.
    pub fn arg<T: Serialize + 'static>(&mut self, name: &'static str, value: &T) -> Result<(), CodecError> {
        self.0.push(serde_json::to_value(value).map_err(|e| CodecError { path: name.into(), message: e.to_string() })?);
        Ok(())
    }
    /// The arguments as one value.
    #[must_use]
    pub fn finish(self) -> Value {
        Value::json(serde_json::to_vec(&self.0).expect("json"))
    }
}
/// Decodes.
#[derive(Debug)]
pub struct ArgsReader(std::vec::IntoIter<serde_json::Value>);
impl ArgsReader {
    /// Starts.
    ///
    /// # Errors
    /// Not arguments.
    pub fn new(value: &Value) -> Result<Self, CodecError> {
        assert_eq!(value.form, Form::Json);
        Ok(Self(serde_json::from_slice::<Vec<_>>(&value.bytes).expect("todo").into_iter()))
    }
    /// Next.
    ///
    /// # Errors
    /// misfit
    pub fn arg<T: DeserializeOwned + 'static>(&mut self, name: &'static str) -> Result<T, CodecError> {
        serde_json::from_value(self.0.next().expect("todo"))
            .map_err(|e| CodecError { path: name.into(), message: e.to_string() })
    }
    /// No more may follow.
    ///
    /// # Errors
    /// more
    pub fn finish(self) -> Result<(), CodecError> {
        Ok(())
    }
}

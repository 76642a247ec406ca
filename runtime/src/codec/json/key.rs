//! The keys of an object: those that JSON can hold as a text and that decode to the same value.

use super::refusal::Refusal;
use crate::vault::MARKER;
use serde::ser::Impossible;
use serde::{Serialize, Serializer};

/// Writes one key.
pub(super) struct Key<'a>(&'a mut Vec<u8>);

impl<'a> Key<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self(out)
    }

    fn text(self, text: &str) -> Result<(), Refusal> {
        if text.starts_with(PRIVATE) && is_read_otherwise(text) {
            return Err(Refusal::new(format!(
                "the key `{text}`: with the features of `serde_json` that this program turns on, an object with it is read \
                 as another value"
            )));
        }
        serde_json::to_writer(self.0, text).map_err(|error| Refusal::new(error.to_string()))
    }
}

/// The prefix of the keys by which `serde_json` marks its own types, with its features `raw_value` and
/// `arbitrary_precision`.
const PRIVATE: &str = "$serde_json::private::";

fn is_read_otherwise(key: &str) -> bool {
    let text = serde_json::Value::from(key).to_string();
    let object = serde_json::from_str::<serde_json::Value>(&format!("{{{text}:\"1\"}}"));
    !object.is_ok_and(|value| value.is_object())
}

fn refused<T>(what: &str) -> Result<T, Refusal> {
    Err(Refusal::new(format!(
        "{what} as the key of a map: in JSON a key is a text, a whole number, a bool or a variant without data"
    )))
}

macro_rules! plain {
    ($($method:ident: $ty:ty,)*) => { $(
        fn $method(self, value: $ty) -> Result<(), Refusal> {
            self.0.push(b'"');
            serde_json::to_writer(&mut *self.0, &value).map_err(|error| Refusal::new(error.to_string()))?;
            self.0.push(b'"');
            Ok(())
        }
    )* };
}

impl Serializer for Key<'_> {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Impossible<(), Refusal>;
    type SerializeTuple = Impossible<(), Refusal>;
    type SerializeTupleStruct = Impossible<(), Refusal>;
    type SerializeTupleVariant = Impossible<(), Refusal>;
    type SerializeMap = Impossible<(), Refusal>;
    type SerializeStruct = Impossible<(), Refusal>;
    type SerializeStructVariant = Impossible<(), Refusal>;

    plain! {
        serialize_bool: bool,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
    }

    fn serialize_str(self, value: &str) -> Result<(), Refusal> {
        self.text(value)
    }

    fn serialize_char(self, value: char) -> Result<(), Refusal> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Refusal> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Refusal> {
        // As a key a secret would appear in paths and messages, and redaction would make two of them equal.
        if name == MARKER { refused("a `Secret`") } else { value.serialize(self) }
    }

    fn serialize_f32(self, _: f32) -> Result<(), Refusal> {
        refused("a float")
    }

    fn serialize_f64(self, _: f64) -> Result<(), Refusal> {
        refused("a float")
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Refusal> {
        refused("bytes")
    }

    fn serialize_none(self) -> Result<(), Refusal> {
        refused("an `Option`")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Refusal> {
        refused("an `Option`")
    }

    fn serialize_unit(self) -> Result<(), Refusal> {
        refused("`()`")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refusal> {
        refused("a struct")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Refusal> {
        refused("a variant with data")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Refusal> {
        refused("a list")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Refusal> {
        refused("a tuple")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Refusal> {
        refused("a struct")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refusal> {
        refused("a variant with data")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Refusal> {
        refused("a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Refusal> {
        refused("a struct")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Refusal> {
        refused("a variant with data")
    }
}

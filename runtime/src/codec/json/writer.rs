//! The serializer: scalars, and the entry to arrays and objects.

use super::Order;
use super::compound::{Array, Nested, Object};
use super::object::Members;
use super::plain::is_plain;
use super::raw::{Raw, Struct};
use super::refusal::Refusal;
use serde::{Serialize, Serializer, ser};
use std::num::FpCategory;

/// The depth up to which `serde_json` reads.
const DEEPEST: usize = 127;

/// Writes one value.
pub(in crate::codec) struct Writer<'out> {
    pub(super) out: &'out mut Vec<u8>,
    pub(super) order: Order,
    /// The members of the open objects, outermost first.
    pub(super) members: Members,
    depth: usize,
}

impl<'out> Writer<'out> {
    pub(super) fn new(out: &'out mut Vec<u8>, order: Order) -> Self {
        Self { out, order, members: Members::default(), depth: 0 }
    }

    /// Writes a number or a text like `serde_json`.
    fn scalar<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        serde_json::to_writer(&mut *self.out, value).map_err(|error| Refusal::new(error.to_string()))
    }

    pub(super) fn open(&mut self, bracket: u8) -> Result<(), Refusal> {
        if self.depth == DEEPEST {
            return Err(Refusal::new(format!(
                "the value is nested deeper than {DEEPEST} levels, and cannot be read back"
            )));
        }
        self.depth += 1;
        self.out.push(bracket);
        Ok(())
    }

    pub(super) fn close(&mut self, bracket: u8) {
        self.depth -= 1;
        self.out.push(bracket);
    }

    /// Writes `{"Variant":`, and returns the position of the name.
    fn open_variant(&mut self, variant: &'static str) -> Result<usize, Refusal> {
        self.open(b'{')?;
        let key = self.out.len();
        self.scalar(variant)?;
        self.out.push(b':');
        Ok(key)
    }

    /// Returns the JSON text of the key that was written at `start`.
    pub(super) fn key_at(&self, start: usize) -> &[u8] {
        // The key is the only complete text here: it ends at the first quote that is not escaped.
        let mut end = start + 1;
        while end < self.out.len() && self.out[end] != b'"' {
            end += if self.out[end] == b'\\' { 2 } else { 1 };
        }
        &self.out[start..self.out.len().min(end + 1)]
    }
}

fn not_a_number(category: FpCategory) -> Refusal {
    let what = if category == FpCategory::Nan { "NaN" } else { "infinity" };
    Refusal::new(format!("JSON has no {what}: it would be read back as nothing"))
}

macro_rules! scalars {
    ($($method:ident: $ty:ty,)*) => { $(
        #[inline]
        fn $method(self, value: $ty) -> Result<(), Refusal> {
            self.scalar(&value)
        }
    )* };
}

macro_rules! floats {
    ($($method:ident: $ty:ty,)*) => { $(
        fn $method(self, value: $ty) -> Result<(), Refusal> {
            match value.classify() {
                category @ (FpCategory::Nan | FpCategory::Infinite) => Err(not_a_number(category)),
                _ => self.scalar(&value),
            }
        }
    )* };
}

impl<'a, 'out> Serializer for &'a mut Writer<'out> {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Array<'a, 'out>;
    type SerializeTuple = Array<'a, 'out>;
    type SerializeTupleStruct = Array<'a, 'out>;
    type SerializeTupleVariant = Nested<Array<'a, 'out>>;
    type SerializeMap = Object<'a, 'out>;
    type SerializeStruct = Struct<'a, 'out>;
    type SerializeStructVariant = Nested<Object<'a, 'out>>;

    scalars! {
        serialize_bool: bool,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_char: char,
    }

    floats! { serialize_f32: f32, serialize_f64: f64, }

    fn serialize_str(self, value: &str) -> Result<(), Refusal> {
        if !is_plain(value) {
            return self.scalar(value);
        }
        self.out.reserve(value.len() + 2);
        self.out.push(b'"');
        self.out.extend_from_slice(value.as_bytes());
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refusal> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Refusal> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        let start = self.out.len();
        value.serialize(&mut *self)?;
        if self.out[start..] == *b"null" {
            return Err(Refusal::new("`Some` of a value that JSON writes as `null`; it would be read back as `None`"));
        }
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Refusal> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refusal> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Refusal> {
        self.scalar(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Refusal> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        let key = self.open_variant(variant)?;
        value.serialize(&mut *self).map_err(|refusal| refusal.in_member(self.key_at(key)))?;
        self.close(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Array<'a, 'out>, Refusal> {
        Array::open(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Array<'a, 'out>, Refusal> {
        Array::open(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Array<'a, 'out>, Refusal> {
        Array::open(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Nested<Array<'a, 'out>>, Refusal> {
        let key = self.open_variant(variant)?;
        Ok(Nested { key, inner: Array::open(self)? })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a, 'out>, Refusal> {
        Object::open(self)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Struct<'a, 'out>, Refusal> {
        if Raw::is_marker(name) { Ok(Struct::Raw(Raw::new(self))) } else { Object::open(self).map(Struct::Object) }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Nested<Object<'a, 'out>>, Refusal> {
        let key = self.open_variant(variant)?;
        Ok(Nested { key, inner: Object::open(self)? })
    }
}

impl ser::SerializeStruct for Struct<'_, '_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Refusal> {
        match self {
            Self::Object(object) => object.field(key, value),
            Self::Raw(raw) => raw.text(value),
        }
    }

    fn end(self) -> Result<(), Refusal> {
        match self {
            Self::Object(object) => object.close().map(|_| ()),
            Self::Raw(_) => Ok(()),
        }
    }
}

//! Open arrays and objects.

use super::key::Key;
use super::refusal::Refusal;
use super::writer::Writer;
use serde::{Serialize, ser};

/// An open array.
pub(in crate::codec) struct Array<'a, 'out> {
    writer: &'a mut Writer<'out>,
    count: usize,
}

impl<'a, 'out> Array<'a, 'out> {
    pub(super) fn open(writer: &'a mut Writer<'out>) -> Result<Self, Refusal> {
        writer.open(b'[')?;
        Ok(Self { writer, count: 0 })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        if self.count > 0 {
            self.writer.out.push(b',');
        }
        value.serialize(&mut *self.writer).map_err(|refusal| refusal.in_element(self.count))?;
        self.count += 1;
        Ok(())
    }

    fn close(self) -> &'a mut Writer<'out> {
        self.writer.close(b']');
        self.writer
    }
}

/// An open object.
pub(in crate::codec) struct Object<'a, 'out> {
    writer: &'a mut Writer<'out>,
    /// The index of its first member among those of all open objects.
    first: usize,
    /// The start of the key that has no value yet.
    key: Option<usize>,
}

impl<'a, 'out> Object<'a, 'out> {
    pub(super) fn open(writer: &'a mut Writer<'out>) -> Result<Self, Refusal> {
        writer.open(b'{')?;
        let first = writer.members.open();
        Ok(Self { writer, first, key: None })
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        if self.key.is_some() {
            return Err(Refusal::new("a key without a value"));
        }
        if !self.writer.members.is_first(self.first) {
            self.writer.out.push(b',');
        }
        let start = self.writer.out.len();
        key.serialize(Key::new(self.writer.out))?;
        self.writer.members.add(start, self.writer.out.len());
        self.writer.out.push(b':');
        self.key = Some(start);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let Some(key) = self.key.take() else { return Err(Refusal::new("a value without a key")) };
        value.serialize(&mut *self.writer).map_err(|refusal| refusal.in_member(self.writer.key_at(key)))
    }

    pub(super) fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Refusal> {
        self.key(key)?;
        self.value(value)
    }

    pub(super) fn close(self) -> Result<&'a mut Writer<'out>, Refusal> {
        if self.key.is_some() {
            return Err(Refusal::new("a key without a value"));
        }
        let writer = self.writer;
        writer.members.close(self.first, writer.out, writer.order)?;
        writer.close(b'}');
        Ok(writer)
    }
}

/// The array or object of an enum variant: `{"Variant":..}`.
pub(in crate::codec) struct Nested<T> {
    /// The position of the variant's name.
    pub(super) key: usize,
    pub(super) inner: T,
}

macro_rules! elements {
    ($($trait:ident $method:ident,)*) => { $(
        impl ser::$trait for Array<'_, '_> {
            type Ok = ();
            type Error = Refusal;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
                self.element(value)
            }

            fn end(self) -> Result<(), Refusal> {
                self.close();
                Ok(())
            }
        }
    )* };
}

elements! { SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field, }

impl ser::SerializeMap for Object<'_, '_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        self.value(value)
    }

    fn end(self) -> Result<(), Refusal> {
        self.close().map(|_| ())
    }
}

impl ser::SerializeTupleVariant for Nested<Array<'_, '_>> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let key = self.key;
        self.inner.element(value).map_err(|refusal| refusal.in_member(self.inner.writer.key_at(key)))
    }

    fn end(self) -> Result<(), Refusal> {
        self.inner.close().close(b'}');
        Ok(())
    }
}

impl ser::SerializeStructVariant for Nested<Object<'_, '_>> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Refusal> {
        let variant = self.key;
        self.inner.field(key, value).map_err(|refusal| refusal.in_member(self.inner.writer.key_at(variant)))
    }

    fn end(self) -> Result<(), Refusal> {
        self.inner.close()?.close(b'}');
        Ok(())
    }
}

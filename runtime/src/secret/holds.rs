//! Whether a type is a secret or a container of one, for generated code: by its type, when the program is compiled.

use super::Secret;
use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;
use std::sync::Arc;

/// Has a constant `HOLDS` of its own for a secret; for every other type there is that of [`NoSecret`], as long as the type has
/// no parameter: an item of the type goes before one of a trait.
#[doc(hidden)]
#[derive(Debug)]
pub struct IsSecret<T: ?Sized>(PhantomData<T>);

/// What holds for any type.
#[doc(hidden)]
pub trait NoSecret {
    /// Whether it is a secret.
    const HOLDS: bool = false;
}

impl<T: ?Sized> NoSecret for IsSecret<T> {}

/// A container is asked for only if an alias stands for it: what is written is asked for one by one.
macro_rules! holds {
    ($($ty:ty $(, $parameter:ident)*;)*) => {
        $(#[doc(hidden)]
        impl<T $(, $parameter)*> IsSecret<$ty> {
            /// It holds a secret.
            pub const HOLDS: bool = true;
        })*
    };
}

holds! {
    Secret<T>;
    Option<Secret<T>>;
    Vec<Secret<T>>;
    Box<Secret<T>>;
    Arc<Secret<T>>;
    HashMap<K, Secret<T>, S>, K, S;
    BTreeMap<K, Secret<T>>, K;
}

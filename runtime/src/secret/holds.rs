//! Detects at compile time, for generated code, whether a type is a secret or a container of one.

use super::Secret;
use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;
use std::sync::Arc;

/// A helper that has a constant `HOLDS` of its own for a secret, and that of [`NoSecret`] for every other type without
/// parameters: an item of the type takes precedence over one of a trait.
#[doc(hidden)]
#[derive(Debug)]
pub struct IsSecret<T: ?Sized>(PhantomData<T>);

/// The default for any type.
#[doc(hidden)]
pub trait NoSecret {
    /// Whether it is a secret.
    const HOLDS: bool = false;
}

impl<T: ?Sized> NoSecret for IsSecret<T> {}

/// Containers, for aliases of them: generated code checks the parts of a written type one by one.
macro_rules! holds {
    ($($ty:ty $(, $parameter:ident)*;)*) => {
        $(#[doc(hidden)]
        impl<T $(, $parameter)*> IsSecret<$ty> {
            /// Whether it holds a secret.
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

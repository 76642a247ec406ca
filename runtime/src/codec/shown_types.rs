//! The types whose errors may show the text that does not fit them, and those that are coded without a vault.

use bytes::Bytes;
use std::any::TypeId;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

macro_rules! any_of {
    ($id:expr; $($type:ty,)*) => {
        [$(
            TypeId::of::<$type>(),
            TypeId::of::<Option<$type>>(),
            TypeId::of::<Vec<$type>>(),
            TypeId::of::<Option<Vec<$type>>>(),
            TypeId::of::<BTreeMap<String, $type>>(),
            TypeId::of::<HashMap<String, $type>>(),
        )*]
        .contains(&$id)
    };
}

/// Returns whether an error may show a JSON text that does not fit a type: only for types that are known to hold no
/// secret. A user's type may hold one anywhere.
///
/// The text may contain a plain secret that was recorded before its type was a secret, even after the point where
/// decoding stopped.
pub(super) fn may_be_shown(id: TypeId) -> bool {
    any_of![
        id;
        (), bool, char, String, Box<str>,
        u8, u16, u32, u64, u128, usize,
        i8, i16, i32, i64, i128, isize,
        f32, f64,
        Bytes, Uuid, Duration, SystemTime, serde_json::Value,
    ]
}

/// Returns whether a type is a scalar or a text, which holds no secret: few types, because each use compares with all.
#[inline]
pub(super) fn is_plain(id: TypeId) -> bool {
    [
        TypeId::of::<()>(),
        TypeId::of::<bool>(),
        TypeId::of::<String>(),
        TypeId::of::<u8>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<i32>(),
        TypeId::of::<i64>(),
        TypeId::of::<f64>(),
    ]
    .contains(&id)
}

#[cfg(test)]
mod tests {
    use super::TypeId;
    use std::collections::BTreeMap;

    #[test]
    fn a_type_of_a_user_or_with_a_secret_is_not_shown() {
        struct Mine;
        fn may_be_shown<T: 'static>() -> bool {
            super::may_be_shown(TypeId::of::<T>())
        }
        type Plain = BTreeMap<String, u64>;
        assert!(may_be_shown::<Plain>() && may_be_shown::<Option<String>>() && may_be_shown::<uuid::Uuid>());
        assert!(!may_be_shown::<Option<Mine>>() && !may_be_shown::<Mine>());
        assert!(!may_be_shown::<crate::Secret<u8>>() && !may_be_shown::<Vec<(u8, crate::Secret<u8>)>>());
    }
}

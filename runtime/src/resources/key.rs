//! The type of a resource that a step takes, and its name.

use std::any::{TypeId, type_name};
use std::fmt;

/// The type of a resource that a step or a factory takes, or that a workflow declares.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct ResourceKey {
    /// The id of the type.
    pub id: fn() -> TypeId,
    /// The name of the type with its path, for people.
    pub name: fn() -> &'static str,
}

impl ResourceKey {
    /// Returns the key of this type. Registration and use require that it can be shared.
    #[must_use]
    pub const fn of<R: 'static>() -> Self {
        Self { id: TypeId::of::<R>, name: type_name::<R> }
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        (self.id)() == (other.id)()
    }

    /// Returns its name as a person writes it: `Arc<Db>`, not `alloc::sync::Arc<shop::Db>`.
    pub(crate) fn short_name(&self) -> String {
        short((self.name)())
    }

    /// Returns its name beside that of another: with its path if both short names are equal.
    pub(crate) fn name_beside(&self, other: &Self) -> String {
        if self.short_name() == other.short_name() { (self.name)().to_owned() } else { self.short_name() }
    }
}

impl fmt::Debug for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResourceKey").field(&(self.name)()).finish()
    }
}

/// Returns a type's name without the paths in it.
pub(crate) fn short(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut word = 0;
    for letter in name.chars() {
        if letter == ':' {
            short.truncate(word);
        } else {
            short.push(letter);
            if !letter.is_alphanumeric() && letter != '_' {
                word = short.len();
            }
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn paths_are_left_out_wherever_they_stand() {
        for (name, expected) in [
            ("shop::db::Db", "Db"),
            ("alloc::sync::Arc<shop::Db>", "Arc<Db>"),
            ("core::option::Option<(u8, alloc::vec::Vec<shop::r_1::Item>)>", "Option<(u8, Vec<Item>)>"),
            ("alloc::boxed::Box<dyn shop::Mailer>", "Box<dyn Mailer>"),
            ("u8", "u8"),
        ] {
            assert_eq!(short(name), expected);
        }
    }
}

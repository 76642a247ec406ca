//! Checks for options that do not go together, or not with the type of the field.

use super::super::input::{Field, Transient};
use crate::faults::Faults;
use crate::function::Function;
use crate::name;

/// Refuses `#[context(secret)]`.
pub(super) fn of_stored(field: &Field, faults: &Faults) {
    let Some(secret) = field.given.place("secret") else { return };
    if Function::last_word(&field.ty).as_deref() == Some("Secret") {
        faults.add(secret, "`secret` is said by the type already", "drop `secret`");
    } else {
        let help = format!("write `{}: Secret<{}>`, and drop `secret`", field.ident, field.type_name);
        faults.add(secret, "a secret field has the type `Secret<T>`", help);
    }
}

/// Refuses `#[context(transient, store = "blobs")]`, `#[context(restore = open)]`, `#[context(transient, restore =
/// open, default)]`.
pub(super) fn of_transient(field: &Transient, faults: &Faults) {
    let given = &field.given;
    let transient = given.place("transient").is_some();
    for word in ["store", "form", "max_bytes", "alias", "index", "secret"] {
        for place in given.places(word).filter(|_| transient) {
            let help = format!("drop `{word}`, or drop `transient` to store the field");
            faults.add(place, format!("a transient field is never stored, and `{word}` is about storing it"), help);
        }
    }
    let Some(restore) = given.place("restore") else { return };
    if !transient {
        let help =
            "write `transient` next to it: `#[context(transient, restore = ..)]`; or drop `restore` to store the field";
        let fault =
            format!("`restore` makes the value of a transient field, and `{}` is stored", name::plain(&field.ident));
        faults.add(restore, fault, help);
    }
    if let Some(default) = given.place("default") {
        let help = "drop `default`, or drop `restore`";
        faults.add(
            default,
            format!("the hook makes the value of `{}`, and the default is never used", field.name),
            help,
        );
    }
}

//! Checks fields by which runs are found.

use super::super::input::{Field, inner_of_option};
use crate::faults::Faults;
use crate::function::Function;
use syn::{Type, TypeTuple};

pub(super) fn all(field: &Field, faults: &Faults) {
    let Some(index) = field.given.place("index") else { return };
    let name = &field.name;
    if let Some(fault) = no_scalar(inner_of_option(&field.ty)) {
        let help = "drop `index`; a text, a whole number, `bool`, an enum without data, and an `Option` of these can be indexed";
        faults.add(index, format!("runs cannot be found by `{name}`: {fault}"), help);
    } else if field.store.is_some() {
        let help = "drop `index`, or drop `store` to have the value in the database";
        faults.add(index, format!("runs cannot be found by `{name}`: its value is in a store"), help);
    }
}

/// Returns why the values of a type have no key, as far as the written type shows it.
fn no_scalar(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Array(_) | Type::Slice(_) => return Some("a list has no order of its own"),
        Type::Tuple(TypeTuple { elems, .. }) if !elems.is_empty() => return Some("a tuple is more than one value"),
        _ => {}
    }
    Some(match Function::last_word(ty)?.as_str() {
        "Secret" => "an index would show the secret",
        "Bytes" => "raw bytes are no text and no number",
        "f32" | "f64" => "a fraction is seldom equal to another; keep a whole number, such as cents",
        "Vec" | "VecDeque" | "HashSet" | "BTreeSet" => "a list has no order of its own",
        "HashMap" | "BTreeMap" => "a map is more than one value",
        "Lazy" => "its value is in a store",
        "SystemTime" | "Duration" | "Instant" => "it is stored as two numbers; keep milliseconds, or a text",
        _ => return None,
    })
}

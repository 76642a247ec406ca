//! Documentation of generated items on fields: where each is stored, and how.

use super::super::input::{Context, Default, Field, Hook, Made, Transient};
use crate::function::Function;
use crate::name;
use syn::{GenericArgument, PathArguments, Type};

/// Returns the documentation of a builder's setter.
pub(super) fn builder_setter(context: &Context, field: &Field) -> String {
    let need = match &field.default {
        None => "Required".to_owned(),
        Some(Default::OfType) => "Optional; its type's default if not set".to_owned(),
        Some(Default::Value(value)) => format!("Optional; `{}` if not set", name::as_written(value)),
    };
    format!("Sets [`{}::{}`]. {need}.{}", context.ident, field.name, storage(field))
}

/// Returns the documentation of a setter in an update.
pub(super) fn update_setter(context: &Context, field: &Field) -> String {
    format!("Sets [`{}::{}`] to a new value.{}", context.ident, field.name, storage(field))
}

/// Describes how a field is stored, in sentences.
fn storage(field: &Field) -> String {
    let store = field.store.as_ref().map(|store| format!(" Goes to the field store `{store}`."));
    let most = field.max_bytes.map(|most| format!(" At most {most} bytes, as stored."));
    let before = (!field.aliases.is_empty()).then(|| format!(" Was named {} before.", aliases(field)));
    let more = [store, most, before].into_iter().flatten().collect::<String>();
    format!("\n\nStored as {}.{more}", form(field))
}

fn aliases(field: &Field) -> String {
    let aliases = field.aliases.iter().map(|alias| format!("`{}`", alias.value()));
    aliases.collect::<Vec<_>>().join(", ")
}

/// Returns the documentation of the builder: a table of all fields.
pub(super) fn table(context: &Context) -> String {
    let Context { ident, stored, .. } = context;
    let rows = context.fields.iter().map(row);
    let transient = context.transient.iter();
    let transient = transient.map(|field| format!("| `{}` | never stored | {} | |\n", field.name, made(&field.made)));
    let rows = rows.chain(transient).collect::<String>();
    let head = if rows.is_empty() { "" } else { "\n| field | where | form | required |\n|---|---|---|---|\n" };
    format!("Builds an [`{stored}`]; made by [`{ident}::builder`].\n{head}{rows}")
}

fn row(field: &Field) -> String {
    let place = field.store.as_ref().map_or_else(|| "journal".to_owned(), |store| format!("field store `{store}`"));
    let most = field.max_bytes.map_or_else(String::new, |most| format!(", at most {most} bytes"));
    let before = if field.aliases.is_empty() { String::new() } else { format!(", before {}", aliases(field)) };
    let need = match &field.default {
        None => "yes".to_owned(),
        Some(Default::OfType) => "no".to_owned(),
        Some(Default::Value(value)) => format!("no: `{}`", cell(&name::as_written(value))),
    };
    format!("| `{}`{before} | {place} | {}{most} | {need} |\n", field.name, form(field))
}

/// Describes how a transient field gets its value.
fn made(made: &Made) -> String {
    match made {
        Made::Default(Default::OfType) => "its type's default".to_owned(),
        Made::Default(Default::Value(value)) => format!("`{}`", cell(&name::as_written(value))),
        Made::Hook(Hook { path, after }) => {
            let after = after.iter().map(|name| format!("`{}`", name::plain(name))).collect::<Vec<_>>();
            let after = if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
            format!("made by `{}`{after}", cell(&name::as_written(path)))
        }
    }
}

/// Escapes code for a table.
fn cell(code: &str) -> String {
    code.replace('|', "\\|").replace('\n', " ")
}

/// Lists the names of transient fields: `db`, `index` and `cache`.
pub(super) fn list(fields: &[Transient]) -> String {
    let names = fields.iter().map(|field| format!("`{}`", field.name)).collect::<Vec<_>>();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

fn form(field: &Field) -> &'static str {
    if field.json { "JSON" } else { form_of(&field.ty) }
}

/// Returns the encoding by type, as far as the written type shows it; aliases are not resolved.
fn form_of(ty: &Type) -> &'static str {
    const JSON: [&str; 21] = [
        "String", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
        "isize", "f32", "f64", "Option", "BTreeMap", "HashMap", "Vec",
    ];
    const BY_TYPE: &str = "raw bytes or JSON, by its type";
    let Some(word) = Function::last_word(ty) else {
        return if matches!(ty, Type::Tuple(_) | Type::Array(_)) { "JSON" } else { BY_TYPE };
    };
    match (word.as_str(), argument(ty)) {
        ("Bytes", None) => "raw bytes",
        ("Vec", Some(element)) if is_byte(element) => "raw bytes",
        ("Box", Some(Type::Slice(slice))) if is_byte(&slice.elem) => "raw bytes",
        ("Lazy", Some(value)) => form_of(value),
        _ if JSON.contains(&word.as_str()) => "JSON",
        _ => BY_TYPE,
    }
}

/// Returns the `T` of `Vec<T>`.
fn argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|argument| if let GenericArgument::Type(ty) = argument { Some(ty) } else { None })
}

fn is_byte(ty: &Type) -> bool {
    Function::last_word(ty).as_deref() == Some("u8")
}

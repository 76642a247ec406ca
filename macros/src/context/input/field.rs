//! The options of `#[context(..)]` on a field.

use super::words::{self, Given, Place};
use super::{Default, Field, Hook, Made, NameSelf, Transient, WriteStatic, hook};
use crate::faults::Faults;
use crate::name;
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::visit_mut::VisitMut;
use syn::{Ident, LitStr, Meta};

/// A field, stored or transient.
pub(super) enum Kind {
    Stored(Field),
    Transient(Transient),
}

/// The parsed options of a field.
#[derive(Default)]
struct Read {
    given: Given,
    default: Option<Default>,
    store: Option<String>,
    json: bool,
    max_bytes: Option<usize>,
    aliases: Vec<LitStr>,
    hook: Option<Hook>,
}

pub(super) fn parse(field: syn::Field, context: &Ident, faults: &Faults) -> Kind {
    let (given, words) = words::read(&field.attrs, Place::Field, faults);
    let mut read = Read { given, ..Read::default() };
    for (word, meta) in words {
        read.one(&word, meta, faults);
    }
    let Read { given, mut default, store, json, max_bytes, aliases, mut hook } = read;
    let (vis, ident, mut ty) = (field.vis, field.ident.expect("named fields have names"), field.ty);
    let (name, type_name) = (name::plain(&ident), name::as_written(&ty));
    NameSelf(context).visit_type_mut(&mut ty);
    let mut lifetimes = WriteStatic::default();
    lifetimes.visit_type_mut(&mut ty);
    if let Some(Default::Value(value)) = &mut default {
        NameSelf(context).visit_expr_mut(value);
    }
    if let Some(hook) = &mut hook {
        NameSelf(context).visit_expr_path_mut(&mut hook.path);
    }
    // A hook alone is a fault; the field is most likely meant to be transient.
    if given.place("transient").is_some() || given.place("restore").is_some() {
        let made = hook.map_or_else(|| Made::Default(default.unwrap_or(Default::OfType)), Made::Hook);
        Kind::Transient(Transient { vis, ident, name, ty, borrows: lifetimes.missing, given, made })
    } else {
        let docs = field.attrs.into_iter().filter(|attribute| attribute.path().is_ident("doc")).collect();
        Kind::Stored(Field { vis, ident, name, ty, type_name, docs, given, default, store, json, max_bytes, aliases })
    }
}

impl Read {
    fn one(&mut self, word: &str, meta: Meta, faults: &Faults) {
        match (word, meta) {
            ("default", Meta::Path(_)) => self.default = Some(Default::OfType),
            ("default", Meta::NameValue(pair)) => self.default = Some(Default::Value(Box::new(pair.value))),
            ("transient" | "index", Meta::Path(_)) | ("secret", _) => {}
            ("store", meta) => match words::text(&meta) {
                Some(text) => self.store = Some(text.value()),
                None => faults.add(meta, "a store is named by a text that is not empty", "write `store = \"blobs\"`"),
            },
            ("form", Meta::NameValue(pair)) => self.json = form(&pair, faults),
            ("max_bytes", meta) => match words::number(&meta) {
                Some(0) => {
                    let help = "write the size of the largest value that the field may have: `max_bytes = 1_000_000`";
                    faults.add(meta, "no value takes 0 bytes", help);
                }
                None => {
                    let help = "write `max_bytes = 1_000_000`";
                    faults.add(meta, "`max_bytes` is a whole number, written out", help);
                }
                most => self.max_bytes = most,
            },
            ("alias", meta) => match words::text(&meta).filter(|text| is_name(text)) {
                Some(text) => self.aliases.push(text.clone()),
                None => faults.add(meta, "an alias is a name that the field had", "write `alias = \"old_name\"`"),
            },
            ("restore", meta) => self.hook = hook::read(&meta, faults),
            (word, meta) => words::written_another_way(&meta, word, faults),
        }
    }
}

/// Returns whether a field can have been recorded under this name.
fn is_name(text: &LitStr) -> bool {
    Ident::parse_any.parse_str(&text.value()).is_ok_and(|name| name == name.unraw())
}

/// Returns whether `form = ..` selects JSON.
fn form(pair: &syn::MetaNameValue, faults: &Faults) -> bool {
    let form = name::as_written(&pair.value);
    match form.as_str() {
        "json" => return true,
        "bytes" => {
            let fault = "raw bytes are chosen by the type: `Vec<u8>`, `Bytes` and `Box<[u8]>` are stored as they are";
            faults.add(&pair.value, fault, "drop `form = bytes`, and give the field one of these types");
        }
        _ => faults.add(&pair.value, format!("`{form}` is not a form of stored values"), "write `form = json`"),
    }
    false
}

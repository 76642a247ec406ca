//! What stands in the struct and its attributes.

use crate::faults::Faults;
use crate::name;
use crate::suggest;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Ident, Meta, Token, Type, Visibility};

/// A struct that shall be a context.
pub(crate) struct Context {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The recorded name.
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

/// One of its fields.
pub(crate) struct Field {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The recorded name: the identifier without `r#`.
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// How the type was written.
    pub(crate) type_name: String,
    pub(crate) default: Option<Default>,
}

/// What an optional field is if it is not set.
pub(crate) enum Default {
    OfType,
    Value(Box<Expr>),
}

impl Context {
    pub(crate) fn optional(&self) -> bool {
        self.fields.iter().all(|field| field.default.is_some())
    }

    pub(crate) fn required(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.default.is_none())
    }

    /// The context, unless the item has no named fields or has parameters.
    pub(crate) fn parse(item: DeriveInput, faults: &Faults) -> Option<Self> {
        let fields = match item.data {
            Data::Struct(data) => match data.fields {
                Fields::Named(fields) => fields.named,
                Fields::Unit => Punctuated::new(),
                Fields::Unnamed(fields) => {
                    let help = format!("give each a name: `struct {} {{ user_id: String }}`", item.ident);
                    faults.add(fields, "the fields of a context need names: each is stored under its own", help);
                    return None;
                }
            },
            Data::Enum(data) => {
                not_a_struct(&data.enum_token, "an enum", faults);
                return None;
            }
            Data::Union(data) => {
                not_a_struct(&data.union_token, "a union", faults);
                return None;
            }
        };
        if !item.generics.params.is_empty() {
            let help = "use the types themselves in the fields; two workflows may have a struct each";
            faults.add(&item.generics, "a context cannot have type parameters or lifetimes", help);
            return None;
        }
        let mut name = None;
        for meta in metas(&item.attrs, faults) {
            match meta {
                Meta::NameValue(meta) if meta.path.is_ident("name") => name = name::recorded(&meta, faults),
                other => unknown(&other, &["name"], "a context", faults),
            }
        }
        let name = name.unwrap_or_else(|| name::plain(&item.ident));
        let fields = fields.into_iter().map(|field| Field::parse(field, &item.ident, faults)).collect();
        Some(Self { vis: item.vis, ident: item.ident, name, fields })
    }
}

fn not_a_struct(token: &impl ToTokens, what: &str, faults: &Faults) {
    let help = "make it a struct with named fields; an enum can be the type of a field: `status: Status`";
    faults.add(token, format!("a context is a struct, not {what}"), help);
}

impl Field {
    fn parse(field: syn::Field, context: &Ident, faults: &Faults) -> Self {
        let ident = field.ident.expect("named fields have names");
        let mut default = None;
        for meta in metas(&field.attrs, faults) {
            let given = match meta {
                Meta::Path(path) if path.is_ident("default") => Default::OfType,
                Meta::NameValue(meta) if meta.path.is_ident("default") => Default::Value(Box::new(meta.value)),
                other => {
                    unknown(&other, &["default"], "a field", faults);
                    continue;
                }
            };
            if default.replace(given).is_some() {
                faults.add(&ident, format!("`{ident}` has two defaults"), "keep one `#[context(default)]`");
            }
        }
        let mut ty = field.ty;
        let type_name = name::as_written(&ty);
        // Generated types hold the field's type too, and there `Self` would be another.
        NameSelf(context).visit_type_mut(&mut ty);
        if let Some(Default::Value(value)) = &mut default {
            NameSelf(context).visit_expr_mut(value);
        }
        Self { vis: field.vis, name: name::plain(&ident), ident, ty, type_name, default }
    }
}

struct NameSelf<'a>(&'a Ident);

impl VisitMut for NameSelf<'_> {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if ident == "Self" {
            *ident = Ident::new(&self.0.to_string(), ident.span());
        }
    }
}

/// What stands in all `#[context(..)]` of an item.
fn metas(attributes: &[Attribute], faults: &Faults) -> Vec<Meta> {
    let ours = attributes.iter().filter(|attribute| attribute.path().is_ident("context"));
    let help = "write `#[context(default)]` or `#[context(default = value)]` on a field, `#[context(name = \"order\")]` on the struct";
    let read = |attribute: &Attribute| attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    ours.filter_map(|attribute| faults.read(read(attribute), help)).flatten().collect()
}

/// Words that a later version will know; that they are missing is said as such.
const LATER: [&str; 8] = ["store", "transient", "restore", "secret", "alias", "version", "migrate", "max_bytes"];

fn unknown(meta: &Meta, known: &[&str], place: &str, faults: &Faults) {
    let word = name::as_written(meta.path());
    let help = suggest::help(&word, known);
    if known.contains(&word.as_str()) {
        let form = if word == "name" {
            "`#[context(name = \"order\")]`"
        } else {
            "`#[context(default)]` or `#[context(default = value)]`"
        };
        faults.add(meta, format!("`{word}` is written another way"), format!("write {form}"));
    } else if LATER.contains(&word.as_str()) || word == "form" {
        faults.add(
            meta.path(),
            format!("this version of steadfast does not have `{word}` yet"),
            format!("{place} has: {}", known.join(", ")),
        );
    } else {
        faults.add(meta.path(), format!("`{word}` is not an attribute of {place}"), help);
    }
}

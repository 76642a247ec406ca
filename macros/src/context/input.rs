//! What stands in the struct and its attributes.

mod container;
mod field;
mod hook;
mod words;

pub(super) use words::Given;

use crate::faults::Faults;
use crate::name;
use container::Container;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprPath, Fields, Ident, Lifetime, LitStr, ParenthesizedGenericArguments, Type,
    TypeFnPtr, TypeReference, Visibility,
};

/// A struct that shall be a context.
pub(crate) struct Context {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The type that has the stored fields only: the struct itself if it has no others.
    pub(crate) stored: Ident,
    /// The recorded name.
    pub(crate) name: String,
    pub(crate) version: u32,
    /// The function that makes today's fields of those of an older version.
    pub(crate) migrate: Option<ExprPath>,
    /// The stored fields.
    pub(crate) fields: Vec<Field>,
    pub(crate) transient: Vec<Transient>,
}

/// One of its stored fields.
pub(crate) struct Field {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The recorded name: the identifier without `r#`.
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// How the type was written.
    pub(crate) type_name: String,
    /// What the user wrote above it for readers.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) given: Given,
    pub(crate) default: Option<Default>,
    /// The name of its field store.
    pub(crate) store: Option<String>,
    /// Whether it is JSON whatever its type.
    pub(crate) json: bool,
    pub(crate) max_bytes: Option<usize>,
    pub(crate) aliases: Vec<LitStr>,
}

/// One of the fields that are never stored.
pub(crate) struct Transient {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Whether there is a reference in the type without a lifetime.
    pub(crate) borrows: bool,
    pub(crate) given: Given,
    pub(crate) made: Made,
}

/// What an optional field is if it is not set.
pub(crate) enum Default {
    OfType,
    Value(Box<Expr>),
}

/// How a transient field gets its value.
pub(crate) enum Made {
    Default(Default),
    Hook(Hook),
}

/// The async function behind `restore`.
pub(crate) struct Hook {
    pub(crate) path: ExprPath,
    /// The transient fields that it is passed.
    pub(crate) after: Vec<Ident>,
}

impl Transient {
    /// The names after `after`.
    pub(crate) fn after(&self) -> &[Ident] {
        if let Made::Hook(hook) = &self.made { &hook.after } else { &[] }
    }
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
        let Container { name, version, migrate } = Container::parse(&item.attrs, &item.ident, faults);
        let (mut stored, mut transient) = (Vec::new(), Vec::new());
        for field in fields {
            match field::parse(field, &item.ident, faults) {
                field::Kind::Stored(field) => stored.push(field),
                field::Kind::Transient(field) => transient.push(field),
            }
        }
        Some(Self {
            vis: item.vis,
            stored: if transient.is_empty() { item.ident.clone() } else { name::joined(&item.ident, "Stored") },
            name: name.unwrap_or_else(|| name::plain(&item.ident)),
            version,
            migrate,
            fields: stored,
            transient,
            ident: item.ident,
        })
    }
}

fn not_a_struct(token: &impl ToTokens, what: &str, faults: &Faults) {
    let help = "make it a struct with named fields; an enum can be the type of a field: `status: Status`";
    faults.add(token, format!("a context is a struct, not {what}"), help);
}

/// Puts the struct's name in the place of `Self`: generated types hold the field's type too, and there `Self` would be
/// another.
struct NameSelf<'a>(&'a Ident);

impl VisitMut for NameSelf<'_> {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if ident == "Self" {
            *ident = Ident::new(&self.0.to_string(), ident.span());
        }
    }
}

/// Writes the lifetime that a reference in a field must have, so that a missing one is no fault of generated code too.
#[derive(std::default::Default)]
struct WriteStatic {
    missing: bool,
}

impl VisitMut for WriteStatic {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if reference.lifetime.is_none() {
            self.missing = true;
            reference.lifetime = Some(Lifetime::new("'static", reference.and_token.span));
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    // Lifetimes in the signature of a function are its own.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {}
}

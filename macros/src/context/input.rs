//! The contents of the struct and its attributes.

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
    Attribute, Data, DeriveInput, Expr, ExprPath, Fields, GenericArgument, Ident, Lifetime, LitStr,
    ParenthesizedGenericArguments, PathArguments, Type, TypeFnPtr, TypeReference, Visibility,
};

/// A struct that is to become a context.
pub(crate) struct Context {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The type with the stored fields only: the struct itself if it has no others.
    pub(crate) stored: Ident,
    /// The recorded name.
    pub(crate) name: String,
    pub(crate) version: u32,
    /// The function that migrates fields of an older version.
    pub(crate) migrate: Option<ExprPath>,
    /// The stored fields.
    pub(crate) fields: Vec<Field>,
    pub(crate) transient: Vec<Transient>,
}

/// A stored field.
pub(crate) struct Field {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The recorded name: the identifier without `r#`.
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// The type as it was written.
    pub(crate) type_name: String,
    /// The user's documentation of the field.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) given: Given,
    pub(crate) default: Option<Default>,
    /// The name of its field store.
    pub(crate) store: Option<String>,
    /// Whether it is JSON regardless of its type.
    pub(crate) json: bool,
    pub(crate) max_bytes: Option<usize>,
    pub(crate) aliases: Vec<LitStr>,
}

/// A field that is never stored.
pub(crate) struct Transient {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Whether its type has a reference without a lifetime.
    pub(crate) borrows: bool,
    pub(crate) given: Given,
    pub(crate) made: Made,
}

/// The value of an optional field that is not set.
pub(crate) enum Default {
    OfType,
    Value(Box<Expr>),
}

/// The source of a transient field's value.
pub(crate) enum Made {
    Default(Default),
    Hook(Hook),
}

/// The async function of `restore`.
pub(crate) struct Hook {
    pub(crate) path: ExprPath,
    /// The transient fields that are passed to it.
    pub(crate) after: Vec<Ident>,
}

impl Field {
    /// Returns whether its value is in the index of fields.
    pub(crate) fn is_indexed(&self) -> bool {
        self.given.place("index").is_some()
    }
}

impl Transient {
    /// Returns the names in `after`.
    pub(crate) fn after(&self) -> &[Ident] {
        if let Made::Hook(hook) = &self.made { &hook.after } else { &[] }
    }
}

impl Context {
    /// Returns whether runs can be found by a field.
    pub(crate) fn is_searchable(&self) -> bool {
        self.fields.iter().any(Field::is_indexed)
    }

    pub(crate) fn optional(&self) -> bool {
        self.fields.iter().all(|field| field.default.is_some())
    }

    pub(crate) fn required(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.default.is_none())
    }

    /// Parses the context, unless the item has no named fields or has parameters.
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

/// Returns `T` of `Option<T>`, and any other type as it is.
pub(crate) fn inner_of_option(ty: &Type) -> &Type {
    let Type::Path(path) = ty else { return ty };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Option") else { return ty };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return ty };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => inner,
        _ => ty,
    }
}

fn not_a_struct(token: &impl ToTokens, what: &str, faults: &Faults) {
    let help = "make it a struct with named fields; an enum can be the type of a field: `status: Status`";
    faults.add(token, format!("a context is a struct, not {what}"), help);
}

/// Replaces `Self` by the struct's name: generated types contain the field's type too, where `Self` would be another
/// type.
struct NameSelf<'a>(&'a Ident);

impl VisitMut for NameSelf<'_> {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if ident == "Self" {
            *ident = Ident::new(&self.0.to_string(), ident.span());
        }
    }
}

/// Adds the lifetime that a reference in a field must have, so that a missing one causes no second error in generated
/// code.
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

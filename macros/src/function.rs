//! The common parts of steps and workflows: an async function that returns a `Result`.

use crate::faults::Faults;
use crate::instrument;
use crate::name;
use crate::place::{self, Around};
use crate::secret;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, FnArg, Ident, ItemFn, Pat, ReturnType, Signature, Type, TypeImplTrait, TypeReference, Visibility,
    parse_quote,
};

/// A function with one of these attributes.
pub(crate) struct Function {
    pub(crate) attributes: Attributes,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) parameters: Vec<Parameter>,
    /// The return type; `None` if it cannot be used.
    pub(crate) output: Option<Type>,
    /// Whether the written return type is surely no `Result`.
    is_no_result: bool,
    pub(crate) block: Box<Block>,
    /// Its surroundings, if they are known.
    around: Option<Around>,
}

/// One parameter, other than `self`.
pub(crate) struct Parameter {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) pattern: Pat,
    pub(crate) ty: Type,
    /// The pattern if it is a name, otherwise made from its position: `argument_2`.
    pub(crate) name: Ident,
}

/// The attributes below the macro's, by the items that they go to.
#[derive(Default)]
pub(crate) struct Attributes {
    /// Attributes for everything that is generated.
    pub(crate) cfg: Vec<Attribute>,
    /// Attributes for the function that is called, and for the user's own.
    pub(crate) docs: Vec<Attribute>,
    /// Attributes for the function that is called.
    pub(crate) surface: Vec<Attribute>,
    /// Attributes for the user's own function: lints, and attributes of other macros.
    pub(crate) own: Vec<Attribute>,
    /// The lints that the user allows, for everything that is generated around the function.
    pub(crate) allowed: Vec<Attribute>,
}

impl Function {
    /// Parses a function with a macro of its own, or returns the token stream to leave in its place.
    pub(crate) fn parse(item: TokenStream, kind: &str, faults: &Faults) -> Result<Self, TokenStream> {
        Self::parse_with(item, kind, faults, place::check)
    }

    /// Parses a step of an `impl` with a macro.
    pub(crate) fn parse_associated(item: TokenStream, faults: &Faults) -> Option<Self> {
        Self::parse_with(item, "step", faults, |_, _, _, _| Ok(None)).ok()
    }

    fn parse_with(
        item: TokenStream,
        kind: &str,
        faults: &Faults,
        check: impl FnOnce(TokenStream, &ItemFn, &str, &Faults) -> Result<Option<Around>, TokenStream>,
    ) -> Result<Self, TokenStream> {
        let Ok(function) = syn::parse2::<ItemFn>(item.clone()) else {
            let first = item.clone().into_iter().next();
            faults.add(
                first,
                format!("a {kind} is a function"),
                if kind == "transaction" {
                    "put `#[transaction]` on a `fn` with a body".to_owned()
                } else {
                    format!("put `#[{kind}]` on an `async fn` with a body")
                },
            );
            return Err(item);
        };
        if let Some(receiver) = function.sig.receiver() {
            let help = "make it a function outside of the `impl`, and pass what it needs by value";
            faults.add(receiver, format!("a {kind} is a function of its own, without `self`"), help);
            return Err(item);
        }
        let around = check(item, &function, kind, faults)?;
        let ItemFn { attrs, vis, sig, block, .. } = function;
        let parameters = sig.inputs.iter().enumerate().filter_map(|(index, input)| match input {
            FnArg::Typed(typed) => Some(Parameter {
                attributes: typed.attrs.clone(),
                pattern: (*typed.pat).clone(),
                ty: (*typed.ty).clone(),
                name: match &*typed.pat {
                    Pat::Ident(pattern) => pattern.ident.clone(),
                    _ => Ident::new(&format!("argument_{}", index + 1), proc_macro2::Span::call_site()),
                },
            }),
            FnArg::Receiver(_) => None,
        });
        let parameters = parameters.collect();
        let is_no_result = matches!(&sig.output, ReturnType::Type(_, ty) if is_no_result(ty, around.as_ref()));
        let output = match &sig.output {
            ReturnType::Type(_, ty)
                if sig.generics.params.is_empty()
                    && !borrows_or_hides(ty)
                    && !matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty()) =>
            {
                Some(if is_no_result {
                    parse_quote!(::core::result::Result<#ty, ::steadfast::Error>)
                } else {
                    (**ty).clone()
                })
            }
            _ => None,
        };
        Ok(Self { attributes: Attributes::sort(attrs), vis, parameters, output, is_no_result, block, sig, around })
    }

    /// Returns the return type, or one that compiles if that cannot be used.
    pub(crate) fn output(&self) -> TokenStream {
        let otherwise = || quote!(::core::result::Result<(), ::steadfast::Error>);
        self.output.as_ref().map_or_else(otherwise, ToTokens::to_token_stream)
    }

    pub(crate) fn ident(&self) -> &Ident {
        &self.sig.ident
    }

    /// Returns the name, as recorded and as used in messages.
    pub(crate) fn name(&self) -> String {
        name::plain(&self.sig.ident)
    }

    /// Checks the rules of every step or workflow, whatever it does.
    pub(crate) fn check(&self, kind: &str, faults: &Faults) {
        let Signature { constness, safety, abi, generics, output, variadic, ident, .. } = &self.sig;
        let plain = ordinary(kind);
        if let Some(token) = constness {
            faults.add(token, format!("a {kind} cannot be `const`"), format!("make it {plain}"));
        }
        if let syn::Safety::Unsafe(token) = safety {
            faults.add(token, format!("a {kind} cannot be `unsafe`"), format!("make it {plain}"));
        }
        if let Some(token) = abi {
            faults.add(token, format!("a {kind} cannot be `extern`"), format!("make it {plain}"));
        }
        if let Some(token) = variadic {
            faults.add(token, format!("a {kind} cannot be variadic"), format!("make it {plain}"));
        }
        if !generics.params.is_empty() {
            let help = "write the types themselves: what is recorded must be read back after a restart, when nobody can say \
                        which types they were";
            faults.add(generics, format!("a {kind} cannot have type parameters or lifetimes"), help);
        }
        let result = "write `-> Result<T>`; `steadfast::Result<T>` takes every error with `?`";
        match output {
            ReturnType::Default => {
                let help = format!("add `-> Result<()>` to `{}`, and `Ok(())` at its end", name::plain(ident));
                faults.add(ident, format!("a {kind} returns a `Result`"), help);
            }
            ReturnType::Type(_, ty) => match &**ty {
                Type::Tuple(tuple) if tuple.elems.is_empty() => {
                    faults.add(
                        ty,
                        format!("a {kind} returns a `Result`"),
                        "write `-> Result<()>`, and `Ok(())` at the end",
                    );
                }
                Type::ImplTrait(_) | Type::Never(_) | Type::Reference(_) => {
                    faults.add(ty, format!("a {kind} returns a `Result`"), result);
                }
                ty if self.is_no_result => {
                    let written = name::as_written(ty);
                    let help = format!("write `Result<{written}>`: `steadfast::Result<T>` takes every error with `?`");
                    faults.add(ty, format!("a {kind} returns a `Result`, not `{written}`"), help);
                }
                ty if borrows_or_hides(ty) => {
                    let help = "write the type itself, and one that owns what it holds: `Result<String>`";
                    faults.add(
                        ty,
                        format!("what a {kind} returns is stored, so it can neither borrow nor be `impl Trait`"),
                        help,
                    );
                }
                _ => {}
            },
        }
    }

    /// Refuses a context that surely is none, at the first function that names it: the others would only say the same.
    /// Returns whether it is one, as far as that is known.
    pub(crate) fn check_context(&self, ty: &Type, faults: &Faults) -> bool {
        let word = match ty {
            Type::Path(path) => path.path.get_ident().map(name::plain),
            _ => None,
        };
        let Some((around, word)) = self.around.as_ref().zip(word) else { return true };
        if !around.is_plain_data(&word) {
            return true;
        }
        if !around.is_first(&word) {
            faults.add_reported();
            return false;
        }
        let help = format!(
            "put `#[derive(StepContext, Clone)]` on it. Of a step, a first parameter that is a reference is the context: an \
             argument is passed by value, and what the engine holds is `#[resource] name: &{word}`"
        );
        faults.add(ty, format!("`{word}` is not a context"), help);
        false
    }

    /// Returns the last segment of a type's path: `Flow` of `steadfast::Flow<C>`.
    pub(crate) fn last_word(ty: &Type) -> Option<String> {
        let Type::Path(path) = ty else { return None };
        path.path.segments.last().map(|segment| name::plain(&segment.ident))
    }
}

/// Returns whether a type is surely no `Result`: a well-known other one, or one that is declared beside the function. Any
/// other may be an alias.
fn is_no_result(ty: &Type, around: Option<&Around>) -> bool {
    const KNOWN: [&str; 10] =
        ["Option", "Vec", "Box", "Rc", "Arc", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "Duration"];
    match ty {
        Type::Tuple(_) | Type::Array(_) | Type::Slice(_) | Type::Ptr(_) => true,
        Type::Path(path) if path.qself.is_none() && path.path.segments.len() == 1 => Function::last_word(ty)
            .is_some_and(|word| {
                let is_data = || around.is_some_and(|around| around.is_data(&word));
                secret::is_plain(ty) || KNOWN.contains(&word.as_str()) || (word != "Result" && is_data())
            }),
        _ => false,
    }
}

/// Returns whether a type contains a reference, a lifetime other than `'static`, or an `impl Trait`.
pub(crate) fn borrows_or_hides(ty: &Type) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_type_reference(&mut self, _: &'ast TypeReference) {
            self.0 = true;
        }
        fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
            self.0 = true;
        }
        fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
            self.0 |= lifetime.ident != "static";
        }
    }
    let mut finder = Finder(false);
    visit::visit_type(&mut finder, ty);
    finder.0
}

/// Returns the ordinary function that carries this attribute.
fn ordinary(kind: &str) -> &'static str {
    if kind == "transaction" { "an ordinary `fn`" } else { "an ordinary `async fn`" }
}

/// Returns `#[allow(..)]` for it and for `#[expect(..)]`, which generated code need not fulfil.
fn allowed(attribute: &Attribute) -> Option<Attribute> {
    let is = |word: &str| attribute.path().is_ident(word);
    let list = attribute.meta.require_list().ok().filter(|_| is("allow") || is("expect"))?;
    let lints = &list.tokens;
    Some(syn::parse_quote!(#[allow(#lints)]))
}

impl Attributes {
    fn sort(attributes: Vec<Attribute>) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes {
            let allowed = allowed(&attribute);
            sorted.allowed.extend(allowed.clone());
            let place = match attribute.path().get_ident().map(ToString::to_string).as_deref() {
                Some("cfg") => &mut sorted.cfg,
                Some("doc") => &mut sorted.docs,
                Some("deprecated") => &mut sorted.surface,
                _ => &mut sorted.own,
            };
            // An expectation of the whole is not one of each part.
            place.push(allowed.unwrap_or(attribute));
        }
        sorted
    }

    /// Returns only the `cfg` attributes.
    pub(crate) fn cfg(&self) -> TokenStream {
        let cfg = &self.cfg;
        quote!(#(#cfg)*)
    }

    /// Returns the attributes of the function that is called, documented by `otherwise` if the user has not documented
    /// it.
    pub(crate) fn surface(&self, otherwise: &str) -> TokenStream {
        let Self { cfg, docs, surface, allowed, .. } = self;
        let otherwise = docs.is_empty().then(|| quote!(#[doc = #otherwise]));
        quote!(#(#cfg)* #(#docs)* #otherwise #(#surface)* #(#allowed)*)
    }

    /// Returns the attributes for the user's own function, whose span is named.
    pub(crate) fn own(&self, name: &str) -> Vec<Attribute> {
        self.own.iter().map(|attribute| instrument::named(attribute, name)).collect()
    }

    /// Returns the lints that the user allows.
    pub(crate) fn allowed(&self) -> TokenStream {
        let allowed = &self.allowed;
        quote!(#(#allowed)*)
    }
}

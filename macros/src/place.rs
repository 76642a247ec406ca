//! The surroundings of a function in its file. A macro gets only its own item, so the tokens of the file are
//! read again. Without the file, for example in an editor or within another macro, nothing is found.

mod outline;

use crate::faults::Faults;
use crate::name;
use outline::{Holder, Kind, Outline};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;
use syn::{FnArg, ItemFn, ReturnType};

/// Checks that a function is one of a module or a block, and the only one of its name there. Returns what to leave in
/// its place if not, so that its uses cause no further errors.
pub(crate) fn check(
    item: TokenStream,
    function: &ItemFn,
    kind: &str,
    faults: &Faults,
) -> Result<Option<Around>, TokenStream> {
    let ident = &function.sig.ident;
    let name = name::plain(ident);
    let Some((outline, file, line)) = outline() else { return Ok(None) };
    let Some(this) = outline.find(&name, outline::hash(item)) else { return Ok(None) };
    if this.holder != Holder::Module {
        let help = "move it out of the `impl`; an `impl` whose steps are a workflow of events has `#[workflow]`";
        faults.add(ident, format!("a {kind} is a function of its own, not one of an `impl`"), help);
        let is_of_trait = this.holder == Holder::Trait;
        return Err(if is_of_trait { as_declared(function) } else { stand_in(function, kind) });
    }
    let help = "give one of them another name";
    if is_second(&file, this.scope, &name, line) {
        faults.add(ident, format!("another step, transaction or workflow here has the name `{name}`"), help);
        return Err(TokenStream::new());
    }
    // Of two that depend on a condition, only one may be there.
    let others = outline.beside(this).filter(|other| !(other.is_ours || other.has_cfg() || this.has_cfg()));
    match others.map(|other| other.kind).next() {
        Some(Kind::Function) => {
            faults.add(ident, format!("another function here has the name `{name}`"), help);
            Err(TokenStream::new())
        }
        Some(Kind::Data | Kind::Other) => {
            faults.add(
                ident,
                format!("a {kind} is a type too, and another type or module here has the name `{name}`"),
                help,
            );
            Err(stand_in(function, kind))
        }
        None => Ok(Some(Around { scope: this.scope, outline: outline.clone(), file, line })),
    }
}

/// The surroundings of a function.
pub(crate) struct Around {
    outline: Arc<Outline>,
    file: State,
    line: usize,
    scope: usize,
}

impl Around {
    /// Returns whether a name is that of a struct or an enum beside the function.
    pub(crate) fn is_data(&self, name: &str) -> bool {
        self.outline.is_data(name, self.scope)
    }

    /// Returns whether a name is that of a struct or an enum beside the function that surely is no context.
    pub(crate) fn is_plain_data(&self, name: &str) -> bool {
        self.outline.is_plain_data(name, self.scope)
    }

    /// Returns whether this function is the first beside which a fault of that name is found.
    pub(crate) fn is_first(&self, name: &str) -> bool {
        // No function has such a name.
        !is_second(&self.file, self.scope, &format!("{name} "), self.line)
    }
}

/// A file as it was read: another state of it is another file.
type State = (PathBuf, u64, Option<SystemTime>);

/// Returns the outline of the file in which the macro was called, and the line of the call.
fn outline() -> Option<(Arc<Outline>, State, usize)> {
    static KNOWN: LazyLock<Mutex<HashMap<State, Arc<Outline>>>> = LazyLock::new(Mutex::default);
    if !proc_macro::is_available() {
        return None;
    }
    let call = proc_macro::Span::call_site();
    // The examples of a text are not read as Rust.
    let file = call.local_file().filter(|file| file.extension().is_some_and(|extension| extension == "rs"))?;
    let about = std::fs::metadata(&file).ok()?;
    let state = (file, about.len(), about.modified().ok());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let outline = known.entry(state.clone()).or_insert_with(|| {
        let text = std::fs::read_to_string(&state.0).unwrap_or_default();
        Arc::new(Outline::of(text.parse().unwrap_or_default()))
    });
    Some((outline.clone(), state, call.line()))
}

/// Returns whether a function of this name was expanded in this scope before, from another line.
fn is_second(file: &State, scope: usize, name: &str, line: usize) -> bool {
    type Place = (State, usize, String);
    static LINES: LazyLock<Mutex<HashMap<Place, usize>>> = LazyLock::new(Mutex::default);
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    *lines.entry((file.clone(), scope, name.to_owned())).or_insert(line) != line
}

/// Generates the function with its signature, which a trait declares.
fn as_declared(function: &ItemFn) -> TokenStream {
    let (attributes, vis, sig) = (&function.attrs, &function.vis, &function.sig);
    quote! {
        #(#attributes)*
        #[allow(unused_variables, reason = "a stand-in for a misplaced function")]
        #vis #sig {
            ::core::unimplemented!()
        }
    }
}

/// Generates a function that takes whatever a step or a workflow is called with.
fn stand_in(function: &ItemFn, kind: &str) -> TokenStream {
    let (vis, ident) = (&function.vis, &function.sig.ident);
    let ReturnType::Type(_, output) = &function.sig.output else { return TokenStream::new() };
    let types = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(&typed.ty),
        FnArg::Receiver(_) => None,
    });
    let allow = quote!(#[allow(dead_code, unused_variables, reason = "a stand-in for a misplaced function")]);
    if kind == "workflow" {
        let input = types.skip(1).map(|ty| quote!(#ty)).next();
        let parameter = input.iter();
        let ty = input.clone().unwrap_or_else(|| quote!(()));
        return quote! {
            #allow
            #vis fn #ident(
                _: &dyn ::steadfast::__private::StartArgument<()> #(, _: #parameter)*
            ) -> ::steadfast::__private::Body<::steadfast::__private::Refused<#ty, #output>> {
                ::core::unimplemented!()
            }
        };
    }
    let arguments =
        types.filter(|ty| !matches!(***ty, syn::Type::Reference(_))).map(|_| quote!(_: impl ::core::marker::Sized));
    quote! {
        #allow
        #vis async fn #ident(_: &(impl ?::core::marker::Sized), #(#arguments),*) -> #output {
            ::core::unimplemented!()
        }
    }
}

//! The options of `#[workflow(..)]`.

mod word;

use crate::faults::Faults;
use crate::name;
use crate::suggest;
use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, Path, Token, Type};
use word::Word;

/// The options of a workflow.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) context: Option<Type>,
    /// The type of the state that its concurrent steps share.
    pub(crate) state: Option<Type>,
    /// The resources that its steps take.
    pub(crate) resources: Vec<Type>,
    /// The version among the functions of its name.
    pub(crate) version: Option<u32>,
    /// The roles of which its principal needs one.
    pub(crate) roles: Vec<String>,
    /// The step that runs once a run is cancelled.
    pub(crate) on_cancel: Vec<Path>,
}

impl Options {
    pub(crate) fn parse(attribute: TokenStream, faults: &Faults) -> Self {
        let mut options = Self::default();
        let words = syn::parse::Parser::parse2(Punctuated::<Word, Token![,]>::parse_terminated, attribute);
        let help = "write `#[workflow(context = OrderContext, resources(Db))]`";
        let (mut lists, mut seen) = (0, Vec::new());
        for word in faults.read(words, help).into_iter().flatten() {
            match word {
                Word::Context(word, ty) => {
                    if options.context.replace(ty).is_some() {
                        faults.add(word, "`context` is given twice", "keep one: a workflow has one context");
                    }
                }
                Word::State(word, ty) => {
                    if options.state.replace(ty).is_some() {
                        faults.add(word, "`state` is given twice", "keep one: what a run shares is one struct");
                    }
                }
                Word::Resources(word, types) => {
                    lists += 1;
                    if lists > 1 {
                        faults.add(&word, "`resources` is given twice", "make them one list: `resources(Db, Index)`");
                    }
                    options.resources(&word, types, faults);
                }
                Word::Roles(list) => {
                    if first(&list.path, &mut seen, faults) {
                        options.roles = name::roles(&list, faults);
                    }
                }
                Word::Other(meta) if meta.path.is_ident("resources") => resources_is_a_list(&meta, faults),
                Word::Other(meta) if meta.path.is_ident("roles") => roles_is_a_list(&meta, faults),
                Word::Other(meta) if meta.path.is_ident("version") => {
                    if first(&meta.path, &mut seen, faults) {
                        options.version = version(&meta.value, faults);
                    }
                }
                Word::Other(meta) if meta.path.is_ident("on_cancel") => {
                    if first(&meta.path, &mut seen, faults) {
                        options.on_cancel = on_cancel(&meta.value, faults);
                    }
                }
                Word::Other(meta) if meta.path.is_ident("name") => options.name = name::recorded(&meta, faults),
                Word::Other(meta) => unknown(&name::as_written(&meta.path), &meta.path, faults),
                Word::Unfinished(word) => options.unfinished(&word, faults),
            }
        }
        options
    }

    /// Reports an option without its value.
    fn unfinished(&mut self, word: &Ident, faults: &Faults) {
        let (fault, help) = match word.to_string().as_str() {
            "roles" => return roles_is_a_list(word, faults),
            "resources" => return resources_is_a_list(word, faults),
            "version" => ("`version` says which of the functions of its name this is", VERSION),
            "on_cancel" => (ON_CANCEL, RELEASE),
            "context" => ("`context` names the type of the context", "write `context = OrderContext`"),
            "state" => ("`state` names the type of what concurrent steps share", "write `state = Progress`"),
            "name" => ("`name` gives the recorded name", "write `name = \"process_order\"`"),
            name if name.starts_with(char::is_uppercase) => {
                let fault = format!("`{word}` stands here without a word that says what it is");
                faults.add(word, fault, format!("write `context = {word}`"));
                self.context = Some(syn::parse_quote!(#word));
                return;
            }
            name => return unknown(name, word, faults),
        };
        faults.add(word, fault, help);
    }

    /// Refuses `resources(Db, Db)` and `resources()`.
    fn resources(&mut self, word: &Ident, types: Vec<Type>, faults: &Faults) {
        if types.is_empty() {
            resources_is_a_list(word, faults);
        }
        for ty in types {
            let written = name::as_written(&ty);
            if self.resources.iter().any(|before| name::as_written(before) == written) {
                faults.add(&ty, format!("`{written}` is named twice"), "keep one of them");
            } else {
                self.resources.push(ty);
            }
        }
    }
}

fn resources_is_a_list(place: &impl quote::ToTokens, faults: &Faults) {
    faults.add(place, "`resources` names the types that the steps take", "write `resources(Db, Index)`");
}

fn roles_is_a_list(place: &impl quote::ToTokens, faults: &Faults) {
    faults.add(place, "`roles` is a list of names", name::ROLES);
}

const VERSION: &str = "write `version = 2`; without `version` it is 1";
const ON_CANCEL: &str = "`on_cancel` names the steps that run once the run is told to stop";
const RELEASE: &str = "write `on_cancel = release_all`, or `on_cancel = [release_all, refund]`, for a `#[step]` that takes the reason, a \
                       `String`, and nothing else but the context";

/// Returns whether an option is given for the first time.
fn first(word: &Path, seen: &mut Vec<String>, faults: &Faults) -> bool {
    let written = name::as_written(word);
    let first = !seen.contains(&written);
    if !first {
        faults.add(word, format!("`{written}` is given twice"), "keep one of them");
    }
    seen.push(written);
    first
}

fn version(value: &Expr, faults: &Faults) -> Option<u32> {
    if let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = value
        && let Ok(version @ 1..) = number.base10_parse()
    {
        return Some(version);
    }
    faults.add(value, "versions of a workflow are whole numbers from 1 on", VERSION);
    None
}

/// Reads `release_all`, or `[release_all, refund]`.
fn on_cancel(value: &Expr, faults: &Faults) -> Vec<Path> {
    let steps = match value {
        Expr::Array(steps) if !steps.elems.is_empty() => steps.elems.iter().collect(),
        one => vec![one],
    };
    let mut paths = Vec::new();
    for step in steps {
        if let Expr::Path(step) = step {
            paths.push(step.path.clone());
        } else {
            faults.add(step, ON_CANCEL, RELEASE);
        }
    }
    paths
}

fn unknown(word: &str, place: &impl quote::ToTokens, faults: &Faults) {
    let help = suggest::help(word, &["context", "state", "resources", "name", "version", "roles", "on_cancel"]);
    faults.add(place, format!("`{word}` is not an option of a workflow"), help);
}

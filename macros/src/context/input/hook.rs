//! The options `restore = open_db` and `restore(open_index, after = db)`.

use super::Hook;
use super::words;
use crate::faults::Faults;
use crate::name;
use crate::suggest;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprPath, Ident, Meta, MetaList, Token};

const HELP: &str =
    "write `restore = open_db`, `restore(open_index, after = db)` or `restore(open_index, after(db, cache))`";

pub(super) fn read(meta: &Meta, faults: &Faults) -> Option<Hook> {
    match meta {
        Meta::NameValue(pair) => {
            let path = words::path(meta);
            if path.is_none() {
                let help = "write a name: `restore = open_db`, with an `async fn open_db(..)` next to the struct";
                faults.add(&pair.value, "a restore hook is the name of an async function", help);
            }
            path.map(|path| Hook { path: path.clone(), after: Vec::new() })
        }
        Meta::List(list) => {
            let Listed { path, rest } = faults.read(list.parse_args(), HELP)?;
            let mut after = None;
            for meta in &rest {
                if !meta.path().is_ident("after") {
                    let word = name::as_written(meta.path());
                    let fault = format!("`{word}` is not an option of `restore`");
                    faults.add(meta.path(), fault, suggest::help(&word, &["after"]));
                } else if after.is_some() {
                    faults.add(meta.path(), "`after` is given twice", "write all names into one: `after(db, cache)`");
                } else {
                    after = Some(names(meta, faults));
                }
            }
            Some(Hook { path, after: after.unwrap_or_default() })
        }
        Meta::Path(_) => {
            faults.add(meta, "`restore` names no hook", HELP);
            None
        }
    }
}

/// Returns the names in `after = db` or `after(db, cache)`.
fn names(meta: &Meta, faults: &Faults) -> Vec<Ident> {
    let several = |list: &MetaList| list.parse_args_with(Punctuated::<Ident, Token![,]>::parse_terminated);
    let names = match meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Path(path) => path.path.get_ident().map(|name| vec![name.clone()]),
            _ => None,
        },
        Meta::List(list) => several(list).ok().map(|names| names.into_iter().collect()),
        Meta::Path(_) => None,
    };
    let names = names.unwrap_or_default();
    if names.is_empty() {
        faults.add(meta, "`after` names transient fields of this struct", HELP);
    }
    names
}

/// The contents of the parentheses of `restore(..)`.
struct Listed {
    path: ExprPath,
    rest: Punctuated<Meta, Token![,]>,
}

impl Parse for Listed {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        Ok(Self { path, rest: Punctuated::parse_terminated(input)? })
    }
}

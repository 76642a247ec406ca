//! The options of `#[step(..)]` and `#[collect(..)]` that only an event-driven workflow has.

use crate::duration::Duration;
use crate::faults::Faults;
use crate::function::Parameter;
use crate::name;
use crate::step::attribute::{List, Options, Seen};
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta, Path, Token, Type};

/// The options of a step that only an event-driven workflow has.
#[derive(Default)]
pub(super) struct Routing {
    /// The number of its calls that run at once.
    pub(super) workers: Option<(Path, usize)>,
    /// The number of failures of other steps that it catches along one chain of events.
    pub(super) catch: Option<(Path, u32)>,
    pub(super) every: Option<(Path, Duration)>,
    pub(super) after: Option<(Path, Duration)>,
    /// The events that it sends by hand.
    pub(super) sends: Vec<Type>,
}

/// The options of `#[collect]`, `#[collect(3)]`, `#[collect(from = fetch)]`.
#[derive(Default)]
pub(super) struct Collect {
    pub(super) count: Option<usize>,
    pub(super) from: Option<Ident>,
}

const CATCH: &str =
    "write `#[step(catch)]`, or `#[step(catch = 3)]` to take up to three failures in one line of descent";
const SENDS: &str = "write `#[step(sends(Progress, Chunk))]`: the types that `scope.send(..)` is called with";
const COLLECT: &str =
    "write `#[collect]`, `#[collect(3)]` for so many, or `#[collect(from = fetch)]` for the fan-out of a step";

/// Parses the options of a step, and those for its place in the graph.
pub(super) fn parse(attribute: &Attribute, faults: &Faults) -> (Options, Routing) {
    let (mut routing, mut rest) = (Routing::default(), TokenStream::new());
    let Meta::List(list) = &attribute.meta else {
        if let Meta::NameValue(pair) = &attribute.meta {
            faults.add(pair, "`step` is written another way", "write `#[step]` or `#[step(workers = 4)]`");
        }
        return (Options::default(), routing);
    };
    let mut seen = Seen(Vec::new());
    let metas = List::parse_terminated.parse2(list.tokens.clone());
    let Ok(metas) = metas else {
        // The other parser reports the error.
        return (Options::parse(list.tokens.clone(), faults), routing);
    };
    for meta in metas {
        let word = name::as_written(meta.path());
        if !["workers", "catch", "every", "after", "sends"].contains(&word.as_str()) {
            rest.extend(quote!(#meta,));
        } else if seen.first(&meta, faults) {
            routing.one(&word, &meta, faults);
        }
    }
    (Options::parse(rest, faults), routing)
}

impl Routing {
    fn one(&mut self, word: &str, meta: &Meta, faults: &Faults) {
        match (word, meta) {
            ("workers", Meta::NameValue(pair)) => match whole(&pair.value) {
                Some(most @ 1..) => self.workers = Some((pair.path.clone(), most)),
                _ => faults.add(&pair.value, "workers are counted from 1", "write a whole number: `workers = 4`"),
            },
            ("catch", Meta::Path(path)) => self.catch = Some((path.clone(), 1)),
            ("catch", Meta::NameValue(pair)) => match whole(&pair.value).and_then(|times| u32::try_from(times).ok()) {
                Some(times @ 1..) => self.catch = Some((pair.path.clone(), times)),
                _ => faults.add(&pair.value, "failures are counted from 1", CATCH),
            },
            ("every" | "after", Meta::NameValue(pair)) => {
                let time = Duration::parse(&pair.value, faults);
                if time.is_some_and(Duration::is_zero) {
                    faults.add(&pair.value, "a step on a timer waits for some time", "write a time that is not zero");
                }
                let time = time.map(|time| (pair.path.clone(), time));
                if word == "every" { self.every = time } else { self.after = time }
            }
            ("sends", Meta::List(list)) => {
                let types = list.parse_args_with(Punctuated::<Type, Token![,]>::parse_terminated);
                self.sends = faults.read(types, SENDS).into_iter().flatten().collect();
                if self.sends.is_empty() {
                    faults.add(meta, "`sends` names at least one event", SENDS);
                }
            }
            ("workers", _) => faults.add(meta, "`workers` is written another way", "write `workers = 4`"),
            ("catch", _) => faults.add(meta, "`catch` is written another way", CATCH),
            ("sends", _) => faults.add(meta, "`sends` is written another way", SENDS),
            (word, _) => {
                faults.add(meta, format!("`{word}` is written another way"), format!("write `{word} = \"30s\"`"));
            }
        }
    }
}

impl Collect {
    /// Removes `#[collect..]` from a parameter, and parses it.
    pub(super) fn take(parameter: &mut Parameter, faults: &Faults) -> Option<Self> {
        let all = std::mem::take(&mut parameter.attributes);
        let (marks, rest): (Vec<Attribute>, Vec<_>) = all.into_iter().partition(|mark| mark.path().is_ident("collect"));
        parameter.attributes = rest;
        if let Some(twice) = marks.get(1) {
            faults.add(twice, "`collect` is given twice", "keep one of them");
        }
        marks.first().map(|mark| Self::parse(mark, faults))
    }

    fn parse(mark: &Attribute, faults: &Faults) -> Self {
        let mut collect = Self::default();
        let list = match &mark.meta {
            Meta::Path(_) => return collect,
            Meta::List(list) => list,
            Meta::NameValue(_) => {
                faults.add(mark, "`collect` is written another way", COLLECT);
                return collect;
            }
        };
        if let Ok(count) = list.parse_args::<syn::LitInt>() {
            collect.count = count.base10_parse().ok().filter(|count| *count > 0);
            if collect.count.is_none() {
                faults.add(count, "events are counted from 1", COLLECT);
            }
        } else if let Ok(pair) = list.parse_args::<syn::MetaNameValue>()
            && pair.path.is_ident("from")
            && let Expr::Path(path) = &pair.value
            && let Some(step) = path.path.get_ident()
        {
            collect.from = Some(step.clone());
        } else {
            faults.add(mark, "`collect` is written another way", COLLECT);
        }
        collect
    }
}

fn whole(value: &Expr) -> Option<usize> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    }
}

//! The options of `#[step(..)]`.

use crate::duration::Duration;
use crate::faults::Faults;
use crate::name;
use crate::suggest;
use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, Meta, MetaNameValue, Path, Token};

/// The options of a step.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<Retry>,
    pub(crate) blocking: bool,
    /// The field store for its results.
    pub(crate) store: Option<syn::LitStr>,
    /// The roles of which the run's principal needs one.
    pub(crate) roles: Vec<String>,
    /// The queue in which its calls wait for another engine.
    pub(crate) queue: Option<syn::LitStr>,
}

/// The options of `retry(..)`; missing ones have defaults.
#[derive(Default)]
pub(crate) struct Retry {
    pub(crate) attempts: Option<u32>,
    pub(crate) backoff: Option<Duration>,
    pub(crate) factor: Option<f64>,
    pub(crate) max_backoff: Option<Duration>,
    pub(crate) jitter: Option<f64>,
    pub(crate) unless: Option<Path>,
}

const OPTIONS: [&str; 7] = ["name", "timeout", "retry", "blocking", "store", "roles", "queue"];
pub(crate) const RETRY: [&str; 6] = ["attempts", "backoff", "factor", "max_backoff", "jitter", "unless"];

const HELP: &str = "write `#[step(timeout = \"30s\", retry(attempts = 5, backoff = \"200ms\"))]`";

pub(crate) type List = Punctuated<Meta, Token![,]>;

/// Parses the options of an attribute, and has each read once.
pub(crate) fn each(attribute: TokenStream, help: &str, faults: &Faults, mut read: impl FnMut(&Meta)) {
    let mut seen = Seen(Vec::new());
    for meta in faults.read(List::parse_terminated.parse2(attribute), help).into_iter().flatten() {
        if seen.first(&meta, faults) {
            read(&meta);
        }
    }
}

/// The options seen so far, to report repeated ones.
pub(crate) struct Seen(pub(crate) Vec<String>);

impl Seen {
    pub(crate) fn first(&mut self, meta: &Meta, faults: &Faults) -> bool {
        let word = name::as_written(meta.path());
        let first = !self.0.contains(&word);
        if !first {
            faults.add(meta.path(), format!("`{word}` is given twice"), "keep one of them");
        }
        self.0.push(word);
        first
    }
}

impl Options {
    pub(crate) fn parse(attribute: TokenStream, faults: &Faults) -> Self {
        let mut options = Self::default();
        each(attribute, HELP, faults, |meta| options.one(meta, faults));
        options
    }

    fn one(&mut self, meta: &Meta, faults: &Faults) {
        let word = name::as_written(meta.path());
        match (word.as_str(), meta) {
            ("name", Meta::NameValue(meta)) => self.name = name::recorded(meta, faults),
            ("timeout", Meta::NameValue(meta)) => {
                self.timeout = Duration::parse(&meta.value, faults);
                if self.timeout.is_some_and(Duration::is_zero) {
                    faults.add(
                        &meta.value,
                        "a step without time can only time out",
                        "leave `timeout` away for no limit",
                    );
                }
            }
            ("retry", Meta::List(list)) => self.retry = Some(Retry::parse(list, faults)),
            ("blocking", Meta::Path(_)) => self.blocking = true,
            (
                "store",
                Meta::NameValue(MetaNameValue { value: Expr::Lit(ExprLit { lit: Lit::Str(store), .. }), .. }),
            ) if !store.value().is_empty() => {
                self.store = Some(store.clone());
            }
            ("store", _) => {
                faults.add(meta, "a store is named by a text that is not empty", "write `store = \"blobs\"`");
            }
            (
                "queue",
                Meta::NameValue(MetaNameValue { value: Expr::Lit(ExprLit { lit: Lit::Str(queue), .. }), .. }),
            ) if !queue.value().is_empty() => {
                self.queue = Some(queue.clone());
            }
            ("queue", _) => {
                faults.add(meta, "a queue is named by a text that is not empty", "write `queue = \"gpu\"`");
            }
            ("roles", Meta::List(list)) => self.roles = name::roles(list, faults),
            ("roles", _) => faults.add(meta, "`roles` is a list of names", name::ROLES),
            ("name", _) => wrong_form(meta, "name = \"charge\"", faults),
            ("timeout", _) => wrong_form(meta, "timeout = \"30s\"", faults),
            ("retry", _) => wrong_form(meta, "retry(attempts = 5, backoff = \"200ms\")", faults),
            ("blocking", _) => wrong_form(meta, "blocking", faults),
            _ if RETRY.contains(&word.as_str()) => {
                let rest = if word == "attempts" { String::new() } else { format!(", {word} = ..") };
                let help = format!("write `retry(attempts = 5{rest})`");
                faults.add(meta.path(), format!("`{word}` is a part of `retry`"), help);
            }
            _ => {
                faults.add(meta.path(), format!("`{word}` is not an option of a step"), suggest::help(&word, &OPTIONS));
            }
        }
    }
}

pub(crate) fn wrong_form(meta: &Meta, right: &str, faults: &Faults) {
    let word = name::as_written(meta.path());
    faults.add(meta, format!("`{word}` is written another way"), format!("write `{right}`"));
}

impl Retry {
    pub(crate) fn parse(list: &syn::MetaList, faults: &Faults) -> Self {
        let mut retry = Self::default();
        let mut seen = Seen(Vec::new());
        let metas = faults.read(list.parse_args_with(List::parse_terminated), HELP);
        let mut readable = metas.is_some();
        for meta in metas.into_iter().flatten() {
            let word = name::as_written(meta.path());
            match &meta {
                Meta::NameValue(pair) if RETRY.contains(&word.as_str()) => {
                    if seen.first(&meta, faults) {
                        retry.one(&word, pair, faults);
                    }
                }
                _ if RETRY.contains(&word.as_str()) => wrong_form(&meta, &format!("{word} = .."), faults),
                _ => {
                    // It may have been meant as the option that is missing.
                    readable = false;
                    faults.add(
                        meta.path(),
                        format!("`{word}` is not an option of `retry`"),
                        suggest::help(&word, &RETRY),
                    );
                }
            }
        }
        if readable && !seen.0.iter().any(|word| word == "attempts") {
            faults.add(
                &list.path,
                "`retry` does not say how many attempts may fail",
                "write `retry(attempts = 5, ..)`",
            );
        }
        let of_waits = ["backoff", "factor", "max_backoff", "jitter", "unless"];
        if let (Some(1), Some(word)) = (retry.attempts, seen.0.iter().find(|word| of_waits.contains(&word.as_str()))) {
            let help = format!("raise `attempts`, or take `{word}` away");
            faults.add(&list.path, format!("one attempt is not repeated, so `{word}` changes nothing"), help);
        }
        if let (Some(first), Some(longest)) = (retry.backoff, retry.max_backoff)
            && first > longest
        {
            let help = "make `max_backoff` at least as long as `backoff`";
            faults.add(&list.path, "the first wait is longer than the longest", help);
        }
        retry
    }

    fn one(&mut self, word: &str, pair: &MetaNameValue, faults: &Faults) {
        let value = &pair.value;
        match word {
            "attempts" => self.attempts = attempts(value, faults),
            "backoff" => self.backoff = Duration::parse(value, faults),
            "max_backoff" => self.max_backoff = Duration::parse(value, faults),
            "factor" => {
                let help = "write a number from 1 on: `factor = 2.0` doubles the wait each time";
                self.factor = number(value, |factor| factor >= 1.0, "the wait cannot become shorter", help, faults);
            }
            "jitter" => {
                let help = "write a number from 0 (none) to 1 (the whole wait): `jitter = 0.1`";
                let inside = |jitter| (0.0..=1.0).contains(&jitter);
                self.jitter = number(value, inside, "jitter is a share of the wait", help, faults);
            }
            _ => match value {
                Expr::Path(path) => self.unless = Some(path.path.clone()),
                other => faults.add(
                    other,
                    "`unless` names a function of the error",
                    "write `unless = CardError::is_final` for an `fn is_final(&self) -> bool`",
                ),
            },
        }
    }
}

fn attempts(value: &Expr, faults: &Faults) -> Option<u32> {
    if let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = value
        && let Ok(attempts @ 1..) = number.base10_parse()
    {
        return Some(attempts);
    }
    faults.add(value, "attempts are counted from 1", "write a whole number: `attempts = 5`");
    None
}

fn number(value: &Expr, fits: impl Fn(f64) -> bool, fault: &str, help: &str, faults: &Faults) -> Option<f64> {
    let number = match value {
        Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => number.base10_parse::<f64>().ok(),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse::<u32>().ok().map(f64::from),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite() && fits(*number));
    if number.is_none() {
        faults.add(value, fault, help);
    }
    number
}

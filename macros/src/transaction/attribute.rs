//! The options of `#[transaction(..)]`.

use crate::duration::Duration;
use crate::faults::Faults;
use crate::name;
use crate::step::attribute::{Options as StepOptions, RETRY, Retry, each, wrong_form};
use crate::suggest;
use proc_macro2::TokenStream;
use syn::Meta;

/// The options of a transaction: its own, and those of a step that apply to it.
#[derive(Default)]
pub(super) struct Options {
    pub(super) step: StepOptions,
    pub(super) time_limit: Option<Duration>,
}

const OPTIONS: [&str; 3] = ["name", "retry", "time_limit"];

const HELP: &str = "write `#[transaction(time_limit = \"250ms\", retry(attempts = 5, backoff = \"200ms\"))]`";

impl Options {
    pub(super) fn parse(attribute: TokenStream, faults: &Faults) -> Self {
        let mut options = Self::default();
        each(attribute, HELP, faults, |meta| options.one(meta, faults));
        options
    }

    fn one(&mut self, meta: &Meta, faults: &Faults) {
        let word = name::as_written(meta.path());
        match (word.as_str(), meta) {
            ("name", Meta::NameValue(meta)) => self.step.name = name::recorded(meta, faults),
            ("time_limit", Meta::NameValue(meta)) => {
                self.time_limit = Duration::parse(&meta.value, faults);
                if self.time_limit.is_some_and(Duration::is_zero) {
                    let help = "leave `time_limit` away for 250 ms";
                    faults.add(&meta.value, "a transaction without time can only be rolled back", help);
                }
            }
            ("retry", Meta::List(list)) => self.step.retry = Some(Retry::parse(list, faults)),
            ("name", _) => wrong_form(meta, "name = \"book\"", faults),
            ("time_limit", _) => wrong_form(meta, "time_limit = \"250ms\"", faults),
            ("retry", _) => wrong_form(meta, "retry(attempts = 5, backoff = \"200ms\")", faults),
            ("timeout", _) => {
                let fault = "a transaction has a `time_limit`: while it runs, nobody else can commit";
                faults.add(meta.path(), fault, "write `time_limit = \"250ms\"`");
            }
            ("blocking", _) => {
                let fault = "a transaction always blocks its thread, and that of the commits";
                faults.add(meta.path(), fault, "leave `blocking` away");
            }
            ("queue", _) => {
                let fault = "a transaction runs in the commit of its workflow's entries, which no other process makes";
                faults.add(meta.path(), fault, "leave `queue` away, or make it a step: `#[step(queue = ..)]`");
            }
            _ if RETRY.contains(&word.as_str()) => {
                let rest = if word == "attempts" { String::new() } else { format!(", {word} = ..") };
                let help = format!("write `retry(attempts = 5{rest})`");
                faults.add(meta.path(), format!("`{word}` is a part of `retry`"), help);
            }
            _ => {
                let fault = format!("`{word}` is not an option of a transaction");
                faults.add(meta.path(), fault, suggest::help(&word, &OPTIONS));
            }
        }
    }
}

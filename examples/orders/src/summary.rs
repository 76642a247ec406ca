//! The summary: the outcomes of the orders, and the effects of the outside services. It is the same after any number of
//! stops.

use crate::ledger::{Answer, Entry};
use crate::workflow::Outcome;
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The outcome of one order, or the reason why it has none.
pub(crate) type Settled = Result<Outcome, String>;

/// Orders by outcome, and effects by step.
#[derive(Default)]
pub(crate) struct Summary {
    outcomes: BTreeMap<String, Sum>,
    faulty_lines: usize,
    effects: BTreeMap<String, Effects>,
    /// The number of requests whose key was already answered, because a stop came between the answer and its record.
    pub(crate) repeated: usize,
}

#[derive(Default)]
struct Sum {
    orders: u64,
    cents: u64,
}

#[derive(Default)]
struct Effects {
    done: BTreeSet<String>,
    cents: u64,
    refused: BTreeSet<String>,
    retried: BTreeSet<String>,
    /// The keys whose answer was lost, so that another request is expected.
    unheard: BTreeSet<String>,
}

impl Summary {
    /// Sums up the settled orders, the faulty lines, and the ledger's entries about these orders.
    pub(crate) fn new(settled: &BTreeMap<u64, Settled>, faulty_lines: usize, ledger: Vec<Entry>) -> Self {
        let mut summary = Self { faulty_lines, ..Self::default() };
        for outcome in settled.values() {
            let (name, cents) = name(outcome);
            let sum = summary.outcomes.entry(name).or_default();
            sum.orders += 1;
            sum.cents += cents;
        }
        for entry in ledger {
            if settled.contains_key(&entry.order) {
                summary.count(entry);
            }
        }
        summary
    }

    fn count(&mut self, Entry { key, step, cents, answer, .. }: Entry) {
        let effects = self.effects.entry(step).or_default();
        if matches!(answer, Answer::Busy | Answer::Lost) {
            effects.retried.insert(key.clone());
        }
        if answer == Answer::Lost {
            effects.unheard.insert(key.clone());
        }
        let expected = match answer {
            Answer::Busy => true,
            Answer::Refused => effects.refused.insert(key),
            Answer::Done | Answer::Lost if effects.done.insert(key.clone()) => {
                effects.cents += cents;
                true
            }
            Answer::Done | Answer::Lost => effects.unheard.remove(&key),
        };
        self.repeated += usize::from(!expected);
    }
}

/// Returns the row in which an order is counted, and its amount.
fn name(settled: &Settled) -> (String, u64) {
    match settled {
        Ok(Outcome::Shipped { reviewed: false, cents }) => ("shipped".into(), *cents),
        Ok(Outcome::Shipped { reviewed: true, cents }) => ("shipped after a review".into(), *cents),
        Ok(Outcome::Declined { reason, cents }) => (format!("declined: {reason}"), *cents),
        Ok(Outcome::SoldOut { sku, cents }) => (format!("sold out: {sku}"), *cents),
        Ok(Outcome::Rejected { cents }) => ("rejected in a review".into(), *cents),
        Err(_) => ("without an end".into(), 0),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut orders = table(["Outcome", "Orders", "Amount"]);
        for (name, sum) in &self.outcomes {
            orders.add_row(row(name, [grouped(sum.orders), euros(sum.cents)]));
        }
        let all = self.outcomes.values();
        let (number, cents) = all.fold((0, 0), |(orders, cents), sum| (orders + sum.orders, cents + sum.cents));
        orders.add_row(row("all orders", [grouped(number), euros(cents)]));
        orders.add_row(row("faulty lines", [grouped(self.faulty_lines as u64), String::new()]));
        writeln!(f, "{orders}")?;

        let mut steps = table(["Step", "Done", "Refused", "Tried again", "Amount"]);
        for (step, effects) in &self.effects {
            let counts = [&effects.done, &effects.refused, &effects.retried].map(|keys| grouped(keys.len() as u64));
            let [done, refused, retried] = counts;
            steps.add_row(row(step, [done, refused, retried, euros(effects.cents)]));
        }
        writeln!(f, "{steps}")
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row<const N: usize>(name: &str, values: [String; N]) -> Vec<Cell> {
    std::iter::once(Cell::new(name)).chain(values.into_iter().map(Cell::new)).collect()
}

fn euros(cents: u64) -> String {
    format!("{}.{:02} €", grouped(cents / 100), cents % 100)
}

/// Formats a number with a comma before every three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Summary, euros, grouped};
    use crate::ledger::{Answer, Entry};
    use crate::workflow::Outcome;
    use std::collections::BTreeMap;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(euros(123_405), "1,234.05 €");
    }

    #[test]
    fn a_request_that_is_repeated_counts_once() {
        let entry = |attempt, answer| {
            let (key, step) = ("key".to_owned(), "charge".to_owned());
            Entry { key, order: 7, step, attempt, cents: 500, answer }
        };
        let settled = BTreeMap::from([(7, Ok(Outcome::Shipped { reviewed: false, cents: 500 }))]);
        let ledger = vec![entry(1, Answer::Lost), entry(2, Answer::Done), entry(3, Answer::Done)];
        let summary = Summary::new(&settled, 0, ledger);
        assert_eq!(summary.effects["charge"].cents, 500);
        assert_eq!(summary.repeated, 1, "the second attempt was no surprise");
    }
}

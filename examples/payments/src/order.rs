//! An order of a transfer. Its number determines it, so that every start has the same orders.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The input of the workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: u32,
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) cents: u32,
    /// The fee in cents, on top of `cents`. Without a fee one transaction makes the whole transfer.
    pub(crate) fee: u32,
}

impl Order {
    /// Returns the order with this number, between two of `accounts` accounts.
    pub(crate) fn of(number: u32, accounts: u32) -> Self {
        let dice = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let drawn = |shift: u32, sides: u32| u32::try_from((dice >> shift) % u64::from(sides)).unwrap_or(0);
        let source = drawn(7, accounts);
        let target = (source + 1 + drawn(23, accounts - 1)) % accounts;
        let fee = if number.is_multiple_of(2) { 25 } else { 0 };
        Self { number, source: source + 1, target: target + 1, cents: 1 + drawn(41, 500), fee }
    }

    /// Returns the id of the run that ends with a receipt: the same order is the same run, however often it is started.
    pub(crate) fn run_id(self) -> String {
        format!("order-{}", self.number)
    }

    /// Returns the id of the run that moves the money.
    pub(crate) fn transfer_id(self) -> String {
        format!("transfer-{}", self.number)
    }
}

/// The outcome of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Moved,
    /// The money was withdrawn, could not be deposited, and was given back.
    GivenBack,
    /// Nothing was withdrawn.
    Refused,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Moved => "moved",
            Self::GivenBack => "given back",
            Self::Refused => "refused",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn an_order_is_between_two_accounts_that_are_there() {
        for accounts in [2, 3, 10] {
            for number in 0..2_000 {
                let Order { source, target, cents, .. } = Order::of(number, accounts);
                assert!((1..=accounts).contains(&source) && (1..=accounts).contains(&target) && source != target);
                assert!((1..=500).contains(&cents));
            }
        }
    }
}

//! The type of an order.

use serde::{Deserialize, Serialize};

/// The input of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) customer: String,
    pub(crate) country: Country,
    pub(crate) items: Vec<Item>,
    pub(crate) cents: u64,
    /// A token for the card: card numbers must not be in a journal.
    pub(crate) card: String,
}

impl Order {
    /// Returns the number of things in the parcel.
    pub(crate) fn units(&self) -> u32 {
        self.items.iter().map(|item| item.quantity).sum()
    }
}

/// An article and its quantity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

/// A country to which parcels can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Country {
    At,
    Be,
    Ch,
    De,
    Es,
    Fr,
    Gb,
    It,
    Nl,
    Pl,
    Se,
    Us,
}

impl Country {
    const CODES: [(&'static str, Self); 12] = [
        ("AT", Self::At),
        ("BE", Self::Be),
        ("CH", Self::Ch),
        ("DE", Self::De),
        ("ES", Self::Es),
        ("FR", Self::Fr),
        ("GB", Self::Gb),
        ("IT", Self::It),
        ("NL", Self::Nl),
        ("PL", Self::Pl),
        ("SE", Self::Se),
        ("US", Self::Us),
    ];

    /// Returns the country with this code.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::CODES.into_iter().find(|(known, _)| *known == code).map(|(_, country)| country)
    }

    /// Returns all codes, for a message.
    pub(crate) fn codes() -> String {
        Self::CODES.map(|(code, _)| code).join(", ")
    }

    /// Returns the carrier's price for a parcel, in cents.
    pub(crate) const fn carriage(self) -> u64 {
        match self {
            Self::De => 490,
            Self::At | Self::Be | Self::Es | Self::Fr | Self::It | Self::Nl | Self::Pl | Self::Se => 990,
            Self::Ch | Self::Gb => 1_990,
            Self::Us => 3_490,
        }
    }
}

//! One order, as its line in the file says.

use serde::{Deserialize, Serialize};

/// The input of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) customer: String,
    pub(crate) country: Country,
    pub(crate) items: Vec<Item>,
    pub(crate) cents: u64,
    /// A token that stands for the card: numbers of cards have no place in a journal.
    pub(crate) card: String,
}

impl Order {
    /// How many things are in the parcel.
    pub(crate) fn units(&self) -> u32 {
        self.items.iter().map(|item| item.quantity).sum()
    }
}

/// One article and how many of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

/// Where a parcel can go.
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

    /// The country with this code.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::CODES.into_iter().find(|(known, _)| *known == code).map(|(_, country)| country)
    }

    /// All codes, for a message.
    pub(crate) fn codes() -> String {
        Self::CODES.map(|(code, _)| code).join(", ")
    }

    /// What the carrier takes for a parcel, in cents.
    pub(crate) const fn carriage(self) -> u64 {
        match self {
            Self::De => 490,
            Self::At | Self::Be | Self::Es | Self::Fr | Self::It | Self::Nl | Self::Pl | Self::Se => 990,
            Self::Ch | Self::Gb => 1_990,
            Self::Us => 3_490,
        }
    }
}

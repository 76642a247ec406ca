//! Durations in attributes: `"200ms"`, `"1.5s"`, `"2m"`, `"1h"`, `"7d"`; checked at the literal.

use crate::faults::Faults;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, ExprLit, Lit};

/// A duration in nanoseconds, as `core::time::Duration` counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Duration(std::time::Duration);

const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)];
const HELP: &str = "write a number and a unit in quotes: \"200ms\", \"1.5s\", \"2m\", \"1h\" or \"7d\"";

impl Duration {
    pub(crate) const MINUTE: Self = Self(std::time::Duration::from_mins(1));

    /// Parses the duration of an attribute, or reports a fault at its literal.
    pub(crate) fn parse(value: &Expr, faults: &Faults) -> Option<Self> {
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value else {
            faults.add(value, "a duration is a number and its unit", HELP);
            return None;
        };
        let parsed = Self::read(&text.value());
        if let Err(fault) = &parsed {
            faults.add(text, fault, HELP);
        }
        parsed.ok()
    }

    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim_start());
        let Ok(count) = number.parse::<f64>() else {
            return Err(format!("`{text}` does not begin with a number"));
        };
        if unit.is_empty() {
            return Err(format!("`{text}` has no unit"));
        }
        let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("`{unit}` is not a unit of time"));
        };
        let duration = std::time::Duration::try_from_secs_f64(count * seconds);
        duration.map(Self).map_err(|_| format!("`{text}` is longer than a duration can be"))
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    pub(crate) fn tokens(self) -> TokenStream {
        let (seconds, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        quote!(::core::time::Duration::new(#seconds, #nanos))
    }
}

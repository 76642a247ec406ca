//! A request for a page: its parameters, who asks, and when.

use crate::access::{Access, Visitor};
use crate::answer::Fault;
use crate::console::Shared;
use std::sync::Arc;
use std::time::SystemTime;
use steadfast::inspect::{Inspector, Paging};
use steadfast::operate::Operator;

/// The longest query of an address, in bytes, and the most parameters in it.
const LONGEST: usize = 8 << 10;
const MOST: usize = 200;

/// The parameters of an address or of a form, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

/// A request for a page.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) query: Query,
    pub(crate) visitor: Visitor,
    /// The views that the visitor has saved: names and queries.
    pub(crate) views: Vec<(String, String)>,
    /// The time to which times are relative.
    pub(crate) now: SystemTime,
}

impl Query {
    /// Reads the query of an address.
    ///
    /// # Errors
    /// It is too long.
    pub(crate) fn of_address(text: Option<&str>) -> Result<Self, Fault> {
        let text = text.unwrap_or_default();
        if text.len() > LONGEST {
            return Err(Fault::too_long(format!(
                "the query of the address has {} bytes, at most {LONGEST}",
                text.len()
            )));
        }
        Self::parse(text.as_bytes())
    }

    /// Reads the body of a form, whose length the server limits.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Fault> {
        let pairs: Vec<_> =
            form_urlencoded::parse(text).take(MOST + 1).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        if pairs.len() > MOST {
            return Err(Fault::bad(format!("the request has more than {MOST} parameters")));
        }
        Ok(Self(pairs))
    }

    /// Returns a parameter; `None` if it is missing or empty, as a form sends a field that was left empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    /// Returns a parameter as it was sent.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns every value of a parameter that is not empty.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Returns a parameter that the page cannot do without.
    ///
    /// # Errors
    /// It is missing.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.text(name).ok_or_else(|| Fault::bad(format!("the address lacks the parameter `{name}`")))
    }

    /// Returns a parameter as a number.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        let read = |text: &str| {
            text.parse()
                .map_err(|_| Fault::bad(format!("`{name}` is a number, not `{}`", crate::values::cut(text, 80))))
        };
        self.text(name).map(read).transpose()
    }
}

impl Asked {
    pub(crate) fn inspector(&self) -> &Inspector {
        &self.shared.inspector
    }

    /// Returns whether the visitor can act here.
    pub(crate) fn may_act(&self) -> bool {
        self.shared.operator.is_some() && self.visitor.access == Access::All
    }

    /// Returns the operator in the name of the visitor.
    ///
    /// # Errors
    /// The visitor may only look, or the console is read-only.
    pub(crate) fn operator(&self) -> Result<Operator, Fault> {
        let operator = self.shared.operator.as_ref().filter(|_| self.visitor.access == Access::All);
        let operator = operator.ok_or_else(|| Fault::forbidden(self.shared.read_only_because()))?;
        match &self.visitor.who {
            Some(who) => Ok(operator.named(who)?),
            None => Ok(operator.clone()),
        }
    }

    /// Returns the page of a list that the address asks for.
    ///
    /// # Errors
    /// The limit is no number.
    pub(crate) fn paging(&self, usual: usize) -> Result<Paging, Fault> {
        let paging = Paging::first(self.query.number("limit")?.unwrap_or(usual));
        Ok(match self.query.text("after") {
            Some(after) => paging.after(after),
            None => paging,
        })
    }
}

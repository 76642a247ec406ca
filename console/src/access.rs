//! Who visits the console, and what a visitor may do.

use axum::http::request::Parts;
use std::sync::Arc;

/// What a visitor of the console may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Look and act.
    All,
    /// Look only.
    ReadOnly,
    /// Nothing: every page answers 403.
    None,
}

/// A request that passed the checks.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) access: Access,
    /// The name in the records of actions; that of the operator if it is `None`.
    pub(crate) who: Option<String>,
    /// What the tokens of forms are bound to.
    pub(crate) session: String,
}

/// Decides what the visitor of a request may do.
pub(crate) type Decide = Arc<dyn Fn(&Parts) -> Access + Send + Sync>;

/// Names the visitor of a request; `None` if the request does not say.
pub(crate) type Name = Arc<dyn Fn(&Parts) -> Option<String> + Send + Sync>;

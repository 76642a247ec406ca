//! `audit`: what was done by whom, and why.

use crate::args::AuditArgs;
use crate::exit::Failure;
use crate::list::{Listed, pages, paging};
use crate::out::Out;
use crate::table::Cell;
use steadfast::inspect::{AuditEntry, AuditQuery, Inspector};

impl Listed for AuditEntry {
    const NAME: &'static str = "records";
    const COLUMNS: &'static [&'static str] = &["number", "at", "who", "action", "subject", "outcome", "why", "details"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.number.to_string().into(),
            self.at.into(),
            self.who.as_str().into(),
            self.action.as_str().into(),
            self.subject.as_str().into(),
            self.outcome.as_str().into(),
            Cell::Value(self.why.clone()),
            Cell::Value(self.details.to_string()),
        ]
    }
}

pub(super) async fn audit(inspector: &Inspector, out: &mut Out, args: &AuditArgs) -> Result<(), Failure> {
    let mut query = AuditQuery::all();
    if let Some(subject) = &args.subject {
        query = query.subject(subject);
    }
    if let Some(who) = &args.who {
        query = query.who(who);
    }
    pages(out, &args.list, async |limit, cursor| inspector.audit(&query, &paging(limit, cursor)).await).await
}

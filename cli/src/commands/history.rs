//! `history`: the entries of a run.

use crate::args::OfRun;
use crate::exit::Failure;
use crate::list::{Listed, pages, paging};
use crate::out::Out;
use crate::table::Cell;
use steadfast::inspect::{Entry, Inspector};

impl Listed for Entry {
    const NAME: &'static str = "entries";
    const COLUMNS: &'static [&'static str] = &["entry", "at", "kind", "position", "name", "attempt", "value"];

    fn cells(&self) -> Vec<Cell> {
        let mut values: Vec<String> = self.value.iter().map(ToString::to_string).collect();
        values.extend(self.fields.iter().map(|(name, value)| format!("{name} = {value}")));
        values.extend(self.other.iter().map(|other| format!("({other})")));
        let value = if values.is_empty() { Cell::Missing } else { Cell::Value(values.join(", ")) };
        vec![
            self.seq.into(),
            self.at.into(),
            self.kind.to_string().into(),
            self.position.into(),
            self.name.as_deref().into(),
            self.attempt.into(),
            value,
        ]
    }
}

pub(super) async fn history(inspector: &Inspector, out: &mut Out, of: &OfRun) -> Result<(), Failure> {
    pages(out, &of.list, async |limit, cursor| inspector.history(&of.run, &paging(limit, cursor)).await).await
}

//! `requests`: human-in-the-loop requests of runs.

use crate::args::ListArgs;
use crate::exit::Failure;
use crate::list::{Listed, pages, paging};
use crate::out::Out;
use crate::table::Cell;
use steadfast::inspect::{Inspector, RequestView};

impl Listed for RequestView {
    const NAME: &'static str = "requests";
    const COLUMNS: &'static [&'static str] = &["id", "run", "question", "answer", "open", "asked", "due", "value"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.as_str().into(),
            self.run.as_str().into(),
            self.question.as_str().into(),
            self.answer.as_str().into(),
            if self.open { "yes" } else { "no" }.into(),
            self.asked_at.into(),
            self.due.into(),
            (&self.value).into(),
        ]
    }
}

pub(super) async fn requests(
    inspector: &Inspector,
    out: &mut Out,
    run: Option<&str>,
    list: &ListArgs,
) -> Result<(), Failure> {
    pages(out, list, async |limit, cursor| match run {
        Some(run) => inspector.requests(run, &paging(limit, cursor)).await,
        None => inspector.open_requests(&paging(limit, cursor)).await,
    })
    .await
}

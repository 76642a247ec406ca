//! The rows of a list of runs.

use super::filter::Filter;
use crate::asked::Asked;
use crate::links;
use crate::times::{between, length, when};
use crate::values::{cut, number, status};
use maud::{Markup, html};
use std::collections::BTreeSet;
use steadfast::inspect::{Page, RunSummary};

/// The most columns of indexed fields, if none are chosen.
const COLUMNS: usize = 5;

pub(super) fn table(asked: &Asked, filter: &Filter, page: &Page<RunSummary>) -> Markup {
    let there: BTreeSet<&str> = page.items.iter().flat_map(|run| run.fields.keys().map(String::as_str)).collect();
    let columns: Vec<&str> = if filter.columns.is_empty() {
        there.into_iter().take(COLUMNS).collect()
    } else {
        filter.columns.iter().map(String::as_str).collect()
    };
    html! {
        div.scroll role="region" aria-label="Runs" tabindex="0" {
            table.runs {
                thead {
                    tr {
                        th scope="col" { "Run" }
                        th scope="col" { "Status" }
                        th scope="col" { "Workflow" }
                        @for column in &columns { th scope="col" { (column) } }
                        th scope="col" { "Started" }
                        th.number scope="col" { "Time" }
                        th.number scope="col" { "Entries" }
                    }
                }
                tbody { @for run in &page.items { (row(asked, run, &columns)) } }
            }
        }
    }
}

fn row(asked: &Asked, run: &RunSummary, columns: &[&str]) -> Markup {
    let until = if run.status.is_final() { run.changed_at } else { asked.now };
    html! {
        tr data-key=(run.number) {
            th scope="row" { a.id href=(links::run(&run.id)) title=(run.id) { (cut(&run.id, 48)) } }
            td {
                (status(run.status))
                @if let Some(parked) = &run.parked {
                    " " span.why title=(hidden(asked, &parked.message)) { (cut(&hidden(asked, &parked.message), 60)) }
                } @else if let Some(until) = run.sleeps_until {
                    " " span.quiet { "until " (when(asked.now, until)) }
                } @else if let Some(queue) = &run.queue {
                    " " span.quiet { "in " (queue) }
                }
            }
            td { (run.workflow) span.quiet { "@" (run.version) } }
            @for column in columns { td data-label=(column) { (field(asked, run, column)) } }
            td data-label="started" { (when(asked.now, run.started_at)) }
            td.number data-label="time" { (length(between(run.started_at, until))) }
            td.number data-label="entries" { (number(run.entries)) }
        }
    }
}

fn hidden(asked: &Asked, text: &str) -> String {
    if asked.shared.hides_values { "[hidden]".to_owned() } else { text.to_owned() }
}

fn field(asked: &Asked, run: &RunSummary, column: &str) -> Markup {
    let Some(value) = run.fields.get(column) else { return html! { span.quiet { "–" } } };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    html! { span title=(hidden(asked, &text)) { (cut(&hidden(asked, &text), 40)) } }
}

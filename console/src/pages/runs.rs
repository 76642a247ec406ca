//! The list of runs: filters in the address, counts by status, columns of indexed fields.

mod filter;
mod table;

pub(crate) use filter::Filter;

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::values::{number, status};
use maud::{Markup, html};
use steadfast::Status;
use steadfast::inspect::{Page, RunSummary, StatusCount};

/// How many runs a page has.
const USUAL: usize = 50;

/// Views that every console has: word, status words.
const VIEWS: &[(&str, &[Status])] = &[
    ("All", &[]),
    ("Needs attention", &[Status::Parked, Status::Failed, Status::TimedOut, Status::Refused]),
    ("At work", &[Status::Running, Status::Sleeping, Status::Queued, Status::Paused]),
    ("Done", &[Status::Completed]),
];

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let filter = Filter::of(&asked.query)?;
    let limit = asked.query.number("limit")?.unwrap_or(USUAL);
    let mut query = filter.query().with_fields().limit(limit);
    if let Some(after) = asked.query.text("after") {
        query = query.after(after);
    }
    let inspector = asked.inspector();
    // Counts by status are those of the other conditions: they say where else there are runs.
    let everywhere = filter.without_statuses().query();
    let (page, counts) =
        futures_util::future::try_join(inspector.runs(&query), inspector.count_by_status(&everywhere)).await?;
    let json = asked.json(&page);
    let main = html! {
        header.page { h1 { "Runs" } (views(&asked, &filter)) }
        (statuses(&filter, &counts))
        @if asked.may_act() {
            p.actions {
                @if !page.items.is_empty() { a.button.plain href=(filter.plain().pairs().into_iter().fold(links::act("bulk"), |link, (name, value)| link.with(name, value))) { "Act on all of these" } }
                @if let Some(workflow) = workflow(&page) { a.button.plain href=(links::act("start").with("workflow", workflow)) { "Start " (workflow) } }
            }
        }
        (filter.form())
        @if page.items.is_empty() { (empty(&filter, &page)) } @else { (table::table(&asked, &filter, &page)) }
        (damaged(&page.damaged))
        (more(&filter, &page))
    };
    Ok(View { title: "Runs".to_owned(), main, json, live: Live::Offer })
}

/// The workflow of a filter, or the one that all runs of the page have.
fn workflow(page: &Page<RunSummary>) -> Option<&str> {
    let first = page.items.first()?.workflow.as_str();
    page.items.iter().all(|run| run.workflow == first).then_some(first)
}

/// The views that are a click away.
fn views(asked: &Asked, filter: &Filter) -> Markup {
    html! {
        nav.views aria-label="Views" {
            @for (word, statuses) in VIEWS {
                @let view = Filter { statuses: statuses.to_vec(), ..Filter::default() };
                a href=(view.link()) aria-current=[(view == filter.plain()).then_some("true")] { (word) }
            }
            (super::views::links(asked, filter))
        }
    }
}

/// How many runs have each status: each narrows the list to it.
fn statuses(filter: &Filter, counts: &[StatusCount]) -> Markup {
    html! {
        @if !counts.is_empty() {
            ul.counts aria-label="Runs by status" {
                @for StatusCount { status: of, count, .. } in counts {
                    @let is_chosen = filter.statuses.contains(of);
                    li {
                        a href=(filter.toggled(*of).link()) aria-current=[is_chosen.then_some("true")] {
                            (status(*of)) " " span.count { (number(count.value)) @if count.capped { "+" } }
                        }
                    }
                }
            }
        }
    }
}

fn empty(filter: &Filter, page: &Page<RunSummary>) -> Markup {
    html! {
        div.empty {
            @if page.next.is_some() {
                h2 { "None so far" }
                p { "The search has read as many runs as one page may. It goes on with the next page." }
            } @else if filter.is_all() {
                h2 { "No runs yet" }
                p { "Start one in your program, " code { "engine.start(workflow, input)" } ", or on the command line:" }
                pre { "steadfast start WORKFLOW 'INPUT AS JSON'" }
            } @else {
                h2 { "No run matches" }
                p { "Take a condition away, or " a href=(Link::to("runs")) { "see all runs" } "." }
            }
        }
    }
}

/// Rows that cannot be read, each with its place.
pub(crate) fn damaged(rows: &[String]) -> Markup {
    html! {
        @if !rows.is_empty() {
            section.fault role="alert" {
                h2 { "Rows that cannot be read" }
                ul { @for row in rows { li { (row) } } }
            }
        }
    }
}

fn more(filter: &Filter, page: &Page<RunSummary>) -> Markup {
    html! {
        @if let Some(next) = &page.next {
            nav.more aria-label="Pages of the list" {
                a.button href=(filter.link().with("after", next)) rel="next" { "Next page" }
            }
        }
    }
}

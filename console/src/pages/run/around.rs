//! The runs around a run as a tree: who started it, whom it started, its forks, and those that had its id.

use crate::answer::Fault;
use crate::asked::Asked;
use crate::graph;
use crate::links::{self, Link};
use crate::values::{reference, status};
use maud::{Markup, html};
use steadfast::inspect::{RunDetails, RunRef};

/// The longest history whose way is drawn with the page: of a longer one, it is a click away.
const SHORT: u64 = 3_000;

/// The way of the run as a graph: at once for an event-driven workflow, folded for a function, whose timeline says more.
pub(super) async fn way(asked: &Asked, details: &RunDetails) -> Result<Markup, Fault> {
    let run = &details.run;
    if run.entries > SHORT && asked.query.text("way").is_none() {
        let link = links::run(&run.id).with("way", 1);
        return Ok(
            html! { section.way #way { h2 #h-way { "Way" } p { a href={ (link) "#h-way" } { "Draw the way of this run" } } } },
        );
    }
    let diagram = asked.inspector().diagram(&run.id).await?;
    Ok(match graph::draw(&diagram) {
        Some((picture, true)) => html! {
            section.way #way aria-labelledby="h-way" { h2 #h-way { "Way of the events" } (picture) }
        },
        Some((picture, false)) => html! {
            section.way #way aria-labelledby="h-way" {
                h2 #h-way { "Way" }
                details { summary { "Draw the calls as a graph" } (picture) }
            }
        },
        None => html! {},
    })
}

pub(super) fn section(details: &RunDetails) -> Markup {
    let is_alone = details.parent.is_none()
        && details.children.is_empty()
        && details.forks.is_empty()
        && details.forked_from.is_none()
        && details.chain.len() < 2;
    html! {
        @if !is_alone {
            section.around #around aria-labelledby="h-around" {
                h2 #h-around { "Runs around it" }
                ul.tree {
                    @match &details.parent {
                        Some(parent) => { li { span.quiet { "started by " } (reference(parent)) ul { li { (itself(details)) } } } }
                        None => { li { (itself(details)) } }
                    }
                }
                @if let Some(origin) = &details.forked_from { @if details.chain.len() < 2 { p { "Began with the history of " (reference(origin)) } } }
                @if details.chain.len() > 1 { (chain(details)) }
            }
        }
    }
}

/// The run with its children and forks.
fn itself(details: &RunDetails) -> Markup {
    let (run, id) = (&details.run, &details.run.id);
    let more = details.children_count.value.saturating_sub(details.children.len() as u64);
    html! {
        strong { (id) } " " (status(run.status))
        @if !details.children.is_empty() || !details.forks.is_empty() {
            ul {
                @for child in &details.children { li { span.quiet { "child " } (reference(child)) } }
                @if more > 0 { li { a href=(Link::to("runs").with("parent", id)) { "all " (details.children_count) " children" } } }
                @for fork in &details.forks { li { span.quiet { "fork " } (reference(fork)) } }
            }
        }
    }
}

/// The runs that had the id, in order.
fn chain(details: &RunDetails) -> Markup {
    let one = |run: &RunRef| {
        html! {
            @if run.number == details.run.number { strong { (run.id) } " " (status(run.status)) } @else { (reference(run)) }
            " " a.quiet href={ (links::run(&run.id).with("at", 1)) "#context" } { "its first context" }
        }
    };
    html! {
        h3 { "Runs that had this id" }
        ol.chain-of { @for run in &details.chain { li { (one(run)) } } }
    }
}

//! The runs around a run as a tree: who started it, whom it started, its forks, and those that had its id.

use crate::links::{self, Link};
use crate::values::{reference, status};
use maud::{Markup, html};
use steadfast::inspect::{RunDetails, RunRef};

pub(super) fn section(details: &RunDetails) -> Markup {
    let is_alone = details.parent.is_none()
        && details.children.is_empty()
        && details.forks.is_empty()
        && details.forked_from.is_none()
        && details.chain.len() < 2;
    html! {
        @if !is_alone {
            section.around aria-labelledby="h-around" {
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

//! What a run waits for, why it is parked, and the errors of its steps.

use crate::answer::Fault;
use crate::asked::Asked;
use crate::links;
use crate::pages::steps;
use crate::times::when;
use crate::values::bad_word;
use futures_util::future::try_join_all;
use maud::{Markup, html};
use steadfast::history::Kind;
use steadfast::inspect::{Paging, RunDetails, StepStatus, Timeline, TimelineCall};
use steadfast::{Status, Wait, WaitsFor};

/// How many steps with errors are shown.
const SHOWN: usize = 8;

/// Why the run does not go on, and what would help.
pub(super) fn section(asked: &Asked, details: &RunDetails) -> Markup {
    let run = &details.run;
    html! {
        @if let Some(parked) = &run.parked {
            section.notice.parked #parked aria-labelledby="h-parked" {
                h2 #h-parked { "Parked: " (bad_word(&parked.cause)) }
                // It says what to do: all of it is shown.
                p.text { @if asked.shared.hides_values { (asked.message("")) } @else { (parked.message) } }
                @if parked.recorded.is_some() || parked.found.is_some() {
                    (sides(asked, parked.recorded.as_deref(), parked.found.as_deref()))
                }
                @if let Some(turn) = parked.turn {
                    p.quiet { "The code diverged in the turn of " a href={ (crate::links::Link::to("history").with("id", &run.id).with("after", turn.get().saturating_sub(1))) } { "entry " (turn) } "." }
                }
            }
        }
        @if run.status.is_final() && run.status != Status::Completed {
            @if let Some(outcome) = &details.outcome {
                section.notice.failed #outcome aria-labelledby="h-outcome" {
                    h2 #h-outcome { "The run " @match run.status {
                        Status::Failed => "has failed", Status::Cancelled => "was cancelled", Status::TimedOut => "timed out",
                        Status::Refused => "was refused", Status::Replaced => "was replaced", _ => "has ended",
                    } }
                    (asked.value(outcome))
                }
            }
        }
        @if !details.waits_for.is_empty() && run.parked.is_none() {
            section.waits #waits aria-labelledby="h-waits" {
                h2 #h-waits { "Waits for" }
                ul { @for wait in &details.waits_for { li { (one(asked, wait)) } } }
            }
        }
    }
}

/// Both sides of a difference between a history and the code.
pub(crate) fn sides(asked: &Asked, recorded: Option<&str>, found: Option<&str>) -> Markup {
    html! {
        dl.sides {
            div { dt { "In the history" } dd { @match recorded { Some(text) => (asked.message(text)), None => { span.quiet { "nothing" } } } } }
            div { dt { "In the code" } dd { @match found { Some(text) => (asked.message(text)), None => { span.quiet { "nothing" } } } } }
        }
    }
}

fn one(asked: &Asked, wait: &Wait) -> Markup {
    html! {
        strong { (wait.for_what) }
        span.quiet { " since " (when(asked.now, wait.since)) @if let Some(until) = wait.until { ", until " (when(asked.now, until)) } }
        @match &wait.for_what {
            WaitsFor::Run { id, .. } => { " " a href=(links::run(id)) { "see the run" } }
            WaitsFor::Answer { request, .. } => { " " a href={ (crate::links::Link::to("requests")) "#request-" (request) } { "see the request" } }
            WaitsFor::Queue { queue, .. } | WaitsFor::Room { queue, .. } => { " " a href=(crate::links::Link::to("queues").with("queue", queue)) { "see the queue" } }
            _ => {}
        }
        br;
        span.help { (wait.help()) }
    }
}

/// The steps that have failed or are retried, with their errors.
pub(super) async fn errors(asked: &Asked, details: &RunDetails, timeline: &Timeline) -> Result<Markup, Fault> {
    let has_failed = |call: &&TimelineCall| call.kind == Kind::StepStarted && crate::timeline::has_failed(call);
    let failed: Vec<_> = timeline.calls.iter().filter(has_failed).collect();
    let id = &details.run.id;
    // Those that ended the run, or may still, come first.
    let mut shown: Vec<_> =
        failed.iter().rev().filter(|call| call.status != StepStatus::Completed).take(SHOWN).collect();
    shown.extend(failed.iter().rev().filter(|call| call.status == StepStatus::Completed).take(SHOWN - shown.len()));
    let pages = shown.iter().map(|call| {
        let paging = Paging::first(1).after(call.called.saturating_sub(1).to_string());
        async move { asked.inspector().steps(id, &paging).await }
    });
    let steps: Vec<_> = try_join_all(pages).await?.into_iter().flat_map(|page| page.items).collect();
    let more = failed.len().saturating_sub(steps.len());
    Ok(html! {
        @if !steps.is_empty() {
            section.errors #errors aria-labelledby="h-errors" {
                h2 #h-errors { "Errors of steps" }
                @let (ended, open): (Vec<_>, Vec<_>) = steps.iter().partition(|step| step.status == StepStatus::Completed);
                @if !open.is_empty() { ol.steps { @for step in &open { li { (steps::entry(asked, id, step)) } } } }
                @if !ended.is_empty() {
                    details open[open.is_empty() && ended.len() < 3] {
                        summary { "Completed after errors: " (ended.len()) }
                        ol.steps { @for step in &ended { li { (steps::entry(asked, id, step)) } } }
                    }
                }
                @if more > 0 { p.quiet { "Steps with errors that are not shown: " (more) ". " a href=(crate::links::Link::to("steps").with("id", id)) { "All steps" } } }
            }
        }
    })
}

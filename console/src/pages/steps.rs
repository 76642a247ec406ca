//! The steps of a run, each with its attempts and their errors.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::{between, exact, length};
use crate::values::bad_word;
use maud::{Markup, html};
use steadfast::inspect::{Attempt, Step, StepStatus};

/// How many steps a page has.
const USUAL: usize = 100;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let id = asked.query.required("id")?.to_owned();
    let page = asked.inspector().steps(&id, &asked.paging(USUAL)?).await?;
    let json = asked.json(&page);
    let main = html! {
        header.page {
            p.crumbs { a href=(links::run(&id)) { (id) } }
            h1 { "Steps" }
        }
        @if page.items.is_empty() {
            div.empty { h2 { "No steps here" } p { "The run has called none, or none after this entry." } }
        } @else {
            ol.steps { @for step in &page.items { li data-key=(step.position) { (entry(&asked, &id, step)) } } }
        }
        nav.more aria-label="Pages of the steps" {
            @if asked.query.text("after").is_some() { a.button.plain href=(Link::to("steps").with("id", &id)) { "First page" } }
            @if let Some(next) = &page.next { a.button href=(Link::to("steps").with("id", &id).with("after", next)) rel="next" { "Next page" } }
        }
    };
    Ok(View { title: format!("Steps of {id}"), main, json, live: Live::Replace })
}

/// A step with its attempts.
pub(crate) fn entry(asked: &Asked, run: &str, step: &Step) -> Markup {
    html! {
        p.step {
            strong { (step.name) } " " span.quiet { "#" (step.position) } " " (status(step.status))
            @if let Some(ended) = step.ended_at { " " span.quiet { (length(between(step.called_at, ended))) } }
            " " a href=(Link::to("history").with("id", run).with("after", step.called.saturating_sub(1)).with("limit", 50)) { "entry " (step.called) }
            @if let Some(version) = step.context { " " a href=(links::run(run).with("at", version)) { "saw context " (version) } }
        }
        @if step.attempts.iter().any(|attempt| attempt.message.is_some() || attempt.lost) || step.attempts.len() > 1 {
            ol.attempts { @for attempt in &step.attempts { li { (one(asked, attempt)) } } }
        }
    }
}

fn one(asked: &Asked, attempt: &Attempt) -> Markup {
    html! {
        span.quiet { "attempt " (attempt.attempt) ", " (exact(attempt.started_at)) }
        @if let Some(ended) = attempt.ended_at { span.quiet { ", " (length(between(attempt.started_at, ended))) } }
        @if attempt.lost { " " span.tag.bad { "lost with its process" } }
        @if let Some(cause) = &attempt.cause { " " span.tag.bad { (bad_word(cause)) } }
        @if let Some(message) = &attempt.message { " " (chain(asked, message)) }
        @if let Some(retry) = attempt.retry_at { span.quiet { " next attempt " (exact(retry)) } }
    }
}

/// The text of an error, with each cause on a line of its own.
pub(crate) fn chain(asked: &Asked, message: &str) -> Markup {
    if asked.shared.hides_values {
        return asked.message(message);
    }
    let parts: Vec<&str> = message.split(": ").collect();
    html! {
        @if parts.len() < 2 || message.len() > 2_000 { (asked.message(message)) } @else {
            ul.chain { @for (n, part) in parts.iter().enumerate() { li { @if n > 0 { span.quiet { "because " } } (part) } } }
        }
    }
}

/// The status of a step by form, word and color.
pub(crate) fn status(of: StepStatus) -> Markup {
    let (class, word, sign) = match of {
        StepStatus::Running => ("running", "running", "M5 3l8 5-8 5z"),
        StepStatus::Retrying => ("parked", "retrying", "M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3"),
        StepStatus::Completed => ("completed", "completed", "M3 8.5l3.5 3.5L13 4.5"),
        StepStatus::Failed => ("failed", "failed", "M4 4l8 8M12 4l-8 8"),
        _ => ("cancelled", "abandoned", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M4 12l8-8"),
    };
    html! {
        span class={ "status " (class) } {
            svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false" { path d=(sign) {} }
            (word)
        }
    }
}

/// The word for the status of a call.
pub(crate) const fn word_of(of: StepStatus) -> &'static str {
    match of {
        StepStatus::Running => "open",
        StepStatus::Retrying => "retrying",
        StepStatus::Completed => "completed",
        StepStatus::Failed => "failed",
        _ => "abandoned",
    }
}

//! What a run was started with and under, and what it has returned.

use crate::asked::Asked;
use crate::links::Link;
use crate::times::{exact, when};
use maud::{Markup, html};
use steadfast::inspect::RunDetails;
use steadfast::{Principal, Status};

pub(super) fn section(asked: &Asked, details: &RunDetails) -> Markup {
    let run = &details.run;
    html! {
        section.facts #facts aria-labelledby="h-facts" {
            h2 #h-facts { "Facts" }
            dl.facts {
                @if let Some(input) = &details.input { dt { "Input" } dd { (asked.value(input)) } }
                @if run.status == Status::Completed { @if let Some(outcome) = &details.outcome { dt { "Result" } dd { (asked.value(outcome)) } } }
                @if !run.fields.is_empty() {
                    dt { "Indexed fields" }
                    dd { @if asked.shared.hides_values { span.hidden { "[hidden]" } } @else {
                        ul.inline { @for (name, value) in &run.fields { li { (name) " " code { (value) } } } }
                    } }
                }
                @if !details.labels.is_empty() {
                    dt { "Labels" }
                    dd { ul.inline { @for (name, value) in &details.labels { li { a href=(Link::to("runs").with("label", format!("{name}={value}"))) { (name) "=" (value) } } } } }
                }
                @if let Some(principal) = &details.principal { dt { "Acts for" } dd { (self::principal(principal)) } }
                dt { "Started" } dd { (exact(run.started_at)) }
                dt { "Changed" } dd { (exact(run.changed_at)) }
                @if let Some(deadline) = details.deadline { dt { "Deadline" } dd { (when(asked.now, deadline)) } }
                @if let Some(queue) = &run.queue { dt { "Queue" } dd { a href=(Link::to("queues").with("queue", queue)) { (queue) } } }
                @if let Some(worker) = &details.worker { dt { "Worker" } dd { a href="workers" { (worker) } } }
                @if let Some(key) = &details.deduplication_key { dt { "Deduplication key" } dd { code { (key) } } }
                @if details.deaths > 0 { dt { "Deaths" } dd { "processes in succession that died with it at work: " (details.deaths) } }
                @if details.inbox.value > 0 { dt { "Inbox" } dd { "items that it has not taken: " (details.inbox) } }
                dt { "Execution" } dd { code { (details.execution) } }
                dt { "Number" } dd { (run.number) }
            }
        }
    }
}

fn principal(principal: &Principal) -> Markup {
    html! {
        (principal.name)
        @if !principal.roles.is_empty() { span.quiet { " (" (principal.roles.join(", ")) ")" } }
        @if let Some(other) = &principal.acting_for { ", acting for " (self::principal(other)) }
    }
}

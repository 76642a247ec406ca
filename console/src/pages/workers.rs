//! The engines that drive runs.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::Link;
use crate::times::{between, length, when};
use maud::{Markup, html};
use serde_json::json;
use std::time::Duration;
use steadfast::Worker;

/// The time without a heartbeat after which an engine may have died.
const LATE: Duration = Duration::from_secs(15);

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let workers = asked.inspector().workers().await?;
    let clock = asked.inspector().health(false).await?.clock;
    let json = json!({ "items": workers });
    let main = html! {
        header.page { h1 { "Workers" } }
        @if workers.is_empty() {
            div.empty { h2 { "No engine is at work" } p { "Runs wait until a program with their workflows starts on this database." } }
        } @else {
            div.scroll role="region" aria-label="Workers" tabindex="0" {
                table {
                    thead { tr { th scope="col" { "Worker" } th scope="col" { "Heartbeat" } th scope="col" { "Started" } th scope="col" { "Workflows" } th scope="col" { "Queues" } } }
                    tbody { @for worker in &workers { (row(&asked, worker, between(worker.last_heartbeat, clock))) } }
                }
            }
        }
    };
    Ok(View { title: "Workers".to_owned(), main, json, live: Live::Replace })
}

fn row(asked: &Asked, worker: &Worker, silence: Duration) -> Markup {
    html! {
        tr data-key=(worker.id) {
            th scope="row" { @if worker.host.is_empty() { "unknown host" } @else { (worker.host) } " " span.quiet { "process " (worker.process) } br; code.quiet { (worker.id) } }
            td {
                // Whole seconds, so that a heartbeat alone changes nothing that is seen.
                @if silence > LATE { span.tag.bad { "silent" } " for " (length(silence)) } @else { span.tag.ok { "alive" } }
            }
            td { (when(asked.now, worker.since)) }
            td { ul.inline { @for (name, version) in &worker.serves { li { a href=(Link::to("runs").with("workflow", name)) { (name) } span.quiet { "@" (version) } } } } }
            td { @if worker.queues.is_empty() { span.quiet { "none" } } @else { ul.inline { @for (name, slots) in &worker.queues { li { a href=(Link::to("queues").with("queue", name)) { (name) } span.quiet { " ×" (slots) } } } } } }
        }
    }
}

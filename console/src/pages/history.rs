//! The history of a run, entry by entry.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::exact;
use maud::{Markup, html};
use steadfast::inspect::Entry;

/// How many entries a page has.
const USUAL: usize = 100;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let id = asked.query.required("id")?.to_owned();
    let page = asked.inspector().history(&id, &asked.paging(USUAL)?).await?;
    let json = asked.json(&page);
    let main = html! {
        header.page {
            p.crumbs { a href=(links::run(&id)) { (id) } }
            h1 { "History" }
        }
        @if page.items.is_empty() {
            div.empty { h2 { "No entries here" } p { a href=(Link::to("history").with("id", &id)) { "From the first entry" } } }
        } @else {
            div.scroll role="region" aria-label="Entries" tabindex="0" {
                table.history {
                    thead { tr { th.number scope="col" { "Entry" } th scope="col" { "Time" } th scope="col" { "Kind" } th scope="col" { "Name" } th scope="col" { "Value" } th.number scope="col" { "After" } } }
                    tbody { @for entry in &page.items { (row(&asked, &id, entry)) } }
                }
            }
        }
        nav.more aria-label="Pages of the history" {
            @if asked.query.text("after").is_some() { a.button.plain href=(Link::to("history").with("id", &id)) { "First page" } }
            @if let Some(next) = &page.next { a.button href=(Link::to("history").with("id", &id).with("after", next)) rel="next" { "Next page" } }
        }
    };
    Ok(View { title: format!("History of {id}"), main, json, live: Live::Replace })
}

fn row(asked: &Asked, run: &str, entry: &Entry) -> Markup {
    html! {
        tr id={ "entry-" (entry.seq) } class=[entry.turn.then_some("turn")] data-key=(entry.seq) {
            td.number { (entry.seq) }
            td.time { time datetime=(exact(entry.at)) { (exact(entry.at)) } }
            td { code { (entry.kind) } @if let Some(attempt) = entry.attempt.filter(|attempt| *attempt > 1) { span.quiet { " attempt " (attempt) } } }
            td { (entry.name.as_deref().unwrap_or_default()) @if let Some(position) = entry.position { span.quiet { " #" (position) } } }
            td {
                @if let Some(value) = &entry.value { (asked.value(value)) }
                @if !entry.fields.is_empty() {
                    dl.fields { @for (name, value) in &entry.fields { dt { (name) } dd { (asked.value(value)) } } }
                    a href=(links::run(run).with("at", entry.seq)) { "context then" }
                }
            }
            td.number { @if let Some(cause) = entry.cause { a href={ "#entry-" (cause) } { (cause) } } }
        }
    }
}

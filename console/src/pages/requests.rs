//! The requests of runs that wait for a person.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::when;
use maud::{Markup, html};
use steadfast::inspect::RequestView;

/// How many requests a page has.
const USUAL: usize = 50;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let paging = asked.paging(USUAL)?;
    let page = match asked.query.text("run") {
        Some(run) => asked.inspector().requests(run, &paging).await?,
        None => asked.inspector().open_requests(&paging).await?,
    };
    let json = asked.json(&page);
    let main = html! {
        header.page { h1 { "Requests" } }
        @if page.items.is_empty() {
            div.empty {
                h2 { "No request is open" }
                p { "A workflow asks a person with " code { "flow.request(question)" } ", and waits here for the answer." }
            }
        }
        @for request in &page.items { (one(&asked, request)) }
        @if let Some(next) = &page.next {
            nav.more aria-label="Pages of the list" {
                a.button href=(Link::to("requests").maybe("run", asked.query.text("run")).with("after", next)) rel="next" { "Next page" }
            }
        }
    };
    Ok(View { title: "Requests".to_owned(), main, json, live: Live::Replace })
}

fn one(asked: &Asked, request: &RequestView) -> Markup {
    html! {
        section.request id={ "request-" (request.id) } data-key=(request.id) {
            h2 { (request.question) @if !request.open { " " span.tag { "closed" } } }
            p.quiet {
                "asked by " a href=(links::run(&request.run)) { (request.run) } " " (when(asked.now, request.asked_at))
                @if let Some(due) = request.due { ", until " (when(asked.now, due)) }
            }
            p { (asked.value(&request.value)) }
            p.quiet { "Expects an answer of type " code { (request.answer) } }
            @if request.open && asked.may_act() {
                p.actions { a.button href=(links::act("answer").with("request", &request.id)) { "Answer" } }
            }
        }
    }
}

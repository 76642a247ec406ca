//! What was done, by whom and why.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::{exact, when};
use maud::{Markup, html};
use steadfast::inspect::{AuditEntry, AuditOutcome, AuditQuery};

/// How many records a page has.
const USUAL: usize = 100;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let (subject, who) = (asked.query.text("subject"), asked.query.text("who"));
    let mut query = AuditQuery::all();
    if let Some(subject) = subject {
        query = query.subject(subject);
    }
    if let Some(who) = who {
        query = query.who(who);
    }
    let page = asked.inspector().audit(&query, &asked.paging(USUAL)?).await?;
    let json = asked.json(&page);
    let main = html! {
        header.page { h1 { "Audit" } }
        details.filter open[subject.is_some() || who.is_some()] {
            summary { "Filter" }
            form method="get" action="audit" {
                label.field { span { "About" } input type="text" name="subject" value=(subject.unwrap_or_default()) placeholder="order-1, queue mail, job 3" autocomplete="off"; }
                label.field { span { "By" } input type="text" name="who" value=(who.unwrap_or_default()) autocomplete="off"; }
                div.buttons { button type="submit" { "Apply" } a.button.plain href="audit" { "Clear" } }
            }
        }
        @if page.items.is_empty() {
            div.empty { h2 { "No records" } p { "Every action of an operator leaves one here, with who and why." } }
        } @else {
            div.scroll role="region" aria-label="Records" tabindex="0" {
                table {
                    thead { tr { th.number scope="col" { "Record" } th scope="col" { "Time" } th scope="col" { "Who" } th scope="col" { "Action" } th scope="col" { "About" } th scope="col" { "Why" } th scope="col" { "Details" } } }
                    tbody { @for entry in &page.items { (row(&asked, entry)) } }
                }
            }
        }
        @if let Some(next) = &page.next {
            nav.more aria-label="Pages of the list" { a.button href=(Link::to("audit").maybe("subject", subject).maybe("who", who).with("after", next)) rel="next" { "Next page" } }
        }
    };
    Ok(View { title: "Audit".to_owned(), main, json, live: Live::Offer })
}

fn row(asked: &Asked, entry: &AuditEntry) -> Markup {
    let is_run = !["queue ", "schedule ", "job "].iter().any(|place| entry.subject.starts_with(place));
    html! {
        tr data-key=(entry.number) {
            td.number { (entry.number) }
            td title=(exact(entry.at)) { (when(asked.now, entry.at)) }
            td { (entry.who) }
            td { code { (entry.action) } @if entry.outcome != AuditOutcome::Done { " " span.tag.bad { (entry.outcome.as_str()) } } }
            td { @if is_run && !entry.subject.is_empty() { a href=(links::run(&entry.subject)) { (entry.subject) } } @else { (entry.subject) } }
            td { @if entry.why.is_empty() { span.quiet { "–" } } @else { (entry.why) } }
            td { code.quiet { (entry.details) } }
        }
    }
}

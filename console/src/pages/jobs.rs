//! Jobs: the same action on many runs, and how far each has come.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::when;
use crate::values::{cut, number};
use maud::{Markup, html};
use steadfast::inspect::{Job, JobStatus};

/// How many jobs a page has.
const USUAL: usize = 50;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let page = asked.inspector().jobs(&asked.paging(USUAL)?).await?;
    let json = asked.json(&page);
    let main = html! {
        header.page { h1 { "Jobs" } }
        @if page.items.is_empty() {
            div.empty { h2 { "No jobs" } p { "Filter the " a href="runs" { "list of runs" } ", and act on all of them: that is a job." } }
        } @else {
            div.scroll role="region" aria-label="Jobs" tabindex="0" {
                table {
                    thead { tr { th.number scope="col" { "Job" } th scope="col" { "Action" } th scope="col" { "Status" } th.number scope="col" { "Done" } th.number scope="col" { "Refused" } th.number scope="col" { "Of" } th scope="col" { "Who and why" } th scope="col" { "Created" } @if asked.may_act() { th scope="col" { "Change" } } } }
                    tbody { @for job in &page.items { (row(&asked, job)) } }
                }
            }
        }
        (super::runs::damaged(&page.damaged))
        @if let Some(next) = &page.next {
            nav.more aria-label="Pages of the list" { a.button href=(Link::to("jobs").with("after", next)) rel="next" { "Next page" } }
        }
    };
    Ok(View { title: "Jobs".to_owned(), main, json, live: Live::Replace })
}

fn row(asked: &Asked, job: &Job) -> Markup {
    let act = |word: &str| links::act(word).with("job", job.number);
    html! {
        tr data-key=(job.number) {
            td.number { (job.number) }
            td { (job.action.as_str().replace('_', " ")) @if let Some(rate) = job.per_second { span.quiet { ", " (rate) " a second" } } }
            td { (job.status.as_str()) }
            td.number { (number(job.done)) }
            td.number { (number(job.failed)) @if let Some(error) = &job.last_error { @if !asked.shared.hides_values { br; span.why title=(error) { (cut(error, 60)) } } } }
            td.number { (job.total) }
            td { (job.who) @if !job.why.is_empty() { ": " (job.why) } }
            td { (when(asked.now, job.created_at)) }
            @if asked.may_act() { td { span.actions {
                @match job.status {
                    JobStatus::Running => { a.button.plain href=(act("job_run")) { "Go on" } a.button.plain href=(act("job_stop")) { "Stop" } }
                    JobStatus::Stopped => { a.button.plain href=(act("job_run")) { "Go on" } }
                    _ => {}
                }
            } } }
        }
    }
}

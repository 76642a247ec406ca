//! Why runs are parked or have failed, grouped by the reason.

use super::run::sides;
use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::when;
use crate::values::{bad_word, counted, status, word};
use futures_util::future::{try_join_all, try_join5};
use maud::{Markup, html};
use serde_json::json;
use steadfast::Status;
use steadfast::inspect::{ReasonGroup, RunDetails};

/// How many groups show both sides of a difference between history and code.
const SIDES: usize = 10;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let inspector = asked.inspector();
    let (parked, failed, timed_out, refused, cancelled) = try_join5(
        inspector.reasons(Status::Parked),
        inspector.reasons(Status::Failed),
        inspector.reasons(Status::TimedOut),
        inspector.reasons(Status::Refused),
        inspector.reasons(Status::Cancelled),
    )
    .await?;
    let examples = parked.iter().take(SIDES).filter_map(|group| group.examples.first());
    // One that has gone on meanwhile has nothing to show.
    let examples = try_join_all(examples.map(|id| async move { Ok::<_, Fault>(inspector.run(id).await.ok()) })).await?;
    let examples: Vec<RunDetails> = examples.into_iter().flatten().collect();
    let all = [parked, failed, timed_out, refused, cancelled];
    let json = json!({ "items": asked.json(&all.iter().flatten().collect::<Vec<_>>()) });
    let main = html! {
        header.page { h1 { "Problems" } }
        @if all.iter().all(Vec::is_empty) {
            div.empty { h2 { "No problems" } p { "No run is parked, and none has ended without a result." } }
        }
        @for groups in all.iter().filter(|groups| !groups.is_empty()) {
            @let of = groups[0].status;
            section aria-labelledby={ "h-" (of.as_str()) } {
                h2 id={ "h-" (of.as_str()) } { (status(of)) " " span.quiet { (counted(groups.len() as u64, "reason", "reasons")) } }
                ol.steps { @for group in groups { li { (one(&asked, group, &examples)) } } }
            }
        }
    };
    Ok(View { title: "Problems".to_owned(), main, json, live: Live::Replace })
}

fn one(asked: &Asked, group: &ReasonGroup, examples: &[RunDetails]) -> Markup {
    let example = examples.iter().find(|details| group.examples.first() == Some(&details.run.id));
    let parked = example.and_then(|details| details.run.parked.as_ref());
    let list = Link::to("runs").with("status", group.status.as_str()).with("workflow", &group.workflow);
    let bulk = |action: &str| {
        let link = links::act("bulk").with("status", group.status.as_str()).with("workflow", &group.workflow);
        link.with("action", action)
    };
    html! {
        p {
            strong { (group.workflow) "@" (group.version) } " "
            a href=(list) { (group.count) " " (word(group.status)) }
            @if let Some(cause) = group.cause { " " span.tag { (bad_word(&cause)) } }
            span.quiet { ", the newest " (when(asked.now, group.newest)) }
        }
        p.text { (asked.message(&group.message)) }
        @if let Some(parked) = parked {
            @if parked.recorded.is_some() || parked.found.is_some() {
                (sides(asked, parked.recorded.as_deref(), parked.found.as_deref()))
            }
        }
        p.examples {
            span.quiet { "For example " }
            @for (n, id) in group.examples.iter().enumerate() { @if n > 0 { ", " } a href=(links::run(id)) { (id) } }
        }
        @if asked.may_act() && matches!(group.status, Status::Parked | Status::Failed) {
            p.actions { a.button.plain href=(bulk("retry")) { "Retry all " (word(group.status)) " runs of " (group.workflow) } }
        }
    }
}

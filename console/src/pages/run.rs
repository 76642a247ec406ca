//! One run: its timeline, what it waits for, its errors, its context over time, and the runs around it.

mod around;
mod context;
mod facts;
mod problems;

pub(crate) use problems::sides;

use crate::actions::Action;
use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::timeline;
use crate::times::{between, length, when};
use crate::values::{number, status};
use futures_util::future::try_join;
use maud::{Markup, html};
use steadfast::inspect::RunDetails;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let id = asked.query.required("id")?.to_owned();
    // Checked before anything is read.
    let at: Option<u64> = asked.query.number("at")?;
    let inspector = asked.inspector();
    let (details, timeline) = try_join(inspector.run(&id), inspector.timeline(&id, 0)).await?;
    let (context, errors, graph) = futures_util::future::try_join3(
        context::section(&asked, &details, &timeline, at),
        problems::errors(&asked, &details, &timeline),
        around::way(&asked, &details),
    )
    .await?;
    let json = asked.json(&details);
    let run = &details.run;
    let main = html! {
        (head(&asked, &details))
        (problems::section(&asked, &details))
        section.timeline-of #timeline aria-labelledby="h-timeline" {
            h2 #h-timeline { "Timeline" }
            (timeline::draw(&asked, &timeline, run.status.is_final()))
        }
        (errors)
        (context)
        (graph)
        (facts::section(&asked, &details))
        (around::section(&details))
    };
    Ok(View { title: format!("Run {id}"), main, json, live: Live::Replace })
}

fn head(asked: &Asked, details: &RunDetails) -> Markup {
    let run = &details.run;
    let until = if run.status.is_final() { run.changed_at } else { asked.now };
    html! {
        header.page {
            p.crumbs { a href="runs" { "Runs" } " / " a href=(Link::to("runs").with("workflow", &run.workflow)) { (run.workflow) } }
            h1.id { (run.id) }
            p.summary {
                (status(run.status))
                span { (run.workflow) span.quiet { "@" (run.version) } }
                span { "started " (when(asked.now, run.started_at)) }
                span { @if run.status.is_final() { "took " } @else { "for " } (length(between(run.started_at, until))) }
                span { a href=(Link::to("history").with("id", &run.id)) { (number(run.entries)) " entries" } }
                span { a href=(Link::to("steps").with("id", &run.id)) { "steps" } }
            }
            @if asked.may_act() {
                p.actions {
                    @for action in Action::on_run(run.status) {
                        a class={ "button plain" @if action.is_danger { " dangerous" } } href=(links::act(action.word).with("run", &run.id)) { (action.label) }
                    }
                }
            }
        }
    }
}

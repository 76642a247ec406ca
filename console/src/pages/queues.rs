//! Queues: their depth, their limits, and who waits in them.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::{length, when};
use crate::values::number;
use maud::{Markup, html};
use steadfast::inspect::{Page, Paging};
use steadfast::{QueueInfo, QueueKey};

/// How many keys of a queue are shown.
const KEYS: usize = 50;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let inspector = asked.inspector();
    let queues = inspector.queues().await?;
    let chosen = asked.query.text("queue");
    let keys = match chosen {
        Some(queue) => {
            let paging = Paging::first(KEYS);
            let paging = asked.query.text("after").map_or_else(|| paging.clone(), |after| paging.clone().after(after));
            Some((queue.to_owned(), inspector.queue_keys(queue, &paging).await?))
        }
        None => None,
    };
    let json = serde_json::json!({
        "items": queues,
        "keys": keys.as_ref().map(|(_, page)| asked.json(page)),
    });
    let main = html! {
        header.page { h1 { "Queues" } }
        @if queues.is_empty() {
            div.empty {
                h2 { "Nothing waits or runs in a queue" }
                p { "A start with " code { ".queue(\"imports\")" } " or a step with " code { "#[step(queue = \"gpu\")]" } " waits in one." }
            }
        } @else { (table(&asked, &queues, chosen)) }
        @if let Some((queue, page)) = &keys { (keys_of(queue, page)) }
        @if asked.may_act() { (others(&queues)) }
    };
    Ok(View { title: "Queues".to_owned(), main, json, live: Live::Replace })
}

fn table(asked: &Asked, queues: &[QueueInfo], chosen: Option<&str>) -> Markup {
    html! {
        div.scroll role="region" aria-label="Queues" tabindex="0" {
            table {
                thead { tr {
                    th scope="col" { "Queue" } th.number scope="col" { "Waiting" } th.number scope="col" { "Running" }
                    th scope="col" { "Oldest" } th scope="col" { "Limits" } th scope="col" { "State" }
                    @if asked.may_act() { th scope="col" { "Change" } }
                } }
                tbody { @for queue in queues {
                    tr class=[(chosen == Some(queue.name.as_str())).then_some("changed")] data-key=(queue.name) {
                        th scope="row" { a href=(Link::to("queues").with("queue", &queue.name)) { (queue.name) } }
                        td.number { (counted(queue.waiting)) }
                        td.number { (counted(queue.running)) }
                        td { @match queue.oldest { Some(oldest) => (when(asked.now, oldest)), None => { span.quiet { "–" } } } }
                        td { (limits(queue)) }
                        td { @match &queue.paused { Some(why) => { span.tag.warn { "paused" } " " (why) } None => { "open" } } }
                        @if asked.may_act() { td { (actions(queue)) } }
                    }
                } }
            }
        }
    }
}

/// Tasks are counted up to 1,000.
fn counted(tasks: u64) -> String {
    format!("{}{}", number(tasks), if tasks >= 1_000 { "+" } else { "" })
}

fn limits(queue: &QueueInfo) -> Markup {
    let is_open = queue.total.is_none() && queue.per_key.is_none() && queue.rate.is_none();
    html! {
        @if is_open && queue.weights.is_empty() { span.quiet { "none" } } @else {
            ul.inline {
                @if let Some(total) = queue.total { li { (total) " at once" } }
                @if let Some(per_key) = queue.per_key { li { (per_key) " per key" } }
                @if let Some((starts, within)) = queue.rate { li { (starts) " in " (length(within)) } }
                @for (key, tasks) in &queue.weights { li { (key) " ×" (tasks) } }
            }
        }
    }
}

fn actions(queue: &QueueInfo) -> Markup {
    let act = |word: &str| links::act(word).with("queue", &queue.name);
    let rate = queue.rate.map(|(starts, within)| format!("{starts}/{}ms", within.as_millis()));
    html! {
        span.actions {
            @if queue.paused.is_some() { a.button.plain href=(act("queue_resume")) { "Resume" } } @else { a.button.plain href=(act("queue_pause")) { "Pause" } }
            a.button.plain href=(act("queue_total").maybe("total", queue.total)) { "Total" }
            a.button.plain href=(act("queue_per_key").maybe("per_key", queue.per_key)) { "Per key" }
            a.button.plain href=(act("queue_rate").maybe("rate", rate)) { "Rate" }
            a.button.plain href=(act("queue_weight")) { "Weight" }
            a.button.plain href=(act("queue_reset")) { "Reset" }
        }
    }
}

fn keys_of(queue: &str, page: &Page<QueueKey>) -> Markup {
    html! {
        section aria-labelledby="h-keys" {
            h2 #h-keys { "Keys of " (queue) }
            @if page.items.is_empty() { p.quiet { "Nothing waits or runs under a key." } } @else {
                div.scroll role="region" aria-label="Keys" tabindex="0" {
                    table {
                        thead { tr { th scope="col" { "Key" } th.number scope="col" { "Waiting" } th.number scope="col" { "Running" } } }
                        tbody { @for key in &page.items { tr data-key=(key.key) { th scope="row" { (key.key) } td.number { (number(key.waiting)) } td.number { (number(key.running)) } } } }
                    }
                }
            }
            @if let Some(next) = &page.next { p.more { a.button href=(Link::to("queues").with("queue", queue).with("after", next)) rel="next" { "Next page" } } }
        }
    }
}

/// A queue in which nothing waits is not listed, and can be changed by its name.
fn others(queues: &[QueueInfo]) -> Markup {
    html! {
        details.filter {
            summary { "Another queue" @if queues.is_empty() { " by its name" } }
            form method="get" action="act" {
                input type="hidden" name="do" value="queue_pause";
                label.field { span { "Name" } input type="text" name="queue" required autocomplete="off"; }
                div.buttons { button.plain type="submit" { "Pause it" } }
            }
        }
    }
}

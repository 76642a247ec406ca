//! The database: its size, and what is at work in it.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::{between, exact, length, millis};
use crate::values::{bytes, number};
use maud::{Markup, html};
use std::time::Duration;
use steadfast::inspect::StoreHealth;

/// The difference between two clocks that is worth a word.
const APART: Duration = Duration::from_secs(2);

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let thoroughly = asked.query.text("thoroughly").is_some();
    let health = asked.inspector().health(thoroughly).await?;
    let json = asked.json(&health);
    let main = html! {
        header.page { h1 { "Health" } }
        section aria-labelledby="h-database" {
            h2 #h-database { "Database" }
            (facts(&asked, &health))
            @if asked.may_act() { p.actions { a.button.plain href=(links::act("gc")) { "Collect garbage" } } }
        }
        section aria-labelledby="h-tables" {
            h2 #h-tables { "Tables" }
            @if health.tables.is_empty() {
                p { a.button.plain href=(Link::to("health").with("thoroughly", 1)) { "Measure the tables" } span.quiet { " This reads the whole file." } }
            } @else { (tables(&health)) }
        }
    };
    // It changes with every commit, and measuring may read the whole file.
    Ok(View { title: "Health".to_owned(), main, json, live: Live::No })
}

fn facts(asked: &Asked, health: &StoreHealth) -> Markup {
    let apart = between(health.clock, asked.now).max(between(asked.now, health.clock));
    html! {
        dl.facts {
            dt { "Id" } dd { code { (health.database) } }
            dt { "Schema" } dd { @match health.schema { Some(schema) => { "version " (schema) } None => { "in memory" } } }
            @if let Some(size) = health.bytes { dt { "Size" } dd { (bytes(size)) } }
            @if let Some(free) = health.free_bytes { dt { "Free in it" } dd { (bytes(free)) } }
            @if let Some(log) = health.log_bytes { dt { "Log" } dd { (bytes(log)) } }
            @if let Some(age) = health.oldest_transaction {
                dt { "Oldest transaction" }
                dd { (length(Duration::from_millis(age.unsigned_abs()))) @if age > 3_600_000 { " " span.tag.bad { "keeps dead rows" } } }
            }
            dt { "Clock" }
            dd { time data-clock=(millis(health.clock)) { (exact(health.clock)) } @if apart > APART { " " span.tag.bad { (length(apart)) " apart from the clock of the console" } } }
        }
    }
}

fn tables(health: &StoreHealth) -> Markup {
    html! {
        div.scroll role="region" aria-label="Tables" tabindex="0" {
            table {
                thead { tr { th scope="col" { "Table" } th.number scope="col" { "Rows" } th.number scope="col" { "Size" } } }
                tbody { @for table in &health.tables {
                    tr { th scope="row" { code { (table.table) } } td.number { @match table.rows { Some(rows) => (number(rows)), None => "unknown" } } td.number { @match table.bytes { Some(size) => (bytes(size)), None => "unknown" } } }
                } }
            }
        }
    }
}

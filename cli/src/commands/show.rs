//! `show`: one run, what it waits for, and the runs around it.

use crate::exit::{Exit, Failure};
use crate::out::{Out, note};
use crate::table::{Cell, Pair};
use steadfast::inspect::{Inspector, RunDetails, RunRef};
use steadfast::{Principal, Status};

pub(super) async fn show(inspector: &Inspector, out: &mut Out, id: &str) -> Result<Exit, Failure> {
    let details = inspector.run(id).await?;
    if out.is_json() {
        out.json(&details)?;
    } else {
        out.pairs(&pairs(&details))?;
    }
    match details.run.status {
        Status::Parked => Ok(Exit::NotResumable),
        Status::Moved => {
            note("the run was moved away; it goes on where its file is imported");
            Ok(Exit::NotResumable)
        }
        _ => Ok(Exit::Done),
    }
}

/// Returns what there is to say of a run; what is not there is left out.
fn pairs(details: &RunDetails) -> Vec<Pair> {
    let run = &details.run;
    let mut pairs = Pairs(Vec::new());
    pairs.add("id", run.id.as_str());
    pairs.add("workflow", format!("{}@{}", run.workflow, run.version));
    pairs.add("status", run.status);
    if let Some(reason) = &run.parked {
        pairs.add("reason", reason.message.as_str());
        pairs.add("recorded", reason.recorded.as_deref());
        pairs.add("found", reason.found.as_deref());
    }
    for wait in &details.waits_for {
        let until = wait.until.map(|until| format!(", until {}", crate::times::shown(until, true)));
        pairs.add("waits_for", format!("{}{}", wait.for_what, until.unwrap_or_default()));
        pairs.add("waits_since", wait.since);
        pairs.add("help", wait.help());
    }
    pairs.add("input", details.input.as_ref());
    pairs.add("outcome", details.outcome.as_ref());
    pairs.add("entries", run.entries);
    pairs.add("started", run.started_at);
    pairs.add("changed", run.changed_at);
    pairs.add("sleeps_until", run.sleeps_until);
    pairs.add("deadline", details.deadline);
    pairs.add("queue", run.queue.as_deref());
    around(&mut pairs, details);
    pairs.0
}

fn around(pairs: &mut Pairs, details: &RunDetails) {
    for (name, value) in &details.labels {
        pairs.add("label", format!("{name}={value}"));
    }
    pairs.add("principal", details.principal.as_ref().map(principal));
    pairs.add("deduplication_key", details.deduplication_key.as_deref());
    pairs.add("execution", details.execution.as_str());
    pairs.add("worker", details.worker.as_deref());
    pairs.add("deaths", Some(details.deaths).filter(|deaths| *deaths > 0));
    pairs.add("inbox", Some(details.inbox).filter(|inbox| inbox.value > 0).map(|inbox| inbox.to_string()));
    pairs.add("parent", details.parent.as_ref().map(named));
    for child in &details.children {
        pairs.add("child", named(child));
    }
    let more = details.children_count.value.saturating_sub(details.children.len() as u64);
    if more > 0 {
        let (count, id) = (details.children_count, &details.run.id);
        pairs.add("children", format!("{count}; list them with `steadfast runs --parent {id}`"));
    }
    pairs.add("forked_from", details.forked_from.as_ref().map(named));
    for fork in &details.forks {
        pairs.add("fork", named(fork));
    }
    // A run that was never replaced is its own chain.
    for earlier in details.chain.iter().filter(|earlier| earlier.number != details.run.number) {
        pairs.add("had_the_id", named(earlier));
    }
}

fn named(run: &RunRef) -> String {
    format!("{} ({}, {})", run.id, run.workflow, run.status)
}

fn principal(principal: &Principal) -> String {
    let mut text = principal.name.clone();
    if !principal.roles.is_empty() {
        text = format!("{text} ({})", principal.roles.join(", "));
    }
    match &principal.acting_for {
        Some(other) => format!("{text}, acting for {}", self::principal(other)),
        None => text,
    }
}

struct Pairs(Vec<Pair>);

impl Pairs {
    /// Adds a value, if there is one.
    fn add(&mut self, name: &str, value: impl Into<Cell>) {
        match value.into() {
            Cell::Missing => {}
            cell => self.0.push((name.to_owned(), cell)),
        }
    }
}

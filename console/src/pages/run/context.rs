//! The context of a run over time: a slider, what changed, which entry wrote it, and which steps saw it.

mod difference;

use crate::answer::Fault;
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::exact;
use crate::values::{counted, number};
use difference::difference;
use futures_util::future::try_join;
use maud::{Markup, html};
use steadfast::history::Kind;
use steadfast::inspect::{ContextChange, ContextView, EntryRef, FieldView, Paging, RunDetails, Timeline};

/// How many steps are named that saw a version, before the others are folded.
const NAMED: usize = 8;

/// How many versions have a mark below the slider.
const MARKS: usize = 200;

/// A place in the history of a context.
struct Moment {
    /// The entry that the address names; the last one if it names none.
    at: u64,
    last: u64,
    /// The versions: the numbers of the entries that made them.
    versions: Vec<u64>,
    /// The place among the versions of the one at that entry.
    place: Option<usize>,
}

impl Moment {
    fn version(&self) -> Option<u64> {
        self.place.map(|place| self.versions[place])
    }

    fn before(&self) -> Option<u64> {
        self.place.and_then(|place| place.checked_sub(1)).map(|place| self.versions[place])
    }

    fn after(&self) -> Option<u64> {
        self.versions.get(self.place.map_or(0, |place| place + 1)).copied()
    }
}

pub(super) async fn section(
    asked: &Asked,
    details: &RunDetails,
    timeline: &Timeline,
    at: Option<u64>,
) -> Result<Markup, Fault> {
    let (id, last) = (&details.run.id, details.run.entries);
    let changes = || timeline.changes.iter();
    let versions: Vec<u64> =
        changes().filter(|change| change.kind != Kind::ContextRefused).map(|change| change.seq).collect();
    let at = at.unwrap_or(last).min(last);
    let place = versions.partition_point(|version| *version <= at).checked_sub(1);
    let refused = changes().find(|change| change.kind == Kind::ContextRefused && change.seq == at).is_some();
    let moment = Moment { at, last, versions, place };
    if moment.versions.is_empty() && !refused {
        return Ok(none(details));
    }
    let named = if refused { Some(at) } else { moment.version() };
    let Some(named) = named else {
        return Ok(frame(asked, id, &moment, &html! { p.quiet { "The context was not set by then." } }));
    };
    let paging = Paging::first(1).after(named.saturating_sub(1).to_string());
    let inspector = asked.inspector();
    let (change, view) = try_join(inspector.context_changes(id, &paging), inspector.context(id, at)).await?;
    let change = change.items.into_iter().next().filter(|change| change.seq == named);
    let body = html! {
        @if let Some(change) = &change { (written(asked, id, change)) }
        @if let Some(view) = &view { (fields(asked, id, view, change.as_ref())) }
        @if let Some(change) = &change { (seen(id, change)) }
        @if let Some(after) = change.as_ref().and_then(|change| change.after.as_ref()).filter(|_| asked.may_act()) {
            // A run goes on from what its workflow has observed, with other values of its context if they are wanted.
            p.actions {
                a.button.plain href=(links::act("fork").with("run", id).with("after_entry", after.seq)) { "Fork after entry " (after.seq) }
                a.button.plain href=(links::act("rewind").with("run", id).with("after_entry", after.seq)) { "Rewind to entry " (after.seq) }
            }
        }
    };
    Ok(frame(asked, id, &moment, &body))
}

fn none(details: &RunDetails) -> Markup {
    html! {
        @if !details.run.status.is_final() || details.run.entries > 1 {
            section.context #context aria-labelledby="h-context" {
                h2 #h-context { "Context" }
                p.quiet { "The run has set no context." }
            }
        }
    }
}

/// The slider around what was at its place.
fn frame(asked: &Asked, id: &str, moment: &Moment, body: &Markup) -> Markup {
    let at = |seq: u64| {
        let link = links::run(id).with("at", seq);
        link.maybe("from", asked.query.text("from")).maybe("to", asked.query.text("to"))
    };
    let here = moment.place.map_or(0, |place| place + 1);
    html! {
        section.context #context aria-labelledby="h-context" {
            h2 #h-context { "Context over time" }
            form.slider method="get" action="run" data-slider {
                input type="hidden" name="id" value=(id);
                @for name in ["from", "to"] { @if let Some(value) = asked.query.text(name) { input type="hidden" name=(name) value=(value); } }
                label for="at" { "After entry " output for="at" { (moment.at) } " of " (number(moment.last)) }
                input #at type="range" name="at" min="1" max=(moment.last) value=(moment.at) data-versions=(marks(&moment.versions));
                (ticks(moment))
                div.buttons {
                    @match moment.before() {
                        Some(seq) => { a.button.plain rel="prev" href={ (at(seq)) "#context" } { "← Change before" } }
                        None => { span.button.plain aria-disabled="true" { "← Change before" } }
                    }
                    span.quiet { "version " (here) " of " (number(moment.versions.len() as u64)) }
                    @match moment.after() {
                        Some(seq) => { a.button.plain rel="next" href={ (at(seq)) "#context" } { "Next change →" } }
                        None => { span.button.plain aria-disabled="true" { "Next change →" } }
                    }
                    button type="submit" { "Show" }
                }
            }
            div.then { (body) }
        }
    }
}

/// The changes to which the slider snaps in the script, if they are few.
fn marks(versions: &[u64]) -> String {
    if versions.len() > 2_000 {
        return String::new();
    }
    versions.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

/// A mark below the slider for each change.
#[expect(clippy::cast_precision_loss, reason = "places in a picture")]
fn ticks(moment: &Moment) -> Markup {
    let every = moment.versions.len().div_ceil(MARKS).max(1);
    let place = |seq: u64| (seq.saturating_sub(1)) as f64 / moment.last.saturating_sub(1).max(1) as f64 * 100.0;
    html! {
        svg.ticks width="100%" height="8" aria-hidden="true" focusable="false" {
            @for version in moment.versions.iter().step_by(every) {
                @let x = format!("{:.2}%", place(*version));
                line x1=(x) x2=(x) y1="0" y2="8" class=[(Some(*version) == moment.version()).then_some("here")] {}
            }
        }
    }
}

/// Which entry made the version, and after what.
fn written(asked: &Asked, id: &str, change: &ContextChange) -> Markup {
    html! {
        p.written {
            @if change.refused.is_some() { span.tag.bad { "refused" } " " }
            "Written by " (entry(id, change.seq)) " " code.quiet { (change.kind) } ", " time datetime=(exact(change.at)) { (exact(change.at)) }
            @if let Some(after) = &change.after { ", after " (named(id, after)) }
        }
        @if let Some(refused) = &change.refused { p.bad { (asked.value(refused)) } }
    }
}

/// Every field with its value, who wrote it, and what it was before if this version changed it.
fn fields(asked: &Asked, id: &str, view: &ContextView, change: Option<&ContextChange>) -> Markup {
    let changed =
        |name: &str| change.filter(|change| change.refused.is_none())?.fields.iter().find(|field| field.field == name);
    let row = |name: &str, field: &FieldView| {
        let change = changed(name);
        html! {
            tr data-key={ "field " (name) } class=[change.map(|_| "changed")] {
                th scope="row" { @if change.is_some() { span.mark-changed aria-label="changed" title="changed" { "●" } " " } (name) }
                td.before { @if let Some(change) = change { @match &change.left { Some(left) => { del { (asked.value(left)) } } None => { span.quiet { "not set" } } } } }
                td.after {
                    @if change.is_some() { ins { (asked.value(&field.value)) } } @else { (asked.value(&field.value)) }
                    @if let Some(change) = change { (difference(asked, change)) }
                }
                td.number { a href=(links::run(id).with("at", field.written_by)) { (field.written_by) } }
            }
        }
    };
    html! {
        div.scroll role="region" aria-label="Fields" tabindex="0" {
            table.context {
                caption { (view.context) span.quiet { " (version " (view.type_version) " of the type)" } }
                thead { tr { th scope="col" { "Field" } th scope="col" { "Before" } th scope="col" { "Value" } th.number scope="col" { "Written by" } } }
                tbody { @for (name, field) in &view.fields { (row(name, field)) } }
            }
        }
    }
}

/// The steps that saw this version.
fn seen(id: &str, change: &ContextChange) -> Markup {
    let more = change.seen_by_count.saturating_sub(change.seen_by.len() as u64);
    html! {
        @if change.refused.is_none() {
            p.seen {
                @if change.seen_by_count == 0 { "No step saw this version." } @else {
                    "Seen by " (counted(change.seen_by_count, "step", "steps")) ": "
                    @for (n, step) in change.seen_by.iter().take(NAMED).enumerate() { @if n > 0 { ", " } (named(id, step)) }
                }
            }
            @if change.seen_by.len() > NAMED {
                details { summary { (counted(change.seen_by_count - NAMED as u64, "more step", "more steps")) }
                    ul.inline { @for step in change.seen_by.iter().skip(NAMED) { li { (named(id, step)) } } }
                    @if more > 0 { p.quiet { "and " (number(more)) " more" } }
                }
            }
        }
    }
}

fn entry(id: &str, seq: u64) -> Markup {
    html! { a href=(Link::to("history").with("id", id).with("after", seq.saturating_sub(1)).with("limit", 50)) { "entry " (seq) } }
}

/// An entry by the name of its step, channel or request.
fn named(id: &str, of: &EntryRef) -> Markup {
    html! {
        a href=(Link::to("history").with("id", id).with("after", of.seq.saturating_sub(1)).with("limit", 50)) {
            (of.name.as_deref().unwrap_or(of.kind.as_str()))
            @if let Some(position) = of.position { span.quiet { " #" (position) } }
        }
    }
}

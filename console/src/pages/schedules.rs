//! Schedules: their last and next times, with changes of the clocks marked.

use crate::answer::{Fault, Live, View};
use crate::asked::Asked;
use crate::links::{self, Link};
use crate::times::{exact, when};
use crate::values::number;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use std::time::SystemTime;
use steadfast::{Firing, FiringOutcome, ScheduleInfo};

/// How many schedules a page has.
const USUAL: usize = 50;

pub(crate) async fn page(asked: Asked) -> Result<View, Fault> {
    let page = asked.inspector().schedules(&asked.paging(USUAL)?).await?;
    let json = asked.json(&page);
    let main = html! {
        header.page { h1 { "Schedules" } }
        @if page.items.is_empty() {
            div.empty {
                h2 { "No schedules" }
                p { "A program sets one with " code { "engine.schedule(\"nightly\").set(..)" } "." }
            }
        }
        @for schedule in &page.items { (one(&asked, schedule)) }
        (super::runs::damaged(&page.damaged))
        @if let Some(next) = &page.next {
            nav.more aria-label="Pages of the list" { a.button href=(Link::to("schedules").with("after", next)) rel="next" { "Next page" } }
        }
    };
    Ok(View { title: "Schedules".to_owned(), main, json, live: Live::Replace })
}

fn one(asked: &Asked, schedule: &ScheduleInfo) -> Markup {
    let act = |word: &str| links::act(word).with("schedule", &schedule.name);
    let zone = zone(&schedule.times);
    html! {
        section.schedule id={ "schedule-" (schedule.name) } data-key=(schedule.name) {
            h2 { (schedule.name) @if schedule.paused.is_some() { " " span.tag.warn { "paused" } } }
            p {
                (ticked(&schedule.times)) ", starts "
                a href=(Link::to("runs").with("workflow", &schedule.workflow)) { (schedule.workflow) } span.quiet { "@" (schedule.version) }
                span.quiet { ", " (number(schedule.started)) " started so far" }
            }
            @if let Some(why) = &schedule.paused { p.warn { "Paused: " (why) } }
            @if let Some(why) = &schedule.blocked { p.bad { "Blocked: " (why) } }
            @if !schedule.waiting.is_empty() { p { "Waiting for the end of a run: " @for time in &schedule.waiting { (exact(*time)) " " } } }
            div.columns {
                div { h3 { "Next" } (times(asked, &schedule.next, zone.as_ref())) }
                div { h3 { "Last" } (firings(asked, &schedule.last)) }
            }
            @if asked.may_act() {
                p.actions {
                    a.button.plain href=(act("schedule_trigger")) { "Start a run now" }
                    @if schedule.paused.is_some() { a.button.plain href=(act("schedule_resume")) { "Resume" } } @else { a.button.plain href=(act("schedule_pause")) { "Pause" } }
                    a.button.plain href=(act("schedule_backfill")) { "Backfill" }
                }
            }
        }
    }
}

/// Shows a text in which code stands between backticks.
fn ticked(text: &str) -> Markup {
    html! { @for (n, part) in text.split('`').enumerate() { @if n % 2 == 1 { code { (part) } } @else { (part) } } }
}

/// Returns the zone of a schedule, as its times name it for people.
fn zone(times: &str) -> Option<TimeZone> {
    let (_, name) = times.rsplit_once(" in ")?;
    TimeZone::get(name.split([',', ' ']).next()?).ok()
}

fn times(asked: &Asked, times: &[SystemTime], zone: Option<&TimeZone>) -> Markup {
    html! {
        @if times.is_empty() { p.quiet { "none" } } @else {
            ol.times { @for (n, time) in times.iter().enumerate() {
                li {
                    @match local(*time, zone) { Some(text) => (text), None => (exact(*time)) }
                    " " span.quiet { (when(asked.now, *time)) }
                    @if let Some(change) = n.checked_sub(1).and_then(|before| changed(times[before], *time, zone)) { " " span.tag.warn { (change) } }
                }
            } }
        }
    }
}

/// Returns a time as the clocks of a zone show it.
fn local(time: SystemTime, zone: Option<&TimeZone>) -> Option<String> {
    let zoned = Timestamp::try_from(time).ok()?.to_zoned_datetime(zone?.clone());
    Some(zoned.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string())
}

/// Says whether the clocks of a zone change between two times.
fn changed(before: SystemTime, time: SystemTime, zone: Option<&TimeZone>) -> Option<String> {
    let offset = |time| Some(zone?.to_offset(Timestamp::try_from(time).ok()?).seconds());
    let minutes = (offset(time)? - offset(before)?) / 60;
    (minutes != 0).then(|| {
        let way = if minutes > 0 { "forward" } else { "back" };
        format!("the clocks went {way} by {} min before", minutes.abs())
    })
}

fn firings(asked: &Asked, firings: &[Firing]) -> Markup {
    html! {
        @if firings.is_empty() { p.quiet { "none yet" } } @else {
            ol.times { @for firing in firings.iter().rev() {
                li {
                    (exact(firing.nominal)) " " span.quiet { (when(asked.now, firing.nominal)) } " "
                    @match &firing.outcome {
                        FiringOutcome::Started { run } => { "started " a href=(links::run(run)) { (run) } }
                        FiringOutcome::Skipped { running } => { span.tag { "skipped" } " because of " a href=(links::run(running)) { (running) } }
                        FiringOutcome::Missed { count, until } => { span.tag.warn { "missed" } " " (count) " times, until " (exact(*until)) }
                        _ => {}
                    }
                }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{changed, local, zone};
    use crate::times;

    #[test]
    fn changes_of_the_clocks_are_marked() {
        let zone = zone("cron `30 2 * * *` in Europe/Berlin").expect("a zone");
        let time = |text| times::read(text).expect("a time");
        let [friday, saturday, sunday] = ["2026-10-23T00:30Z", "2026-10-24T00:30Z", "2026-10-25T01:30Z"].map(time);
        assert_eq!(changed(friday, saturday, Some(&zone)), None);
        assert_eq!(changed(saturday, sunday, Some(&zone)).as_deref(), Some("the clocks went back by 60 min before"));
        assert_eq!(local(sunday, Some(&zone)).as_deref(), Some("Sun 2026-10-25 02:30:00 CET"));
    }
}

//! The program is scraped while it works, killed in the middle, started again and scraped until it is done.

use crate::page::{Page, documented};
use limits::{Heard, hold_until};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The number of orders.
const ORDERS: u32 = 400;

/// A process that works and serves. It is killed on drop.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_metrics-example"));
        command.args(["--port", "0", "--orders", &ORDERS.to_string()]).current_dir(folder);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut heard = Heard::of(child.stdout.take().unwrap());
        let address = heard.until("listening on http://").rsplit('/').next().unwrap().to_owned();
        Self { child, address }
    }

    fn page(&self) -> Page {
        Page::scrape(&self.address)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns how many orders have ended.
fn ended(page: &Page) -> f64 {
    page.sum("steadfast_runs_ended_total", r#"workflow="fulfil""#)
}

#[test]
fn it_is_scraped_while_it_works_and_after_it_was_killed() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let first = Program::start(folder.path());
    let mut before = first.page();
    let mut scrapes = 0;
    hold_until(|| {
        let page = first.page();
        scrapes += 1;
        for (key, value) in before.counters() {
            assert!(page.get(key).is_some_and(|now| now >= value), "{key} was {value} and is {:?}", page.get(key));
        }
        before = page;
        ended(&before) >= 50.0
    });
    assert!(scrapes > 5, "scraped under load");
    drop(first); // killed while orders are charged
    assert!(ended(&before) < f64::from(ORDERS), "it was killed in the middle");
    assert!(before.sum("steadfast_takeovers_total", "") < 1.0);

    let second = Program::start(folder.path());
    hold_until(|| {
        before_and_after(&before, &second.page());
        second.page().sum("steadfast_queue_depth", r#"queue="orders""#) == 0.0
            && ended(&second.page()) + ended(&before) >= f64::from(ORDERS) - 50.0
            && second.page().sum("steadfast_schedule_lag_seconds_count", r#"schedule="stock""#) > 0.0
            && second.page().sum("steadfast_runs", r#"status="queued""#) == 0.0
            && second.page().get(r#"steadfast_runs{status="queued"}"#).is_some()
    });
    let page = second.page();
    assert!((1.0..2.0).contains(&page.sum("steadfast_takeovers_total", "")), "the lease of the first process");
    assert!(page.sum("steadfast_replayed_entries_total", "") > 0.0, "orders that had begun were replayed");
    assert!(page.sum("steadfast_attempts_total", r#"outcome="failed""#) > 0.0);
    every_name_is_documented([&before, &page]);
}

/// Each order ends once, and no replay counts again what the process before has counted.
fn before_and_after(before: &Page, after: &Page) {
    assert!(ended(before) + ended(after) <= f64::from(ORDERS));
    for step in ["charge", "pack"] {
        let labels = format!(r#"workflow="fulfil",step="{step}",outcome="completed""#);
        let done = |page: &Page| page.sum("steadfast_step_duration_seconds_count", &labels);
        assert!(done(before) + done(after) <= f64::from(ORDERS), "{step}");
        let attempts = |page: &Page| page.sum("steadfast_attempts_total", &labels);
        assert!(attempts(before) + attempts(after) <= f64::from(ORDERS), "{step}");
    }
}

fn every_name_is_documented(pages: [&Page; 2]) {
    let shown: BTreeSet<String> = pages.into_iter().flat_map(Page::names).collect();
    let unknown: Vec<_> = shown.iter().filter(|name| !documented().contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "the guide does not list {unknown:?}");
    // Nothing fails here, and no run is parked or deleted.
    let missing: Vec<_> = documented().into_iter().filter(|name| !shown.contains(*name)).collect();
    assert_eq!(
        missing,
        ["steadfast_runs_deleted_total", "steadfast_runs_parked_total", "steadfast_store_errors_total"]
    );
}

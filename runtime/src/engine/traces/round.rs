//! One export: reads the journals of the runs that were noted, hands their spans to the exporter, and marks how far it is.
//!
//! The marks are written after the exporter has accepted the spans. So a process that dies between both leaves spans that
//! are exported again, with the same ids; none is left out. A run whose rows cannot be read is left out for a while, and
//! stays owed.

use super::on::LOOK;
use crate::engine::core::Core;
use crate::engine::spans::{Exports, Followed, Noted};
use crate::inspect::trace::{Follow, Span};
use crate::store::{Lease, RunKey, RunQuery, Status, Store, StoreError, TraceKey, TraceMark, Write};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The runs whose journals are read at a time, the entries of a read, and the spans after which they are exported.
const RUNS: usize = 128;
const ENTRIES: usize = 1_024;
const SPANS: usize = 512;

/// The runs of one look that are owed, or belong to a lease that was taken.
const PAGE: usize = 512;

/// How long the open calls of a run are kept that does nothing, and of how many runs.
const IDLE: Duration = Duration::from_mins(1);
const KEPT: usize = 10_000;

/// How long a run is left out whose rows cannot be read.
const LEFT_OUT: Duration = Duration::from_mins(10);

/// The spans of some runs, and what is recorded once they were exported.
#[derive(Default)]
struct Batch {
    spans: Vec<Span>,
    marks: Vec<TraceMark>,
    follows: Vec<(i64, Follow)>,
    /// The runs that were not read, or not to their ends.
    rest: Vec<i64>,
    /// The runs whose rows cannot be read.
    unreadable: Vec<i64>,
}

impl Exports {
    /// Has the next round look for spans that no engine has exported.
    pub(super) fn look_again(&mut self) {
        self.looked = None;
    }

    /// Exports the spans of all that was noted. After a failure all of it is noted again.
    pub(super) async fn round(&mut self, core: &Arc<Core>) -> Result<(), String> {
        let Noted { mut runs, leases } = core.traces.take_noted();
        if !leases.is_empty() {
            self.look_again();
        }
        self.leases.extend(leases.into_iter().map(|lease| (lease, None)));
        runs.extend(self.of_leases(core).await?);
        let mut done = self.export_all(core, runs).await;
        if done.is_ok() && self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            done = self.export_owed(core).await;
        }
        self.forget_idle();
        done
    }

    /// Exports the spans of the runs that have ended and are owed by this engine, each looked at once: what cannot be
    /// exported now stays owed.
    async fn export_owed(&mut self, core: &Arc<Core>) -> Result<(), String> {
        claim_lost(core).await?;
        for lease in core.leases.all() {
            let mut after = 0;
            loop {
                let of_lease = TraceKey::Lease(lease.number);
                let page = core.ask(move |store| store.owed_traces(of_lease, after, PAGE)).await;
                let page = page.map_err(|error| error.to_string())?;
                let last = page.last().copied().filter(|_| page.len() >= PAGE);
                self.export_all(core, page.into_iter().collect()).await?;
                let Some(last) = last else { break };
                after = last;
            }
        }
        self.looked = Some(Instant::now());
        Ok(())
    }

    async fn export_all(&mut self, core: &Arc<Core>, mut runs: BTreeSet<i64>) -> Result<(), String> {
        while !runs.is_empty() {
            let some: Vec<i64> = runs.iter().copied().take(RUNS).collect();
            match self.export(core, &some).await {
                Ok(rest) => {
                    runs.retain(|run| !some.contains(run));
                    runs.extend(rest);
                }
                Err(error) => {
                    // Those that have ended are owed, and found again.
                    self.looked = None;
                    let mut noted = core.traces.noted();
                    if noted.runs.len() < KEPT {
                        noted.runs.append(&mut runs);
                    } else {
                        // Too many to be kept while the exporter fails: they are looked for in the database.
                        noted.runs.clear();
                        noted.leases = core.leases.all().iter().map(|lease| lease.number).collect();
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Exports the spans of some runs. Returns those of which there is more.
    async fn export(&mut self, core: &Arc<Core>, runs: &[i64]) -> Result<Vec<i64>, String> {
        let runs = runs.iter().filter(|run| !self.left_out.contains_key(run));
        let known: Vec<_> = runs.map(|run| (*run, self.followed.remove(run).map(|followed| followed.follow))).collect();
        let held = core.leases.all();
        let read = core.ask(move |store| read(store, &held, known)).await;
        let Batch { spans, marks, follows, rest, unreadable } = read.map_err(|error| error.to_string())?;
        let now = Instant::now();
        self.left_out.extend(unreadable.into_iter().map(|run| (run, now)));
        if !spans.is_empty() {
            let exporter = core.traces.exporter.clone();
            // All at once: the spans of a run and its mark are not to be divided.
            let sent = core.runtime.spawn_blocking(move || exporter.export(&spans));
            sent.await.map_err(|error| error.to_string())??;
        }
        if !marks.is_empty() {
            core.committer.write(Write::MarkTraces(marks)).await.map_err(|error| error.to_string())?.ok();
        }
        let used = Instant::now();
        self.followed.extend(follows.into_iter().map(|(run, follow)| (run, Followed { follow, used })));
        Ok(rest)
    }

    /// Returns runs of leases that were taken whose journals have grown since the last mark.
    async fn of_leases(&mut self, core: &Arc<Core>) -> Result<Vec<i64>, String> {
        let mut grown = Vec::new();
        while let Some((lease, after)) = self.leases.pop() {
            let query = RunQuery { lease: Some(lease), after, limit: PAGE, ..RunQuery::default() };
            let read = core.ask(move |store| {
                let page = store.runs(&query)?;
                let mut grown = Vec::new();
                for row in &page.runs {
                    if store.traced(row.number)?.is_none_or(|traced| traced.seq < row.seq) {
                        grown.push(row.number);
                    }
                }
                Ok((grown, page.next))
            });
            let (found, next) = match read.await {
                Ok(found) => found,
                Err(error) => {
                    self.leases.push((lease, after));
                    core.traces.noted().runs.extend(grown);
                    return Err(error.to_string());
                }
            };
            grown.extend(found);
            if next.is_some() {
                self.leases.push((lease, next));
                // The rest in the next round, so that what happens now does not wait for it.
                if grown.len() >= PAGE {
                    break;
                }
            }
        }
        Ok(grown)
    }

    fn forget_idle(&mut self) {
        self.followed.retain(|_, followed| followed.used.elapsed() < IDLE);
        if self.followed.len() > KEPT {
            self.followed.clear();
        }
        self.left_out.retain(|_, since| since.elapsed() < LEFT_OUT);
    }
}

/// Has this engine owe the spans of runs that have ended and whose lease is gone.
async fn claim_lost(core: &Arc<Core>) -> Result<(), String> {
    let lost = core.ask(|store| store.owed_traces(TraceKey::Nobody, 0, 1)).await.map_err(|error| error.to_string())?;
    if !lost.is_empty() {
        let claim = Write::ClaimTraces(core.leases.primary());
        core.committer.write(claim).await.map_err(|error| error.to_string())?.ok();
    }
    Ok(())
}

fn read(store: &dyn Store, held: &[Lease], runs: Vec<(i64, Option<Follow>)>) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    for (run, follow) in runs {
        if batch.spans.len() >= SPANS {
            batch.rest.push(run);
            batch.follows.extend(follow.map(|follow| (run, follow)));
        } else {
            let before = batch.spans.len();
            match batch.add(store, held, run, follow) {
                Err(error) if error.is_of_rows() => {
                    let id = id(store, run);
                    tracing::warn!(run = id, %error, "the spans of a run are not exported now: its rows cannot be read");
                    batch.spans.truncate(before);
                    batch.unreadable.push(run);
                }
                added => added?,
            }
        }
    }
    Ok(batch)
}

/// Returns the id of a run, or its number if the row cannot be read.
fn id(store: &dyn Store, run: i64) -> String {
    store.run(RunKey::Number(run)).ok().flatten().map_or_else(|| run.to_string(), |row| row.id)
}

impl Batch {
    /// Adds the spans of a run that have ended since it was followed last.
    fn add(&mut self, store: &dyn Store, held: &[Lease], run: i64, follow: Option<Follow>) -> Result<(), StoreError> {
        // Before the entries: if it has ended, its last entry is among them.
        let Some(row) = store.run(RunKey::Number(run))? else { return Ok(()) };
        let has_ended = row.status.is_final();
        let is_held = |lease: i64| held.iter().any(|held| held.number == lease);
        // Another engine may have exported some of it meanwhile.
        let traced = store.traced(run)?;
        // Another engine's, or exported already. One without an owner was noted because this engine has driven it last.
        let is_ours = if has_ended {
            traced.and_then(|traced| traced.lease).is_some_and(is_held)
        } else {
            row.lease.is_none_or(is_held) && row.status != Status::Deleting
        };
        if !is_ours {
            return Ok(());
        }
        let mut follow = follow.unwrap_or_else(|| Follow::new(&row));
        follow.exported_to(traced.map_or(0, |traced| traced.seq));
        let before = self.spans.len();
        let may_have_more = self.advance(store, &mut follow)?;
        if may_have_more {
            self.rest.push(run);
        }
        if has_ended && !may_have_more {
            follow.close(&row, &mut self.spans);
            self.marks.push(TraceMark { run, seq: None });
            return Ok(());
        }
        if self.spans.len() > before {
            self.marks.push(TraceMark { run, seq: Some(follow.seq()) });
        }
        self.follows.push((run, follow));
        Ok(())
    }

    /// Follows a run until there are enough spans. Returns whether there may be more.
    fn advance(&mut self, store: &dyn Store, follow: &mut Follow) -> Result<bool, StoreError> {
        while follow.advance(store, ENTRIES, &mut self.spans)? {
            if self.spans.len() >= SPANS {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

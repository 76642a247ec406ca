//! Gives sleeping runs to workers that join. Otherwise they would all wake in the process that has them now.

use super::core::Core;
use super::kept_out::KeptOut;
use super::lease::NOBODY;
use crate::inspect::fleet::served_by;
use crate::store::{Lease, LeaseRow, RunQuery, RunRow, Status, Write};
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How many runs are looked at between two pauses, which bound what joining costs the database.
const PAGE: usize = 200;
const PAUSE: Duration = Duration::from_millis(200);

/// The workers that this engine knows. Each gets its share once, when it joins, so that no run goes back and forth.
#[derive(Default)]
pub(super) struct Sharing {
    /// By the id of the engine.
    known: HashMap<String, Known>,
    has_looked: bool,
    is_under_way: Arc<AtomicBool>,
}

enum Known {
    /// It has had its share, or was there before this engine.
    Settled,
    /// It has just joined, with this heartbeat. It gets its share after the next one, because many processes end soon
    /// after their start.
    Joined(i64),
}

/// A worker, with the workflows and versions that it has.
struct Peer {
    lease: Lease,
    serves: Vec<(String, u32)>,
    joins: bool,
}

impl Sharing {
    /// Records the workers, and begins to share with those that have joined. Does not wait.
    pub(super) fn look(&mut self, core: &Arc<Core>, leases: &[LeaseRow]) {
        let others = leases.iter().filter(|row| row.owner != NOBODY && core.leases.held(row.number).is_none());
        let mut peers: Vec<(&str, Peer)> = Vec::new();
        self.known.retain(|owner, _| leases.iter().any(|row| row.owner == *owner));
        let is_under_way = self.is_under_way.load(Ordering::SeqCst);
        for row in others {
            // An engine that holds several leases says the same in each.
            if peers.iter().any(|(owner, _)| *owner == row.owner) {
                continue;
            }
            let Some(serves) = served_by(row) else { continue };
            let first = if self.has_looked { Known::Joined(row.heartbeat) } else { Known::Settled };
            let known = self.known.entry(row.owner.clone()).or_insert(first);
            let joins = !is_under_way && matches!(known, Known::Joined(before) if *before != row.heartbeat);
            if joins {
                *known = Known::Settled;
            }
            peers.push((&row.owner, Peer { lease: Lease { number: row.number, epoch: row.epoch }, serves, joins }));
        }
        self.has_looked = true;
        if peers.iter().any(|(_, peer)| peer.joins) {
            self.is_under_way.store(true, Ordering::SeqCst);
            let (core, ends) = (core.clone(), self.is_under_way.clone());
            let peers = peers.into_iter().map(|(_, peer)| peer).collect();
            core.runtime.clone().spawn(async move {
                share(&core, peers).await;
                ends.store(false, Ordering::SeqCst);
            });
        }
    }
}

/// Gives every worker that joins its part of the runs that sleep here, for each workflow among those that have it.
async fn share(core: &Arc<Core>, peers: Vec<Peer>) {
    let (mut shares, mut given) = (Shares { peers, seen: HashMap::new() }, 0);
    for lease in core.leases.all() {
        let mut after = None;
        loop {
            let query =
                RunQuery { lease: Some(lease.number), statuses: vec![Status::Sleeping], after, ..RunQuery::default() };
            let query = RunQuery { limit: PAGE, ..query };
            // What is not given away now stays here, where it wakes as well.
            let Ok(page) = core.read(move |store| store.runs(&query)).await else { return };
            given += give(core, lease, &mut shares, page.runs).await;
            after = page.next;
            if after.is_none() {
                break;
            }
            if !core.pause(PAUSE).await {
                return;
            }
        }
    }
    tracing::info!(given, "sleeping runs were given to workers that have joined");
}

/// Gives away those runs of a page that are for others, and returns how many were.
async fn give(core: &Arc<Core>, from: Lease, shares: &mut Shares, runs: Vec<RunRow>) -> usize {
    // The worker looks a few times in a term for runs that it was given: a run that is due sooner would be late.
    let soon = core.now().saturating_add(i64::try_from(core.options.lease_term.as_millis()).unwrap_or(i64::MAX));
    let rests = |row: &RunRow| row.wake_at.is_none_or(|due| due > soon) && !core.is_active(row.number);
    let giving = runs.into_iter().filter(rests).filter_map(|row| {
        let to = shares.next(&row)?;
        // It must not be loaded here meanwhile: nothing else keeps its owner from appending.
        let kept_out = KeptOut::take(core, row.number, row.wake_at)?;
        let write = core.committer.write(Write::Give { run: row.number, from, to });
        Some(async move {
            let answer = write.await;
            drop(kept_out);
            matches!(answer, Ok(Ok(_)))
        })
    });
    let giving: Vec<_> = giving.collect();
    join_all(giving).await.into_iter().filter(|is_given| *is_given).count()
}

/// Deals runs out to the workers.
struct Shares {
    peers: Vec<Peer>,
    /// How many runs were dealt out, by name and version of their workflow.
    seen: HashMap<(String, u32), usize>,
}

impl Shares {
    /// Returns the lease to which a run goes; `None` if it stays.
    fn next(&mut self, run: &RunRow) -> Option<Lease> {
        let serves =
            |peer: &&Peer| peer.serves.iter().any(|(name, version)| *name == run.workflow && *version == run.version);
        let able: Vec<_> = self.peers.iter().filter(serves).collect();
        let seen = self.seen.entry((run.workflow.clone(), run.version)).or_default();
        *seen += 1;
        // All places get the same part of what is here, rounded: those that join, those that were there, which keep
        // what they have, and this engine.
        let places = able.len() + 1;
        let place = (*seen + able.len() / 2) % places;
        able.iter().filter(|peer| peer.joins).nth(place).map(|peer| peer.lease)
    }
}

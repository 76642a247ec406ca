//! When a process counts as dead, and what that says of its runs.

use super::EngineBuilder;
#[cfg(doc)]
use crate::Engine;
use std::time::Duration;

impl EngineBuilder {
    /// Sets how long an engine may be silent before others take over its leases; unless chosen otherwise 5 s, and 10 s
    /// on Postgres, where the way to the database is longer; between 100 ms and a year. The leases of a
    /// process that has ended are taken over at once on its own machine, whatever the term.
    pub fn lease_term(mut self, term: Duration) -> Self {
        self.lease_term = Some(term.clamp(Duration::from_millis(100), Duration::from_hours(24 * 365)));
        self
    }

    /// Sets how many processes may die while a run is at work and makes no progress before the run becomes a suspect; 5
    /// unless chosen otherwise, at least 1. A shutdown, a dropped engine and a takeover from a process that hangs do
    /// not count.
    ///
    /// Suspects are loaded apart from the others. After a start they are held back for twice as long as the last
    /// process took to die (1 s to 5 min), then loaded in groups, the most suspect ones by halves, each watched for as
    /// long. A process that dies while they are held back clears them. A run is parked
    /// ([`ParkCause::TooManyLoads`](crate::ParkCause::TooManyLoads), [`Engine::dead`]) only if the process dies four
    /// times in a row while the run's code is being polled, the last ones while it is the only run on probation; so a
    /// kill from outside, which mostly finds code that waits, parks nothing. To find one of n suspects takes at most
    /// this number + log2(n) + 4 deaths. A run that ends the process from a thread of its own is never parked: it is
    /// loaded later and later, up to 5 min after a start, and [`RunInfo::blocked`](crate::RunInfo::blocked) says so.
    ///
    /// A side file records how a process died: beside the database, or on Postgres in the machine's folder for temporary
    /// files (`TMPDIR`), in a folder of this user. So a run is parked there only if the processes that die are on one
    /// machine. After a death elsewhere, or without the file, suspects are held back and loaded in groups, but never
    /// parked, and a process that hangs for the lease term counts as dead. So it is with a store of your own that has
    /// neither [`lock_stem`](crate::store::Store::lock_stem) nor [`shares_work`](crate::store::Store::shares_work).
    pub fn max_loads(mut self, deaths: u32) -> Self {
        self.options.max_loads = deaths.max(1);
        self
    }
}

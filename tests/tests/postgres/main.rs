//! Postgres: the common cases of stores, and what several processes do on one database.
//!
//! Without a server these tests are skipped, and say so in one line.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

mod arrival;
mod authority;
mod bad_input;
mod cluster;
mod connections;
mod encrypted;
mod everything;
mod failing;
mod fleet;
mod full_disk;
mod idle;
mod joining;
mod killed;
mod locks;
mod older;
mod operated;
mod pooled;
mod recorded;
mod restarts;
mod restored;
mod rights;
mod shipping;
mod snapshots;
mod takeover;
mod told;
mod transactions;
mod versions;
mod work;

steadfast::conformance!(store, cluster::fresh, cluster::again, cluster::is_there());

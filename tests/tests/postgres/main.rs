//! Postgres: the common cases of stores, and what several processes do on one database.
//!
//! Without a server these tests are skipped, and say so in one line.

mod arrival;
mod cluster;
mod fleet;
mod killed;
mod transactions;

steadfast::conformance!(store, cluster::fresh, cluster::again, cluster::is_there());

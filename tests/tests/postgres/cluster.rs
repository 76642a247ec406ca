//! Stores on the server of this test binary, each with tables of its own.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use steadfast::store::PgOptions;
use steadfast::store::backend::PostgresStore;
use throwaway_postgres::{Cluster, Database};

/// The time between two looks: so long that it never comes.
const NEVER: Duration = Duration::from_hours(1);

/// Returns the database of this test binary; `None` if this machine has no server.
pub(crate) fn database() -> Option<&'static Database> {
    static DATABASE: OnceLock<Option<Database>> = OnceLock::new();
    DATABASE.get_or_init(|| Cluster::shared().map(|cluster| cluster.database("common"))).as_ref()
}

pub(crate) fn is_there() -> bool {
    database().is_some()
}

/// Returns options for tables of their own in the database.
pub(crate) fn options() -> PgOptions {
    let database = database().expect("there is a server");
    options_in(database, database.url())
}

/// Returns options for tables of their own in a database that is reached through a URL.
pub(crate) fn options_in(database: &Database, url: &str) -> PgOptions {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let schema = format!("Case {}", NEXT.fetch_add(1, Ordering::Relaxed));
    database.execute(&format!("CREATE SCHEMA \"{schema}\"")).expect("the schema is created");
    PgOptions::new(url).expect("the URL is one").schema(schema).poll(NEVER)
}

/// Creates an empty store.
pub(crate) fn fresh() -> PostgresStore {
    options().open().expect("the store is opened")
}

/// Opens the tables of a store once more, with other connections.
pub(crate) fn again(store: &PostgresStore) -> PostgresStore {
    store.options().clone().open().expect("the store is opened again")
}

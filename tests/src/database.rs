//! The database of a program for tests.

use steadfast::prelude::*;

/// The lease term on Postgres: tests wait for it where no side file says that a process has died.
const TERM: Duration = Duration::from_millis(600);

/// Returns the builder of an engine on a database that is named by its path or its URL.
pub fn on(database: &str) -> steadfast::EngineBuilder {
    if database.starts_with("postgres://") {
        Engine::builder().postgres(database).lease_term(TERM)
    } else {
        Engine::builder().sqlite(database)
    }
}

//! The common cases of stores on a second major version of Postgres, where this machine has one.

use std::sync::OnceLock;
use steadfast::store::backend::PostgresStore;
use throwaway_postgres::{Cluster, Database, available, of_another_version};

fn database() -> Option<&'static Database> {
    static DATABASE: OnceLock<Option<Database>> = OnceLock::new();
    let created = || {
        let installation = available(of_another_version())?;
        println!("Postgres {}", installation.major);
        Cluster::shared_of(&installation).map(|cluster| cluster.database("common"))
    };
    DATABASE.get_or_init(created).as_ref()
}

fn is_there() -> bool {
    database().is_some()
}

fn fresh() -> PostgresStore {
    let database = database().expect("there is a server");
    crate::cluster::options_in(database, database.url()).open().expect("the store is opened")
}

steadfast::conformance!(another_version, fresh, crate::cluster::again, is_there());

//! Where the engines of a test have their database.

use std::path::{Path, PathBuf};
use std::time::Duration;
use steadfast::{Engine, EngineBuilder};
use throwaway_postgres::{Cluster, Database};

/// The time that an engine may take to end.
pub(crate) const ENDING: Duration = Duration::from_secs(20);

/// A database that several engines open.
pub(crate) struct Place {
    file: PathBuf,
    folder: tempfile::TempDir,
    /// `None` for the file.
    postgres: Option<Database>,
}

impl Place {
    pub(crate) fn file() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        Self { file: folder.path().join("shared.db"), folder, postgres: None }
    }

    /// Returns a database of Postgres; `None` if there is no server, which is said in one line.
    pub(crate) fn postgres() -> Option<Self> {
        Some(Self { postgres: Some(Cluster::shared()?.database("remote")), ..Self::file() })
    }

    pub(crate) fn builder(&self) -> EngineBuilder {
        let builder = match &self.postgres {
            Some(database) => Engine::builder().postgres(database.url()),
            None => Engine::builder().sqlite(&self.file),
        };
        builder.lease_term(Duration::from_secs(1))
    }

    /// Returns the name by which another process finds it.
    pub(crate) fn name(&self) -> String {
        match &self.postgres {
            Some(database) => database.url().to_string(),
            None => self.file.to_str().expect("a path that is text").to_owned(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    #[allow(dead_code, reason = "another binary shares this file")]
    /// Returns how many rows of remote calls there are, in whatever state.
    pub(crate) fn tasks(&self) -> i64 {
        let count = "SELECT count(*) FROM steadfast_tasks";
        if let Some(database) = &self.postgres {
            let rows = database.execute(count).expect("a count");
            return rows[0][0].as_deref().expect("a number").parse().expect("a number");
        }
        let file = rusqlite::Connection::open(&self.file).expect("the file is opened");
        file.query_row(count, [], |row| row.get(0)).expect("a count")
    }
}

/// Makes a test on a file, and the same on Postgres.
macro_rules! on_both {
    ($(async fn $name:ident($place:ident: Place) $body:block)*) => {
        $(mod $name {
            #[allow(unused_imports, reason = "the body may name anything from where it stands")]
            use super::*;

            async fn test($place: Place) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_a_file() {
                test(Place::file()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                if let Some(place) = Place::postgres() {
                    test(place).await;
                }
            }
        })*
    };
}
pub(crate) use on_both;

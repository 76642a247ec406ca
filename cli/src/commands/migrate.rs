//! `migrate`: the tables of a database.

use crate::args::{Global, Migrate};
use crate::database::{self, Database};
use crate::done::Done;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use crate::sure;
use steadfast::Engine;
use steadfast::inspect::Inspector;

/// Creates the tables of Postgres or converts older ones, and converts a file of SQLite that exists.
pub(super) async fn migrate(global: &Global, args: &Migrate, out: &mut Out) -> Result<Exit, Failure> {
    let database = database::named(global)?;
    if args.print {
        let Database::Postgres(options) = database else {
            let why = "a file of SQLite is converted by the program that opens it, so there are no statements to print; \
                       leave out `--print`";
            return Err(Failure::Usage(why.to_owned()));
        };
        out.bytes(options.migrations().as_bytes())?;
        return Ok(Exit::Done);
    }
    let client = Engine::builder().client();
    let client = match database {
        Database::Postgres(options) => {
            sure::ask(out, args.yes, "create or convert the tables of this database")?;
            client.postgres(options.poll_only())
        }
        Database::File(path) => {
            if !path.exists() {
                // The sentence of all commands.
                drop(Inspector::sqlite(&path).await?);
            }
            sure::ask(out, args.yes, "convert this file to the tables of this version")?;
            client.sqlite(path)
        }
    };
    client.start().await?.shutdown(std::time::Duration::from_secs(10)).await?;
    out.done(&Done::new("migrate", "the database"))?;
    Ok(Exit::Done)
}

//! `serve`: a console for the database in the browser.

use crate::act_args::Actor;
use crate::args::{Global, Serve};
use crate::database;
use crate::done::Done;
use crate::exit::{Exit, Failure};
use crate::out::{Out, note};
use std::net::SocketAddr;
use steadfast::EngineBuilder;
use steadfast::inspect::Inspector;
use steadfast_console::Console;
use tokio::net::TcpListener;

pub(super) async fn serve(
    serve: &Serve,
    global: &Global,
    builder: Option<EngineBuilder>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let inspector = database::open(global).await?;
    let mut console = console(inspector, serve, global, builder).await.database(named(global));
    if serve.hide_values {
        console = console.hide_values();
    }
    console = serve.host.iter().fold(console, Console::host);
    let listener = TcpListener::bind(SocketAddr::new(serve.listen, serve.port)).await.map_err(Failure::Listen)?;
    let address = console.address(listener.local_addr().map_err(Failure::Listen)?);
    // The only place where the token is told.
    if out.is_json() {
        out.json(&Done::new("serve", address))?;
    } else {
        out.bytes(format!("{address}\n").as_bytes())?;
    }
    console.serve(listener).await.map_err(Failure::Listen)?;
    Ok(Exit::Done)
}

/// Returns a console that acts, or one that only looks if it should or if the database cannot be written.
async fn console(inspector: Inspector, serve: &Serve, global: &Global, builder: Option<EngineBuilder>) -> Console {
    if serve.read_only {
        return Console::new(inspector, None).read_only();
    }
    let actor = Actor { who: serve.who.clone(), why: String::new() };
    match database::operator(global, &actor, builder).await {
        Ok(operator) => Console::new(inspector, operator),
        Err(failure) => {
            let why = failure.sentence().unwrap_or_else(|| "the database cannot be written".to_owned());
            note(&format!("steadfast: the console is read-only: {why}"));
            Console::new(inspector, None).read_only_because(why)
        }
    }
}

/// Returns the option that names the database on the command lines that pages show; of a server, nothing that may hold a
/// password.
fn named(global: &Global) -> String {
    match database::named(global) {
        Ok(database::Database::File(path)) => format!("--db {}", quoted(&path.display().to_string())),
        _ => "--db \"$STEADFAST_DB\"".to_owned(),
    }
}

fn quoted(path: &str) -> String {
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    if is_plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

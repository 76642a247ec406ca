//! An HTTP service on durable workflows: stop it or kill it at any moment, start it again, and every accepted order
//! gets its receipt.

mod arguments;

use crate::arguments::{Arguments, HELP};
use http_service::{Bank, fulfil, serve};
use std::io::Write as _;
use std::process::ExitCode;
use steadfast::{Engine, Result};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "http-service: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<()> {
    let Some(arguments) = Arguments::parse(std::env::args_os().skip(1))? else {
        say(HELP.trim_end());
        return Ok(());
    };
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    let mut folder = arguments.database.clone().into_os_string();
    folder.push("-bank");
    let bank = Bank::new(folder, arguments.pause)?;
    let engine = Engine::builder().sqlite(&arguments.database).workflow(fulfil).resource(bank).start().await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    let report = serve(listener, engine, interrupted()).await?;
    say(if report.finished { "stopped in order" } else { "stopped; the next start continues what was in flight" });
    Ok(())
}

/// Waits until the process is asked to end, from the keyboard or by its supervisor.
async fn interrupted() {
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// Prints a line.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

//! Serves a console over runs of every kind, to look at its pages: `cargo run -p steadfast-console --example demo`.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

#[path = "../tests/console/filled.rs"]
mod filled;

use filled::Filled;
use std::io::Write as _;
use steadfast_console::Console;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filled = Filled::file(tempfile::tempdir()?).await;
    filled.long("long-1", 3_000).await;
    filled.long("short-1", 12).await;
    filled.order("order-2", "leave it at the door").await;
    let console = Console::new(filled.engine.inspect(), filled.engine.operate("demo")?).database("--db runs.db");
    let console =
        console.token(std::env::var("TOKEN").unwrap_or_else(|_| "0123456789abcdef0123456789abcdef".to_owned()));
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    writeln!(std::io::stdout(), "{}", console.address(listener.local_addr()?))?;
    console.serve(listener).await?;
    Ok(())
}

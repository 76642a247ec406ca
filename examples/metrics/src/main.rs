//! Fulfils orders and shows its metrics: kill it at any moment, start it again, and look.

use lexopt::ValueExt as _;
use lexopt::prelude::{Long, Short};
use metrics_example::{count, exporter, fulfil, orders_queue, recorder, serve};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use steadfast::{Engine, Error, Result, Schedule, Scope, scoped};
use tokio::net::TcpListener;

const HELP: &str = "\
Fulfils orders, and shows Prometheus how. Kill it at any moment, and start it again.

Usage: metrics-example [options]

  --port N         the port on 127.0.0.1; 0 lets the system choose  [9000]
  --database PATH  where orders are kept                            [metrics.db]
  --orders N       how many orders there are                        [10000]
  --collector URL  where spans go, such as http://localhost:4318/v1/traces
  --help           this text

  curl localhost:9000/metrics
";

struct Arguments {
    port: u16,
    database: PathBuf,
    orders: u32,
    collector: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "metrics-example: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<()> {
    let Some(Arguments { port, database, orders, collector }) = parse(std::env::args_os().skip(1))? else {
        say(HELP.trim_end());
        return Ok(());
    };
    // Before the engine, which describes its metrics when it starts.
    let metrics = recorder()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let builder = Engine::builder().sqlite(database).queue(orders_queue()).workflow(fulfil).workflow(count);
    let builder = match collector {
        Some(collector) => builder.traces(exporter(&collector)?),
        None => builder,
    };
    let stock = Schedule::every(Duration::from_secs(1));
    let engine = builder.serve("orders", 8).schedule("stock", stock, count, ()).start().await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    let fulfilling = {
        let engine = engine.clone();
        tokio::spawn(async move {
            let all = (1..=orders).map(|number| (format!("order-{number}"), number));
            // One id is one order, however often the program is started.
            match scoped(Scope::new().queue("orders"), engine.start_all(fulfil, all)).await {
                Ok(_) => say("every order is accepted"),
                Err(error) => say(&format!("not every order is accepted: {error}")),
            }
        })
    };
    let interrupted = async {
        // Without the signal it ends when it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    serve(listener, metrics, interrupted).await?;
    fulfilling.abort();
    engine.shutdown(Duration::from_secs(10)).await?;
    Ok(())
}

/// Parses the arguments. Returns `None` if only the help was requested.
fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Arguments>> {
    let mut read = Arguments { port: 9000, database: PathBuf::from("metrics.db"), orders: 10_000, collector: None };
    let mut parser = lexopt::Parser::from_args(arguments);
    let mistake = |error: lexopt::Error| Error::msg(format!("{error}; `metrics-example --help` lists what there is"));
    while let Some(argument) = parser.next().map_err(mistake)? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("port") => {
                read.port = parser.value().and_then(|value| value.parse()).map_err(mistake)?;
            }
            Long("orders") => {
                read.orders = parser.value().and_then(|value| value.parse()).map_err(mistake)?;
            }
            Long("collector") => {
                read.collector = Some(parser.value().and_then(lexopt::ValueExt::string).map_err(mistake)?);
            }
            Long("database") => read.database = parser.value().map_err(mistake)?.into(),
            _ => return Err(mistake(argument.unexpected())),
        }
    }
    Ok(Some(read))
}

/// Prints a line.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

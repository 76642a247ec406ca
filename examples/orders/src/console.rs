//! Shows the runs in the browser, while they run and after a kill.

use crate::arguments::Database;
use crate::progress::say;
use steadfast::{Engine, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A console that is served until it is dropped.
pub(crate) struct Console(JoinHandle<()>);

impl Console {
    /// Serves a console of the engine's database on a free port, and prints its address.
    ///
    /// # Errors
    /// There is no free port.
    pub(crate) async fn open(engine: &Engine, database: &Database) -> Result<Self> {
        let mut console = steadfast_console::Console::new(engine.inspect(), engine.operate("orders")?);
        if let Database::File(path) = database {
            console = console.database(format!("--db {}", path.display()));
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        say(&format!("console: {}", console.address(listener.local_addr()?)));
        let serving = async {
            if let Err(error) = console.serve(listener).await {
                say(&format!("the console has ended: {error}"));
            }
        };
        Ok(Self(tokio::spawn(serving)))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! (m) A transaction of a workflow, against the same statements in a bare transaction.

use crate::table::{Table, median};
use crate::workflows::moves;
use rusqlite::{Connection, params};
use std::path::Path;
use std::time::Instant;
use steadfast::Engine;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const TRANSACTIONS: u32 = 1_000;
const TABLES: &str = "CREATE TABLE accounts (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL);
    INSERT INTO accounts VALUES (1, 1000000), (2, 0);";

pub(crate) fn of_a_workflow(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bare.push(bare_transactions(&folder.join(format!("raw-{round}.db"))));
        ours.push(runtime.block_on(async {
            let path = folder.join(format!("moves-{round}.db"));
            let engine = Engine::builder().sqlite(&path).workflow(moves).start().await.expect("an engine");
            Connection::open(&path).expect("the file").execute_batch(TABLES).expect("tables");
            let start = Instant::now();
            engine.start(moves, u64::from(TRANSACTIONS)).await.expect("a start").result().await.expect("a result");
            f64::from(TRANSACTIONS) / start.elapsed().as_secs_f64()
        }));
    }
    let name = "(m) transactions of one run, one after the other";
    table.against(name, median(ours), "commits/s", median(bare), "");
}

fn bare_transactions(path: &Path) -> f64 {
    let mut db = Connection::open(path).expect("a database");
    db.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    db.pragma_update(None, "synchronous", "FULL").expect("FULL");
    db.execute_batch(TABLES).expect("tables");
    let start = Instant::now();
    for _ in 0..TRANSACTIONS {
        let transaction = db.transaction().expect("a transaction");
        for (id, cents) in [(1, -1), (2, 1)] {
            let mut update = transaction.prepare("UPDATE accounts SET cents = cents + ?2 WHERE id = ?1").expect("SQL");
            update.execute(params![id, cents]).expect("a row");
        }
        transaction.commit().expect("a commit");
    }
    f64::from(TRANSACTIONS) / start.elapsed().as_secs_f64()
}

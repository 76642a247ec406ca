//! A store of another crate, with SQL of its own: it runs users' code through `store::backend`.

use crate::faulty::{Answers, Hooked};
use limits::Soon as _;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use steadfast::EngineError;
use steadfast::prelude::*;
use steadfast::sql::SqlError;
use steadfast::sql::types::SqlValue;
use steadfast::store::backend::{
    Append, AttemptOutcome, Change, EntryRow, Rejected, RowValues, RunKey, RunRow, SqlErrorKind, Statement, Statements,
    TxState, UserCode, Within, Write, Written,
};
use steadfast::store::{MemoryStore, Store, StoreError};

type Notes = Vec<String>;

/// A database with one table, `notes`, whose texts differ.
#[derive(Clone, Default)]
struct Foreign(Arc<Mutex<Notes>>);

/// A transaction: a copy of the table.
struct Draft {
    notes: Notes,
    lost: bool,
}

struct Found<'a>(&'a str);

impl RowValues for Found<'_> {
    fn columns(&self) -> usize {
        1
    }

    fn name(&self, _: usize) -> &'static str {
        "text"
    }

    fn value(&self, _: usize) -> std::result::Result<SqlValue<'_>, SqlError> {
        Ok(SqlValue::Text(self.0.into()))
    }
}

impl Statements for Draft {
    fn run(
        &mut self,
        statement: &Statement<'_>,
        rows: Option<&mut dyn FnMut(&dyn RowValues) -> ControlFlow<()>>,
    ) -> std::result::Result<usize, SqlError> {
        assert!(statement.until.is_some());
        match (statement.sql, statement.values, rows) {
            ("INSERT INTO notes VALUES (?1)", [SqlValue::Text(text)], None) => {
                if self.notes.iter().any(|note| note == text) {
                    return Err(SqlError::new(SqlErrorKind::Constraint, "it is there already"));
                }
                self.notes.push(text.to_string());
                Ok(1)
            }
            ("SELECT text FROM notes", [], Some(each)) => {
                let _ = self.notes.iter().try_for_each(|note| each(&Found(note)));
                Ok(0)
            }
            ("GIVE UP", [], None) => {
                self.lost = true;
                Err(SqlError::new(SqlErrorKind::Other, "given up"))
            }
            _ => Err(SqlError::new(SqlErrorKind::Other, "there is no such statement")),
        }
    }

    fn state(&self) -> TxState {
        if self.lost { TxState::RolledBack } else { TxState::Open }
    }
}

/// The writes of the engine within a transaction, each a commit of its own: enough for a test.
struct Inside<'a>(&'a MemoryStore);

impl Within for Inside<'_> {
    fn write(&mut self, write: &Write) -> std::result::Result<std::result::Result<Written, Rejected>, StoreError> {
        Ok(self.0.commit(std::slice::from_ref(write))?.remove(0))
    }

    fn run(&mut self, key: RunKey<'_>) -> std::result::Result<Option<RunRow>, StoreError> {
        self.0.run(key)
    }

    fn first_entries(&mut self, run: i64, limit: usize) -> std::result::Result<Vec<EntryRow>, StoreError> {
        self.0.entries(run, 0, limit)
    }
}

impl Foreign {
    fn store(&self) -> Hooked {
        let foreign = self.clone();
        Hooked::new(MemoryStore::new(), move |store, writes| foreign.commit(store, writes))
    }

    fn commit(&self, store: &MemoryStore, writes: &[Write]) -> Answers {
        let one = |write: &Write| match write {
            Write::Append(append) => self.append(store, append),
            Write::Transaction(code) => Ok(match self.code(store, code)? {
                AttemptOutcome::Failed { message, .. } => Err(Rejected::Refused(message)),
                _ => Ok(Written::Done),
            }),
            write => Inside(store).write(write),
        };
        writes.iter().map(one).collect()
    }

    fn append(
        &self,
        store: &MemoryStore,
        append: &Append,
    ) -> std::result::Result<std::result::Result<Written, Rejected>, StoreError> {
        let Some(transaction) = &append.transaction else {
            return Inside(store).write(&Write::from(append.clone()));
        };
        let begun = match Inside(store).write(&Write::from(Append { transaction: None, ..append.clone() }))? {
            Ok(begun) => begun,
            rejected => return Ok(rejected),
        };
        let outcome = self.code(store, &transaction.code)?;
        if let AttemptOutcome::Completed(value) = &outcome {
            let entry = EntryRow { value: Some(value.clone()), ..transaction.entry.clone() };
            let after = append.entries.last().map_or(append.after, |entry| entry.seq);
            let (fields, taken, outgoing, change) = (Vec::new(), Vec::new(), Vec::new(), Change::default());
            let entries = vec![entry];
            let end = Append { after, entries, fields, taken, outgoing, change, transaction: None, ..append.clone() };
            Inside(store).write(&Write::from(end))?.expect("nobody else writes");
        }
        Ok(Ok(Written::Transacted { outcome, appended: Box::new(begun) }))
    }

    /// Runs code on a copy of the table, which is kept if the code returns a value.
    fn code(&self, store: &MemoryStore, code: &UserCode) -> std::result::Result<AttemptOutcome, StoreError> {
        let mut notes = self.0.lock().unwrap();
        let mut draft = Draft { notes: notes.clone(), lost: false };
        let outcome = match code.run(&mut draft, &mut Inside(store)) {
            // Lost by the code's fault: it says why, and does not run again.
            Err(_) if draft.lost => code.run(&mut draft, &mut Inside(store))?,
            outcome => outcome?,
        };
        if matches!(outcome, AttemptOutcome::Completed(_)) {
            *notes = draft.notes;
        }
        Ok(outcome)
    }

    fn notes(&self) -> Notes {
        self.0.lock().unwrap().clone()
    }
}

#[transaction]
fn write_down(tx: &mut Tx<'_>, text: String) -> Result<usize> {
    tx.execute("INSERT INTO notes VALUES (?1)", [&text])?;
    if text == "later" {
        tx.execute("GIVE UP", []).unwrap_err();
        tx.execute("INSERT INTO notes VALUES (?1)", [text])?;
    }
    Ok(tx.query("SELECT text FROM notes", (), |row| row.get::<String>("text"))?.len())
}

#[workflow]
async fn writes(flow: &mut Flow, text: String) -> Result<usize> {
    Ok(write_down(flow, text).await?)
}

#[tokio::test]
async fn a_foreign_store_runs_transactions() {
    let foreign = Foreign::default();
    let engine = Engine::builder().store(foreign.store()).workflow(writes).start().await.unwrap();
    let write = async |text: &str| engine.start(writes, text.to_owned()).await.unwrap().result().soon().await;
    assert_eq!((write("a").await.unwrap(), write("b").await.unwrap()), (1, 2));
    let twice = write("a").await.unwrap_err().to_string();
    assert!(twice.contains("`INSERT INTO notes VALUES (?1)`: it is there already"), "{twice}");
    let lost = write("later").await.unwrap_err().to_string();
    assert!(lost.contains("has rolled this transaction back"), "{lost}");
    assert_eq!(foreign.notes(), ["a", "b"]);

    let both = engine.transaction(|tx| {
        assert!(tx.execute("INSERT INTO notes VALUES (?1)", ["a"]).unwrap_err().is_constraint());
        tx.execute("INSERT INTO notes VALUES (?1)", ["c"])?;
        Ok(tx.start(writes, "d".into()).begin()?)
    });
    let run = both.await.unwrap();
    assert_eq!(engine.handle(writes, &run).await.unwrap().result().soon().await.unwrap(), 4);
    let late = engine.transaction(|_| {
        std::thread::sleep(Duration::from_millis(30));
        Ok(())
    });
    let late = late.time_limit(Duration::from_millis(10)).await.unwrap_err();
    assert!(matches!(&late, EngineError::RolledBack(why) if why.to_string().contains("10ms")), "{late}");
    assert_eq!(foreign.notes(), ["a", "b", "c", "d"]);
}

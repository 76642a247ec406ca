//! Commits a batch of writes: one transaction, in which each write succeeds or fails alone.

use super::tables::Tables;
use super::{Session, queries};
use crate::store::decide::perform;
use crate::store::{Rejected, StoreError, StoreErrorKind, Write, Written};

type Answers = Vec<Result<Written, Rejected>>;

/// Applies `writes` in one transaction.
///
/// A write that the database refuses would fail the whole transaction. As this is rare, the first attempt has no guard
/// against it; if it happens, the batch is applied again with a savepoint around each write.
pub(in crate::store) fn commit(
    session: &impl Session,
    database: &str,
    writes: &[Write],
) -> Result<Answers, StoreError> {
    if writes.is_empty() {
        return Ok(Vec::new());
    }
    match transaction(session, || together(session, database, writes)) {
        Err(error) if concerns_one_write(&error) && writes.iter().any(runs_code) => apart(session, database, writes),
        Err(error) if concerns_one_write(&error) => transaction(session, || one_by_one(session, database, writes)),
        answers => answers,
    }
}

fn transaction(
    session: &impl Session,
    body: impl FnOnce() -> Result<Answers, StoreError>,
) -> Result<Answers, StoreError> {
    session.begin()?;
    let answers = body().and_then(|answers| session.commit().map(|()| answers));
    if answers.is_err() {
        // If this fails too, the next `begin` finds the transaction still open and reports it.
        let _ = session.rollback();
    }
    answers
}

fn together(session: &impl Session, database: &str, writes: &[Write]) -> Result<Answers, StoreError> {
    if writes.iter().any(runs_code) {
        let mut tables = Tables::new(session, database);
        return writes.iter().map(|write| perform(&mut tables, write)).collect();
    }
    let mut tables = Tables::until_flushed(session, database);
    let answers = writes.iter().map(|write| perform(&mut tables, write)).collect::<Result<_, _>>()?;
    tables.flush()?;
    Ok(answers)
}

fn one_by_one(session: &impl Session, database: &str, writes: &[Write]) -> Result<Answers, StoreError> {
    let mut tables = Tables::new(session, database);
    let answer = |write: &Write| {
        session.execute(queries::SAVEPOINT, &[])?;
        let answer = match perform(&mut tables, write) {
            Err(error) if concerns_one_write(&error) => {
                session.execute(queries::UNDO, &[])?;
                tables.forget_leases();
                Err(Rejected::Refused(error.message))
            }
            answer => answer?,
        };
        session.execute(queries::RELEASE, &[])?;
        Ok(answer)
    };
    writes.iter().map(answer).collect()
}

/// Applies the batch in several transactions, in its order. A user's code may make a whole transaction fail, even at
/// its commit: so each write with code gets a transaction of its own. Code whose own transaction fails is not run
/// again.
fn apart(session: &impl Session, database: &str, writes: &[Write]) -> Result<Answers, StoreError> {
    let mut answers = Answers::with_capacity(writes.len());
    for group in writes.chunk_by(|a, b| !runs_code(a) && !runs_code(b)) {
        let done = match transaction(session, || together(session, database, group)) {
            Err(error) if concerns_one_write(&error) => {
                if let [write] = group
                    && let Some(code) = write.user_code()
                {
                    code.refuse(error.message);
                }
                transaction(session, || one_by_one(session, database, group))
            }
            done => done,
        };
        answers.extend(done?);
    }
    Ok(answers)
}

fn runs_code(write: &Write) -> bool {
    write.user_code().is_some()
}

fn concerns_one_write(error: &StoreError) -> bool {
    matches!(error.kind, StoreErrorKind::Refused | StoreErrorKind::TooLarge)
}

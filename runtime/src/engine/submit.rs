//! Submits the appends of active runs, and handles their outcomes.

use super::core::{Core, DriverEvent, Envelope};
use super::suspects::watched_code;
use super::{inbox, trace};
use crate::metrics::AppendNote;
use crate::store::{Append, Rejected, Status, StoreError, StoreErrorKind, UserCode, Write, Written};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Submits an append to the committer; the outcome is sent to the driver.
pub(super) fn submit(
    core: &Arc<Core>,
    mut append: Append,
    note: AppendNote,
    first_run: i64,
    mail: mpsc::UnboundedSender<Envelope>,
) {
    let busy = core.busy();
    let courier = core.clone();
    let ends = append.change.release;
    let (run, acquitted) = (append.run, append.change.loads == Some(0));
    let transaction = append.transaction.is_some();
    if let (Some(transaction), Some(watch)) = (&mut append.transaction, core.suspects.watch(run)) {
        transaction.code.body = watched_code(watch, transaction.code.body.clone());
    }
    let new_runs = trace::NewRuns::of(&append);
    append.change.traced = core.traces.is_on() && append.change.status.is_some_and(Status::is_final);
    let append = Arc::new(append);
    let spent = append.clone();
    core.committer.submit(Write::Append(append), move |answer| {
        let message = match answer {
            Ok(Ok(written)) => {
                if acquitted {
                    courier.suspects.acquit(run);
                }
                courier.traces.note(run);
                if ends {
                    #[cfg(feature = "schedules")]
                    if courier.schedules.free(run) {
                        courier.look_for_schedules();
                    }
                    courier.observers.notify(first_run);
                }
                let (written, outcome) = match written {
                    Written::Transacted { outcome, appended } => (*appended, Some(outcome)),
                    written => (written, transaction.then(UserCode::no_sql)),
                };
                let outcomes = match written {
                    Written::Appended { outcomes, notified } => {
                        inbox::look_all(&courier, notified);
                        courier.observers.notify(first_run);
                        new_runs.emit(&outcomes);
                        outcomes
                    }
                    _ => Vec::new(),
                };
                note.durable(&outcomes, outcome.as_ref());
                match outcome {
                    Some(outcome) => DriverEvent::Transacted(outcomes, outcome),
                    None => DriverEvent::Durable(outcomes, spent),
                }
            }
            Ok(Err(Rejected::Refused(text))) => DriverEvent::Unwritten(StoreError::new(StoreErrorKind::Refused, text)),
            Ok(Err(_)) => DriverEvent::Fenced,
            Err(error) => {
                // It is unknown whether runs that this append would have notified must be notified.
                courier.catch_up();
                courier.traces.note(run);
                new_runs.emit_written(&*courier.store);
                note.read_back(&*courier.store, &spent);
                DriverEvent::Unwritten(error)
            }
        };
        if mail.send(courier.envelope(message)).is_err() {
            // The driver has exited, and the runs that this one started have no driver.
            courier.catch_up();
        }
        drop(busy);
    });
}

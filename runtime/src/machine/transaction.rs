//! Steps that are transactions: each runs within the commit of an append, and nothing else is delivered to the run
//! meanwhile.

use super::Machine;
use super::delivered::Delivered;
use super::turn::entry;
use crate::journal::{Completion, Journal as _};
use crate::panics;
use crate::record::{AttemptOutcome, Kind};
use crate::scope::{Cancellation, Link, StepScope, Writes};
use crate::store::{EntryRow, Transaction, UserCode};
use std::collections::VecDeque;
use std::sync::Arc;

/// The transactions of a run: those that wait to run one after the other, and the one in flight.
#[derive(Default)]
pub(super) struct Transactions {
    waiting: VecDeque<u64>,
    running: Option<Running>,
    /// Whether no further transaction begins: the next load of the run starts it.
    held: bool,
}

/// A transaction in an append whose outcome is not known yet.
struct Running {
    position: u64,
    attempt: u32,
    /// The time with which its result is recorded.
    at: i64,
}

impl Transactions {
    /// Queues an attempt of the step at this command index.
    pub(super) fn wait(&mut self, position: u64) {
        self.waiting.push_back(position);
    }

    /// Returns the command indexes of those that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = u64> {
        self.waiting.iter().copied()
    }

    /// Drops those that have not begun.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }
}

impl Machine {
    /// Returns whether a transaction is in flight, so that the number of the next entry is unknown.
    pub(super) fn is_transacting(&self) -> bool {
        self.transactions.running.is_some()
    }

    /// Returns whether the next append has a transaction.
    pub(super) fn has_transaction(&self) -> bool {
        if self.transactions.waiting.is_empty() {
            return false;
        }
        let state = self.journal.state();
        let called = |position: u64| state.running.contains(&position);
        self.is_open() && !self.transactions.held && self.transactions.waiting().any(called)
    }

    /// Returns whether an entry is the result of a transaction: it is committed before the turn that it causes.
    pub(super) fn is_of_transaction(&self, entry: &EntryRow) -> bool {
        let mut state = self.journal.state();
        let step =
            entry.position.filter(|_| entry.kind == Kind::StepCompleted).and_then(|position| state.step(position));
        step.is_some_and(|step| step.call.run.body.is_transaction())
    }

    /// Prevents further transactions, because the engine stops.
    pub(crate) fn hold_transactions(&mut self) {
        self.transactions.held = true;
    }

    /// Takes the next transaction, to run right after the entries of an append.
    pub(super) fn begin_transaction(&mut self, now: i64) -> Option<Transaction> {
        if !self.has_transaction() {
            return None;
        }
        let (call, position, attempt, name) = loop {
            let position = self.transactions.waiting.pop_front()?;
            // A transaction whose call was dropped meanwhile does not begin.
            if let Some(step) = self.journal.state().step(position) {
                let Some(arguments) = step.call.arguments.value().cloned() else { continue };
                break ((step.call.run.body.clone(), arguments), position, step.attempt, step.call.name);
            }
        };
        let (body, arguments) = call;
        let scope = StepScope {
            run: self.journal.identity().clone(),
            run_scope: self.journal.state().scope.clone(),
            name: name.to_owned(),
            position,
            attempt,
            deadline: None,
            cancellation: Cancellation::default(),
            writes: Writes::default(),
            link: Link::Transaction,
            sends: &[],
        };
        let (env, limit) = (self.env.clone(), self.limits.value);
        // The arguments are decoded here, by user code, so that the commit does not wait for it.
        let code = panics::caught(|| body.transaction(&arguments, Arc::new(scope), env, limit));
        let code = code.unwrap_or_else(|panic| Some(UserCode::failing(AttemptOutcome::panicked(panic))))?;
        let at = now;
        self.transactions.running = Some(Running { position, attempt, at });
        let entry = EntryRow {
            position: Some(position),
            name: Some(name.to_owned()),
            attempt: Some(attempt),
            ..entry(self.unwritten.tail + 1, Kind::StepCompleted, at)
        };
        Some(Transaction { entry, code })
    }

    /// Handles the outcome of a transaction. A value is durable already, as the next entry; a failure is not recorded
    /// yet.
    pub(crate) fn transacted(&mut self, outcome: AttemptOutcome, now: i64) {
        let Some(Running { position, attempt, at }) = self.transactions.running.take() else { return };
        match outcome {
            AttemptOutcome::Completed(value) | AttemptOutcome::Stored { value, .. } => {
                let seq = self.next_seq();
                self.unwritten.appended = seq;
                self.unwritten.progressed = true;
                self.live_turn(seq, at, Delivered::Call(position, Completion::Completed(value)));
            }
            failed @ AttemptOutcome::Failed { .. } => self.attempt_ended(position, attempt, failed, now),
        }
        self.catch_up(now);
    }
}

//! Writes of a scenario, and the faults at them.

use super::fault::Fault;
use super::loaded::Loaded;
use super::scenario::{Next, Scenario};
use crate::record::RoutedValue;
use crate::store::{Append, Outgoing, Rejected, Write, Written};

/// The number of commits above which the workflow is taken to be endless.
const ENDLESS: usize = 100_000;

impl Scenario<'_> {
    /// Saves the fields of a change, while its turn is open.
    pub(super) async fn save(&mut self, loaded: &mut Loaded, fields: Vec<RoutedValue>) -> Result<Next, String> {
        let save = self.saves;
        self.saves += 1;
        let fault = self.plan.fault.filter(|(fault, at)| Fault::AT_SAVE.contains(fault) && *at == save);
        let env = loaded.run.env().clone();
        let all = fields.len();
        let first = match fault {
            Some((Fault::CrashBeforeSave, _)) => 0,
            Some((Fault::CrashWithinSave | Fault::SaveFailsOnce, _)) => all - 1,
            _ => all,
        };
        for field in &fields[..first] {
            env.fields.save(field).await.map_err(|error| error.to_string())?;
        }
        if let Some((Fault::CrashBeforeSave | Fault::CrashWithinSave | Fault::CrashAfterSave, _)) = fault {
            return self.die(loaded).await;
        }
        let mut saved = Vec::with_capacity(all);
        for field in &fields {
            saved.push(env.fields.save(field).await.map_err(|error| error.to_string())?);
        }
        // Items may arrive while a field is being saved.
        if loaded.look {
            self.read_into(loaded)?;
        }
        loaded.run.saved(Ok(saved), self.now);
        Ok(Next::GoOn)
    }

    pub(super) async fn commit(&mut self, loaded: &mut Loaded, append: Append) -> Result<Next, String> {
        let commit = self.commits;
        self.commits += 1;
        is_endless(commit)?;
        self.kinds.push(kinds(&append));
        self.far.is_used |= append.outgoing.iter().any(|outgoing| matches!(outgoing, Outgoing::Enqueue(_)));
        let queues = |outgoing: &Outgoing| matches!(outgoing, Outgoing::Start { run, .. } if run.queued.is_some());
        self.places.is_used |= append.outgoing.iter().any(queues);
        self.interfere(commit, loaded, append.run)?;
        let fault = self.plan.fault.filter(|(fault, at)| Fault::AT_COMMIT.contains(fault) && *at == commit);
        let fault = fault.map(|(fault, _)| fault);
        if self.failing > 0 {
            self.failing -= 1;
            return Ok(Next::Unknown);
        }
        if self.crash_again {
            self.crash_again = false;
            return self.die(loaded).await;
        }
        match fault {
            Some(Fault::CrashBefore) => return self.die(loaded).await,
            Some(Fault::CrashInRecovery) => {
                self.crash_again = true;
                return self.die(loaded).await;
            }
            Some(Fault::StoreFailsOnce) => return Ok(Next::Unknown),
            Some(Fault::StoreFailsLong) => {
                self.failing = 4;
                return Ok(Next::Unknown);
            }
            Some(Fault::LeaseTaken) => {
                self.take_over()?;
                let answers = self.store.commit(&[Write::from(append)]).map_err(|error| error.to_string())?;
                if answers != [Err(Rejected::Fenced)] {
                    return Err(format!("an owner that had lost its lease wrote: {answers:?}"));
                }
                return self.die(loaded).await;
            }
            _ => {}
        }
        self.write(loaded, append, fault).await
    }

    /// Writes the append; later faults happen after the commit.
    async fn write(&mut self, loaded: &mut Loaded, append: Append, fault: Option<Fault>) -> Result<Next, String> {
        let number = append.run;
        let (written, transacted) = match self.store.write(Write::from(append))? {
            Written::Transacted { outcome, appended } => (*appended, Some(outcome)),
            written => (written, None),
        };
        let (outcomes, notified) = match written {
            Written::Appended { outcomes, notified } => (outcomes, notified),
            _ => (Vec::new(), Vec::new()),
        };
        self.look()?;
        match fault {
            Some(Fault::CrashAfter) => return self.die(loaded).await,
            Some(Fault::AnswerLost) => return Ok(Next::Unknown),
            _ => {}
        }
        loaded.look |= notified.contains(&number);
        notified.into_iter().filter(|notified| *notified != number).for_each(|notified| self.is_notified(notified));
        let effects = loaded.run.durable(outcomes, self.now);
        let next = self.perform(number, loaded, effects).await?;
        if !matches!(next, Next::GoOn) {
            return Ok(next);
        }
        if let Some(outcome) = transacted {
            loaded.run.transacted(outcome, self.now);
        }
        if fault == Some(Fault::Evicted) {
            self.evicting = Some(number);
        }
        Ok(Next::GoOn)
    }

    async fn die(&mut self, loaded: &mut Loaded) -> Result<Next, String> {
        self.was_recorded(loaded)?;
        self.crash(loaded).await?;
        Ok(Next::Crashed)
    }

    /// Commits a write of the engine that is no append. Returns the answer; [`Written::Done`] if it was rejected for one of
    /// the reasons that `may` be. `None` after a crash, or if it is unknown: then the engine finds everything again.
    pub(super) async fn commit_alone(
        &mut self,
        kind: &str,
        write: Write,
        may: &[Rejected],
    ) -> Result<Option<Written>, String> {
        let commit = self.commits;
        self.commits += 1;
        is_endless(commit)?;
        self.kinds.push(kind.to_owned());
        self.sends_at(commit)?;
        let fault = self.plan.fault.filter(|(fault, at)| Fault::AT_COMMIT.contains(fault) && *at == commit);
        let fault = fault.map(|(fault, _)| fault);
        if self.failing > 0 {
            self.failing -= 1;
            return self.find_all_again().await;
        }
        if std::mem::take(&mut self.crash_again) {
            return self.die_alone().await;
        }
        match fault {
            Some(Fault::CrashBefore) => return self.die_alone().await,
            Some(Fault::CrashInRecovery) => {
                self.crash_again = true;
                return self.die_alone().await;
            }
            Some(Fault::StoreFailsOnce) => return self.find_all_again().await,
            Some(Fault::StoreFailsLong) => {
                self.failing = 4;
                return self.find_all_again().await;
            }
            Some(Fault::LeaseTaken) => {
                self.take_over()?;
                let is_fenced = !matches!(write, Write::ExpireRuns { .. });
                let answers = self.store.commit(&[write]).map_err(|error| error.to_string())?;
                if is_fenced && answers != [Err(Rejected::Fenced)] {
                    return Err(format!("an owner that had lost its lease wrote: {answers:?}"));
                }
                return self.die_alone().await;
            }
            _ => {}
        }
        let answers = self.store.commit(&[write]).map_err(|error| error.to_string())?;
        self.look()?;
        match fault {
            Some(Fault::CrashAfter) => return self.die_alone().await,
            Some(Fault::AnswerLost) => return self.find_all_again().await,
            _ => {}
        }
        match answers.into_iter().next() {
            Some(Ok(written)) => Ok(Some(written)),
            Some(Err(rejected)) if may.contains(&rejected) => Ok(Some(Written::Done)),
            other => Err(format!("a write by which a run {kind} was answered with {other:?}")),
        }
    }

    async fn find_all_again<T>(&mut self) -> Result<Option<T>, String> {
        self.load_all().await?;
        self.loaded.values_mut().for_each(|loaded| loaded.look = true);
        Ok(None)
    }

    async fn die_alone<T>(&mut self) -> Result<Option<T>, String> {
        self.loaded.values().try_for_each(|loaded| self.was_recorded(loaded))?;
        self.crash_all().await?;
        self.load_all().await?;
        Ok(None)
    }
}

fn is_endless(commit: usize) -> Result<(), String> {
    if commit > ENDLESS {
        return Err(format!("the workflow has not ended after {ENDLESS} commits"));
    }
    Ok(())
}

/// Returns the kinds of entries that a commit writes: commits with the same kinds are one kind of place for a fault.
fn kinds(append: &Append) -> String {
    let mut kinds: Vec<&str> = append.entries.iter().map(|entry| entry.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.join(" ")
}

//! One workflow played through once: a deterministic executor with a fixed clock, fixed ids, one group a commit, and one
//! fault at most.

use super::bodies::Bodies;
use super::database::Database;
use super::fault::{Dice, Fault, Plan};
use super::oracle::{End, Seen};
use super::secrets;
use super::stub::Stubs;
use crate::engine::{Preparation, rebuild};
use crate::field_store::MemoryFieldStore;
use crate::journal::RoutedValue;
use crate::machine::{AnyWorkflow, Effect, Limits, LoadField, Machine, Rebuild};
use crate::policy::Policy;
use crate::resources::{ResourceSet, Resources};
use crate::run_env::{FieldStores, Pointer, RunEnv};
use crate::secret::vault::Cipher;
use crate::session::Session;
use crate::store::{Append, EntryRow, Lease, LeaseRow, NewRun, Rejected, RunKey, RunRow, Write, Written};
use crate::value::Form;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The time at which every scenario begins: 2020-01-01, in milliseconds since 1970.
pub(super) const BEGINNING: i64 = 1_577_836_800_000;
/// More commits than this, and the workflow does not end.
const ENDLESS: usize = 100_000;
/// How often a factory or hook is tried.
const TRIES: Policy = Policy { attempts: 5, ..Policy::ONCE };
/// How long a factory or hook may take.
const LONGEST: Duration = Duration::from_secs(30);

/// A workflow, the entries with which it starts, its stubs, its resources and the cipher of its secrets.
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) workflow: Arc<dyn AnyWorkflow>,
    pub(super) version: u32,
    pub(super) entries: Vec<EntryRow>,
    pub(super) stubs: Stubs,
    /// What makes the user's own tables.
    pub(super) sql: Vec<String>,
    pub(super) resources: ResourceSet,
    pub(super) cipher: Option<Arc<dyn Cipher>>,
}

/// What one way to play it through came to.
pub(super) struct Played {
    pub(super) end: End,
    /// How many commits there were.
    pub(super) commits: usize,
    /// How often fields were saved in stores.
    pub(super) saves: usize,
}

struct Scenario<'a> {
    subject: &'a Subject,
    plan: Plan,
    store: Database,
    number: i64,
    lease: Lease,
    now: i64,
    commits: usize,
    saves: usize,
    stores: Arc<FieldStores>,
    failing: usize,
    crash_again: bool,
    dice: Dice,
    bodies: Bodies,
    seen: Seen,
    /// What the process has that plays the owner.
    resources: Resources,
    session: Session,
}

/// What becomes of the loaded run.
enum Next {
    GoOn,
    Reload,
    Ended,
}

impl Subject {
    /// A store in memory for each name that the context routes fields to.
    fn stores(&self) -> Arc<FieldStores> {
        let names = self.workflow.schema().into_iter().flat_map(|schema| schema.fields).filter_map(|field| field.store);
        let store = |name: &str| (name.to_owned(), Arc::new(MemoryFieldStore::default()) as _);
        Arc::new(names.map(store).collect())
    }

    /// Plays the workflow through.
    pub(super) async fn play(&self, plan: Plan) -> Result<Played, String> {
        let store = Database::new(&self.sql)?;
        let lease = store.open_lease()?;
        let new = NewRun {
            id: secrets::RUN.into(),
            workflow: self.name.into(),
            lease,
            incarnation: secrets::INCARNATION,
            at: BEGINNING,
            entries: self.entries.clone(),
            version: self.version,
            parent: None,
            dedup: None,
            labels: Vec::new(),
        };
        let number = match store.write(Write::Start(new))? {
            Written::Number(number) => number,
            other => return Err(format!("starting gave {other:?}")),
        };
        let scenario = Scenario {
            subject: self,
            plan,
            store,
            number,
            lease,
            now: BEGINNING,
            commits: 0,
            saves: 0,
            stores: self.stores(),
            failing: 0,
            crash_again: false,
            dice: Dice(plan.order),
            bodies: Bodies::default(),
            seen: Seen::default(),
            resources: self.resources.open(),
            session: Session::default(),
        };
        scenario.play().await
    }
}

impl Scenario<'_> {
    async fn play(mut self) -> Result<Played, String> {
        let mut run = self.load().await?;
        loop {
            match self.advance(&mut run).await? {
                Next::GoOn => {}
                Next::Reload => {
                    drop(run);
                    run = self.load().await?;
                }
                Next::Ended => break,
            }
        }
        if let Some(reason) = run.parked() {
            return Err(format!("the run was parked: {}", secrets::why(reason)));
        }
        drop(run);
        let journal = self.journal()?;
        self.seen.journal(journal.clone())?;
        let fields = self.store.fields(self.number, 1, u64::MAX).map_err(|error| error.to_string())?;
        let mut end = End::of(&journal, fields).ok_or("the run ended, but its journal does not say so")?;
        end.rows = self.store.rows()?;
        self.replay_whole(&end).await?;
        Ok(Played { end, commits: self.commits, saves: self.saves })
    }

    /// One commit, one completion, or one jump of the clock.
    async fn advance(&mut self, run: &mut Machine) -> Result<Next, String> {
        if let Some((_, fields)) = run.take_saves() {
            return self.save(run, fields).await;
        }
        if let Some(append) = run.take_append(self.now) {
            return self.commit(run, append).await;
        }
        let effects = run.take_free_effects();
        if self.perform(run, effects).await? {
            return Ok(Next::Ended);
        }
        if !self.bodies.is_empty() {
            self.bodies.run(run.next_due().is_none()).await;
            if let Some((position, attempt, outcome)) = self.bodies.next(&mut self.dice) {
                run.attempt_ended(position, attempt, outcome, self.now);
                return Ok(Next::GoOn);
            }
        }
        match run.next_due() {
            Some(due) => {
                self.now = self.now.max(due);
                run.due(self.now);
                Ok(Next::GoOn)
            }
            None => Err("nothing happened for 30 s: a step does not end".into()),
        }
    }

    /// Saves the fields of a change, while its turn is open.
    async fn save(&mut self, run: &mut Machine, fields: Vec<RoutedValue>) -> Result<Next, String> {
        let save = self.saves;
        self.saves += 1;
        let fault = self.plan.fault.filter(|(fault, at)| Fault::AT_SAVE.contains(fault) && *at == save);
        let env = run.env().clone();
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
            self.crash().await;
            return Ok(Next::Reload);
        }
        let mut saved = Vec::with_capacity(all);
        for field in &fields {
            saved.push(env.fields.save(field).await.map_err(|error| error.to_string())?);
        }
        run.saved(Ok(saved), self.now);
        Ok(Next::GoOn)
    }

    async fn commit(&mut self, run: &mut Machine, append: Append) -> Result<Next, String> {
        let commit = self.commits;
        self.commits += 1;
        if commit > ENDLESS {
            return Err(format!("the workflow has not ended after {ENDLESS} commits"));
        }
        let fault = self.plan.fault.filter(|(fault, at)| Fault::AT_COMMIT.contains(fault) && *at == commit);
        let fault = fault.map(|(fault, _)| fault);
        if self.failing > 0 {
            self.failing -= 1;
            return Ok(Next::Reload);
        }
        if self.crash_again {
            self.crash_again = false;
            self.crash().await;
            return Ok(Next::Reload);
        }
        match fault {
            Some(Fault::CrashBefore) => {
                self.crash().await;
                return Ok(Next::Reload);
            }
            Some(Fault::CrashInRecovery) => {
                self.crash().await;
                self.crash_again = true;
                return Ok(Next::Reload);
            }
            Some(Fault::StoreFailsOnce) => return Ok(Next::Reload),
            Some(Fault::StoreFailsLong) => {
                self.failing = 4;
                return Ok(Next::Reload);
            }
            Some(Fault::LeaseTaken) => {
                self.take_over()?;
                let answers = self.store.commit(&[Write::Append(append)]).map_err(|error| error.to_string())?;
                if answers != [Err(Rejected::Fenced)] {
                    return Err(format!("an owner that had lost its lease wrote: {answers:?}"));
                }
                self.crash().await;
                return Ok(Next::Reload);
            }
            _ => {}
        }
        let (written, transacted) = match self.store.write(Write::Append(append))? {
            Written::Transacted { outcome, appended } => (*appended, Some(outcome)),
            written => (written, None),
        };
        let outcomes = if let Written::Appended { outcomes, .. } = written { outcomes } else { Vec::new() };
        let journal = self.journal()?;
        self.seen.journal(journal)?;
        match fault {
            Some(Fault::CrashAfter) => {
                self.crash().await;
                return Ok(self.after_end());
            }
            Some(Fault::AnswerLost) => return Ok(self.after_end()),
            _ => {}
        }
        let effects = run.durable(outcomes, self.now);
        if self.perform(run, effects).await? {
            return Ok(Next::Ended);
        }
        if let Some(outcome) = transacted {
            run.transacted(outcome, self.now);
        }
        if fault != Some(Fault::Evicted) {
            return Ok(Next::GoOn);
        }
        self.session = Session::default();
        Ok(Next::Reload)
    }

    /// A run whose end was committed is not loaded again.
    fn after_end(&self) -> Next {
        let row = self.store.run(RunKey::Number(self.number)).ok().flatten();
        if row.is_some_and(|row| row.status.is_final()) { Next::Ended } else { Next::Reload }
    }

    /// The process dies. Every body that was started has run: its effects on the world have happened.
    async fn crash(&mut self) {
        if !self.bodies.is_empty() {
            self.bodies.run(false).await;
        }
        self.bodies = Bodies::default();
        self.resources = self.subject.resources.open();
        self.session = Session::default();
    }

    /// Does what the run asks for; `true` when the run has ended or is parked.
    async fn perform(&mut self, run: &mut Machine, effects: Vec<Effect>) -> Result<bool, String> {
        let mut ended = false;
        for effect in effects {
            match effect {
                Effect::StartBody { scope, arguments, body, .. } => {
                    prepare(Preparation::of(&*body, &scope, run.context(), run.env())).await?;
                    let position = scope.position;
                    let journal = self.journal()?;
                    self.seen.body_started(&journal, position, scope.attempt)?;
                    let attempt = scope.attempt;
                    self.bodies.start(position, attempt, body.attempt(&arguments, Arc::new(scope), run.env().clone()));
                }
                Effect::TellBody { position } => self.bodies.tell(position),
                Effect::StartRun { .. } | Effect::Attach { .. } | Effect::Replace { .. } => {
                    return Err("this workflow starts other runs, which is not played here".into());
                }
                Effect::Ended => ended = true,
            }
        }
        Ok(ended)
    }

    async fn load(&mut self) -> Result<Machine, String> {
        self.bodies = Bodies::default();
        let row = self.row()?;
        let mut run = self.fresh(&row);
        self.rebuild(&mut run, &row).await?;
        Ok(run)
    }

    fn fresh(&self, row: &RunRow) -> Machine {
        let fields = secrets::fields(self.subject.name, self.stores.clone(), self.subject.cipher.clone());
        let env = RunEnv::new(fields, self.resources.clone(), self.session.clone());
        let run = Machine::new(row, self.lease, Limits::default(), env, || {});
        run.with_stubs(self.subject.stubs.clone())
    }

    async fn rebuild(&mut self, run: &mut Machine, row: &RunRow) -> Result<(), String> {
        // A replay cannot wait, so what it may ask for is loaded before.
        let rows = self.store.fields(self.number, 1, u64::MAX).map_err(|error| error.to_string())?;
        let mut values = HashMap::new();
        for row in rows.into_iter().filter(|row| row.value.form == Form::Stored) {
            let pointer = Pointer::read(&row.value).map_err(|error| error.to_string())?;
            let value = run.env().fields.load(&pointer).await.map_err(|error| error.to_string())?;
            values.insert((row.seq, row.name), value);
        }
        let load: LoadField<'_> = &mut |row| Ok(values[&(row.seq, row.name.clone())].clone());
        match rebuild(&*self.store, run, row, &*self.subject.workflow, self.now, load) {
            Ok(()) => Ok(()),
            Err(Rebuild::Park(reason)) => Err(format!("the run was parked in replay: {}", secrets::why(&reason))),
            Err(Rebuild::Store(error)) => Err(error.to_string()),
        }
    }

    /// The whole journal once more, from nothing: the code follows it to the same end.
    async fn replay_whole(&mut self, end: &End) -> Result<(), String> {
        let row = self.row()?;
        let mut run = self.fresh(&row);
        self.rebuild(&mut run, &row).await?;
        match run.ended() {
            Some(status) if status == end.status => Ok(()),
            other => Err(format!("replayed from the start the run ends as {other:?}, recorded is {}", end.status)),
        }
    }

    fn take_over(&mut self) -> Result<(), String> {
        let leases = self.store.leases().map_err(|error| error.to_string())?;
        let LeaseRow { number, epoch, beat, .. } = leases.into_iter().next().ok_or("there is no lease")?;
        let take = Write::TakeLease { seen: Lease { number, epoch }, beat, owner: "another".into() };
        match self.store.write(take)? {
            Written::Lease(lease) => {
                self.lease = lease;
                Ok(())
            }
            other => Err(format!("taking the lease gave {other:?}")),
        }
    }

    fn row(&self) -> Result<RunRow, String> {
        let row = self.store.run(RunKey::Number(self.number)).map_err(|error| error.to_string())?;
        row.ok_or_else(|| "the run is gone".into())
    }

    fn journal(&self) -> Result<Vec<EntryRow>, String> {
        self.store.entries(self.number, 0, usize::MAX).map_err(|error| error.to_string())
    }
}

/// Makes what a body needs, without pauses between the tries.
async fn prepare(preparation: Option<Preparation>) -> Result<(), String> {
    let Some(preparation) = preparation else { return Ok(()) };
    let made = preparation.make(TRIES, |_, _| std::future::ready(()));
    match tokio::time::timeout(LONGEST, made).await {
        Ok(made) => made.map_err(|reason| reason.to_string()),
        Err(_) => Err("a factory or a restore hook has not ended after 30 s".into()),
    }
}

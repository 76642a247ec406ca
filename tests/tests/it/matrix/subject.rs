//! The workflow of the matrix: it acquires a thing, waits at a gate, and returns what it has.
//!
//! The program that the tests kill includes this file too, so it must not depend on the tests.

use super::kids;
use futures_util::poll;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use steadfast::prelude::*;
use steadfast::sql::params;
use steadfast::{Message, Secret, current};

/// Declares what a run can hold, with the name of its test. Each line adds a row to the matrix: neither
/// `Holding::expected` nor the code that acquires and checks it compiles before it covers the new thing.
macro_rules! holdings {
    ($($(#[$doc:meta])* $name:ident = $test:ident,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub(crate) enum Holding { $($(#[$doc])* $name,)* }

        impl Holding {
            #[allow(dead_code, reason = "the program that is killed looks for its row")]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the name of its row.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($test),)* }
            }
        }

        /// Calls a macro with all lines: `name = test`.
        #[allow(unused_macros, reason = "the program that is killed has no tests")]
        macro_rules! each_holding { ($then:ident) => { $then! { $($name = $test,)* } } }
        #[allow(unused_imports, reason = "as above")]
        pub(crate) use each_holding;
    };
}

holdings! {
    /// An unanswered question with a limit of an hour.
    OpenRequest = open_request,
    /// A question whose limit is about to be reached.
    RequestLimit = request_limit,
    /// A message that has arrived and was not received.
    WaitingMessage = waiting_message,
    /// The key of a received message.
    TakenKey = taken_key,
    /// A published value.
    PublishedValue = published_value,
    /// A stream with one item.
    Stream = stream,
    /// A running child, whose end is awaited.
    ChildRunning = child_running,
    /// A child that is parked, whose end is awaited.
    ChildParked = child_parked,
    /// A child that was parked and then deleted, whose end is awaited.
    ChildDeleted = child_deleted,
    /// A child that the cancellation of this run must reach.
    ChildLink = child_link,
    /// A parent that awaits the end of this run.
    Parent = parent,
    /// A caller that awaits the result.
    Watcher = watcher,
    /// Shared state that a step in flight has edited.
    SharedEdit = shared_edit,
    /// A step whose next attempt is due later.
    Retry = retry,
    /// A sleep that is not over.
    Timer = timer,
    /// A field in a field store.
    RoutedField = routed_field,
    /// A field that is loaded when it is read.
    LazyField = lazy_field,
    /// An encrypted field.
    SecretField = secret_field,
    /// A label.
    Label = label,
    /// A deduplication key.
    DeduplicationKey = deduplication_key,
    /// A deadline in an hour.
    Deadline = deadline,
    /// The principal of the run.
    Identity = identity,
    /// A pause.
    Pause = pause,
    /// A user's row that a transaction has written.
    Transaction = transaction,
    /// A step that has finished.
    FinishedStep = finished_step,
    /// A graph whose fan-in has one of two events.
    FanIn = fan_in,
}

/// The input of a run of the matrix.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) holding: Holding,
    /// The name of the cell, under which step bodies are counted and released.
    pub(crate) cell: String,
    /// The state that a successor got from its predecessor.
    pub(crate) carried: Option<String>,
    /// The length of its sleep, in milliseconds.
    pub(crate) nap: u64,
}

/// A message to a run at its gate.
#[derive(Message, Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Go {
    /// Keep waiting: one more turn in the history.
    Stay,
    /// Leave the gate.
    On,
    /// Continue as new.
    Afresh,
}

#[derive(Message, Debug, Serialize, Deserialize)]
pub(crate) struct Note(pub(crate) String);

#[derive(Message, Debug, Serialize, Deserialize)]
pub(crate) struct Question;

#[derive(Message, Debug, Serialize, Deserialize)]
pub(crate) struct Reply(pub(crate) String);

#[derive(StepContext, Clone)]
pub(crate) struct Luggage {
    #[context(default)]
    pub(crate) secret: Option<Secret<String>>,
    #[context(default, store = "shelf")]
    pub(crate) routed: Bytes,
    #[context(default, store = "shelf")]
    pub(crate) lazy: Lazy<String>,
}

#[derive(StepContext, Clone)]
pub(crate) struct Edits {
    #[context(default)]
    pub(crate) made: u32,
}

/// The deeds of step bodies, by cell.
static DEEDS: Mutex<Vec<(String, &'static str)>> = Mutex::new(Vec::new());
/// The cells whose blocked step bodies may end.
static RELEASED: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// The file to which the killed program appends deeds.
pub(crate) static DEEDS_FILE: OnceLock<PathBuf> = OnceLock::new();

pub(super) fn deed(cell: &str, what: &'static str) {
    if let Some(path) = DEEDS_FILE.get() {
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(format!("{what}\n").as_bytes()).unwrap();
    }
    DEEDS.lock().unwrap().push((cell.to_owned(), what));
}

/// Returns how often step bodies of a cell have done this.
pub(crate) fn deeds(cell: &str, what: &str) -> usize {
    DEEDS.lock().unwrap().iter().filter(|(of, done)| of == cell && *done == what).count()
}

/// Lets the blocked step bodies of a cell end.
pub(crate) fn release(cell: &str) {
    RELEASED.lock().unwrap().get_or_insert_default().insert(cell.to_owned());
}

/// Waits until the cell is released. Fails if the step is cancelled first.
pub(super) async fn released(cell: &str, scope: &StepScope) -> Result<()> {
    while !RELEASED.lock().unwrap().get_or_insert_default().contains(cell) {
        if scope.cancellation.is_cancelled() {
            return Err(Error::msg("told to stop"));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

#[step]
async fn act(cell: String, scope: &StepScope) -> Result<String> {
    deed(&cell, "act");
    Ok(scope.idempotency_key())
}

#[step]
async fn edits(cell: String, state: &State<Edits>, scope: &StepScope) -> Result<u32> {
    // The edit needs a label, since the file has another path in the program that is killed.
    let made = state.labelled("made").edit(|s| {
        s.made += 1;
        s.made
    });
    let made = made.await?;
    deed(&cell, "edited");
    released(&cell, scope).await?;
    Ok(made)
}

/// Fails in its first attempt.
#[step(retry(attempts = 3, backoff = "900ms", max_backoff = "900ms"))]
async fn flaky(cell: String, scope: &StepScope) -> Result<u32> {
    deed(&cell, "attempt");
    if scope.attempt == 1 { Err(Error::msg("at first")) } else { Ok(scope.attempt) }
}

/// Fails in its first attempt, and waits for longer than any test.
#[step(retry(attempts = 3, backoff = "1h"))]
async fn flaky_for_long(cell: String, scope: &StepScope) -> Result<u32> {
    deed(&cell, "attempt");
    if scope.attempt == 1 { Err(Error::msg("at first")) } else { Ok(scope.attempt) }
}

/// Returns the content of the context, as a step sees it.
#[step]
async fn unpack(luggage: &Luggage) -> Result<String> {
    let secret = luggage.secret.as_ref().map_or("", |secret| secret.expose());
    let routed = String::from_utf8_lossy(&luggage.routed);
    Ok(format!("{secret}/{routed}/{}", luggage.lazy.get().await?))
}

#[transaction]
fn write_row(tx: &mut Tx<'_>, cell: String) -> Result<i64> {
    tx.execute("INSERT INTO notes (cell) VALUES (?1)", params![cell])?;
    Ok(tx.query_row("SELECT count(*) FROM notes WHERE cell = ?1", params![cell], |row| row.get(0))?)
}

#[workflow(context = Luggage, state = Edits)]
pub(crate) async fn subject(flow: &mut Flow<Luggage>, plan: Plan) -> Result<String> {
    walk(flow, plan).await
}

/// The later version of the workflow.
#[workflow(name = "subject", version = 2, context = Luggage, state = Edits)]
pub(crate) async fn subject_2(flow: &mut Flow<Luggage>, plan: Plan) -> Result<String> {
    Ok(format!("version 2: {}", walk(flow, plan).await?))
}

/// The code that is deployed by mistake: it diverges from every history of a cell.
#[workflow(name = "subject", context = Luggage, state = Edits)]
pub(crate) async fn subject_by_mistake(flow: &mut Flow<Luggage>, plan: Plan) -> Result<String> {
    let key = act(&*flow, format!("{}: a mistake", plan.cell)).await?;
    flow.publish("mistake", &key);
    Ok(key)
}

/// Waits until the run is released from its gate.
pub(super) async fn gate(flow: &Flow<Luggage>, plan: &Plan, carried: &str) -> Result<()> {
    loop {
        match flow.receive::<Go>().await? {
            Go::Stay => {}
            Go::On => return Ok(()),
            Go::Afresh => {
                let carried = Some(carried.to_owned());
                return flow.continue_as_new(subject, Plan { carried, ..plan.clone() }).await;
            }
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a list of short cases")]
async fn walk(flow: &mut Flow<Luggage>, plan: Plan) -> Result<String> {
    let fresh = plan.carried.is_some();
    match plan.holding {
        Holding::RoutedField | Holding::LazyField | Holding::SecretField if !fresh => {
            let change = |text: &str| text.to_owned();
            flow.update(|c| {
                c.secret(Some(Secret::new(change("s3cret"))))
                    .routed(change("routed").into())
                    .lazy(Lazy::new(change("lazy")))
            })
            .await?;
        }
        _ => {}
    }
    let flow = &*flow;
    match plan.holding {
        Holding::OpenRequest | Holding::RequestLimit => ask(flow, &plan).await,
        Holding::WaitingMessage => {
            gate(flow, &plan, "").await?;
            Ok(flow.try_receive::<Note>().map_or_else(|| "nothing".into(), |note| note.0))
        }
        Holding::TakenKey => {
            let first = if fresh { "once".into() } else { flow.receive::<Note>().await?.0 };
            gate(flow, &plan, "").await?;
            Ok(flow.try_receive::<Note>().map_or(first, |again| format!("{} again", again.0)))
        }
        Holding::PublishedValue => {
            if !fresh {
                flow.publish("state", &7);
            }
            gate(flow, &plan, "").await?;
            Ok("done".into())
        }
        Holding::Stream => {
            let stream = flow.stream("log");
            if !fresh {
                stream.write(&"first".to_owned());
            }
            gate(flow, &plan, "").await?;
            stream.write(&"last".to_owned());
            Ok("done".into())
        }
        Holding::ChildRunning | Holding::ChildParked | Holding::ChildDeleted | Holding::ChildLink => {
            kids::start_kid(flow, &plan).await
        }
        Holding::Retry => retry(flow, &plan, fresh).await,
        Holding::SharedEdit => {
            if fresh {
                gate(flow, &plan, "").await?;
                return Ok(flow.state::<Edits>().made.to_string());
            }
            let mut call = Box::pin(edits(flow, plan.cell.clone()));
            let _ = poll!(&mut call);
            gate(flow, &plan, "").await?;
            Ok(call.await?.to_string())
        }
        Holding::Timer => {
            if fresh {
                gate(flow, &plan, "").await?;
                return Ok("went on".into());
            }
            let mut sleep = Box::pin(flow.sleep(Duration::from_millis(plan.nap)));
            let _ = poll!(&mut sleep);
            gate(flow, &plan, "").await?;
            sleep.await?;
            Ok("woke".into())
        }
        Holding::RoutedField | Holding::LazyField | Holding::SecretField => {
            gate(flow, &plan, "").await?;
            Ok(unpack(flow).await?)
        }
        Holding::Deadline | Holding::Identity => {
            gate(flow, &plan, "").await?;
            let scope = current().ok_or_else(|| Error::msg("no scope"))?;
            let name = scope.principal().map(|principal| principal.name.clone());
            Ok(format!("{:?} until {:?}", name, scope.deadline().map(since_1970)))
        }
        Holding::Transaction => {
            let rows = if fresh { 1 } else { write_row(flow, plan.cell.clone()).await? };
            gate(flow, &plan, "").await?;
            Ok(format!("{rows} row"))
        }
        Holding::FinishedStep => {
            let key = match &plan.carried {
                Some(key) => key.clone(),
                None => act(flow, plan.cell.clone()).await?,
            };
            gate(flow, &plan, &key).await?;
            Ok(key)
        }
        Holding::Label => {
            flow.set_label("held", &plan.cell);
            gate(flow, &plan, "").await?;
            Ok("done".into())
        }
        Holding::Parent | Holding::Watcher | Holding::DeduplicationKey | Holding::Pause => {
            gate(flow, &plan, "").await?;
            Ok("done".into())
        }
        Holding::FanIn => Err(Error::msg("a fan-in is held by a graph")),
    }
}

async fn retry(flow: &Flow<Luggage>, plan: &Plan, fresh: bool) -> Result<String> {
    if fresh {
        gate(flow, plan, "").await?;
        return Ok("went on".into());
    }
    let cell = plan.cell.clone();
    let mut step = Box::pin(if plan.nap > 900 { flaky_for_long(flow, cell) } else { flaky(flow, cell) });
    let _ = poll!(&mut step);
    gate(flow, plan, "").await?;
    Ok(format!("attempt {}", step.await?))
}

/// Returns the milliseconds since 1970.
pub(crate) fn since_1970(at: std::time::SystemTime) -> u128 {
    at.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis())
}

async fn ask(flow: &Flow<Luggage>, plan: &Plan) -> Result<String> {
    if let Some(id) = &plan.carried {
        gate(flow, plan, id).await?;
        return Ok(flow.answer_to::<Reply>(id).await.map_or_else(|_| "nobody answered".into(), |reply| reply.0));
    }
    let request = flow.request::<Question, Reply>(Question);
    let id = request.id();
    let hour = Duration::from_hours(1);
    let limit = if plan.holding == Holding::RequestLimit { Duration::from_millis(plan.nap) } else { hour };
    let mut request = Box::pin(request.within(limit));
    let _ = poll!(&mut request);
    gate(flow, plan, &id).await?;
    Ok(request.await?.map_or_else(|| "nobody answered".into(), |reply| reply.0))
}

//! The macros of [steadfast](https://docs.rs/steadfast); use them from there.
//!
//! Each goes the same way: `input` parses what the user wrote into a model, `check` has one function for each rule, and
//! `expand` one file for each thing that is generated. Faults are collected, and the item is kept with a stand-in body,
//! so that one fault gives one message and no fault hides another.

mod assignment;
mod context;
mod duration;
mod event;
mod events;
mod faults;
mod function;
mod graph;
mod held;
mod message;
mod name;
mod step;
mod suggest;
mod transaction;
mod workflow;

use proc_macro::TokenStream;

/// Makes a struct the context of a workflow.
///
/// The struct needs named fields that are owned serde types with `PartialEq` and `Clone`, or bytes (`Vec<u8>`, `Bytes`,
/// `Box<[u8]>`, which are stored raw), and `#[derive(Clone)]` itself.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// pub struct OrderContext {
///     pub workspace_id: String,
///     #[context(default)]
///     pub note: Option<String>,
///     #[context(default = 3)]
///     pub tries_left: u32,
/// }
///
/// let context = OrderContext::builder().workspace_id("ws-1").build();
/// let later = context.with(|c| c.tries_left(c.tries_left - 1));
/// assert_eq!((context.tries_left, later.tries_left), (3, 2));
/// ```
///
/// It generates
/// - `OrderContext::builder()`, with one method for each field; it builds once every field without a default is set;
/// - `OrderContextUpdate`, what the closure of `flow.update(|c| ..)` gets: one method for each field, and the old values;
/// - the methods of `StoredContext`: `with`, `to_json`, `from_json`, `schema`.
///
/// A field's methods are as visible as the field. The documentation of `OrderContextBuilder` has a table of the fields:
/// where each goes, in which form, and whether it is required.
///
/// # Attributes
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | the struct | `name = "order"` | the recorded name, if not the struct's: it keeps old runs readable when the struct is renamed |
/// | the struct | `version = 2, migrate = from_v1` | a function makes fields that were recorded in an older version into those of today |
/// | a field | `default` | optional: `Default::default()` if not set |
/// | a field | `default = expression` | optional: this value if not set; the same each time, because a run that was recorded without the field gets it anew at each load |
/// | a field | `store = "blobs"` | goes to the field store of this name; also for `Lazy<T>`, which loads it when it is read |
/// | a field | `form = json` | JSON, where the type would be stored as raw bytes |
/// | a field | `max_bytes = 1_000_000` | a larger value is refused; counted as it is stored |
/// | a field | `alias = "old_name"` | a name that the field had: old runs are read under it; may be repeated |
/// | a field | `transient` | never stored, for steps only: `Default::default()`, or `transient, default = expression` |
/// | a field | `transient, restore = open_db` | never stored, for steps only: an async function makes the value |
/// | a field | `transient, restore(open_index, after = db)` | the same, with the values of other transient fields |
///
/// A secret has a type of its own, `Secret<T>`, and no attribute.
///
/// # Transient fields
///
/// Connections, clients and caches are not state: they are made anew in each process, before the first step that reads
/// the context. With at least one transient field there is a second struct, `OrderContextStored`, with the other fields:
/// it is what the builder makes, what the workflow reads through its flow and changes by `update`, and what the database
/// holds. Steps get the whole.
///
/// ```
/// use std::sync::Arc;
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// pub struct OrderContext {
///     pub workspace_id: String,
///     #[context(transient, restore = open_db)]
///     pub db: Arc<Db>,
///     #[context(transient, restore(open_index, after = db))]
///     pub index: Arc<Index>,
/// }
///
/// # pub struct Db(String);
/// # pub struct Index(usize);
/// async fn open_db(stored: &OrderContextStored, _resources: &Resources) -> Result<Arc<Db>> {
///     Ok(Arc::new(Db(stored.workspace_id.clone())))
/// }
///
/// /// What is named after `after` is passed by reference, in that order.
/// async fn open_index(_stored: &OrderContextStored, _resources: &Resources, db: &Arc<Db>) -> Result<Arc<Index>> {
///     Ok(Arc::new(Index(db.0.len())))
/// }
///
/// #[step]
/// async fn look_up(ctx: &OrderContext) -> Result<usize> {
///     Ok(ctx.index.0)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// // In a unit test of a step, the values are given: no hook runs.
/// let stored = OrderContext::builder().workspace_id("ws-1").build();
/// let context = stored.with_live(Arc::new(Db("test".into())), Arc::new(Index(7)));
/// assert_eq!(look_up::direct(&context).await?, 7);
/// assert_eq!(context.stored().workspace_id, "ws-1");
/// # Ok(())
/// # }
/// ```
///
/// A hook runs after those whose values it is passed. The type of a transient field is `Clone + Send + Sync`, and may
/// hold locks; its clones should share one value, as those of `Arc` do, since each step gets one.
///
/// # When fields change
///
/// A new field with a default, a renamed field with an `alias` and a removed field need nothing else: old runs go on. For
/// other changes, count up `version` and say how fields of older ones are to be read:
///
/// ```
/// use steadfast::context::RecordedFields;
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// #[context(name = "account", version = 2, migrate = from_v1)]
/// pub struct Account {
///     pub cents: u64,
///     #[context(alias = "user")]
///     pub owner: String,
/// }
///
/// /// Version 1 had whole euros.
/// fn from_v1(old: &mut RecordedFields) -> Result<()> {
///     if let Some(euros) = old.get::<u64>("euros")? {
///         old.set("cents", &(euros * 100))?;
///     }
///     Ok(())
/// }
/// ```
#[proc_macro_derive(StepContext, attributes(context))]
pub fn derive_step_context(item: TokenStream) -> TokenStream {
    context::derive(item.into()).into()
}

/// Makes an async function a step of workflows: its result is recorded, and it is never run again once it is.
///
/// The first parameter may be the context, by reference; the others are arguments, owned serde types. A step returns
/// a `Result`. It can read the context, and cannot change it. Among the arguments, in any order, may stand what the
/// engine puts in: it is not recorded, and the workflow does not pass it.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[step(retry(attempts = 5, backoff = "200ms"), timeout = "30s")]
/// async fn charge(cents: u64) -> Result<String> {
///     Ok(format!("charged {cents} cents"))
/// }
///
/// #[workflow]
/// async fn pay(flow: &mut Flow, cents: u64) -> Result<String> {
///     Ok(charge(flow, cents).await?) // in a workflow: durable
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// // In a unit test: the function itself.
/// assert_eq!(charge::direct(500).await?, "charged 500 cents");
/// # Ok(())
/// # }
/// ```
///
/// The name stands for a function and for a type, so a step cannot be imported next to a module of its name.
///
/// # Parameters
///
/// | parameter | meaning |
/// |---|---|
/// | `ctx: &OrderContext`, in the first place | the context as it stood when the step was called |
/// | `cents: u64` | an argument: passed by the workflow, recorded |
/// | `#[resource] db: &Db` | what the engine was given with `.resource(..)` or `.resource_with(..)`; name it in `#[workflow(resources(Db))]` too |
/// | `session: &Session` | live values of this run in this process |
/// | `state: &State<Progress>` | what the concurrent steps of this run share; name it in `#[workflow(state = Progress)]` too |
/// | `scope: &StepScope` | this attempt: its number, idempotency key, time limit, cancellation |
///
/// ```
/// use steadfast::prelude::*;
///
/// struct Bank;
///
/// #[step]
/// async fn charge(#[resource] _bank: &Bank, scope: &StepScope, cents: u64) -> Result<String> {
///     Ok(format!("charged {cents} cents under the key {}", scope.idempotency_key()))
/// }
///
/// #[workflow(resources(Bank))]
/// async fn pay(flow: &mut Flow, cents: u64) -> Result<String> {
///     Ok(charge(flow, cents).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(pay).resource(Bank).start().await?;
/// assert!(engine.start(pay, 500).await?.result().await?.starts_with("charged 500 cents"));
/// # Ok(())
/// # }
/// ```
///
/// `direct` takes all of them, as the function has them.
///
/// # What is recorded
///
/// Arguments and results are recorded as serde writes them, and whoever gets them gets what serde reads. Where a type is
/// `PartialEq`, the two are compared before anything is recorded: if something would be lost, as by `#[serde(skip)]`, the call is
/// `StepError::Refused`, and the attempt whose result it is has failed. What cannot be compared is not seen: a type without
/// `PartialEq`, a field that the type's own comparison leaves out, an error, the result of a closure of `flow.run` or of an edit of shared state. There, what
/// serde skips has its default when it is read.
///
/// # Attributes
///
/// | attribute | meaning |
/// |---|---|
/// | `name = "charge"` | the recorded name, if not the function's: it keeps old runs readable when the function is renamed |
/// | `timeout = "30s"` | how long one attempt may take, from the first poll of its body to its end |
/// | `retry(attempts = 5, ..)` | how many attempts may fail; without `retry` it is one |
/// | `retry(.., backoff = "1s")` | the wait before the second attempt |
/// | `retry(.., factor = 2.0)` | what the wait is multiplied with from attempt to attempt |
/// | `retry(.., max_backoff = "60s")` | the longest wait |
/// | `retry(.., jitter = 0.1)` | the share of the wait that is drawn at random |
/// | `retry(.., unless = CardError::is_final)` | a function of the error: `true` ends the step at once |
/// | `blocking` | for a plain `fn` that blocks its thread |
/// | `roles("admin", "ops")` | whoever the run acts for must have one of them, otherwise the call fails with `StepError::Refused` and no body runs |
///
/// Durations are a number and `ms`, `s`, `m`, `h` or `d`. They stay what they are when the machine's clock is set.
#[proc_macro_attribute]
pub fn step(attribute: TokenStream, item: TokenStream) -> TokenStream {
    step::expand(attribute.into(), item.into()).into()
}

/// Makes a function a step that writes to your own tables in the engine's SQLite file: its rows and its result are one
/// commit, so they are written exactly once, whatever dies and when.
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::sql::params;
///
/// #[transaction(retry(attempts = 3, backoff = "100ms"))]
/// fn book(tx: &mut Tx<'_>, account: String, cents: i64) -> Result<i64> {
///     tx.execute("UPDATE accounts SET cents = cents + ?2 WHERE name = ?1", params![account, cents])?;
///     Ok(tx.query_row("SELECT cents FROM accounts WHERE name = ?1", [&account], |row| row.get(0))?)
/// }
///
/// #[workflow]
/// async fn deposit(flow: &mut Flow, cents: i64) -> Result<i64> {
///     Ok(book(flow, "savings".into(), cents).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("app.db");
/// let engine = Engine::builder().sqlite(&path).workflow(deposit).start().await?;
/// engine
///     .transaction(|tx| {
///         tx.execute("CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)", [])?;
///         tx.execute("INSERT OR IGNORE INTO accounts VALUES ('savings', 0)", [])?;
///         Ok(())
///     })
///     .await?;
/// assert_eq!(engine.start(deposit, 500).id("deposit-1").await?.result().await?, 500);
/// # Ok(())
/// # }
/// ```
///
/// The first parameter is `tx: &mut Tx<'_>`; then may come the context by reference (of one with transient fields the
/// stored part, `&OrderContextStored`), and arguments as for a step. It is called in a workflow as a step is, and what
/// comes of it is a step's: the same errors, the same retries. `book::direct(&mut tx, ..)` is the function itself, for
/// unit tests; `Tx::for_tests` makes a handle.
///
/// An attempt that returns an error, panics or takes too long leaves no row. So does one whose rows the database does not
/// take at the commit (a deferred foreign key): that is [`StepError::RolledBack`](enum.StepError.html).
///
/// While it runs, nobody else writes to the file. So it is a plain `fn` and awaits nothing, and its time is limited.
/// SQL is stopped when the time is up; other code is not, it only fails afterwards. The function may be run again
/// before its rows are committed, so that its only effects should be its rows.
///
/// # Attributes
///
/// | attribute | meaning |
/// |---|---|
/// | `name = "book"` | the recorded name, if not the function's |
/// | `time_limit = "1s"` | how long it may hold up everybody else who writes; 250 ms without |
/// | `retry(..)` | as for a [step](macro@step) |
///
/// # Tables in another file or database
///
/// Two files are not one commit, so there an attempt may have written and its result not be recorded: the process died
/// between. Let a step keep a witness: a row with the key of the call and the result, in the transaction of that database.
/// Whoever comes again finds it.
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::sql::{Connection, params};
///
/// #[step(blocking, retry(attempts = 5))]
/// fn book_elsewhere(scope: &StepScope, path: String, cents: i64) -> Result<i64> {
///     let mut connection = Connection::open(path)?;
///     let transaction = connection.transaction()?;
///     let key = scope.idempotency_key();
///     let mut witness = transaction.prepare("SELECT result FROM witnesses WHERE key = ?1")?;
///     if let Some(row) = witness.query([&key])?.next()? {
///         return Ok(row.get(0)?); // an attempt before this one was committed
///     }
///     drop(witness);
///     let sql = "UPDATE accounts SET cents = cents + ?1 RETURNING cents";
///     let result: i64 = transaction.query_row(sql, [cents], |row| row.get(0))?;
///     transaction.execute("INSERT INTO witnesses (key, result) VALUES (?1, ?2)", params![key, result])?;
///     transaction.commit()?;
///     Ok(result)
/// }
/// # fn main() -> Result<()> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("other.db").display().to_string();
/// # let connection = Connection::open(&path)?;
/// # connection.execute_batch("CREATE TABLE witnesses (key TEXT PRIMARY KEY, result); CREATE TABLE accounts (cents)")?;
/// # connection.execute("INSERT INTO accounts VALUES (0)", [])?;
/// # let scope = StepScope::for_tests("book_elsewhere");
/// # assert_eq!(book_elsewhere::direct(&scope, path.clone(), 5)?, 5);
/// # assert_eq!(book_elsewhere::direct(&scope, path, 5)?, 5);
/// # Ok(())
/// # }
/// ```
#[proc_macro_attribute]
pub fn transaction(attribute: TokenStream, item: TokenStream) -> TokenStream {
    transaction::expand(attribute.into(), item.into()).into()
}

/// Makes an async function a durable workflow: after a crash it goes on where it was.
///
/// The first parameter is the handle: `start: Start<C>`, from which `start.with(context)` makes the flow, or
/// `flow: &mut Flow<C>` for a context whose fields all have defaults. Without a context they are `Start` and
/// `&mut Flow`. One input may follow. A workflow returns a `Result`.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// struct Greeting {
///     name: String,
/// }
///
/// #[step]
/// async fn greet(ctx: &Greeting) -> Result<String> {
///     Ok(format!("Hello, {}!", ctx.name))
/// }
///
/// #[workflow(context = Greeting)]
/// async fn hello(start: Start<Greeting>, name: String) -> Result<String> {
///     let flow = start.with(Greeting::builder().name(name).build()).await?;
///     Ok(greet(&flow).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// let run = engine.start(hello, "world".to_owned()).await?;
/// assert_eq!(run.result().await?, "Hello, world!");
/// # Ok(())
/// # }
/// ```
///
/// Like a step's, the name stands for a function and for a type.
///
/// The body is run again from its beginning after a crash, with recorded results in place of what has happened. So it
/// must do the same again: the time, random numbers and sleeps come from the handle, everything from outside from steps.
/// Resources and the session are for steps only.
///
/// # Attributes
///
/// | attribute | meaning |
/// |---|---|
/// | `context = OrderContext` | the context's type |
/// | `state = Progress` | what its concurrent steps share: a struct as for a context, whose fields all have defaults; steps take `state: &State<Progress>` |
/// | `resources(Db, Index)` | what the workflow's steps take of the engine: one that does not have it does not start |
/// | `name = "process_order"` | the recorded name, if not the function's: it keeps old runs readable when the function is renamed |
/// | `version = 2` | which of the functions of its name it is, 1 if not said: a run goes on with the version it was started with |
/// | `roles("admin", "ops")` | whoever a run of it acts for must have one of them, otherwise it ends as refused and no body runs |
/// | `on_cancel = release_all` | a step that runs once a run is told to stop or its time is up; it takes the context, if it wants it, and the reason, a `String` |
///
/// # Versions
///
/// Old runs go on with the function that they were started with, as long as it is registered too:
///
/// ```
/// use steadfast::prelude::*;
///
/// #[step]
/// async fn pack(order: u64) -> Result<String> {
///     Ok(format!("packed {order}"))
/// }
///
/// #[step]
/// async fn weigh(order: u64) -> Result<u64> {
///     Ok(order * 2)
/// }
///
/// #[workflow(name = "process", version = 1)]
/// async fn process_v1(flow: &mut Flow, order: u64) -> Result<String> {
///     Ok(pack(flow, order).await?)
/// }
///
/// #[workflow(name = "process", version = 2)]
/// async fn process(flow: &mut Flow, order: u64) -> Result<String> {
///     weigh(flow, order).await?;
///     Ok(pack(flow, order).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(process_v1).workflow(process).start().await?;
/// let run = engine.start(process, 7).await?;
/// assert_eq!((run.result().await?.as_str(), run.status().await?.version), ("packed 7", 2));
/// # Ok(())
/// # }
/// ```
/// # Event-driven workflows
///
/// On an `impl` the attribute makes a graph of its functions with `#[step]`: each is called by the event that it takes, and
/// what it returns goes to the steps that take that. The compiler checks that every event comes from somewhere and goes
/// somewhere, that one step begins, and that `Stop` can be reached from every step.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(Event)]
/// struct Line(String);
///
/// #[derive(Event)]
/// struct Counted(usize);
///
/// struct Words;
///
/// #[workflow]
/// impl Words {
///     #[step]
///     async fn split(begin: Begin<String>) -> Result<Vec<Line>> {
///         Ok(begin.lines().map(|line| Line(line.to_owned())).collect())
///     }
///
///     #[step(workers = 4)]
///     async fn count(line: Line) -> Result<Counted> {
///         Ok(Counted(line.0.split_whitespace().count()))
///     }
///
///     #[step]
///     async fn add_up(#[collect] counted: Vec<Counted>) -> Result<Stop<usize>> {
///         Ok(Stop(counted.iter().map(|counted| counted.0).sum()))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(Words).start().await?;
/// let run = engine.start(Words, "to be\nor not to be".to_owned()).await?;
/// assert_eq!(run.result().await?, 6);
/// # Ok(())
/// # }
/// ```
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | the `impl` | those above | a context is made of the defaults of its fields, or by a function with `#[context]`, `fn settings(input: &str) -> Settings` |
/// | the `impl` | `state = Tally` | what its steps share, `state: &State<Tally>` |
/// | a step | `#[step(..)]` | the options of a step |
/// | a step | `#[step(workers = 4)]` | so many of it run at once; without it any number |
/// | a step | `#[step(catch = 3)]` | takes `caught: Caught` when a step has failed for good, up to three times in one line of descent; 1 if not said |
/// | a step | `#[step(sends(Chunk))]` | what it sends by `scope.send(..)` before it ends |
/// | a step | `#[step(every = "30s")]`, `after = "1h"` | is called by the time, and by no event |
/// | a parameter | `#[collect]` | waits for everything that comes of the nearest fan-out above (a `Vec` or a tuple that a step returned) |
/// | a parameter | `#[collect(from = fetch)]` | the same for the fan-out of a step |
/// | a parameter | `#[collect(3)]` | waits for three, again and again; fewer come when no more can |
///
/// A step that returns `Updated<Settings>`, alone or beside its events, changes the context: it begins when no other step that
/// reads the context runs, and every step that begins afterwards sees the change. `Words::steps().count` names a step, for
/// `stub_step` of an engine under test.
///
/// A step that takes `Answered<Question, Answer>` goes on where another returned `Ask<Question, Answer>` and somebody has answered.
#[proc_macro_attribute]
pub fn workflow(attribute: TokenStream, item: TokenStream) -> TokenStream {
    workflow::expand(attribute.into(), item.into()).into()
}

/// Gives a struct or an enum a recorded name, so that it can be sent to runs and asked by them: `steadfast::Message`.
///
/// `Serialize` and `Deserialize` are derived next to it, as for every value that is stored.
///
/// | attribute | meaning |
/// |---|---|
/// | `name = "approval"` | the recorded name, if not the type's: it keeps what was sent readable when the type is renamed |
#[proc_macro_derive(Message, attributes(message))]
pub fn derive_message(item: TokenStream) -> TokenStream {
    message::derive(item.into()).into()
}

/// Makes a struct an event: what the steps of an event-driven workflow take and return. `steadfast::Event`.
///
/// Its fields are owned serde types, or bytes (`Vec<u8>`, `Bytes`, `Box<[u8]>`, which are stored raw); it needs no other
/// derive.
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | the struct | `external` | it comes from outside, by `engine.emit(run, event)` |
/// | the struct | `broadcast` | each step that takes it gets it |
/// | the struct | `name = "page"` | the recorded name, if not the struct's: it keeps old runs readable when the struct is renamed |
/// | a field | `default`, `default = expression` | what it is in an event that was recorded without it |
/// | a field | `alias = "old"` | a name under which it was recorded before |
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    event::derive(item.into()).into()
}

/// Lets an enum stand for one of several events that a step returns: each variant holds one event, `Stop`, a `Vec` or an
/// `Option` of events, or nothing.
///
/// `From` is implemented for each type that only one variant holds, so `Ok(chunk.into())` names no variant.
#[proc_macro_derive(Events)]
pub fn derive_events(item: TokenStream) -> TokenStream {
    events::derive(item.into()).into()
}

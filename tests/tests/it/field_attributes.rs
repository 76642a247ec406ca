//! The attributes of context fields, without an engine.

use bytes::Bytes;
use limits::Soon as _;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use steadfast::__private::Coder;
use steadfast::__private::RecordedValue;
use steadfast::history::Value;
use steadfast::prelude::*;
use steadfast::store::backend::Encoding;
use steadfast::{ContextError, RecordedFields};

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Document {
    #[context(default, form = json)]
    digest: Vec<u8>,
    #[context(default, form = json)]
    seal: Bytes,
    #[context(default, store = "blobs", max_bytes = 1_0)]
    scan: Bytes,
    #[context(default, max_bytes = 8)]
    title: String,
    #[context(alias = "user", alias = "user_name")]
    owner: String,
}

fn document() -> Document {
    Document::builder().owner("ann").digest(vec![1, 255]).seal(Bytes::from_static(b"\x07")).build()
}

#[test]
fn bytes_with_the_form_json_are_an_array() {
    let (decoded, values) = document().store_all(Coder::NO_RUN).unwrap();
    let text = |name: &str| values.iter().find(|(field, _)| *field == name).unwrap().1.to_string();
    assert_eq!((text("digest").as_str(), text("seal").as_str()), ("[1,255]", "[7]"));
    assert_eq!(decoded, document());
    let json = document().to_json().unwrap();
    assert!(json.starts_with(r#"{"digest":[1,255],"seal":[7],"scan":"","#), "{json}");
    assert_eq!(Document::from_json(&json).unwrap(), document());
}

#[test]
fn the_schema_says_where_a_field_goes() {
    let schema = Document::schema();
    let field = |name: &str| schema.field(name).unwrap();
    assert_eq!(((field("digest").encoding)(), (field("scan").encoding)()), (Encoding::Json, Encoding::Bytes));
    assert_eq!((field("scan").store, field("title").store), (Some("blobs"), None));
    assert_eq!(
        (field("scan").max_bytes, field("title").max_bytes, field("owner").max_bytes),
        (Some(10), Some(8), None)
    );
    assert_eq!(field("owner").aliases, ["user", "user_name"]);
    assert_eq!((field("user").name, schema.version), ("owner", 1));
}

#[test]
fn a_value_above_its_limit_is_refused_by_name() {
    let error = document().with(|c| c.title("a title too long")).store_all(Coder::NO_RUN).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field `title` of context `Document`: the value takes 18 bytes, and the field's `max_bytes` is 8"
    );
    document().with(|c| c.title("234567")).store_all(Coder::NO_RUN).unwrap();
}

#[test]
fn a_field_is_found_under_the_names_that_it_had() {
    let load = |recorded: &[(&str, &str)]| {
        let find = &mut |asked: &str| {
            let (name, text) = recorded.iter().find(|(name, _)| *name == asked)?;
            Some(RecordedValue::new(*name, Value::json(format!("\"{text}\""))))
        };
        Document::load(Coder::NO_RUN, find).map(|document| document.owner)
    };
    assert_eq!(load(&[("user_name", "c")]).unwrap(), "c");
    assert_eq!(load(&[("user_name", "c"), ("user", "b")]).unwrap(), "b");
    assert_eq!(load(&[("user_name", "c"), ("user", "b"), ("owner", "a")]).unwrap(), "a");
    assert_eq!(load(&[("users", "c")]).unwrap_err().field.as_deref(), Some("owner"));

    let mut changed = document();
    assert!(changed.load_field(Coder::NO_RUN, &RecordedValue::new("user_name", Value::json("\"bob\""))).unwrap());
    assert_eq!(changed.owner, "bob");
    assert_eq!(Document::from_json(r#"{"user":"eve"}"#).unwrap().owner, "eve");
}

#[derive(StepContext, Clone, Debug)]
#[context(name = "account", version = 3, migrate = Self::migrated)]
struct Account {
    cents: u64,
}

impl Account {
    fn migrated(old: &mut RecordedFields) -> Result<()> {
        if old.version() == 1 {
            return Err(Error::msg("nobody knows what a thaler is worth"));
        }
        old.get::<u64>("euros")?;
        Ok(())
    }
}

#[derive(StepContext, Clone, Debug)]
#[context(version = 2, migrate = from_v1)]
struct Purse {
    #[context(default)]
    cents: u64,
}

fn from_v1(old: &mut RecordedFields) -> Result<(), ContextError> {
    if let Some(euros) = old.get::<u64>("euros")? {
        old.set("cents", &(euros * 100))?;
    }
    Ok(())
}

#[test]
fn fields_of_an_older_version_are_made_into_those_of_today() {
    let euros = |text: &str| ("euros", Value::json(text.to_owned()));
    let mut old = RecordedFields::new::<Purse>(1, [euros("5")]);
    Purse::migrate(&mut old).unwrap();
    assert_eq!((old.version(), old.get::<u64>("cents").unwrap()), (1, Some(500)));
    assert_eq!(Purse::load(Coder::NO_RUN, &mut |name| old.find(name)).unwrap().cents, 500);

    let refused = |error: Result<(), ContextError>| error.unwrap_err().to_string();
    assert_eq!(
        refused(Purse::migrate(&mut RecordedFields::new::<Purse>(1, [euros("-5")]))),
        "field `euros` of context `Purse`: expected `u64`, found `-5`: invalid value: integer `-5`, expected u64 \
         (recorded in version 1)"
    );
    assert_eq!(
        refused(Account::migrate(&mut RecordedFields::new::<Account>(1, []))),
        "context `account`: fields of version 1 cannot become those of version 3: nobody knows what a thaler is worth"
    );
    assert_eq!(
        refused(Account::migrate(&mut RecordedFields::new::<Account>(2, [euros("true")]))),
        "context `account`: fields of version 2 cannot become those of version 3: field `euros` of context `account`: \
         expected `u64`, found `true`: invalid type: boolean `true`, expected u64 (recorded in version 2)"
    );
    Account::migrate(&mut RecordedFields::new::<Account>(2, [])).unwrap();
}

#[test]
fn a_version_without_a_number_is_the_first() {
    assert_eq!((Account::schema().version, Purse::schema().version, Order::CONTEXT), (3, 2, "Order"));
    assert!(Account::schema().to_json().ends_with(r#""version":3}"#));
}

/// The whole context that steps get.
#[derive(StepContext, Clone, Debug)]
struct Order {
    /// The id of the order.
    id: String,
    #[context(transient, restore(open_index, after(db, calls)))]
    index: Index,
    #[context(transient)]
    seen: u32,
    #[context(transient, restore(open_db, after = calls))]
    db: Db,
    #[context(default)]
    total: u64,
    #[context(transient, default = Arc::default())]
    calls: Calls,
    #[context(transient, default = "none")]
    label: String,
}

type Calls = Arc<Mutex<Vec<&'static str>>>;

#[derive(Clone, Debug, PartialEq)]
struct Db(String);

#[derive(Clone, Debug)]
struct Index(Db, &'static AtomicU32);

static NUMBER: AtomicU32 = AtomicU32::new(7);

#[derive(Debug)]
struct NoSuchCustomer;

impl fmt::Display for NoSuchCustomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such customer")
    }
}

impl std::error::Error for NoSuchCustomer {}

async fn open_db(stored: &OrderStored, _resources: &Resources, calls: &Calls) -> Result<Db, NoSuchCustomer> {
    tokio::task::yield_now().await;
    calls.lock().unwrap().push("db");
    if stored.id.is_empty() { Err(NoSuchCustomer) } else { Ok(Db(stored.id.clone())) }
}

async fn open_index(_: &OrderStored, _: &Resources, db: &Db, calls: &Calls) -> Result<Index> {
    tokio::task::yield_now().await;
    calls.lock().unwrap().push("index");
    Ok(Index(db.clone(), &NUMBER))
}

/// A step that needs the whole context.
#[step]
async fn describe(ctx: &Order) -> Result<String> {
    Ok(format!("{} {} {} {}", ctx.id, ctx.db.0, ctx.index.1.load(Ordering::Relaxed), ctx.label))
}

#[workflow(context = Order)]
async fn describes(start: Start<Order>, id: String) -> Result<(String, u64)> {
    let mut flow = start.with(Order::builder().id(id).build()).await?;
    flow.update(|c| c.total(c.total + 1)).await?;
    let read = steadfast::context::<OrderStored>()?;
    Ok((describe(&flow).await?, read.total))
}

#[tokio::test]
async fn a_workflow_has_the_stored_part_and_its_steps_the_whole() {
    let engine = Engine::builder().in_memory().workflow(describes).start().await.unwrap();
    let run = engine.start(describes, "o-1".into()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ("o-1 o-1 7 none".to_owned(), 1));
}

#[tokio::test]
async fn hooks_run_in_the_order_of_their_needs() {
    assert_eq!(Order::TRANSIENT, ["index", "seen", "db", "calls", "label"]);
    assert_eq!(<OrderStored as StepContext>::TRANSIENT, [""; 0]);
    let stored = Arc::new(Order::builder().id("o-1").build());
    let live = Order::restore(&stored, &Resources::default()).await.unwrap();
    let live = live.downcast_ref::<<Order as StepContext>::Live>().unwrap();
    let whole = Order::whole(&stored, live);
    assert_eq!(*whole.calls.lock().unwrap(), ["db", "index"]);
    assert_eq!((whole.seen, &whole.index.0, whole.label.as_str()), (0, &whole.db, "none"));

    let later = Order::whole(&Arc::new(stored.with(|c| c.total(c.total + 5))), live);
    assert_eq!((later.total, &later.db), (5, &whole.db));
    assert!(Arc::ptr_eq(&later.calls, &whole.calls), "the hooks did not run again");
    assert_eq!(later.stored(), stored.with(|c| c.total(5)));
}

#[tokio::test]
async fn a_hook_that_fails_names_its_field() {
    let stored = Arc::new(OrderStored::builder().id("").build());
    let Err(error) = Order::restore(&stored, &Resources::default()).await else { panic!("the hook fails") };
    assert_eq!(error.to_string(), "transient field `db` of context `Order` could not be restored: no such customer");
}

#[tokio::test]
async fn a_step_is_tested_with_live_values_of_the_tests() {
    let db = Db("test".into());
    let stored = Order::builder().id("o-1").build();
    let order = stored.with_live(Index(db.clone(), &NUMBER), 1, db, Arc::default(), String::new());
    assert_eq!(describe::direct(&order).await.unwrap(), "o-1 test 7 ");
}

#[test]
fn the_stored_part_is_a_context_of_its_own() {
    let stored = Order::builder().id("o-1").build();
    assert_eq!(format!("{stored:?}"), r#"OrderStored {"id":"o-1","total":0}"#);
    assert_ne!(stored, stored.with(|c| c.total(1)));
    assert_eq!(stored, OrderStored::from_json(r#"{"id":"o-1"}"#).unwrap());
    assert_eq!((OrderStored::NAME, OrderStored::schema().fields.len()), ("Order", 2));
}

#[derive(StepContext, Clone)]
struct Huge {
    #[context(max_bytes = 2)]
    text: String,
}

#[derive(StepContext, Clone)]
struct Live {
    #[context(max_bytes = 2)]
    text: String,
    #[context(transient)]
    number: u8,
}

#[test]
fn a_stored_part_that_cannot_be_written_can_be_printed() {
    assert!(Huge::builder().text("a").build().to_json().is_err());
    let stored = Live::builder().text("a").build();
    assert_eq!(
        format!("{stored:?}"),
        "LiveStored <field `text` of context `Live`: the value takes 3 bytes, and the field's `max_bytes` is 2>"
    );
    let live = stored.with_live(7);
    assert_eq!((live.text.as_str(), live.number), ("a", 7));
}

/// A context in three deployments, each of which continues the same run.
mod deployed {
    use super::*;
    use crate::changed_code::held_at;
    use steadfast::store::MemoryStore;

    #[derive(StepContext, Clone)]
    #[context(name = "wallet")]
    struct First {
        user: String,
        #[context(default)]
        euros: u64,
    }

    #[derive(StepContext, Clone)]
    #[context(name = "wallet")]
    struct Renamed {
        #[context(alias = "user")]
        owner: String,
        #[context(default)]
        euros: u64,
    }

    #[derive(StepContext, Clone)]
    #[context(name = "wallet", version = 2, migrate = from_first)]
    struct Second {
        #[context(alias = "user")]
        owner: String,
        cents: u64,
    }

    static FROM_VERSIONS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

    fn from_first(old: &mut RecordedFields) -> Result<()> {
        FROM_VERSIONS.lock().unwrap().push(old.version());
        let euros = old.get::<u64>("euros")?.unwrap_or_default();
        old.set("cents", &(euros * 100))?;
        Ok(())
    }

    #[step]
    async fn wait() -> Result<()> {
        std::future::pending().await
    }

    #[workflow(context = First, name = "wallet")]
    async fn first(start: Start<First>) -> Result<(String, u64)> {
        let mut flow = start.with(First::builder().user("ann").build()).await?;
        flow.update(|c| c.euros(c.euros + 3)).await?;
        wait(&flow).await?;
        Ok((flow.user.clone(), flow.euros))
    }

    #[workflow(context = Renamed, name = "wallet")]
    async fn renamed(start: Start<Renamed>) -> Result<(String, u64)> {
        let mut flow = start.with(Renamed::builder().owner("ann").build()).await?;
        flow.update(|c| c.euros(c.euros + 3)).await?;
        wait(&flow).await?;
        Ok((flow.owner.clone(), flow.euros))
    }

    #[workflow(context = Second, name = "wallet")]
    async fn second(start: Start<Second>) -> Result<(String, u64)> {
        let mut flow = start.with(Second::builder().owner("ann").cents(0).build()).await?;
        flow.update(|c| c.cents(c.cents + 300)).await?;
        wait(&flow).await?;
        Ok((flow.owner.clone(), flow.cents))
    }

    async fn held() -> MemoryStore {
        let store = MemoryStore::new();
        let engine = Engine::builder().store(store.clone()).workflow(first).start().await.unwrap();
        held_at(&engine.start(first, ()).id("w").await.unwrap(), 4).await;
        engine.shutdown(Duration::ZERO).await.unwrap();
        store
    }

    #[tokio::test]
    async fn a_run_goes_on_with_a_field_that_was_renamed() {
        let builder = Engine::builder().store(held().await).workflow(renamed);
        let engine = builder.stub::<wait>(|()| Ok(())).start().await.unwrap();
        assert_eq!(engine.handle(renamed, "w").await.unwrap().result().soon().await.unwrap(), ("ann".to_owned(), 3));
    }

    #[tokio::test]
    async fn a_run_goes_on_in_a_later_version() {
        let builder = Engine::builder().store(held().await).workflow(second);
        let engine = builder.stub::<wait>(|()| Ok(())).start().await.unwrap();
        assert_eq!(engine.handle(second, "w").await.unwrap().result().soon().await.unwrap(), ("ann".to_owned(), 300));
        let versions = FROM_VERSIONS.lock().unwrap();
        assert_eq!(*versions, [1, 1], "once for what was set, and once for what was changed");
    }
}

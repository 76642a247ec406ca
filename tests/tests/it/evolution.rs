//! Contexts that change between releases, under runs that were recorded before (cases V3 and V4): the metadata recorded
//! with each value decides how it is decoded, and an unreadable value is refused by name before any step runs.

use crate::runs::wait_for;
use limits::Soon as _;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::RecordedFields;
use steadfast::field_store::MemoryFieldStore;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ContextError, EngineBuilder, ParkCause, RunError, Status};

/// The release that records the runs.
mod first {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Parcel")]
    pub(super) struct Parcel {
        pub(super) sender: String,
        pub(super) grams: u32,
        #[context(default)]
        pub(super) note: String,
        #[context(default, form = json)]
        pub(super) scan: Vec<u8>,
        #[context(default)]
        pub(super) label: Vec<u8>,
    }

    #[workflow(name = "ship", context = Parcel)]
    pub(super) async fn ship(start: Start<Parcel>) -> Result<String> {
        let mut flow = start.with(Parcel::builder().sender("Ulm").grams(5).build()).await?;
        flow.update(|c| c.note("fragile").scan(vec![1, 2, 255]).label(vec![9, 9])).await?;
        flow.update(|c| c.grams(c.grams + 1)).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(format!("{} {}", flow.sender, flow.grams))
    }
}

/// Records a run of the first release that sleeps after its last update, and stops the engine.
async fn recorded() -> MemoryStore {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(first::ship).start().await.unwrap();
    let run = engine.start(first::ship, ()).id("p").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    store
}

fn release(store: &MemoryStore) -> EngineBuilder {
    Engine::builder().store(store.clone()).skip_sleeps().field_store("blobs", MemoryFieldStore::new())
}

/// The second release: the type and a field are renamed, the type is in another module, one field is widened, two have
/// another encoding, one is in a store, one is removed, one is added.
mod second {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Parcel")]
    pub(super) struct Shipment {
        #[context(alias = "sender")]
        pub(super) from: String,
        pub(super) grams: u64,
        #[context(default = 3)]
        pub(super) tries: u8,
        #[context(default)]
        pub(super) scan: Vec<u8>,
        #[context(default, form = json, store = "blobs")]
        pub(super) label: Vec<u8>,
    }

    #[step]
    async fn read(ctx: &Shipment) -> Result<String> {
        Ok(format!("{} {} {} {:?} {:?}", ctx.from, ctx.grams, ctx.tries, ctx.scan, ctx.label))
    }

    #[workflow(name = "ship", context = Shipment)]
    pub(super) async fn send(start: Start<Shipment>) -> Result<String> {
        let mut flow = start.with(Shipment::builder().from("Ulm").grams(5).build()).await?;
        flow.update(|c| c.scan(vec![1]).label(vec![2])).await?;
        flow.update(|c| c.grams(c.grams + 1)).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        flow.update(|c| c.label(vec![7; 3]).from("Bonn")).await?;
        Ok(read(&flow).await?)
    }
}

#[tokio::test]
async fn an_old_run_goes_on_with_renamed_widened_moved_removed_and_added_fields() {
    let store = recorded().await;
    assert!(release(&store).workflow(second::send).check().await.unwrap().is_ok());
    let engine = release(&store).workflow(second::send).start().await.unwrap();
    let run = engine.handle(second::send, "p").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), "Bonn 6 3 [1, 2, 255] [7, 7, 7]");
    let now = run.context_at::<second::Shipment>(u64::MAX).await.unwrap().unwrap();
    assert_eq!((now.from.as_str(), now.grams, now.scan), ("Bonn", 6, vec![1, 2, 255]));
    let schema = run.context_schema().await.unwrap().unwrap();
    assert!(
        schema.contains(r#"{"name":"sender","type":"String","form":"json","required":true}"#),
        "as it was: {schema}"
    );
}

static RAN: AtomicU32 = AtomicU32::new(0);

#[step]
async fn counted() -> Result<()> {
    RAN.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

macro_rules! refused {
    ($module:ident, { $($fields:tt)* }, $says:literal) => {
        mod $module {
            use super::*;

            #[derive(StepContext, Clone)]
            #[context(name = "Parcel")]
            struct Parcel { $($fields)* }

            #[workflow(name = "ship", context = Parcel)]
            async fn ship(start: Start<Parcel>) -> Result<()> {
                let flow = start.with(Parcel::from_json("{}").unwrap()).await?;
                flow.sleep(Duration::from_mins(1)).await?;
                counted(&flow).await?;
                Ok(())
            }

            #[tokio::test]
            async fn is_refused_by_name_before_any_step_runs() {
                let store = recorded().await;
                let report = release(&store).workflow(ship).check().await.unwrap();
                assert_eq!(report.problems()[0].reason.cause, ParkCause::Unreadable);
                let engine = release(&store).workflow(ship).start().await.unwrap();
                let run = engine.handle(ship, "p").await.unwrap();
                let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on") };
                assert!(reason.message.contains($says), "{reason}");
                assert_eq!(report.problems()[0].reason, *reason, "the check says what happens");
                assert_eq!(RAN.load(Ordering::SeqCst), 0);
            }
        }
    };
}

refused!(narrowed, {
    #[context(default)]
    grams: i8,
    #[context(default)]
    sender: u8,
}, "field `sender` of context `Parcel`: expected `u8`, found `\"Ulm\"`");

refused!(from_bytes_to_json, {
    #[context(default)]
    label: String,
}, "field `label` of context `Parcel`: expected `String`, found `<0 bytes, form bytes>`: it was recorded as raw bytes");

mod required_and_new {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Parcel")]
    pub(super) struct Parcel {
        pub(super) sender: String,
        pub(super) receiver: String,
    }

    #[workflow(name = "ship", context = Parcel)]
    pub(super) async fn ship(start: Start<Parcel>) -> Result<()> {
        let flow = start.with(Parcel::builder().sender("a").receiver("b").build()).await?;
        counted(&flow).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_new_required_field_is_refused_by_name() {
    let store = recorded().await;
    let engine = release(&store).workflow(required_and_new::ship).start().await.unwrap();
    let run = engine.handle(required_and_new::ship, "p").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on") };
    assert!(
        reason.message.contains(
            "field `receiver` of context `Parcel`: it is required (`String`), and what was recorded has no value"
        ),
        "{reason}"
    );
}

/// The third release: another version of the whole context.
mod third {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Parcel", version = 2, migrate = from_first)]
    pub(super) struct Parcel {
        pub(super) route: Vec<String>,
        pub(super) kilos: f64,
        #[context(default, store = "blobs")]
        pub(super) papers: Vec<Vec<u8>>,
    }

    pub(super) fn from_first(old: &mut RecordedFields) -> Result<(), ContextError> {
        assert_eq!(old.version(), 1);
        let sender: Option<String> = old.get("sender")?;
        old.set("route", &Vec::from_iter(sender))?;
        let grams: f64 = old.get("grams")?.unwrap_or_default();
        old.set("kilos", &(grams / 1_000.0))?;
        let papers = [old.get::<Vec<u8>>("scan")?, old.get("label")?];
        old.set("papers", &papers.into_iter().flatten().collect::<Vec<_>>())?;
        for name in ["sender", "grams", "scan", "label", "note"] {
            assert!(old.remove(name));
        }
        Ok(())
    }

    #[step]
    pub(super) async fn weigh(ctx: &Parcel) -> Result<f64> {
        Ok(ctx.kilos)
    }

    #[workflow(name = "ship", context = Parcel)]
    pub(super) async fn ship(start: Start<Parcel>) -> Result<String> {
        let mut flow = start.with(Parcel::builder().route(vec!["Ulm".into()]).kilos(0.005).build()).await?;
        flow.update(|c| c.papers(vec![])).await.ok();
        flow.update(|c| c.kilos(c.kilos + 0.001)).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        let kilos = weigh(&flow).await?;
        flow.update(|c| c.kilos(c.kilos * 2.0)).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        flow.update(|c| c.route([&c.route[..], &["Bonn".to_owned()]].concat())).await?;
        Ok(format!("{kilos} {} {:?} {:?}", flow.kilos, flow.route, flow.papers))
    }
}

#[tokio::test]
async fn a_migration_makes_the_fields_of_an_old_run_into_those_of_today_and_later_changes_add_to_them() {
    let store = recorded().await;
    let blobs = MemoryFieldStore::new();
    let builder = || Engine::builder().store(store.clone()).skip_sleeps().field_store("blobs", blobs.clone());
    let report = builder().workflow(third::ship).check().await.unwrap();
    assert!(report.is_ok(), "{report}");
    let engine = builder().workflow(third::ship).start().await.unwrap();
    let run = engine.handle(third::ship, "p").await.unwrap();
    let result = run.result().soon().await.unwrap();
    assert_eq!(result, r#"0.006 0.012 ["Ulm", "Bonn"] [[1, 2, 255], [9, 9]]"#);
    let changes = run.context_history().await.unwrap();
    let first = changes.entries()[2].seq;
    let then = run.context_at::<third::Parcel>(first).await.unwrap().unwrap();
    assert_eq!((then.kilos, then.papers.len()), (0.006, 2), "what was recorded then, as it is read today");
    // The first change of this release wrote every field in the new version.
    let names: Vec<&str> = changes.entries()[3].fields.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(names, ["kilos", "papers", "route"]);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    // A build of the first release refuses the newer version, and names both versions.
    let report = Engine::builder().store(store.clone()).workflow(first::ship).start().await.unwrap();
    let old = report.run("p").await.unwrap().context_at::<first::Parcel>(u64::MAX).await.err().unwrap().to_string();
    assert!(old.contains("it was recorded in version 2, and this build knows versions up to 1"), "{old}");
}

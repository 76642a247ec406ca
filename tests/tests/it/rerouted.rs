//! Fields that a later release routes to another store or renames: the latest value is read from where it is.

use crate::runs::wait_for;
use limits::Soon as _;
use steadfast::RecordedFields;
use steadfast::field_store::MemoryFieldStore;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{EngineBuilder, Status};
use tokio::time::timeout;

mod first {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Doc")]
    pub(super) struct Doc {
        #[context(store = "blobs")]
        pub(super) scan: Bytes,
        #[context(default)]
        pub(super) n: u64,
    }

    #[workflow(name = "doc", context = Doc)]
    pub(super) async fn doc(start: Start<Doc>) -> Result<usize> {
        let flow = start.with(Doc::builder().scan(Bytes::from_static(b"first")).build()).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(flow.scan.len())
    }
}

/// A release with another store and another version of the context.
mod versioned {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Doc", version = 2, migrate = nothing)]
    pub(super) struct Doc {
        #[context(store = "archive")]
        pub(super) scan: Bytes,
        #[context(default)]
        pub(super) n: u64,
    }

    #[expect(clippy::unnecessary_wraps, reason = "a migration may fail")]
    fn nothing(_: &mut RecordedFields) -> Result<()> {
        Ok(())
    }

    #[workflow(name = "doc", context = Doc)]
    pub(super) async fn doc(start: Start<Doc>) -> Result<usize> {
        let mut flow = start.with(Doc::builder().scan(Bytes::from_static(b"first")).build()).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        flow.update(|c| c.n(c.n + 1)).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(flow.scan.len())
    }
}

/// A release with another store, in which the value changes and changes back.
mod moved {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Doc")]
    pub(super) struct Doc {
        #[context(store = "archive")]
        pub(super) scan: Bytes,
        #[context(default)]
        pub(super) n: u64,
    }

    #[workflow(name = "doc", context = Doc)]
    pub(super) async fn doc(start: Start<Doc>) -> Result<usize> {
        let mut flow = start.with(Doc::builder().scan(Bytes::from_static(b"first")).build()).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        flow.update(|c| c.scan(Bytes::from_static(b"another"))).await?;
        flow.update(|c| c.scan(Bytes::from_static(b"first"))).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(flow.scan.len())
    }
}

/// A release in which `migrate` renames the field.
mod renamed {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Doc", version = 2, migrate = rename)]
    pub(super) struct Doc {
        #[context(store = "blobs")]
        pub(super) document: Bytes,
        #[context(default)]
        pub(super) n: u64,
    }

    #[expect(clippy::unnecessary_wraps, reason = "a migration may fail")]
    fn rename(old: &mut RecordedFields) -> Result<()> {
        old.rename("scan", "document");
        Ok(())
    }

    #[workflow(name = "doc", context = Doc)]
    pub(super) async fn doc(start: Start<Doc>) -> Result<usize> {
        let flow = start.with(Doc::builder().document(Bytes::from_static(b"first")).build()).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(flow.document.len())
    }
}

/// A release without the field: `migrate` computes another from it.
mod summed_up {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Doc", version = 2, migrate = count)]
    pub(super) struct Doc {
        #[context(default)]
        pub(super) bytes: u64,
    }

    fn count(old: &mut RecordedFields) -> Result<()> {
        let bytes = old.get::<Bytes>("scan")?.map_or(0, |scan| scan.len() as u64);
        old.set("bytes", &bytes)?;
        Ok(())
    }

    #[workflow(name = "doc", context = Doc)]
    pub(super) async fn doc(start: Start<Doc>) -> Result<usize> {
        let flow = start.with(Doc::builder().build()).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(usize::try_from(flow.bytes)?)
    }
}

/// Continues a run of the first release in another one. Returns its status and outcome.
async fn in_release(release: impl FnOnce(EngineBuilder) -> EngineBuilder) -> (Status, String) {
    let (store, blobs) = (MemoryStore::new(), MemoryFieldStore::new());
    let engine = Engine::builder().store(store.clone()).field_store("blobs", blobs.clone());
    let engine = engine.workflow(first::doc).start().await.unwrap();
    let run = engine.start(first::doc, ()).id("d").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    drop((run, engine));
    let builder = Engine::builder().store(store.clone()).field_store("blobs", blobs).skip_sleeps();
    let builder = builder.field_store("archive", MemoryFieldStore::new()).evict_after(Duration::ZERO);
    let engine = release(builder.field_store_retry(1, Duration::ZERO)).start().await.unwrap();
    let run = engine.run("d").await.unwrap();
    let ended = async {
        loop {
            let info = run.status().await.unwrap();
            if info.status.is_final() || info.status == Status::Parked {
                return (info.status, format!("{info:?}"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), ended).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_goes_to_another_store_is_saved_there_with_a_new_version() {
    let (status, info) = in_release(|builder| builder.workflow(versioned::doc)).await;
    assert_eq!(status, Status::Completed, "{info}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_goes_to_another_store_is_saved_there_when_it_gets_an_old_value_again() {
    let (status, info) = in_release(|builder| builder.workflow(moved::doc)).await;
    assert_eq!(status, Status::Completed, "{info}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_renames_a_field_in_a_store() {
    let (status, info) = in_release(|builder| builder.workflow(renamed::doc)).await;
    assert_eq!(status, Status::Completed, "{info}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_reads_a_field_in_a_store_that_is_gone() {
    let (status, info) = in_release(|builder| builder.workflow(summed_up::doc)).await;
    assert_eq!(status, Status::Completed, "{info}");
}

macro_rules! release {
    ($module:ident, $field:ident, $(#[$attribute:meta])*) => {
        mod $module {
            #![allow(dead_code)]
            use super::*;

            #[derive(StepContext, Clone)]
            #[context(name = "Named")]
            pub(super) struct Named {
                $(#[$attribute])*
                pub(super) $field: u64,
            }

            #[workflow(name = "named", context = Named)]
            pub(super) async fn named(start: Start<Named>) -> Result<u64> {
                let mut flow = start.with(Named::builder().$field(1).build()).await?;
                flow.sleep(Duration::from_secs(1)).await?;
                flow.update(|c| c.$field(2)).await?;
                flow.sleep(Duration::from_hours(1)).await?;
                Ok(flow.$field)
            }

            #[workflow(name = "peek", context = Named)]
            pub(super) async fn peek(start: Start<Named>) -> Result<u64> {
                let flow = start.with_continued_or(|| Named::builder().$field(99).build()).await?;
                Ok(flow.$field)
            }
        }
    };
}

release!(name_one, a,);
release!(name_two, b, #[context(alias = "a")]);
release!(name_three, a, #[context(alias = "b")]);

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_gets_its_first_name_again_has_its_latest_value() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(name_one::named).start().await.unwrap();
    let run = engine.start(name_one::named, ()).id("n").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = Engine::builder().store(store.clone()).workflow(name_two::named).start().await.unwrap();
    let run = engine.run("n").await.unwrap();
    limits::until(async || run.context_history().await.unwrap().entries().len() >= 2).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = Engine::builder().store(store.clone()).workflow(name_three::named).workflow(name_three::peek);
    let engine = engine.start().await.unwrap();
    let run = engine.run("n").await.unwrap();
    let latest = run.context_at::<name_three::Named>(u64::MAX).await.unwrap().unwrap();
    run.cancel("enough").await.unwrap();
    wait_for(&run, Status::Cancelled).await;
    let next = engine.start(name_three::peek, ()).id("next").continuing("n").await.unwrap();
    let continued = next.result().soon().await.unwrap();
    assert_eq!((latest.a, continued), (2, 2), "the first value is taken for the latest");
}

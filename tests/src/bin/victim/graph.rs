//! Graphs that tests kill: their steps change the context by their return values, and share state with fields in a
//! store.

use super::log;
use steadfast::EngineBuilder;
use steadfast::field_store::FolderStore;
use steadfast::prelude::*;

const RUNS: u64 = 4;
const PAGES: u64 = 12;

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Shelf {
    #[context(default)]
    total: u64,
    #[context(default)]
    names: Vec<String>,
}

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Scans {
    #[context(default)]
    pages: u64,
    #[context(default, store = "blobs")]
    cover: Bytes,
    #[context(default, store = "blobs")]
    scan: Lazy<Bytes>,
    #[context(default, store = "blobs")]
    list: Vec<u64>,
}

#[derive(Event)]
struct Page(u64);

#[derive(Event)]
struct Bound(u64);

struct Binding;

#[workflow(context = Shelf, state = Scans)]
impl Binding {
    #[step]
    async fn open(pages: Begin<u64>) -> Result<Vec<Page>> {
        Ok((1..=pages.0).map(Page).collect())
    }

    #[step]
    async fn bind(ctx: &Shelf, state: &State<Scans>, page: Page) -> Result<(Updated<Shelf>, Bound)> {
        log("bind");
        let n = page.0;
        let byte = u8::try_from(n)?;
        state
            .edit(move |s| {
                s.pages += 1;
                s.list.push(n);
            })
            .await?;
        tokio::time::sleep(Duration::from_millis(3 + n % 5)).await;
        let change = move |s: &mut Scans| {
            s.cover = Bytes::from(vec![byte; 40]);
            s.scan = Lazy::new(Bytes::from(vec![byte; 3_000]));
            s.pages
        };
        let pages = state.edit(change).await?;
        assert!((1..=PAGES).contains(&pages));
        let names: Vec<String> = ctx.names.iter().cloned().chain([n.to_string()]).collect();
        Ok((Updated::of(ctx, |c| c.total(c.total + n).names(names)), Bound(n)))
    }

    #[step]
    async fn close(ctx: &Shelf, state: &State<Scans>, #[collect] bound: Vec<Bound>) -> Result<Stop<u64>> {
        let seen = state.read().await?;
        let mut list = seen.list.clone();
        list.sort_unstable();
        let all: Vec<u64> = (1..=PAGES).collect();
        assert_eq!((seen.pages, &list, bound.len() as u64), (PAGES, &all, PAGES), "each edit was made once");
        let mut names: Vec<u64> = ctx.names.iter().map(|name| name.parse()).collect::<std::result::Result<_, _>>()?;
        names.sort_unstable();
        assert_eq!((ctx.total, &names), (all.iter().sum(), &all), "each change was made once");
        let scan = seen.scan.get().await?;
        assert_eq!((scan.len(), seen.cover.len(), scan[0]), (3_000, 40, seen.cover[0]), "both are of one edit");
        Ok(Stop(ctx.total))
    }
}

pub(super) fn workflows(builder: EngineBuilder, log: &str) -> EngineBuilder {
    let blobs = FolderStore::new(format!("{log}.blobs")).expect("a folder");
    builder.field_store("blobs", blobs).workflow(Binding)
}

pub(super) async fn graphs(engine: &Engine) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut runs = Vec::new();
    for n in 0..RUNS {
        runs.push(engine.start(Binding, PAGES).id(format!("binding-{n}")).await?);
    }
    println!("started");
    for run in runs {
        assert_eq!(run.result().await?, PAGES * (PAGES + 1) / 2);
        let context = run.context_at::<Shelf>(u64::MAX).await?.expect("a context");
        let state = run.state::<Scans>().await?.expect("a state");
        assert_eq!((context.names.len() as u64, state.pages), (PAGES, PAGES));
        assert_eq!(state.scan.get().await?.len(), 3_000, "what it points to is there");
    }
    // Only contents that were saved and never committed are garbage.
    let garbage = engine.collect_garbage().await?;
    assert!(garbage.failures.is_empty() && garbage.skipped == 0, "{garbage:?}");
    assert_eq!(engine.collect_garbage().await?.deleted, 0);
    for n in 0..RUNS {
        let state = engine.run(&format!("binding-{n}")).await?.state::<Scans>().await?.expect("a state");
        assert_eq!((state.list.len() as u64, state.scan.get().await?.len()), (PAGES, 3_000));
    }
    assert!(engine.check().await?.is_ok());
    Ok(())
}

//! What goes with a call and comes back: secrets, contents of stores, live values, stream items.

use crate::place::{ENDING, Place, on_both};
use futures_util::TryStreamExt;
use limits::Soon as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::field_store::FolderStore;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Key, Secret, StaticKeys};

struct Fonts(&'static str);

static RESTORED: AtomicU32 = AtomicU32::new(0);

async fn load_fonts(_: &PageStored, resources: &Resources) -> Result<Arc<String>> {
    RESTORED.fetch_add(1, Ordering::SeqCst);
    Ok(Arc::new(resources.get::<Fonts>().await?.0.to_owned()))
}

#[derive(StepContext, Clone, Debug)]
struct Page {
    key: Secret<String>,
    #[context(store = "files")]
    text: Bytes,
    #[context(store = "files")]
    large: Lazy<Bytes>,
    #[context(transient, restore = load_fonts)]
    fonts: Arc<String>,
}

#[step(queue = "press", store = "files")]
async fn print(page: &Page, #[resource] fonts: &Fonts, pin: Secret<String>, copies: u32) -> Result<Secret<String>> {
    let large = page.large.get().await?;
    let text = String::from_utf8_lossy(&page.text).into_owned();
    let parts = [page.key.expose(), pin.expose(), &text, page.fonts.as_str(), fonts.0];
    Ok(Secret::new(format!("{} {} {copies}", parts.join(" "), large.len())))
}

#[workflow(context = Page, resources(Fonts))]
async fn publishing(start: Start<Page>) -> Result<Secret<String>> {
    let key = Secret::new("hunter2".to_owned());
    let (text, large) = (Bytes::from_static(b"hello"), Lazy::new(Bytes::from(vec![7; 100_000])));
    let flow = start.with(Page::builder().key(key).text(text).large(large).build()).await?;
    let first = print(&flow, Secret::new("pin-1234".to_owned()), 1).await?;
    let second = print(&flow, Secret::new("pin-1234".to_owned()), 2).await?;
    Ok(Secret::new(format!("{}, {}", first.expose(), second.expose())))
}

fn with_all(builder: EngineBuilder, files: &Path) -> EngineBuilder {
    let keys = StaticKeys::new(Key::new("k", [7; 32]));
    builder.keys(keys).field_store("files", FolderStore::new(files).unwrap()).resource(Fonts("serif"))
}

/// Returns the contents of all files in a folder.
fn written(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { written(&path) } else { std::fs::read(path).unwrap() }).collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_contents_and_live_values_are_there() {
    let (place, files) = (Place::file(), tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
    let engine = with_all(place.builder().workflow(publishing), files.path()).start().await.unwrap();
    let serving = place.builder().serve("press", 1).step::<print>();
    let worker = with_all(serving, files.path()).start().await.unwrap();
    let run = engine.start(publishing, ()).await.unwrap();
    let printed = run.result().soon().await.unwrap();
    let one = "hunter2 pin-1234 hello serif serif 100000";
    assert_eq!(printed.expose(), &format!("{one} 1, {one} 2"));
    assert_eq!(RESTORED.load(Ordering::SeqCst), 1, "once for a run on an engine");
    for engine in [worker, engine] {
        engine.shutdown(ENDING).await.unwrap();
    }
    let written = [place.folder(), files.path()].map(written).concat();
    assert!(contains(&written, "hello"), "what is no secret is found");
    for planted in ["hunter2", "pin-1234"] {
        assert!(!contains(&written, planted), "{planted} is written in the open");
    }
}

/// Writes items, and fails once in the middle.
#[step(queue = "press", retry(attempts = 2, backoff = "1ms"))]
async fn counting(scope: &StepScope, to: u32) -> Result<u32> {
    for number in 0..to {
        if number == to / 2 && scope.attempt == 1 {
            return Err(Error::msg("the paper is jammed"));
        }
        let written = steadfast::stream("numbers").write(&number);
        // All are there in the end, whether the step waits for each or not.
        if number % 2 == 0 {
            written.await?;
        }
    }
    Ok(to)
}

#[workflow]
async fn counted(flow: &mut Flow, to: u32) -> Result<u32> {
    Ok(counting(flow, to).await?)
}

on_both! {
    async fn items_that_a_step_writes_arrive_once_and_in_order(place: Place) {
        let engine = place.builder().workflow(counted).start().await.unwrap();
        let worker = place.builder().serve("press", 1).step::<counting>().start().await.unwrap();
        let run = engine.start(counted, 41).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), 41);
        let numbers: Vec<(u64, u32)> = run.stream("numbers").try_collect().soon().await.unwrap();
        assert_eq!(numbers.into_iter().map(|(_, number)| number).collect::<Vec<_>>(), (0..41).collect::<Vec<_>>());
        worker.shutdown(ENDING).await.unwrap();
    }
}

//! Live pages: a stream tells a browser that its page has changed, and the script fetches it. All streams of one page
//! share one look at the database, at most once a second.

use crate::access::{Access, Visitor};
use crate::answer::Fault;
use crate::asked::{Asked, Query};
use crate::console::Shared;
use crate::pages;
use axum::response::sse::{Event, KeepAlive, Sse};
use data_encoding::HEXLOWER;
use futures_util::Stream;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio::sync::{Semaphore, watch};

/// The shortest time between two looks at a page.
const SECOND: Duration = Duration::from_secs(1);

/// How much longer than a look the time until the next one is, so that looking costs a tenth of one thread at most.
const REST: u32 = 10;

/// The looks at a time, over all pages.
const AT_ONCE: usize = 4;

/// The most pages that are followed, and the most streams.
const MOST_PAGES: usize = 200;
const MOST_STREAMS: usize = 4_000;

/// The time after which a stream ends; the browser opens another one, which is checked as every request is.
const LIFE: Duration = Duration::from_mins(10);

/// The pages that browsers follow.
pub(crate) struct Hub {
    pages: Mutex<HashMap<String, watch::Receiver<String>>>,
    turns: Semaphore,
    streams: Arc<Semaphore>,
}

impl Default for Hub {
    fn default() -> Self {
        let streams = Arc::new(Semaphore::new(MOST_STREAMS));
        Self { pages: Mutex::default(), turns: Semaphore::new(AT_ONCE), streams }
    }
}

impl Hub {
    fn pages(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<String>>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the stream of a page's versions; the address of the page is the parameter `of`.
///
/// # Errors
/// There is no such page, or too many are followed.
pub(crate) fn stream(
    shared: &Arc<Shared>,
    query: Option<&str>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Fault> {
    let of = Query::of_address(query)?.required("of")?.to_owned();
    let permit = shared.hub.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Fault::unavailable("too many pages are open; close some of them".to_owned()))?;
    let mut versions = followed(shared, of)?;
    versions.mark_changed();
    let ends = tokio::time::Instant::now() + LIFE;
    let events = futures_util::stream::unfold((versions, permit), move |(mut versions, permit)| async move {
        loop {
            match tokio::time::timeout_at(ends, versions.changed()).await {
                Ok(Ok(())) => {}
                // Its life is over, or the look has panicked.
                _ => return None,
            }
            let version = versions.borrow_and_update().clone();
            if !version.is_empty() {
                return Some((Ok(Event::default().event("version").data(version)), (versions, permit)));
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Returns the versions of a page, and begins to look at it unless another stream follows it already.
fn followed(shared: &Arc<Shared>, of: String) -> Result<watch::Receiver<String>, Fault> {
    let (name, query) = of.split_once('?').unwrap_or((&of, ""));
    let page = pages::named(name).ok_or_else(|| Fault::not_found("there is no such page".to_owned()))?;
    let query = Query::of_address(Some(query))?;
    let mut pages = shared.hub.pages();
    // One without a sender is left over from a look that has panicked.
    if let Some(versions) = pages.get(&of).filter(|versions| versions.has_changed().is_ok()) {
        return Ok(versions.clone());
    }
    if pages.len() >= MOST_PAGES {
        return Err(Fault::unavailable("too many different pages are open; close some of them".to_owned()));
    }
    let (sender, versions) = watch::channel(String::new());
    pages.insert(of.clone(), versions.clone());
    drop(pages);
    let visitor = Visitor { access: Access::ReadOnly, who: None, session: String::new() };
    // Relative times are the same in every look.
    let asked = Asked { shared: shared.clone(), query, visitor, views: Vec::new(), now: UNIX_EPOCH };
    tokio::spawn(look(page, asked, of, sender));
    Ok(versions)
}

/// Looks at a page while a browser follows it.
async fn look(page: pages::Page, asked: Asked, of: String, sender: watch::Sender<String>) {
    loop {
        let begun = Instant::now();
        let seen = {
            // The semaphore is never closed.
            let _turn = asked.shared.hub.turns.acquire().await;
            page(asked.clone()).await
        };
        let version = match seen {
            Ok(view) => version(&view.main.into_string()),
            Err(fault) => version(&format!("{} {}", fault.status, fault.message)),
        };
        sender.send_if_modified(|known| {
            let is_new = *known != version;
            *known = version;
            is_new
        });
        tokio::time::sleep(SECOND.max(begun.elapsed() * REST)).await;
        let mut pages = asked.shared.hub.pages();
        // The hub has one receiver itself; it makes another only under this lock.
        if sender.receiver_count() <= 1 {
            pages.remove(&of);
            return;
        }
    }
}

fn version(text: &str) -> String {
    HEXLOWER.encode(&hmac_sha256::Hash::hash(text.as_bytes())[..8])
}

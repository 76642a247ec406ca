//! Notifications to other processes: their runs have new items, or runs have ended or have new outputs. A lost one
//! costs latency only, because each process also looks by itself.

use super::looking::{Looking, locked};
use super::options::PgOptions;
use super::text::quoted;
use crate::store::ChangeSignal;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client};

/// The least time between two notifications: one commit that sends one holds a lock of the whole database.
const PAUSE: Duration = Duration::from_millis(10);

/// The wait before a connection is made anew, at first and at most.
const AGAIN: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// The time for which opening a store waits for the first connection: later ones make an engine look once more.
const FIRST: Duration = Duration::from_secs(1);

/// The time after which a silent connection is tested, because a network may lose it without a sign.
const SILENT: Duration = Duration::from_secs(30);

/// The most leases, and the most runs, that a notification names; beyond that it is for all.
const NAMED: usize = 300;

/// How often a process says that it waits for ends and outputs of runs, and how long others act on that.
const SAID: Duration = Duration::from_secs(1);
const BELIEVED: Duration = Duration::from_secs(5);

/// The news of commits for other processes.
#[derive(Clone, Debug, Default)]
pub(super) struct News {
    /// The leases whose runs have new items, and those that have got runs.
    pub(super) leases: BTreeSet<i64>,
    /// The runs that have ended or have new outputs, and their first runs.
    pub(super) runs: BTreeSet<i64>,
}

impl News {
    /// Adds other news to these.
    pub(super) fn append(&mut self, other: &mut Self) {
        self.leases.append(&mut other.leases);
        self.runs.append(&mut other.runs);
    }
}

/// A thread with a connection that sends and receives notifications.
#[derive(Debug)]
pub(super) struct Listener {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    signal: Arc<ChangeSignal>,
    /// Has the leases of this process.
    looking: Arc<Looking>,
    channel: String,
    /// What distinguishes our own notifications.
    sender: String,
    /// The news to be sent. They are merged, so that they do not grow while there is no connection.
    asked: Mutex<News>,
    /// When this process has last said that it waits for ends and outputs of runs, and whether it is to say so.
    said: Mutex<Option<Instant>>,
    waits: AtomicBool,
    /// When another process has last said so.
    heard: Mutex<Option<Instant>>,
    /// Notified when there are such, and at the end.
    filled: Notify,
    is_over: AtomicBool,
}

/// Stands for every lease in a notification, and for runs without one.
pub(super) const ALL: i64 = 0;

impl Listener {
    /// Starts the thread; `None` if the system has none, which costs latency only.
    pub(super) fn start(
        options: PgOptions,
        database_id: &str,
        signal: Arc<ChangeSignal>,
        looking: Arc<Looking>,
    ) -> Option<Self> {
        let (channel, sender) = (format!("steadfast_{database_id}"), uuid::Uuid::new_v4().simple().to_string());
        let shared = Arc::new(Shared {
            signal,
            looking,
            channel,
            sender,
            asked: Mutex::default(),
            said: Mutex::default(),
            waits: AtomicBool::new(false),
            heard: Mutex::default(),
            filled: Notify::new(),
            is_over: AtomicBool::new(false),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let (sharing, (listens, listening)) = (shared.clone(), mpsc::channel());
        let thread = std::thread::Builder::new().name("steadfast-listen".to_owned());
        thread.spawn(move || runtime.block_on(keep_listening(&options, &sharing, listens))).ok()?;
        // Without an answer the thread connects later, and the engine looks by itself until then.
        let _ = listening.recv_timeout(FIRST);
        Some(Self { shared })
    }

    /// Sends the news of a commit to other processes; `None` stands for all news.
    pub(super) fn tell(&self, news: Option<News>) {
        let all = || News { leases: BTreeSet::from([ALL]), runs: BTreeSet::from([ALL]) };
        let mut news = news.unwrap_or_else(all);
        news.leases = self.shared.looking.of_others(&news.leases);
        // Most fleets have no client that waits, and so no notification for every end of a run.
        if locked(&self.shared.heard).is_none_or(|heard| heard.elapsed() > BELIEVED) {
            news.runs.clear();
        }
        if !news.leases.is_empty() || !news.runs.is_empty() {
            locked(&self.shared.asked).append(&mut news);
            self.shared.filled.notify_one();
        }
    }

    /// Says that this process waits for ends and outputs of runs.
    pub(super) fn expects_news(&self) {
        let mut said = locked(&self.shared.said);
        if said.is_none_or(|said| said.elapsed() >= SAID) {
            *said = Some(Instant::now());
            self.shared.waits.store(true, Ordering::SeqCst);
            self.shared.filled.notify_one();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.shared.filled.notify_one();
    }
}

/// Listens until the store is dropped. Drops `listens` when the first connection does.
async fn keep_listening(options: &PgOptions, shared: &Arc<Shared>, listens: mpsc::Sender<()>) {
    let (mut again, mut listens) = (AGAIN, Some(listens));
    while !shared.is_over() {
        let connected = within(options.connecting(), options.connect()).await;
        if let Some((client, mut connection)) = connected {
            let receiving = shared.clone();
            let reading = tokio::spawn(async move {
                while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                    if let AsyncMessage::Notification(notification) = message {
                        receiving.received(notification.payload());
                    }
                }
                // Wakes `send`, which then sees that its connection has ended.
                receiving.filled.notify_one();
            });
            let listen = format!("LISTEN {}", quoted(&shared.channel));
            if within(options.patience(), client.batch_execute(&listen)).await.is_some() {
                again = AGAIN;
                // What came before this was not heard.
                shared.signal.raise();
                shared.signal.show(None);
                drop(listens.take());
                send(&client, shared, options.patience()).await;
            }
            reading.abort();
        }
        if shared.is_over() {
            return;
        }
        // The end of the store is not waited for longer than this.
        let _ = tokio::time::timeout(again, shared.over()).await;
        again = (again * 2).min(LONGEST);
    }
}

/// Returns what came in time and is no error.
async fn within<T, E>(limit: Duration, what: impl Future<Output = Result<T, E>>) -> Option<T> {
    tokio::time::timeout(limit, what).await.ok()?.ok()
}

/// Sends notifications until the connection or the store ends.
async fn send(client: &Client, shared: &Shared, patience: Duration) {
    while !shared.is_over() && !client.is_closed() {
        let mut news = std::mem::take(&mut *locked(&shared.asked));
        let waits = shared.waits.swap(false, Ordering::SeqCst);
        if news.leases.is_empty() && news.runs.is_empty() && !waits {
            let waited = tokio::time::timeout(SILENT, shared.filled.notified()).await;
            if waited.is_err() && within(patience, client.batch_execute("")).await.is_none() {
                return;
            }
            continue;
        }
        let payload = shared.payload(&news, waits);
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&shared.channel, Type::TEXT), (&payload, Type::TEXT)];
        if within(patience, client.query_typed("SELECT pg_notify($1, $2)", &values)).await.is_none() {
            // The next connection sends it.
            locked(&shared.asked).append(&mut news);
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Shared {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Waits for the end of the store.
    async fn over(&self) {
        while !self.is_over() {
            self.filled.notified().await;
        }
    }

    /// Returns the text of a notification: its sender, leases, runs, and whether the sender waits for ends and outputs.
    fn payload(&self, news: &News, waits: bool) -> String {
        let named = |numbers: &BTreeSet<i64>| {
            if numbers.contains(&ALL) || numbers.len() > NAMED {
                return ALL.to_string();
            }
            let named: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            if named.is_empty() { "-".to_owned() } else { named.join(",") }
        };
        let waits = if waits { "waits" } else { "-" };
        format!("{} {} {} {waits}", self.sender, named(&news.leases), named(&news.runs))
    }

    fn received(&self, payload: &str) {
        let mut words = payload.split(' ');
        if words.next() == Some(&self.sender) {
            return;
        }
        let mut numbers = || -> Vec<i64> {
            words.next().unwrap_or_default().split(',').filter_map(|number| number.parse().ok()).collect()
        };
        let (leases, runs) = (numbers(), numbers());
        if leases.iter().any(|lease| *lease == ALL || self.looking.holds(*lease)) {
            self.signal.raise();
        }
        if !runs.is_empty() {
            self.signal.show(Some(runs.as_slice()).filter(|runs| !runs.contains(&ALL)));
        }
        if words.next() == Some("waits") {
            *locked(&self.heard) = Some(Instant::now());
        }
    }
}

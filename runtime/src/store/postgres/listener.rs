//! Notifications: they tell other processes that something waits for their runs. Whatever gets lost is found by looking.

use super::looking::Looking;
use super::options::PgOptions;
use super::text::quoted;
use crate::store::ChangeSignal;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
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

/// The most leases that a notification names; beyond that it is for all.
const NAMED: usize = 300;

/// A thread with a connection that sends and receives notifications.
#[derive(Debug)]
pub(super) struct Listener {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    signal: Arc<ChangeSignal>,
    /// What knows the leases of this process.
    looking: Arc<Looking>,
    channel: String,
    /// What distinguishes our own notifications.
    sender: String,
    /// The leases whose holders are to look, each once however long there is no connection.
    asked: Mutex<BTreeSet<i64>>,
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

    /// Notifies the holders of leases.
    pub(super) fn wake(&self, leases: BTreeSet<i64>) {
        if !leases.is_empty() {
            locked(&self.shared.asked).extend(leases);
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

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
                // `send` waits for work, and sees now that its connection has ended.
                receiving.filled.notify_one();
            });
            let listen = format!("LISTEN {}", quoted(&shared.channel));
            if within(options.patience(), client.batch_execute(&listen)).await.is_some() {
                again = AGAIN;
                // What came before this was not heard.
                shared.signal.raise();
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
        let leases = std::mem::take(&mut *locked(&shared.asked));
        if leases.is_empty() {
            let waited = tokio::time::timeout(SILENT, shared.filled.notified()).await;
            if waited.is_err() && within(patience, client.batch_execute("")).await.is_none() {
                return;
            }
            continue;
        }
        let payload = shared.payload(&leases);
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&shared.channel, Type::TEXT), (&payload, Type::TEXT)];
        if within(patience, client.query_typed("SELECT pg_notify($1, $2)", &values)).await.is_none() {
            // The next connection sends it.
            locked(&shared.asked).extend(leases);
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

    fn payload(&self, leases: &BTreeSet<i64>) -> String {
        let all = leases.contains(&ALL) || leases.len() > NAMED;
        let named: Vec<_> = leases.iter().map(ToString::to_string).collect();
        format!("{} {}", self.sender, if all { ALL.to_string() } else { named.join(",") })
    }

    fn received(&self, payload: &str) {
        let Some((sender, leases)) = payload.split_once(' ') else { return };
        if sender == self.sender {
            return;
        }
        let mut leases = leases.split(',').filter_map(|lease| lease.parse().ok());
        if leases.any(|lease| lease == ALL || self.looking.holds(lease)) {
            self.signal.raise();
        }
    }
}

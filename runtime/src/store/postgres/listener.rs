//! Notifications: they tell other processes that something waits for their runs. Whatever gets lost is found by looking.

use super::options::PgOptions;
use crate::store::ChangeSignal;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, NoTls};

/// The least time between two notifications: one commit that sends one holds a lock of the whole database.
const PAUSE: Duration = Duration::from_millis(10);

/// The wait before a connection is made anew, at first and at most.
const AGAIN: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// The most leases that a notification names; beyond that it is for all.
const NAMED: usize = 300;

/// A thread with a connection that sends and receives notifications.
#[derive(Debug)]
pub(super) struct Listener {
    /// Leases whose holders are to look.
    wake: UnboundedSender<i64>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    signal: Arc<ChangeSignal>,
    channel: String,
    /// What distinguishes our own notifications.
    sender: String,
    /// The leases that this process holds.
    own: Mutex<BTreeSet<i64>>,
}

/// Stands for every lease in a notification, and for runs without one.
pub(super) const ALL: i64 = 0;

impl Listener {
    /// Starts the thread; `None` if the system has none, which costs latency only.
    pub(super) fn start(options: PgOptions, database_id: &str, signal: Arc<ChangeSignal>) -> Option<Self> {
        let (wake, asked) = unbounded_channel();
        let (channel, sender) = (format!("steadfast_{database_id}"), uuid::Uuid::new_v4().simple().to_string());
        let shared = Arc::new(Shared { signal, channel, sender, own: Mutex::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let sharing = shared.clone();
        let thread = std::thread::Builder::new().name("steadfast-listen".to_owned());
        thread.spawn(move || runtime.block_on(keep_listening(&options, &sharing, asked))).ok()?;
        Some(Self { wake, shared })
    }

    /// Notes leases that this process holds: what is for them alone needs no notification.
    pub(super) fn holds(&self, leases: impl Iterator<Item = i64>) {
        self.shared.own.lock().unwrap_or_else(PoisonError::into_inner).extend(leases);
    }

    /// Notifies the holders of leases; `None` stands for all of them.
    pub(super) fn wake(&self, leases: Option<BTreeSet<i64>>) {
        let own = self.shared.own.lock().unwrap_or_else(PoisonError::into_inner);
        let others = leases.map_or_else(|| vec![ALL], |leases| leases.difference(&own).copied().collect());
        for lease in others {
            // The thread ends only with this handle.
            let _ = self.wake.send(lease);
        }
    }
}

/// Listens until the store is dropped.
async fn keep_listening(options: &PgOptions, shared: &Arc<Shared>, mut asked: UnboundedReceiver<i64>) {
    let (mut again, mut has_listened) = (AGAIN, false);
    while !asked.is_closed() {
        let connected = tokio::time::timeout(options.patience(), options.config.connect(NoTls)).await;
        if let Ok(Ok((client, mut connection))) = connected {
            let receiving = shared.clone();
            let reading = tokio::spawn(async move {
                while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                    if let AsyncMessage::Notification(notification) = message {
                        receiving.received(notification.payload());
                    }
                }
            });
            if client.batch_execute(&format!("LISTEN {}", shared.channel)).await.is_ok() {
                again = AGAIN;
                // What came meanwhile was not heard.
                if std::mem::replace(&mut has_listened, true) {
                    shared.signal.raise();
                }
                send(&client, shared, &mut asked).await;
            }
            reading.abort();
        }
        if asked.is_closed() {
            return;
        }
        tokio::time::sleep(again).await;
        again = (again * 2).min(LONGEST);
    }
}

/// Sends notifications until the connection or the store ends.
async fn send(client: &Client, shared: &Shared, asked: &mut UnboundedReceiver<i64>) {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(1), asked.recv()).await;
        let mut leases = BTreeSet::new();
        match next {
            Ok(None) => return,
            Ok(Some(lease)) => leases.insert(lease),
            Err(_) if client.is_closed() => return,
            Err(_) => continue,
        };
        while let Ok(lease) = asked.try_recv() {
            leases.insert(lease);
        }
        let payload = shared.payload(&leases);
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&shared.channel, Type::TEXT), (&payload, Type::TEXT)];
        if client.query_typed("SELECT pg_notify($1, $2)", &values).await.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Shared {
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
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut leases = leases.split(',').filter_map(|lease| lease.parse().ok());
        if leases.any(|lease| lease == ALL || own.contains(&lease)) {
            drop(own);
            self.signal.raise();
        }
    }
}

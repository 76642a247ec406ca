//! A TCP port in front of a server, which delays and cuts connections and loses answers.

mod answers;
mod frames;
mod link;
mod switches;

use crate::database::tcp_url;
use crate::stream::{Address, Stream};
use link::Link;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use switches::{Switches, Wanted};

/// A proxy for connections without encryption. A drop cuts them all.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// The state shared by the threads of a proxy.
#[derive(Debug)]
struct Shared {
    target: Address,
    switches: Switches,
    links: Mutex<BTreeMap<u64, Arc<Link>>>,
    is_over: AtomicBool,
}

impl Proxy {
    /// Starts a proxy for a server: [`Cluster::socket`](crate::Cluster::socket), which asks for no password, or
    /// [`Cluster::tcp`](crate::Cluster::tcp), or the addresses of a [`PgBouncer`](crate::PgBouncer).
    ///
    /// # Panics
    /// No port is free.
    #[must_use]
    pub fn start(target: impl Into<Address>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (switches, links, is_over) = (Switches::default(), Mutex::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { target: target.into(), switches, links, is_over });
        let accepting = shared.clone();
        let acceptor = std::thread::spawn(move || accepting.accept(&listener));
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// The address of the proxy.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of a database through the proxy, with the password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        tcp_url(self.address, database)
    }

    /// The number of connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.links().len()
    }

    /// Cuts all connections. New ones are accepted.
    pub fn cut_all(&self) {
        self.shared.cut_all();
    }

    /// Closes new connections at once, or no longer. Open ones stay.
    pub fn refuse(&self, is_refusing: bool) {
        self.shared.switches.set(|settings| settings.is_refusing = is_refusing);
    }

    /// Holds back everything in both directions, or no longer: a network that loses packets, where neither side
    /// notices.
    pub fn stall(&self, is_stalled: bool) {
        self.shared.switches.set(|settings| settings.is_stalled = is_stalled);
    }

    /// Delays all messages by this time in each direction.
    pub fn delay(&self, delay: Duration) {
        self.shared.switches.set(|settings| settings.delay = delay);
    }

    /// Cuts a connection when the server has received this many bytes more, counted over all connections. The last
    /// message may reach it in part.
    pub fn cut_after(&self, bytes_to_server: usize) {
        self.shared.switches.set(|settings| settings.bytes_left = Some(bytes_to_server));
    }

    /// Loses the answer to the next `COMMIT` and cuts that connection: the server has committed, and the client does
    /// not know.
    pub fn drop_next_answer(&self) {
        self.lose(Wanted::Is("commit".to_owned()));
    }

    /// Loses the answer to the next execution of a text that contains this one, upper or lower case, and cuts that
    /// connection when the server has given it. A statement that was prepared earlier is known by its text.
    pub fn drop_answer_to(&self, text: &str) {
        self.lose(Wanted::Contains(text.to_ascii_lowercase()));
    }

    fn lose(&self, wanted: Wanted) {
        self.shared.switches.set(|settings| settings.loses = Some(wanted));
    }

    /// The number of answers lost so far.
    #[must_use]
    pub fn lost_answers(&self) -> usize {
        self.shared.switches.settings().lost
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            // Its panic has been printed.
            let _ = acceptor.join();
        }
        self.shared.cut_all();
    }
}

impl Shared {
    fn links(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut_all(&self) {
        self.links().values().for_each(|link| link.cut());
        // Stalled threads look whether their link is cut.
        self.switches.set(|_| ());
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for (number, client) in (0..).zip(listener.incoming()) {
            if self.is_over.load(Ordering::SeqCst) {
                break;
            }
            let Ok(client) = client else { continue };
            if self.switches.settings().is_refusing || client.set_nodelay(true).is_err() {
                continue;
            }
            // The client's connection is closed if the server is not there.
            let Ok(server) = Stream::connect(&self.target) else { continue };
            self.open(number, Link::new(Stream::Tcp(client), server));
        }
    }

    /// Starts the threads of a connection.
    fn open(self: &Arc<Self>, number: u64, link: Arc<Link>) {
        self.links().insert(number, link.clone());
        let (up, upward) = (self.clone(), link.clone());
        std::thread::spawn(move || upward.pass_up(&up.switches));
        let down = self.clone();
        std::thread::spawn(move || {
            link.pass_down(&down.switches);
            down.links().remove(&number);
        });
    }
}

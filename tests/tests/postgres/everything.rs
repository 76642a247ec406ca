//! All troubles at once: a fleet behind a pool and two proxies, whose processes are killed and stopped, whose server
//! crashes, and whose connections are ended, cut, delayed and stalled.

use crate::killed::{Fleet, signal};
use limits::{Dice, Heard};
use std::collections::BTreeMap;
use std::process::Child;
use std::time::{Duration, Instant};
use steadfast::store::PgOptions;
use throwaway_postgres::{Cluster, ClusterOptions, PgBouncer, PgBouncerOptions, Proxy, available};

/// The number of kills, from which the others follow.
const KILLS: &str = "STEADFAST_TROUBLE";

/// The number of kills without that variable.
const FEW: usize = 25;

/// The lease term of the processes.
const TERM: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Kill,
    Stop,
    Crash,
    Terminate,
    Cut,
    LoseAnswer,
    Stall,
}

/// Returns the troubles in a random order, in the proportions of the full size: 500 kills, 50 stops, 20 crashes of the
/// server, and 100 each of backends ended, connections cut, answers lost and networks stalled.
fn troubles(kills: usize, dice: &mut Dice) -> Vec<Trouble> {
    use Trouble::{Crash, Cut, Kill, LoseAnswer, Stall, Stop, Terminate};
    let parts = [(Kill, 1), (Stop, 10), (Crash, 25), (Terminate, 5), (Cut, 5), (LoseAnswer, 5), (Stall, 5)];
    let mut all: Vec<_> =
        parts.iter().flat_map(|(trouble, part)| std::iter::repeat_n(*trouble, kills.div_ceil(*part))).collect();
    for last in (1..all.len()).rev() {
        all.swap(last, dice.index(last + 1));
    }
    all
}

/// The processes, and the way from them to the server: a proxy, a pool in transaction mode, a proxy.
struct Scene {
    // Dropped in this order: clients before servers.
    workers: Vec<Child>,
    clients: Vec<Child>,
    fleet: Fleet,
    near: Proxy,
    _pool: PgBouncer,
    far: Proxy,
    cluster: Cluster,
    dice: Dice,
}

impl Scene {
    /// Returns `None` if this machine has no server or no pool.
    fn new(dice: Dice) -> Option<Self> {
        // A killed process loses nothing of what it gave to the system, so that the server need not wait for the disk.
        let settings = vec![("fsync", "off".to_owned())];
        let cluster = available(Cluster::start_with(&ClusterOptions { settings, ..ClusterOptions::default() }))?;
        let far = Proxy::start(cluster.socket());
        // By default the pool waits for 15 seconds before it connects again to a server that was away.
        let settings = vec![("server_login_retry", "1".to_owned())];
        let options = PgBouncerOptions { pool_size: 12, through: Some(far.address()), settings };
        let pool = available(PgBouncer::start_with(&cluster, &options))?;
        let near = Proxy::start(pool.tcp());
        let fleet = Fleet::with_term(&cluster, TERM);
        PgOptions::new(fleet.database().url()).and_then(PgOptions::open).expect("the tables are created");
        let tables = "CREATE TABLE accounts (name TEXT PRIMARY KEY, cents INTEGER, moves INTEGER);
            CREATE TABLE moves (run TEXT, cents INTEGER); CREATE TABLE orders (id TEXT PRIMARY KEY);
            INSERT INTO accounts VALUES ('a', 1000, 0), ('b', 1000, 0)";
        fleet.database().execute(tables).expect("the user's tables are created");
        let (workers, clients) = (Vec::new(), Vec::new());
        let mut scene = Self { workers, clients, fleet, near, _pool: pool, far, cluster, dice };
        scene.workers = (0..3).map(|_| scene.spawn("worker")).collect();
        scene.clients = ["client-1", "client-2"].map(|name| scene.spawn(name)).into();
        Some(scene)
    }

    fn spawn(&self, role: &str) -> Child {
        self.fleet.spawn_at(&self.near.url(self.fleet.database().name()), role)
    }

    fn wait(&mut self, least: u64, more: u64) {
        std::thread::sleep(Duration::from_millis(least + self.dice.below(more)));
    }

    fn meet(&mut self, trouble: Trouble) {
        let which = self.dice.index(self.workers.len());
        let delay = Duration::from_micros(self.dice.below(3_000));
        let proxy = if self.dice.below(2) == 0 { &self.near } else { &self.far };
        proxy.delay(delay);
        match trouble {
            Trouble::Kill => {
                self.workers[which].kill().expect("killed");
                limits::ended(&mut self.workers[which]);
                self.workers[which] = self.spawn("worker");
            }
            Trouble::Stop => {
                signal(&self.workers[which], "STOP");
                self.wait(u64::try_from(TERM.as_millis()).expect("a short time") + 400, 600);
                signal(&self.workers[which], "CONT");
            }
            Trouble::Crash => {
                self.cluster.kill();
                self.wait(0, 300);
                self.cluster.restart();
            }
            Trouble::Terminate => {
                let some = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY md5(pid || '{}') LIMIT {}",
                    self.dice.below(1_000),
                    1 + self.dice.below(3),
                );
                self.fleet.database().execute(&some).expect("ended");
            }
            Trouble::Cut if self.dice.below(2) == 0 => proxy.cut_all(),
            Trouble::Cut => proxy.cut_after(usize::try_from(self.dice.below(3_000)).expect("small")),
            Trouble::LoseAnswer => proxy.drop_next_answer(),
            Trouble::Stall => {
                proxy.stall(true);
                std::thread::sleep(Duration::from_millis(self.dice.below(500)));
                proxy.stall(false);
            }
        }
    }

    /// Ends all troubles and then the processes, and returns how many jobs and payments the clients have started.
    fn settle(&mut self) -> (usize, usize) {
        for proxy in [&self.near, &self.far] {
            proxy.delay(Duration::ZERO);
            // What is left of these orders would be for the check.
            proxy.drop_answer_to("nothing that an engine executes");
            proxy.cut_after(usize::MAX);
        }
        let (mut jobs, mut payments) = (0, 0);
        for mut client in std::mem::take(&mut self.clients) {
            let said = ended(&mut client);
            let words: Vec<&str> =
                said.iter().rfind(|line| line.contains("jobs,")).expect("a count").split(' ').collect();
            jobs += words[0].parse::<usize>().expect("a number");
            payments += words[2].parse::<usize>().expect("a number");
        }
        for mut worker in std::mem::take(&mut self.workers) {
            ended(&mut worker);
        }
        (jobs, payments)
    }
}

/// Closes the input of a process, waits for its orderly end, and returns what it has printed.
fn ended(process: &mut Child) -> Vec<String> {
    drop(process.stdin.take());
    let said = Heard::of(process.stdout.take().expect("its output")).to_end();
    assert!(limits::ended(process).success(), "{said:?}");
    assert_eq!(said.last().map(String::as_str), Some("done"));
    said
}

/// Three workers and two clients, all the while under trouble. The full size, of 500 kills, takes about 10 minutes:
///
/// ```sh
/// STEADFAST_TROUBLE=500 cargo test -p steadfast-tests --test postgres -- everything --nocapture
/// ```
#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_loses_no_run_repeats_no_finished_step_and_writes_each_row_of_the_user_once() {
    let kills = std::env::var(KILLS).map_or(FEW, |kills| kills.parse().expect("a number of kills"));
    let Some(mut scene) = Scene::new(Dice::seeded(20_261_301)) else { return };
    let (begun, troubles) = (Instant::now(), troubles(kills, &mut scene.dice));
    // Ten times as long as it takes on an idle machine.
    let longest = Duration::from_mins(4) + Duration::from_secs(20) * u32::try_from(kills).expect("a small number");
    for trouble in troubles.iter().copied() {
        assert!(begun.elapsed() < longest, "it does not end");
        scene.wait(50, 700);
        scene.meet(trouble);
    }
    let (jobs, payments) = scene.settle();
    let mut counts = BTreeMap::<Trouble, usize>::new();
    for trouble in troubles {
        *counts.entry(trouble).or_default() += 1;
    }
    let lost = scene.near.lost_answers() + scene.far.lost_answers();
    println!("{counts:?}, {lost} answers of commits lost, {jobs} jobs, {payments} payments in {:?}", begun.elapsed());
    assert!(jobs > kills && payments > kills / 4, "too little was done for this test to say anything");

    let count = |query: &str| -> usize {
        let rows = scene.fleet.database().execute(query).expect("a count");
        rows[0][0].as_deref().expect("a number").parse().expect("a number")
    };
    assert_eq!(count("SELECT count(*) FROM orders"), payments);
    // Each payment moves a cent three times, and nothing once.
    assert_eq!(count("SELECT count(*) FROM moves"), 4 * payments);
    assert_eq!(count("SELECT count(*) FROM (SELECT run FROM moves GROUP BY run HAVING count(*) = 4) exact"), payments);
    assert_eq!(count("SELECT cents FROM accounts WHERE name = 'b'"), 1_000 + 3 * payments);
    assert_eq!(count("SELECT sum(cents) FROM accounts"), 2_000);
    assert_eq!(count("SELECT sum(moves) FROM accounts"), 2 * 4 * payments);
    scene.fleet.check(jobs + payments).await;
}

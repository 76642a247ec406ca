//! Runs all scenarios of a workflow, and compares their ends.

use super::crash::CrashReport;
use super::fault::{Dice, Disturbance, Plan};
use super::oracle::End;
use super::progress::Progress;
use super::sample::{self, Order};
use super::scenario::Played;
use super::subject::Subject;
use crate::store::Status;

/// The number of orders, and the disturbances.
#[derive(Clone, Copy)]
pub(super) struct Ways {
    pub(super) seed: u64,
    pub(super) orders: u64,
    pub(super) cancel: bool,
    pub(super) pause: bool,
    /// The most scenarios with a fault.
    pub(super) at_most: Option<usize>,
    pub(super) releasing_early: bool,
}

/// The state of the test.
struct Tester<'a> {
    subject: &'a Subject,
    ways: Ways,
    progress: Progress,
    scenarios: usize,
    cancelled: usize,
    /// The ends without a fault.
    ends: Vec<End>,
}

pub(super) async fn everywhere(subject: &Subject, ways: Ways) -> CrashReport {
    let progress = Progress::new(subject.name);
    let mut tester = Tester { subject, ways, progress, scenarios: 0, cancelled: 0, ends: Vec::new() };
    let mut orders = Vec::new();
    for order in 0..ways.orders {
        let (order, has_others) =
            tester.without_faults(ways.seed.wrapping_mul(1_000).wrapping_add(order), order > 0).await;
        orders.push(order);
        if !has_others {
            break;
        }
    }
    let disturbances = [(Disturbance::Paused, ways.pause), (Disturbance::Cancelled, ways.cancel)];
    let disturbances = disturbances.into_iter().filter_map(|(disturbance, wanted)| wanted.then_some(disturbance));
    let disturbances: Vec<_> = disturbances.collect();
    let commits = orders.iter().map(|order| order.commits.len()).max().unwrap_or(0);
    let (plans, left_out) = sample::chosen(&orders, &disturbances, ways.at_most, ways.seed);
    tester.progress.expect(plans.len(), left_out, commits);
    for plan in plans {
        tester.with_fault(plan).await;
    }
    let Tester { scenarios, cancelled, ends, .. } = tester;
    CrashReport { scenarios, commits, results: ends.len(), left_out, cancelled }
}

impl Tester<'_> {
    /// Runs one order, in which messages are sent when nothing else can happen; if `early`, also from each commit on.
    /// Returns whether another order could end differently.
    async fn without_faults(&mut self, order: u64, early: bool) -> (Order, bool) {
        let plan = Plan { order, fault: None, early: None, disturbance: None };
        let played = self.play(plan).await;
        self.keep(&played);
        // Events from outside race with everything.
        let Ways { cancel, pause, at_most, .. } = self.ways;
        let has_messages = !self.subject.script.words().is_empty();
        let has_others = played.has_orders || has_messages || cancel || pause;
        let commits = played.commits.len();
        let mut chosen = Order { plan, commits: played.commits, saves: played.saves };
        if early && has_messages {
            let at = Dice::new(order).below(commits.max(1));
            let all = if at_most.is_some() { at..commits.min(at + 1) } else { 0..commits };
            for from in all {
                let plan = Plan { early: Some(from), ..plan };
                let played = self.play(plan).await;
                self.keep(&played);
                if from == at {
                    chosen = Order { plan, commits: played.commits, saves: played.saves };
                }
            }
        }
        (chosen, has_others)
    }

    fn keep(&mut self, played: &Played) {
        if !self.ends.contains(&played.end) {
            self.ends.push(played.end.clone());
        }
    }

    async fn with_fault(&mut self, plan: Plan) {
        let played = self.play(plan).await;
        let cancelled = matches!(plan.disturbance, Some((Disturbance::Cancelled, _)));
        if cancelled && played.end.status == Status::Cancelled {
            self.cancelled += 1;
        } else {
            self.compare(plan, &played.end);
        }
    }

    fn compare(&self, plan: Plan, end: &End) {
        if let [only] = &self.ends[..] {
            let name = self.subject.name;
            assert!(end == only, "`{name}` came out differently {plan}:\n  {end:?}\ninstead of\n  {only:?}");
        }
    }

    async fn play(&mut self, plan: Plan) -> Played {
        self.scenarios += 1;
        let played = self.subject.play(plan).await;
        self.progress.played();
        played.unwrap_or_else(|why| panic!("`{}` broke {plan}: {why}", self.subject.name))
    }
}

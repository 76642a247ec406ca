//! All the ways in which a workflow is played, and what they must have in common.

use super::crash::CrashReport;
use super::fault::{Dice, Disturbance, Fault, Plan};
use super::oracle::End;
use super::scenario::Played;
use super::subject::Subject;
use crate::store::Status;

/// In how many orders it is played, and what else is done to it.
#[derive(Clone, Copy)]
pub(super) struct Ways {
    pub(super) seed: u64,
    pub(super) orders: u64,
    pub(super) cancel: bool,
    pub(super) pause: bool,
}

/// One order, and how long it takes.
struct Order {
    plan: Plan,
    commits: usize,
    saves: usize,
}

/// What has come of it so far.
struct Tester<'a> {
    subject: &'a Subject,
    scenarios: usize,
    cancelled: usize,
    /// The ends without a fault.
    ends: Vec<End>,
}

pub(super) async fn everywhere(subject: &Subject, ways: Ways) -> CrashReport {
    let mut tester = Tester { subject, scenarios: 0, cancelled: 0, ends: Vec::new() };
    let mut orders = Vec::new();
    for order in 0..ways.orders {
        orders.push(tester.without_faults(ways.seed.wrapping_mul(1_000).wrapping_add(order), order > 0).await);
    }
    for order in &orders {
        tester.with_faults(order).await;
        for (disturbance, wanted) in [(Disturbance::Paused, ways.pause), (Disturbance::Cancelled, ways.cancel)] {
            if wanted {
                tester.disturbed(order, disturbance).await;
            }
        }
    }
    let commits = orders.iter().map(|order| order.commits).max().unwrap_or(0);
    CrashReport { scenarios: tester.scenarios, commits, results: tester.ends.len(), cancelled: tester.cancelled }
}

impl Tester<'_> {
    /// One order, in which messages come when nothing else can happen; if they may come earlier, from each commit on too.
    async fn without_faults(&mut self, order: u64, early: bool) -> Order {
        let plan = Plan { order, fault: None, early: None, disturbance: None };
        let played = self.play(plan).await;
        self.keep(&played);
        let mut chosen = Order { plan, commits: played.commits, saves: played.saves };
        if !early || self.subject.script.messages() == 0 {
            return chosen;
        }
        let at = Dice(order).below(played.commits.max(1));
        for from in 0..played.commits {
            let plan = Plan { early: Some(from), ..plan };
            let played = self.play(plan).await;
            self.keep(&played);
            if from == at {
                chosen = Order { plan, commits: played.commits, saves: played.saves };
            }
        }
        chosen
    }

    fn keep(&mut self, played: &Played) {
        if !self.ends.contains(&played.end) {
            self.ends.push(played.end.clone());
        }
    }

    async fn with_faults(&mut self, order: &Order) {
        let everywhere = |faults: &'static [Fault], places| {
            faults.iter().flat_map(move |fault| (0..places).map(move |place| (*fault, place)))
        };
        let faults = everywhere(&Fault::AT_COMMIT, order.commits).chain(everywhere(&Fault::AT_SAVE, order.saves));
        for fault in faults {
            let plan = Plan { fault: Some(fault), ..order.plan };
            let played = self.play(plan).await;
            self.compare(plan, &played.end);
        }
    }

    /// The same is said to the run at each commit, and the next commit goes well, or wrong in every way.
    async fn disturbed(&mut self, order: &Order, disturbance: Disturbance) {
        for at in 0..order.commits {
            let faults = Fault::AT_COMMIT.iter().map(|fault| Some((*fault, at + 1)));
            for fault in std::iter::once(None).chain(faults) {
                let plan = Plan { disturbance: Some((disturbance, at)), fault, ..order.plan };
                let played = self.play(plan).await;
                if disturbance == Disturbance::Cancelled && played.end.status == Status::Cancelled {
                    self.cancelled += 1;
                } else {
                    self.compare(plan, &played.end);
                }
            }
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
        played.unwrap_or_else(|why| panic!("`{}` broke {plan}: {why}", self.subject.name))
    }
}

//! Chooses which scenarios are run, if not all of them are.

use super::fault::{Dice, Disturbance, Fault, Plan};
use std::collections::BTreeMap;

/// The places for faults in one order of completion.
pub(super) struct Order {
    pub(super) plan: Plan,
    /// The kinds of entries that each commit writes.
    pub(super) commits: Vec<String>,
    pub(super) saves: usize,
}

/// A scenario, and the kind of place of its fault.
struct Way {
    place: String,
    plan: Plan,
}

impl Order {
    /// Returns every fault at every place, with each of these disturbances too.
    fn ways(&self, disturbances: &[Disturbance]) -> Vec<Way> {
        let with = |fault, disturbance| Plan { fault, disturbance, ..self.plan };
        let mut ways = Vec::new();
        for fault in Fault::AT_COMMIT {
            let places = self.commits.iter().enumerate();
            ways.extend(places.map(|(at, kind)| Way { place: kind.clone(), plan: with(Some((fault, at)), None) }));
        }
        for fault in Fault::AT_SAVE {
            let places = 0..self.saves;
            ways.extend(places.map(|at| Way { place: "save".to_owned(), plan: with(Some((fault, at)), None) }));
        }
        for disturbance in disturbances {
            for (at, kind) in self.commits.iter().enumerate() {
                let place = format!("{disturbance:?} {kind}");
                let faults = Fault::AT_COMMIT.iter().map(|fault| Some((*fault, at + 1)));
                ways.extend(std::iter::once(None).chain(faults).map(|fault| {
                    let plan = with(fault, Some((*disturbance, at)));
                    Way { place: place.clone(), plan }
                }));
            }
        }
        ways
    }
}

/// Returns the scenarios to run, and how many are left out. With a limit, a sample: at least one at each kind of place,
/// then as many of each as there is room for, with another fault each time.
pub(super) fn chosen(
    orders: &[Order],
    disturbances: &[Disturbance],
    at_most: Option<usize>,
    seed: u64,
) -> (Vec<Plan>, usize) {
    let all: Vec<Way> = orders.iter().flat_map(|order| order.ways(disturbances)).collect();
    let count = all.len();
    let Some(most) = at_most.filter(|most| *most < count) else {
        return (all.into_iter().map(|way| way.plan).collect(), 0);
    };
    let mut dice = Dice::new(seed);
    let mut places: BTreeMap<String, BTreeMap<Option<Fault>, Vec<Plan>>> = BTreeMap::new();
    for Way { place, plan } in all {
        let fault = plan.fault.map(|(fault, _)| fault);
        places.entry(place).or_default().entry(fault).or_default().push(plan);
    }
    let mut places: Vec<Vec<Plan>> = places.into_values().map(|faults| in_turn(faults, &mut dice)).collect();
    let most = most.max(places.len());
    let mut chosen = Vec::with_capacity(most);
    while chosen.len() < most {
        for place in &mut places {
            chosen.extend(place.pop().filter(|_| chosen.len() < most));
        }
    }
    let left_out = count - chosen.len();
    (chosen, left_out)
}

/// Orders the plans of one place so that the faults take turns, beginning with a random one.
fn in_turn(faults: BTreeMap<Option<Fault>, Vec<Plan>>, dice: &mut Dice) -> Vec<Plan> {
    let mut faults: Vec<Vec<Plan>> = faults.into_values().collect();
    let first = dice.below(faults.len());
    faults.rotate_left(first);
    let mut plans = Vec::new();
    while !faults.is_empty() {
        for plans_of_one in &mut faults {
            let drawn = dice.below(plans_of_one.len());
            plans.push(plans_of_one.swap_remove(drawn));
        }
        faults.retain(|left| !left.is_empty());
    }
    // They are taken from the end.
    plans.reverse();
    plans
}

#[cfg(test)]
mod tests {
    use super::{Order, chosen};
    use crate::testing::fault::{Disturbance, Plan};
    use std::collections::BTreeSet;

    fn order(order: u64) -> Order {
        let plan = Plan { order, fault: None, early: None, disturbance: None };
        let middle = std::iter::repeat_n("step_completed step_started", 20);
        let commits = std::iter::once("run_started step_started").chain(middle).chain(["step_completed timer_set"]);
        Order { plan, commits: commits.map(str::to_owned).collect(), saves: 3 }
    }

    #[test]
    fn a_sample_has_every_kind_of_place_and_as_many_faults_as_it_can() {
        let orders = [order(0), order(1)];
        let places = |plans: &[Plan]| -> BTreeSet<usize> {
            let kind = |at: usize| if at == 0 || at == 21 { at } else { 1 };
            plans
                .iter()
                .filter_map(|plan| {
                    plan.disturbance.map_or_else(
                        || plan.fault.map(|(fault, at)| if fault.place() == "save" { 99 } else { kind(at) }),
                        |(_, at)| Some(1_000 + kind(at)),
                    )
                })
                .collect()
        };
        let disturbances = [Disturbance::Cancelled];
        let (all, none) = chosen(&orders, &disturbances, None, 0);
        assert_eq!((all.len(), none), (2 * (8 * 22 + 4 * 3 + 9 * 22), 0));
        for seed in 0..50 {
            for most in [1, 7, 30, 100, 10_000] {
                let (plans, left_out) = chosen(&orders, &disturbances, Some(most), seed);
                assert_eq!(plans.len() + left_out, all.len());
                assert_eq!(plans.len(), most.clamp(7, all.len()), "seed {seed}");
                assert_eq!(places(&plans), places(&all), "seed {seed}, {most} plans");
                let faults = plans.iter().map(|plan| format!("{:?}", plan.fault.map(|(fault, _)| fault)));
                let faults: BTreeSet<String> = faults.collect();
                assert!(faults.len() >= most.min(64) / 7, "seed {seed}: {faults:?}");
            }
        }
    }
}

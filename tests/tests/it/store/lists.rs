//! Lists of runs: for any filter and page they have the matching runs, in order.

use super::on_disk::fresh;
use super::writing::{append, start, written};
use limits::Dice;
use std::collections::BTreeMap;
use steadfast::history::Value;
use steadfast::store::backend::{Append, Change, Lease, NewRun, RunQuery, RunRow, Write, Written};
use steadfast::store::{MemoryStore, Status, Store};

/// The number of runs, which is more than one index reads in its first turn.
const RUNS: usize = 4_000;

/// Fills a store with statuses, workflows and labels of which some are rare and some occur late.
fn fill(store: &dyn Store, drawn: &mut Dice) -> BTreeMap<i64, (RunRow, Vec<(String, String)>)> {
    let answers = store.commit(&[Write::OpenLease { owner: "engine".to_owned() }]).expect("committed");
    let Ok(Written::Number(lease)) = answers[0] else { panic!("{answers:?}") };
    let lease = Lease { number: lease, epoch: 1 };
    let mut labels = BTreeMap::new();
    for batch in 0..RUNS / 500 {
        let (mut starts, mut owns, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for n in batch * 500..(batch + 1) * 500 {
            let Write::Start(new) = start(&format!("{}-{n}", ["order", "refund", "x"][drawn.index(3)]), lease) else {
                panic!("a start")
            };
            let mut own = Vec::new();
            if drawn.index(2) == 0 {
                own.push(("tenant".to_owned(), ["acme", "other"][usize::from(drawn.index(40) > 0)].to_owned()));
            }
            if n > RUNS - 30 || drawn.index(10) == 0 {
                own.push(("late".to_owned(), "yes".to_owned()));
            }
            let workflow = ["order", "refund", "rare"][drawn.index(101) / 50].to_owned();
            starts.push(Write::Start(NewRun { labels: own.clone(), workflow, ..new }));
            owns.push(own);
        }
        for (own, answer) in owns.into_iter().zip(store.commit(&starts).expect("committed")) {
            let Ok(Written::Number(run)) = answer else { panic!("{answer:?}") };
            let status = [Status::Running, Status::Sleeping, Status::Completed, Status::Parked][drawn.index(301) / 100];
            let change = Change { status: Some(status), ..Change::default() };
            changes.push(Write::from(Append {
                entries: Vec::new(),
                change,
                ..append(run, lease, 1, Value::json("1"))
            }));
            labels.insert(run, own);
        }
        for answer in store.commit(&changes).expect("committed") {
            answer.expect("changed");
        }
    }
    let all = store.runs(&RunQuery { limit: usize::MAX, ..RunQuery::default() }).expect("read").runs;
    assert_eq!(all.len(), RUNS);
    all.into_iter()
        .map(|row| {
            let own = labels.remove(&row.number).expect("there");
            (row.number, (row, own))
        })
        .collect()
}

fn fits(query: &RunQuery, row: &RunRow, labels: &[(String, String)]) -> bool {
    (query.statuses.is_empty() || query.statuses.contains(&row.status))
        && query.workflow.as_ref().is_none_or(|workflow| *workflow == row.workflow)
        && query.id_prefix.as_ref().is_none_or(|prefix| row.id.starts_with(prefix.as_str()))
        && query.labels.iter().all(|label| labels.contains(label))
        && query.after.is_none_or(|after| row.number > after)
}

fn check(store: &dyn Store) {
    let mut drawn = Dice::seeded(0xC9);
    let rows = fill(store, &mut drawn);
    for _ in 0..300 {
        let statuses = match drawn.index(4) {
            0 => Vec::new(),
            1 => vec![Status::Parked],
            2 => vec![Status::Failed],
            _ => vec![Status::Sleeping, Status::Running, Status::Sleeping],
        };
        let words = |drawn: &mut Dice, words: &[&str]| {
            let word = drawn.index(words.len() + 1);
            words.get(word).map(|word| (*word).to_owned())
        };
        let mut labels = Vec::new();
        labels.extend(words(&mut drawn, &["acme", "other"]).map(|value| ("tenant".to_owned(), value)));
        labels.extend(words(&mut drawn, &["yes", "no"]).map(|value| ("late".to_owned(), value)));
        if drawn.index(2) == 0 {
            labels.clear();
        }
        let query = RunQuery {
            statuses,
            workflow: words(&mut drawn, &["order", "refund", "rare", "none"]),
            id_prefix: words(&mut drawn, &["", "order-", "order-3", "refund-399", "y"]),
            labels,
            after: (drawn.index(2) == 0).then(|| i64::try_from(drawn.index(RUNS)).expect("small")),
            limit: [1, 10, 100, 5_000][drawn.index(4)],
            ..RunQuery::default()
        };
        let expected: Vec<i64> = rows
            .iter()
            .filter(|(_, (row, own))| fits(&query, row, own))
            .map(|(number, _)| *number)
            .take(query.limit)
            .collect();
        let page = store.runs(&query).expect("read");
        assert_eq!(page.runs.iter().map(|row| row.number).collect::<Vec<_>>(), expected, "{query:?}");
        assert_eq!(page.next, expected.last().copied().filter(|_| expected.len() == query.limit), "{query:?}");
        assert!(page.damaged.is_empty());
    }
}

#[test]
fn every_filter_finds_what_fits_in_a_file() {
    check(&fresh());
}

#[test]
fn every_filter_finds_what_fits_in_memory() {
    check(&MemoryStore::new());
}

/// Tests that due runs are listed page by page in the order of their due times, also many with the same one.
#[test]
fn what_is_due_comes_in_pages() {
    for store in [Box::new(fresh()) as Box<dyn Store>, Box::new(MemoryStore::new())] {
        let answers = store.commit(&[Write::OpenLease { owner: "engine".to_owned() }]).expect("committed");
        let Ok(Written::Number(number)) = answers[0] else { panic!("{answers:?}") };
        let lease = Lease { number, epoch: 1 };
        let mut expected = Vec::new();
        for n in 0..60_i64 {
            let run = super::writing::number(&*store, start(&format!("r-{n}"), lease));
            let due = [50, 10, 10, 30, 99][usize::try_from(n % 5).expect("small")];
            let change = Change { wake_at: Some(Some(due)), ..Change::default() };
            let append = Append { entries: Vec::new(), change, ..append(run, lease, 1, Value::json("1")) };
            written(&*store, Write::from(append)).expect("committed").expect("changed");
            if due <= 50 {
                expected.push((due, run));
            }
        }
        expected.sort_unstable();
        let (mut after_due, mut found) = (None, Vec::new());
        loop {
            let due = RunQuery { lease: Some(number), wake_at: Some((0, 50)), by_wake_at: true, ..RunQuery::default() };
            let page = store.runs(&RunQuery { after_due, limit: 7, ..due }).expect("read");
            found.extend(page.runs.iter().map(|row| (row.wake_at.expect("it is due"), row.number)));
            after_due = page.next_due;
            if after_due.is_none() {
                break;
            }
        }
        assert_eq!(found, expected);
    }
}

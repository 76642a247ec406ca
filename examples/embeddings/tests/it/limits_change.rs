//! Limits that are changed while workers embed.

use crate::program::{Event, Program};
use std::collections::BTreeMap;

/// What is counted together.
type Key = fn(&Event) -> &str;

/// Returns after each event how many texts with its key are being embedded.
fn running(log: &[Event], key: Key) -> Vec<usize> {
    let mut running: BTreeMap<&str, usize> = BTreeMap::new();
    let after = |event| {
        let running = running.entry(key(event)).or_default();
        *running = if event.begins { *running + 1 } else { *running - 1 };
        *running
    };
    log.iter().map(after).collect()
}

/// Returns the first event from which on a lower limit must hold: what was claimed before the change goes on, and some of
/// it begins after the change.
fn settled(log: &[Event], changed: usize, claimed: usize) -> Option<usize> {
    (changed..log.len()).filter(|n| !log[*n].begins).nth(claimed)
}

/// Sets a limit to 1, to 3 and to 1 again. `keys` is how many keys the texts have.
fn a_limit_holds_from_its_change_on(program: &Program, limit: &str, key: Key, keys: usize) {
    program.write("acme", 300);
    program.write("zenith", 300);
    program.said(&["limit", limit, "1"]);
    let _workers = [program.worker("20"), program.worker("20")];
    let mut index = program.index();
    limits::hold_until(|| program.log().len() >= 20);

    let first = program.log().len();
    program.said(&["limit", limit, "3"]);
    limits::hold_until(|| running(&program.log(), key).contains(&3));
    program.said(&["limit", limit, "1"]);
    let (changed, claimed) = (program.log().len(), 3 * keys);
    limits::hold_until(|| {
        assert!(!index.has_ended(), "the machine was too fast for this test to say anything");
        let log = program.log();
        settled(&log, changed, claimed).is_some_and(|settled| log.len() > settled + 40)
    });

    let log = program.log();
    let (running, settled) = (running(&log, key), settled(&log, changed, claimed).unwrap());
    println!("changed after {first} and {changed} lines, checked from {settled} to {}", log.len());
    assert_eq!(running[..first].iter().max(), Some(&1), "{:?}", &log[..first]);
    assert_eq!(running.iter().max(), Some(&3), "{log:?}");
    assert_eq!(running[settled..].iter().max(), Some(&1), "{:?}", &log[settled..]);
}

fn all(_: &Event) -> &'static str {
    ""
}

fn tenant(event: &Event) -> &str {
    &event.tenant
}

#[test]
fn the_total_on_a_file() {
    a_limit_holds_from_its_change_on(&Program::on_a_file(), "total", all, 1);
}

#[test]
fn that_of_each_tenant_on_a_file() {
    a_limit_holds_from_its_change_on(&Program::on_a_file(), "tenant", tenant, 2);
}

#[test]
fn the_total_on_postgres() {
    let Some(program) = Program::on_postgres() else { return };
    a_limit_holds_from_its_change_on(&program, "total", all, 1);
}

#[test]
fn that_of_each_tenant_on_postgres() {
    let Some(program) = Program::on_postgres() else { return };
    a_limit_holds_from_its_change_on(&program, "tenant", tenant, 2);
}

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

/// Sets a limit to 1, to 3 and to 1 again. `keys` is how many keys the texts have.
fn a_limit_holds_from_its_change_on(program: &Program, limit: &str, key: Key, keys: usize) {
    program.write("acme", 50);
    program.write("zenith", 50);
    program.said(&["limit", limit, "1"]);
    let _workers = [program.worker("20"), program.worker("20")];
    let index = program.index();
    limits::hold_until(|| program.log().len() >= 20);

    let first = program.log().len();
    program.said(&["limit", limit, "3"]);
    limits::hold_until(|| running(&program.log(), key).contains(&3));
    program.said(&["limit", limit, "1"]);
    let last = program.log().len();
    assert_eq!(index.summary(), "acme: 50 texts\nzenith: 50 texts\n");

    let log = program.log();
    let running = running(&log, key);
    assert_eq!(log.len(), 200, "no text was embedded twice");
    assert_eq!(running[..first].iter().max(), Some(&1), "{:?}", &log[..first]);
    assert_eq!(running.iter().max(), Some(&3), "{log:?}");
    // What was claimed before the change goes on: at most 3 texts of each key, of which some begin after it.
    let mut ends = (last..log.len()).filter(|n| !log[*n].begins);
    let settled = ends.nth(3 * keys).expect("the change came before the end");
    println!("changed after {first} and {last} lines, checked from {settled} on");
    assert!(settled + 20 < log.len(), "the machine was too fast for this test to say anything");
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

//! Kills the program at any moment: no cent is lost, and each transfer is made once.

use crate::program::Program;
use limits::Dice;
use std::process::Command;
use std::time::Duration;

const SUM: &str = "SELECT sum(cents) FROM accounts";

/// Counts the accounts whose balance is not the opening balance plus the ledger's changes.
const WRONG_ACCOUNTS: &str = "SELECT count(*) FROM accounts WHERE id > 0 AND cents != opening
    + (SELECT coalesce(sum(cents), 0) FROM ledger WHERE target = accounts.id AND outcome = 'moved')
    - (SELECT coalesce(sum(cents + fee), 0) FROM ledger WHERE source = accounts.id AND outcome = 'moved')";

#[test]
fn killed_200_times_no_cent_is_lost_at_any_moment_and_each_transfer_is_made_once() {
    let mut dice = Dice::seeded(20_261_121);
    let program = Program::new();
    program.said(&["init", "--accounts", "10", "--cents", "10000"]);
    let (mut transfers, mut with_money_in_transit) = (0, 0);
    for kill in 0..200 {
        // Each start has orders left to settle.
        transfers = program.number("SELECT count(*) FROM orders") + 40;
        let mut child = program.spawn(&["run", "--transfers", &transfers.to_string()]);
        std::thread::sleep(Duration::from_millis(2 + dice.below(58)));
        child.kill().unwrap();
        limits::ended(&mut child);
        assert_eq!(program.number(SUM), 100_000, "kill {kill}");
        with_money_in_transit += i64::from(program.number("SELECT cents > 0 FROM accounts WHERE id = 0") > 0);
        // It also checks that a row of the ledger exists if and only if the engine has recorded the booking, and a run
        // if and only if its order exists.
        program.said(&["check"]);
    }
    let (orders, rows) = (program.number("SELECT count(*) FROM orders"), program.number("SELECT count(*) FROM ledger"));
    println!("{orders} orders, {rows} settled, {with_money_in_transit} kills between withdrawal and deposit");
    assert!(rows > 20 && with_money_in_transit > 0, "the machine was too slow for this test to say anything");

    let transfers = transfers.to_string();
    let summary = program.said(&["run", "--transfers", &transfers]);
    let summary = summary.lines().last().unwrap();
    let sentence = format!(
        "100000 cents on all accounts, 100000 in the beginning, 0 in transit\n\
         {transfers} orders, {transfers} receipts; {transfers} transfers begun, {transfers} ended, {transfers} in the ledger\n"
    );
    assert_eq!(program.said(&["check"]), sentence);
    assert_eq!(program.number(WRONG_ACCOUNTS), 0);
    let ended = "SELECT count(DISTINCT run) FROM steadfast_history WHERE kind = 'run_completed'";
    assert_eq!(program.number(ended).to_string(), (2 * transfers.parse::<i64>().unwrap()).to_string());
    assert_eq!(program.said(&["run", "--transfers", &transfers]).lines().last().unwrap(), summary, "nothing is left");
    for outcome in ["moved", "given back", "refused"] {
        let rows = program.number(&format!("SELECT count(*) FROM ledger WHERE outcome = '{outcome}'"));
        assert!(rows > 0 && summary.contains(&format!("{rows} {outcome}")), "{summary}: {rows} {outcome}");
    }
}

#[test]
fn interrupted_it_ends_in_order_and_goes_on_later() {
    let program = Program::new();
    program.said(&["init"]);
    let mut child = program.spawn(&["run", "--transfers", "5000"]);
    // A check works at any moment, beside the running program.
    program.said(&["check"]);
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(limits::ended(&mut child).code(), Some(130));
    program.said(&["check"]);
    program.said(&["run", "--transfers", "50"]);
    program.said(&["check"]);
}

#[test]
fn a_cent_that_was_lost_is_found() {
    let program = Program::new();
    program.said(&["init", "--accounts", "3", "--cents", "100"]);
    program.said(&["run", "--transfers", "10"]);
    for (damage, found) in [
        ("UPDATE accounts SET cents = cents + 1 WHERE id = 1", "wrong: 300 cents became 301"),
        (
            "DELETE FROM ledger WHERE transfer = 1",
            "wrong: the ledger has 9 rows, and the engine has recorded 10 bookings",
        ),
        ("INSERT INTO orders (id) VALUES (11)", "wrong: 1 orders have no run, or runs no order"),
    ] {
        rusqlite::Connection::open(program.path("payments.db")).unwrap().execute(damage, []).unwrap();
        let output = program.run(&["check"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(found), "{said}");
    }
}

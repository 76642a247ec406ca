//! Kills the service while it serves: every accepted order gets its receipt, and is charged once.

use crate::program::Program;
use std::collections::BTreeSet;

#[test]
fn what_was_accepted_comes_to_its_receipt_whatever_kills_the_service() {
    let program = Program::new();
    let mut accepted = BTreeSet::new();
    for kill in 0..5 {
        let server = program.serve("20");
        for order in 0..10 {
            let id = 10 * kill + order;
            assert_eq!(server.ask(&format!("PUT /orders/{id}"), &format!(r#"{{"cents": {id}}}"#)).0, 201);
            accepted.insert(id);
        }
        server.kill(); // while some are charged
    }
    let server = program.serve("1");
    let charges: BTreeSet<String> = accepted
        .iter()
        .map(|id| {
            let (status, receipt) = server.ask(&format!("GET /orders/{id}/receipt"), "");
            assert_eq!(status, 200, "order {id}: {receipt}");
            receipt["charge"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!((charges.len(), program.charges()), (accepted.len(), accepted.len()), "each is charged once");
    server.kill();
}

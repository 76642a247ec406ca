//! A deployment: the new process serves the same file before the old one ends.

use crate::program::Program;

#[test]
fn two_processes_serve_one_file_and_the_new_one_takes_over_what_the_old_one_leaves() {
    let program = Program::new();
    let old = program.serve("50");
    for id in 0..10 {
        assert_eq!(old.ask(&format!("PUT /orders/{id}"), r#"{"cents": 500}"#).0, 201);
    }
    assert_eq!(old.ask("PUT /orders/large", r#"{"cents": 4200000}"#).0, 201);
    let new = program.serve("50");
    // Each process serves the orders of the other.
    assert_eq!(new.ask("PUT /orders/3", r#"{"cents": 500}"#).0, 200);
    assert_eq!(new.ask("GET /orders/3/receipt", "").0, 200);
    assert_eq!(new.ask("PUT /orders/10", r#"{"cents": 500}"#).0, 201);
    assert_eq!(old.ask("GET /orders/10/receipt", "").0, 200);

    old.terminate();
    assert_eq!(old.ended().last().unwrap(), "stopped in order");
    for id in 0..=10 {
        assert_eq!(new.ask(&format!("GET /orders/{id}/receipt"), "").0, 200, "order {id}");
    }
    limits::hold_until(|| new.ask("POST /orders/large/approval", r#"{"by": "Ada"}"#).0 == 204);
    let (status, receipt) = new.ask("GET /orders/large/receipt", "");
    assert_eq!((status, receipt["approved_by"].as_str()), (200, Some("Ada")));
    assert_eq!(program.charges(), 12);
    new.kill();
}

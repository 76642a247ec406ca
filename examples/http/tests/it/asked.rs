//! Requests of clients, and the responses.

use crate::program::Program;
use serde_json::{Value, json};

#[test]
fn an_order_is_put_once_looked_at_and_comes_to_its_receipt() {
    let program = Program::new();
    let server = program.serve("10");
    assert_eq!(server.ask("GET /health", ""), (200, Value::from("ok")));
    assert_eq!(server.ask("PUT /orders/7", r#"{"cents": 4200}"#).0, 201);
    assert_eq!(server.ask("PUT /orders/7", r#"{"cents": 4200}"#).0, 200, "the same order");
    let (status, problem) = server.ask("PUT /orders/7", r#"{"cents": 1}"#);
    assert!(status == 409 && problem["problem"].as_str().unwrap().contains("choose another id"), "{problem}");

    let (status, receipt) = server.ask("GET /orders/7/receipt", "");
    assert_eq!((status, &receipt["approved_by"]), (200, &Value::Null));
    assert!(receipt["charge"].as_str().unwrap().ends_with("-4200"), "{receipt}");
    assert_eq!(server.ask("GET /orders/7", ""), (200, json!({ "id": "7", "status": "completed", "waits_for": [] })));
    assert_eq!(program.charges(), 1);
    server.kill();
}

#[test]
fn a_large_order_waits_for_a_person_also_over_a_restart() {
    let program = Program::new();
    let server = program.serve("10");
    assert_eq!(server.ask("PUT /orders/8", r#"{"cents": 4200000}"#).0, 201);
    limits::hold_until(|| server.ask("GET /orders/8", "").1["waits_for"].to_string().contains("MayCharge"));
    server.terminate();
    assert_eq!(server.ended().last().unwrap(), "stopped in order");

    let server = program.serve("10");
    assert_eq!(program.charges(), 0);
    assert_eq!(server.ask("POST /orders/8/approval", r#"{"by": "Ada"}"#).0, 204);
    let (status, receipt) = server.ask("GET /orders/8/receipt", "");
    assert_eq!((status, receipt["approved_by"].as_str()), (200, Some("Ada")));
    assert_eq!(server.ask("POST /orders/8/approval", r#"{"by": "Ada"}"#).0, 409, "it no longer waits for one");
    server.kill();
}

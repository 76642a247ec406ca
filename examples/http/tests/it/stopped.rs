//! Stops the service in order: requests in flight are answered, steps in flight finish, and nothing new is accepted.

use crate::program::{Program, ask};
use std::time::{Duration, Instant};

#[test]
fn asked_to_end_it_finishes_the_steps_in_flight() {
    let program = Program::new();
    let server = program.serve("700");
    assert_eq!(server.ask("PUT /orders/7", r#"{"cents": 4200}"#).0, 201);
    limits::hold_until(|| program.charges() == 1);
    server.terminate();
    assert_eq!(server.ended().last().unwrap(), "stopped in order");

    // A repeated step would take a minute.
    let server = program.serve("60000");
    let (status, receipt) = server.ask("GET /orders/7/receipt", "");
    assert!(status == 200 && receipt["charge"].as_str().unwrap().ends_with("-4200"), "{status}: {receipt}");
    server.kill();
}

#[test]
fn asked_to_end_it_does_not_wait_for_requests_that_wait() {
    let program = Program::new();
    let server = program.serve("10");
    assert_eq!(server.ask("PUT /orders/8", r#"{"cents": 4200000}"#).0, 201);
    let address = server.address.clone();
    // The request waits for an approval that does not arrive, and would wait for 20 s.
    let waits = std::thread::spawn(move || ask(&address, "GET /orders/8/receipt", ""));
    for _ in 0..20 {
        assert_eq!(server.ask("GET /orders/8", "").0, 200);
    }
    let since = Instant::now();
    server.terminate();
    assert_eq!(server.ended().last().unwrap(), "stopped in order");
    assert!(since.elapsed() < Duration::from_secs(15), "it waited for {:?}", since.elapsed());
    // A connection whose request was not read yet is closed. A request that was read is answered.
    if let Ok((status, answer)) = waits.join().unwrap() {
        assert_eq!((status, answer["problem"].as_str()), (503, Some("the service is stopping: ask again")));
    }
}

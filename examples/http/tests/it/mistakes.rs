//! Mistakes of clients and users: one clear sentence answers each, and nothing is damaged.

use crate::program::Program;

#[test]
fn what_a_client_gets_wrong() {
    let program = Program::new();
    let server = program.serve("10");
    for (request, body, status) in [
        ("GET /orders/none", "", 404),
        ("GET /orders/none/receipt", "", 404),
        ("POST /orders/none/approval", r#"{"by": "Ada"}"#, 404),
        ("GET /nothing", "", 404),
        ("PUT /orders/1", r#"{"cents": "many"}"#, 422),
        ("PUT /orders/1", "{", 400),
        ("DELETE /orders/1", "", 405),
    ] {
        assert_eq!(server.ask(request, body).0, status, "{request}");
    }
    assert_eq!(server.ask("PUT /orders/1", r#"{"cents": 5}"#).0, 201, "nothing is damaged");
    server.kill();
}

#[test]
fn what_the_command_line_gets_wrong() {
    let program = Program::new();
    let help = "`http-service --help` lists what there is";
    for (arguments, expected) in [
        (&["now"][..], format!("unexpected argument \"now\"; {help}")),
        (&["--host", "x"], format!("invalid option '--host'; {help}")),
        (&["--port"], format!("missing argument for option '--port'; {help}")),
        (&["--port", "many"], "--port expects a whole number, found `many`".to_owned()),
        (&["--pause-ms", "-1"], "--pause-ms expects a whole number, found `-1`".to_owned()),
    ] {
        let output = program.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("http-service: {expected}\n"));
    }
    let help = program.run(&["--help"]);
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("--pause-ms N"));
    assert!(program.is_empty(), "nothing was created");
}

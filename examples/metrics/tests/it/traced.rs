//! The program sends the spans of its orders to a collector.

use limits::hold_until;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Takes one request, and answers it.
fn take(mut stream: TcpStream) -> std::io::Result<String> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(found) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = found.trim().parse().map_err(std::io::Error::other)?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}")?;
    String::from_utf8(body).map_err(std::io::Error::other)
}

#[test]
fn a_collector_gets_the_spans_of_the_orders() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            taken.lock().unwrap().extend(take(stream));
        }
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_metrics-example"));
    command.args(["--port", "0", "--orders", "20", "--collector", &collector]).current_dir(folder.path());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let is_there = |request: &String, name: &str| {
        let request: Value = serde_json::from_str(request).unwrap();
        let resource = &request["resourceSpans"][0];
        assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "orders");
        resource["scopeSpans"][0]["spans"].as_array().unwrap().iter().any(|span| span["name"] == name)
    };
    hold_until(|| {
        let requests = requests.lock().unwrap();
        ["fulfil", "charge", "charge attempt"].iter().all(|name| requests.iter().any(|request| is_there(request, name)))
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

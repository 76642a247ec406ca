//! Pipes that are closed, lists of many pages, and lists that are watched.

use crate::filled::Filled;
use crate::tool::{command, heard, piped};
use limits::ended;
use std::process::Stdio;

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_ends_it_quietly() {
    let filled = Filled::file().await;
    for arguments in [&["history", "order-1"][..], &["show", "order-1"], &["runs", "--json"], &["man"]] {
        let mut command = command(&[&["--db", &filled.name], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it is started");
        drop(child.stdout.take());
        let stderr = child.stderr.take().expect("a pipe");
        assert_eq!(ended(&mut child).code(), Some(0), "{arguments:?}");
        assert_eq!(std::io::read_to_string(stderr).expect("read"), "", "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_make_the_whole_list() {
    let filled = Filled::file().await;
    let all = piped(&["--db", &filled.name, "history", "order-1", "--all"]).stdout;
    assert!(all.lines().count() > 10, "{all}");
    let (mut joined, mut after) = (String::new(), "0".to_owned());
    loop {
        let page = piped(&["--db", &filled.name, "history", "order-1", "--limit", "3", "--after", &after]);
        joined.extend(page.stdout.lines().skip(1).map(|line| line.to_owned() + "\n"));
        let Some((_, rest)) = page.stderr.split_once("--after ") else { break };
        after = rest.split('`').next().expect("a cursor").to_owned();
    }
    assert_eq!(all.lines().skip(1).collect::<Vec<_>>(), joined.lines().collect::<Vec<_>>());
    let last = piped(&["--db", &filled.name, "runs", "--limit", "1", "--json"]).stdout;
    assert!(last.lines().last().is_some_and(|line| line.starts_with("{\"next\":\"n")), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_watched_until_its_reader_has_enough() {
    let filled = Filled::file().await;
    let (mut child, mut heard) = heard(&["--db", &filled.name, "runs", "--watch", "1"]);
    for _ in 0..3 {
        heard.until("id\tworkflow");
        heard.until("order-1");
    }
    drop(heard);
    // The thread that reads the pipe ends with the next line, and closes it.
    assert_eq!(ended(&mut child).code(), Some(0));
}

//! Exit codes, and what needs no database.

use crate::filled::Filled;
use crate::tool::{command, piped, said};
use limits::Soon as _;
use std::time::Duration;
use steadfast::Engine;
use steadfast::store::PgOptions;
use throwaway_postgres::Cluster;

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_how_it_went() {
    let filled = Filled::file().await;
    let code = |arguments: &[&str]| piped(&[&["--db", &filled.name], arguments].concat()).code;
    assert_eq!(code(&["runs"]), Some(0));
    assert_eq!(code(&["show", "order-1"]), Some(0));
    assert_eq!(code(&["show", "changed-1"]), Some(4));
    assert_eq!(code(&["show", "changed-1", "--json"]), Some(4));
    for arguments in
        [&["show", "none"][..], &["history", "none"], &["diff", "order-1", "none"], &["runs", "--parent", "none"]]
    {
        assert_eq!(code(arguments), Some(3), "{arguments:?}");
    }
    let usage: &[&[&str]] = &[
        &[],
        &["look"],
        &["show"],
        &["runs", "--status", "tired"],
        &["runs", "--label", "red"],
        &["runs", "--since", "soon"],
        &["runs", "--limit", "0"],
        &["runs", "--limit", "9", "--all"],
        &["runs", "--after", "nonsense"],
        &["runs", "--text", ""],
        &["runs", "--since", "1h", "--before", "2h"],
        &["runs", "--watch", "0"],
        &["history", "order-1", "--after", "last"],
        &["context", "order-1", "--at", "-1"],
        &["queues", "--limit", "3"],
        &["runs", "--schema", "orders"],
        &["man", "look"],
        &["completions", "cmd"],
        &["check"],
        &["gc"],
        &["migrate"],
        &["migrate", "--print"],
        &["bulk", "dance", "--yes"],
        &["queues", "set", "gpu", "--rate", "3"],
        &["rewind", "order-1", "--before", "pack", "--after-entry", "1"],
    ];
    for arguments in usage {
        let said = piped(&[&["--db", &filled.name], *arguments].concat());
        assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.stderr);
        assert!(!said.stderr.is_empty() && said.stdout.is_empty(), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_named_by_the_environment_too() {
    let filled = Filled::file().await;
    let named = said(command(&["runs", "--text", "order-1"]).env("STEADFAST_DB", &filled.name));
    assert_eq!((named.code, named.stdout.lines().count()), (Some(0), 2), "{}", named.stderr);
    let other = said(command(&["--db", "none.db", "runs"]).env("STEADFAST_DB", &filled.name));
    assert_eq!(other.code, Some(1), "the command line wins");
    let help = said(command(&["runs", "--help"]).env("STEADFAST_DB", "postgres://ada:lovelace@db/runs"));
    assert!(help.code == Some(0) && !help.stdout.contains("lovelace"), "{}", help.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_both_databases() {
    let file = Filled::file().await;
    let mut places = vec![file];
    places.extend(Filled::postgres().await);
    for filled in places {
        let said = piped(&["--db", &filled.name, "health", "--thoroughly"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        let names: Vec<_> = said.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(names[..4], ["database", "clock", "schema", "size"], "{}", said.stdout);
        assert!(names.iter().any(|name| name.starts_with("table ")), "{}", said.stdout);
        let json = piped(&["--db", &filled.name, "health", "--json"]);
        assert!(json.stdout.starts_with("{\"database\":\"") && json.stdout.lines().count() == 1, "{}", json.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_postgres_is_chosen() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("schemas");
    database.execute("CREATE SCHEMA orders").expect("made");
    let options = PgOptions::new(database.url()).expect("a URL").schema("orders");
    let engine = Engine::builder().postgres(options).start().soon().await.expect("the engine starts");
    let found = piped(&["--db", database.url(), "--schema", "orders", "workers"]);
    assert_eq!((found.code, found.stdout.lines().count()), (Some(0), 2), "{}", found.stderr);
    assert_eq!(piped(&["--db", database.url(), "workers"]).code, Some(1));
    engine.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
}

#[test]
fn completions_and_pages_need_no_database() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = piped(&["completions", shell]);
        assert!(said.code == Some(0) && said.stdout.contains("schedules"), "{shell}: {}", said.stderr);
    }
    let page = piped(&["man"]);
    assert!(page.code == Some(0) && page.stdout.contains(".TH steadfast 1"), "{}", page.stdout);
    assert!(piped(&["man", "runs"]).stdout.contains("\\-\\-workflow"));
    assert!(piped(&["--version"]).stdout.starts_with("steadfast "));
}

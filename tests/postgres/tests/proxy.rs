//! A proxy cuts, delays and stalls connections, and loses the answer to a commit.

use limits::hold_until;
use std::time::{Duration, Instant};
use throwaway_postgres::{Cluster, Database, Proxy, Rows, Session};

/// Returns a database with an empty table, and a proxy in front of it.
fn set_up(name: &str) -> Option<(Database, Proxy)> {
    let cluster = Cluster::shared()?;
    let database = cluster.database(name);
    database.execute("create table t (id int)").unwrap();
    Some((database, Proxy::start(cluster.socket())))
}

fn connect(database: &Database, proxy: &Proxy) -> Result<Session, String> {
    Session::connect(&proxy.address().into(), database.name())
}

fn count(database: &Database) -> Rows {
    database.execute("select count(*) from t").unwrap()
}

fn of(number: usize) -> Rows {
    vec![vec![Some(number.to_string())]]
}

#[test]
fn what_goes_through_is_unchanged() {
    let Some((database, proxy)) = set_up("unchanged") else { return };
    let mut session = connect(&database, &proxy).unwrap();
    let large = "x".repeat(300_000);
    let rows = session.execute(&format!("select '{large}'; select length('{large}')")).unwrap();
    assert_eq!(rows, [[Some(large)], [Some("300000".to_owned())]]);
    assert!(session.execute("select nothing").is_err());
    assert_eq!(session.execute("select 1").unwrap(), of(1));
    assert_eq!(proxy.connections(), 1);
    drop(session);
    hold_until(|| proxy.connections() == 0);
}

#[test]
fn cut_connections_end_and_new_ones_are_refused_on_demand() {
    let Some((database, proxy)) = set_up("cut") else { return };
    let mut session = connect(&database, &proxy).unwrap();
    session.execute("begin; insert into t values (1)").unwrap();
    proxy.cut_all();
    assert!(session.execute("commit").is_err());
    connect(&database, &proxy).unwrap().execute("insert into t values (2)").unwrap();
    proxy.refuse(true);
    assert!(connect(&database, &proxy).is_err());
    proxy.refuse(false);
    assert!(connect(&database, &proxy).is_ok());
    assert_eq!(count(&database), of(1));
}

#[test]
fn the_answer_to_a_commit_is_lost_and_the_commit_is_not() {
    let Some((database, proxy)) = set_up("lost") else { return };
    let mut session = connect(&database, &proxy).unwrap();
    session.execute("begin; insert into t values (1)").unwrap();
    proxy.drop_next_answer();
    session.execute("insert into t values (2)").unwrap();
    assert_eq!(count(&database), of(0));
    assert!(session.execute("COMMIT").is_err());
    assert_eq!(count(&database), of(2));
    assert_eq!(proxy.lost_answers(), 1);
    let mut session = connect(&database, &proxy).unwrap();
    session.execute("begin; insert into t values (3); commit").unwrap();
    assert_eq!(count(&database), of(3));
    assert_eq!(proxy.lost_answers(), 1);
}

#[test]
fn the_answer_to_any_statement_can_be_lost() {
    let Some((database, proxy)) = set_up("any_lost") else { return };
    let mut session = connect(&database, &proxy).unwrap();
    proxy.drop_answer_to("INSERT into t");
    assert!(session.execute("insert into t values (1)").is_err());
    assert_eq!(count(&database), of(1));
}

#[test]
fn a_connection_is_cut_after_a_number_of_bytes() {
    let Some((database, proxy)) = set_up("cut_after") else { return };
    let text = "insert into t values (1)";
    // Type, length, text, zero.
    let whole = text.len() + 6;
    for (bytes, inserted) in [(0, 0), (1, 0), (whole - 1, 0), (whole + 1, 1)] {
        let mut session = connect(&database, &proxy).unwrap();
        proxy.cut_after(bytes);
        assert_eq!(session.execute(text).is_ok(), bytes > whole, "{bytes}");
        assert_eq!(count(&database), of(inserted), "{bytes}");
        // The limit stands until it is reached.
        assert!(session.execute(text).is_err(), "{bytes}");
    }
    connect(&database, &proxy).unwrap();
}

#[test]
fn a_delay_counts_for_each_direction() {
    let Some((database, proxy)) = set_up("delayed") else { return };
    let mut session = connect(&database, &proxy).unwrap();
    let delay = Duration::from_millis(100);
    proxy.delay(delay);
    let since = Instant::now();
    session.execute("select 1").unwrap();
    assert!(since.elapsed() >= delay * 2);
}

#[test]
fn a_stalled_connection_goes_on_later_or_is_cut() {
    let Some((database, proxy)) = set_up("stalled") else { return };
    for is_cut in [false, true] {
        let mut session = connect(&database, &proxy).unwrap();
        proxy.stall(true);
        let (answered, answer) = std::sync::mpsc::channel();
        std::thread::spawn(move || answered.send(session.execute("insert into t values (1)")));
        assert!(answer.recv_timeout(Duration::from_millis(50)).is_err());
        if is_cut {
            proxy.cut_all();
        } else {
            proxy.stall(false);
        }
        assert_eq!(answer.recv_timeout(limits::LIMIT).unwrap().is_err(), is_cut);
    }
    assert_eq!(count(&database), of(1));
}

#[test]
fn tcp_through_a_proxy_asks_for_a_password_too() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::start(cluster.tcp());
    let refused = Session::connect(&proxy.address().into(), "postgres").unwrap_err();
    assert_eq!(refused, "the server asks for a password");
}

//! A pool in front of a cluster gives one connection to many clients, transaction by transaction.

use limits::hold_until;
use throwaway_postgres::{Cluster, PgBouncer, PgBouncerOptions, Rows, Session, available};

fn pid(session: &mut Session) -> Rows {
    session.execute("select pg_backend_pid()").unwrap()
}

#[test]
fn a_pool_answers_on_its_socket_and_its_port() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(pool) = available(PgBouncer::start(cluster)) else { return };
    let database = cluster.database("pooled");
    database.execute("create table here (id int)").unwrap();
    for address in [pool.socket(), pool.tcp().into()] {
        let mut session = Session::connect(&address, database.name()).unwrap();
        assert_eq!(session.execute("select 1").unwrap(), [[Some("1".to_owned())]]);
        assert_eq!(session.execute("select * from here").unwrap(), Rows::new());
    }
}

#[test]
fn sessions_share_a_connection_between_transactions() {
    let Some(cluster) = Cluster::shared() else { return };
    let options = PgBouncerOptions { pool_size: 1, ..PgBouncerOptions::default() };
    let Some(pool) = available(PgBouncer::start_with(cluster, &options)) else { return };
    let database = cluster.database("shared_connection");
    let connect = || Session::connect(&pool.socket(), database.name()).unwrap();
    let (mut one, mut two) = (connect(), connect());
    assert_eq!(pid(&mut one), pid(&mut two));
    one.execute("begin").unwrap();
    let waits = std::thread::spawn(move || pid(&mut two));
    let mut admin = Session::connect(&pool.socket(), "pgbouncer").unwrap();
    let waiting = |pools: &Rows| {
        pools.iter().any(|row| row[0].as_deref() == Some(database.name()) && row[3].as_deref() == Some("1"))
    };
    hold_until(|| waiting(&admin.execute("show pools").unwrap()));
    one.execute("commit").unwrap();
    assert_eq!(pid(&mut one), waits.join().unwrap());
}

#[test]
fn a_dropped_pool_stops_answering() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(pool) = available(PgBouncer::start(cluster)) else { return };
    let (socket, tcp) = (pool.socket(), pool.tcp().into());
    drop(pool);
    for address in [socket, tcp] {
        assert!(Session::connect(&address, "postgres").is_err());
    }
}

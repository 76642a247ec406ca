//! A cluster starts, has fresh databases, survives a crash, and asks for a password over TCP only.

use std::collections::BTreeSet;
use throwaway_postgres::{Cluster, ClusterOptions, Session, installations};

/// Returns the one value of an answer.
fn value(rows: &[Vec<Option<String>>]) -> Option<&str> {
    rows.first()?.first()?.as_deref()
}

#[test]
fn databases_of_a_shared_cluster_are_fresh() {
    let Some(cluster) = Cluster::shared() else { return };
    let databases = [cluster.database("Fresh one"), cluster.database("Fresh one")];
    for database in &databases {
        database.execute("create table t (id int, word text); insert into t values (1, 'a'), (2, null)").unwrap();
        let rows = cluster.execute(database.name(), "select id, word from t order by id").unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(rows, [[text("1"), text("a")], [text("2"), None]]);
    }
    assert_ne!(databases[0].name(), databases[1].name());
    assert!(databases[0].name().starts_with("fresh_one_"), "{}", databases[0].name());
}

#[test]
fn an_error_has_its_code_and_the_session_goes_on() {
    let Some(cluster) = Cluster::shared() else { return };
    let mut session = cluster.database("errors").session().unwrap();
    let error = session.execute("select 1; select nothing from nowhere").unwrap_err();
    assert_eq!(error, "ERROR 42P01: relation \"nowhere\" does not exist");
    assert_eq!(value(&session.execute("select 7").unwrap()), Some("7"));
    let error = cluster.execute("nowhere", "select 1").unwrap_err();
    assert_eq!(error, "FATAL 3D000: database \"nowhere\" does not exist");
}

#[test]
fn tcp_asks_for_a_password() {
    let Some(cluster) = Cluster::shared() else { return };
    let refused = Session::connect(&cluster.tcp().into(), "postgres").unwrap_err();
    assert_eq!(refused, "the server asks for a password");
    let stored = "select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'steadfast'";
    assert_eq!(value(&cluster.execute("postgres", stored).unwrap()), Some("t"));
}

#[test]
fn each_installation_runs_its_version() {
    for installation in installations() {
        let Some(cluster) = Cluster::shared_of(&installation) else { continue };
        let version = cluster.execute("postgres", "show server_version_num").unwrap();
        let major: u32 = value(&version).unwrap().parse::<u32>().unwrap() / 10_000;
        assert_eq!(major, installation.major);
    }
    let folders: BTreeSet<_> = installations().into_iter().map(|installation| installation.bin).collect();
    assert_eq!(folders.len(), installations().len());
}

#[test]
fn committed_rows_survive_a_crash() {
    if Cluster::shared().is_none() {
        return;
    }
    for installation in installations() {
        let cluster = Cluster::start_in(installation.bin).unwrap();
        let database = cluster.database("crash");
        database.execute("create table t (id int)").unwrap();
        let mut busy = database.session().unwrap();
        let mut open = database.session().unwrap();
        open.execute("begin; insert into t values (1)").unwrap();
        database.execute("insert into t values (2)").unwrap();
        let sleeper = std::thread::spawn(move || busy.execute("select pg_sleep(3600)"));
        let asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        limits::hold_until(|| value(&database.execute(asleep).unwrap()) == Some("1"));
        cluster.kill();
        assert!(database.execute("select 1").is_err());
        assert!(sleeper.join().unwrap().is_err());
        cluster.kill();
        cluster.restart();
        assert!(open.execute("commit").is_err());
        assert_eq!(value(&database.execute("select string_agg(id::text, ',') from t").unwrap()), Some("2"));
        assert!(cluster.log().contains("automatic recovery in progress"), "{}", cluster.log());
    }
}

#[test]
fn a_stopped_server_starts_again_without_recovery() {
    if Cluster::shared().is_none() {
        return;
    }
    let cluster = Cluster::start().unwrap();
    let database = cluster.database("stopped");
    let mut session = database.session().unwrap();
    cluster.stop_fast();
    let error = session.execute("select 1").unwrap_err();
    assert!(error.contains("57P01") || error.contains("pipe"), "{error}");
    cluster.restart();
    cluster.restart();
    database.execute("select 1").unwrap();
    assert!(!cluster.log().contains("automatic recovery"), "{}", cluster.log());
}

#[test]
fn settings_are_changed_and_a_drop_deletes_the_folder() {
    if Cluster::shared().is_none() {
        return;
    }
    let settings = vec![("fsync", "off".to_owned()), ("application_name", "it's".to_owned())];
    let cluster = Cluster::start_with(&ClusterOptions { settings, ..ClusterOptions::default() }).unwrap();
    let shown = |name: &str| cluster.execute("postgres", &format!("show {name}")).unwrap();
    assert_eq!(value(&shown("fsync")), Some("off"));
    assert_eq!(value(&shown("application_name")), Some("it's"));
    assert_eq!(value(&shown("max_connections")), Some("200"));
    let (folder, socket) = (cluster.folder().to_owned(), cluster.socket());
    drop(cluster);
    assert!(!folder.exists());
    assert!(Session::connect(&socket, "postgres").is_err());
}

#[test]
fn a_setting_that_is_wrong_fails_with_the_log() {
    if Cluster::shared().is_none() {
        return;
    }
    let settings = vec![("no_such_setting", "1".to_owned())];
    let failed = std::panic::catch_unwind(|| {
        Cluster::start_with(&ClusterOptions { settings, ..ClusterOptions::default() }).map(drop)
    });
    let message = failed.unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("unrecognized configuration parameter \"no_such_setting\""), "{message}");
}

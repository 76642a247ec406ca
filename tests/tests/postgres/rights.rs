//! Roles that lack rights or have settings of their own, when a database is opened and while an engine is at work.

use crate::work::{ENDING, Number, builder, doubles, doubling};
use futures_util::future::try_join_all;
use limits::Soon as _;
use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::{PgOptions, StoreErrorKind};
use steadfast::{EngineError, Status};
use throwaway_postgres::{Cluster, Database, USER};

/// A database, and a role that may connect to it.
struct Role {
    database: Database,
    name: String,
}

impl Role {
    /// Creates both; `None` if this machine has no server.
    fn create() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let database = Cluster::shared().map(|cluster| cluster.database("rights"))?;
        let name = format!("role_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let role = Self { database, name };
        role.execute(&format!("CREATE ROLE {} LOGIN", role.name));
        Some(role)
    }

    /// Creates both, and lets the role create tables.
    fn owner() -> Option<Self> {
        let role = Self::create()?;
        role.execute(&format!("GRANT CREATE ON SCHEMA public TO {}", role.name));
        Some(role)
    }

    /// Executes statements as superuser.
    fn execute(&self, sql: &str) {
        self.database.execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn set(&self, setting: &str) {
        self.execute(&format!("ALTER ROLE {} SET {setting}", self.name));
    }

    /// Ends the sessions of the role, and waits for their ends: settings of a role are those of new sessions.
    fn end_sessions(&self) {
        // A signal alone may end a session later, within a statement that the test has sent meanwhile.
        self.execute(&format!(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE usename = '{}'",
            self.name
        ));
    }

    fn options(&self) -> PgOptions {
        let url = self.database.url().replace(&format!("{USER}@"), &format!("{}@", self.name));
        PgOptions::new(&url).expect("the URL is one").poll(Duration::from_millis(100))
    }

    async fn engine(&self) -> Engine {
        builder(self.options()).start().soon().await.expect("an engine")
    }
}

async fn ends(engine: Engine) {
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

#[test]
fn the_right_to_create_tables_is_asked_for_at_the_first_start() {
    let Some(role) = Role::create() else { return };
    let error = role.options().open().expect_err("it may create nothing");
    for words in [role.name.as_str(), "the role lacks a right", "CREATE ON the schema", "42501"] {
        assert!(error.message.contains(words), "{error}");
    }
    role.execute(&format!("GRANT CREATE ON SCHEMA public TO {}", role.name));
    role.options().open().expect("it may create tables");
}

#[test]
fn the_right_to_connect_is_asked_for() {
    let Some(role) = Role::create() else { return };
    role.execute(&format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", role.database.name()));
    let error = role.options().open().expect_err("it may not connect");
    assert!(error.message.contains("GRANT CONNECT ON DATABASE"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_rights_are_all_that_a_running_engine_needs() {
    let Some(role) = Role::create() else { return };
    let schema = "of the owner";
    role.execute(&format!("CREATE SCHEMA \"{schema}\""));
    let options = || role.options().schema(schema).without_migrations();
    role.execute(&options().migrations());
    let error = options().open().expect_err("it may read nothing");
    assert!(error.message.contains("USAGE ON their sequences and ON the schema"), "{error}");
    role.execute(&options().grants_for_runtime(&role.name));
    let engine = builder(options()).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    doubles(&run, &[1, 2, 3], 12).await;
    engine.run(run.id()).soon().await.expect("a run").delete().soon().await.expect("deleted");
    ends(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_rights_of_an_owner_let_it_create_the_tables() {
    let Some(owner) = Role::create() else { return };
    // PUBLIC has no right left.
    owner.execute(&format!(
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;
         ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        owner.name
    ));
    assert!(owner.options().open().is_err(), "it may create nothing");
    owner.execute(&owner.options().grants_for_owner(&owner.name));
    owner.options().open().expect("it may create tables");

    let app = Role { name: format!("{}_app", owner.name), database: owner.database.clone() };
    app.execute(&format!("CREATE ROLE {} LOGIN", app.name));
    assert!(app.options().open().is_err(), "it has no right");
    app.execute(&owner.options().grants_for_runtime(&app.name));
    let engine = app.engine().await;
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    doubles(&run, &[1, 2], 6).await;
    ends(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_may_have_any_name() {
    let Some(role) = Role::owner() else { return };
    let name = "it's a \"?1\" steadfast_; ON";
    role.execute(&format!("CREATE SCHEMA \"{}\" AUTHORIZATION {}", name.replace('"', "\"\""), role.name));
    let engine = builder(role.options().schema(name)).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    doubles(&run, &[4], 8).await;
    ends(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_taken_away_stops_the_work_until_it_is_given_back() {
    let Some(role) = Role::owner() else { return };
    let engine = role.engine().await;
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    run.send(Number(1)).soon().await.expect("sent");
    // With nothing to append, a message has a transaction of its own.
    limits::until(async || {
        let history = run.history().await.expect("a history");
        history.len() > 5 && history.last().is_some_and(|last| last.kind == Kind::ReceiveStarted)
    })
    .await;
    role.execute("REVOKE INSERT ON steadfast_log FROM PUBLIC");
    role.execute(&format!("ALTER TABLE steadfast_log OWNER TO {USER}"));
    role.execute(&format!("GRANT SELECT, UPDATE, DELETE ON steadfast_log TO {}", role.name));
    // A message needs no log.
    run.send(Number(2)).soon().await.expect("sent");
    let refused = engine.start(doubling, ()).id("refused").soon().await.expect_err("a start needs the log");
    let text = refused.to_string();
    assert!(text.contains("the role lacks a right: GRANT SELECT, INSERT") && text.contains("steadfast_log"), "{text}");
    let status = run.status().soon().await.expect("a status").status;
    assert!(matches!(status, Status::Running | Status::Sleeping), "{status:?}");
    role.execute(&format!("GRANT INSERT ON steadfast_log TO {}", role.name));
    doubles(&run, &[3], 12).await;
    assert!(engine.start(doubling, ()).id("refused").soon().await.expect("a start").is_new(), "nothing was left of it");
    ends(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_reads_stops_the_work_until_it_writes_again() {
    let Some(role) = Role::owner() else { return };
    let engine = role.engine().await;
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    run.send(Number(1)).soon().await.expect("sent");
    role.set("default_transaction_read_only = on");
    role.end_sessions();
    let refused = limits::soon("a refusal", async {
        loop {
            match engine.start(doubling, ()).await {
                // A connection made before the setting may still write.
                Ok(_) => role.end_sessions(),
                // Its session ended before the answer to a commit, which the engine does not repeat: the caller does.
                Err(EngineError::Store(error)) if error.kind == StoreErrorKind::Io => {}
                Err(error) => break error.to_string(),
            }
        }
    })
    .await;
    assert!(
        refused.contains("this server only reads") && refused.contains("target_session_attrs=read-write"),
        "{refused}"
    );
    assert!(role.options().open().is_ok(), "a database can be looked at");
    role.set("default_transaction_read_only = off");
    role.end_sessions();
    limits::until(async || run.send(Number(2)).await.is_ok()).await;
    run.send(Number(0)).soon().await.expect("sent");
    run.result().soon().await.expect("a result");
    ends(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_the_role_has_no_time_for_is_named() {
    let Some(role) = Role::owner() else { return };
    role.set("statement_timeout = '150ms'");
    let engine = role.engine().await;
    let mut other = role.database.session().expect("a session");
    other.execute("BEGIN; LOCK TABLE steadfast_log IN SHARE MODE").expect("locked");
    // Whether it was written can be read meanwhile: it was not.
    let text = engine.start(doubling, ()).soon().await.expect_err("another transaction is in the way").to_string();
    assert!(text.contains("`statement_timeout`") && text.contains("raise that setting"), "{text}");
    other.execute("ROLLBACK").expect("unlocked");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    doubles(&run, &[5], 10).await;
    ends(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_role_change_nothing() {
    let Some(role) = Role::owner() else { return };
    let settings = [
        "idle_in_transaction_session_timeout = '1ms'",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "standard_conforming_strings = off",
        "bytea_output = 'escape'",
        "extra_float_digits = -15",
        "DateStyle = 'German'",
        "TimeZone = 'Asia/Kathmandu'",
        "enable_seqscan = off",
        "synchronous_commit = off",
        "check_function_bodies = off",
        "row_security = off",
    ];
    for setting in settings {
        role.set(setting);
    }
    let engine = role.engine().await;
    let run = engine.start(doubling, ()).label("a", "b").soon().await.expect("a start");
    doubles(&run, &[1, 2, 3, 4], 20).await;
    ends(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_ends_when_idle_are_made_anew() {
    let Some(role) = Role::owner() else { return };
    role.set("idle_session_timeout = '100ms'");
    let engine = role.engine().await;
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    for n in 1..=8 {
        // Long enough for the server to end the connections that nothing uses.
        tokio::time::sleep(Duration::from_millis(130)).await;
        run.send(Number(n)).soon().await.expect("sent");
        run.status().soon().await.expect("a status");
    }
    doubles(&run, &[], 72).await;
    ends(engine).await;
}

#[step]
async fn successor(n: u64) -> Result<u64> {
    Ok(n + 1)
}

#[workflow]
async fn counting(flow: &mut Flow, to: u64) -> Result<u64> {
    let mut n = 0;
    while n < to {
        n = successor(flow, n).await?;
    }
    Ok(n)
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_steps_and_ends_need_nothing_but_the_functions() {
    let Some(role) = Role::owner() else { return };
    // With a long term, so that no heartbeat is due in a batch, which would then be written in another way.
    let builder = Engine::builder().postgres(role.options()).lease_term(Duration::from_mins(5));
    let engine = builder.workflow(counting).start().soon().await.expect("an engine");
    // The functions write with the rights of their owner, and the role may no longer write to the log.
    for function in ["steadfast_append", "steadfast_batch"] {
        role.execute(&format!("ALTER FUNCTION {function} SECURITY DEFINER; ALTER FUNCTION {function} OWNER TO {USER}"));
    }
    role.execute(&format!("ALTER TABLE steadfast_log OWNER TO {USER}; GRANT SELECT ON steadfast_log TO {}", role.name));
    let starts = (0..20).map(|_| engine.start(counting, 10).into_future());
    let runs = try_join_all(starts).soon().await.expect("the starts");
    for run in runs {
        assert_eq!(run.result().soon().await.expect("a result"), 10);
    }
    let run = engine.start(counting, 50).soon().await.expect("a start");
    assert_eq!(run.result().soon().await.expect("a result"), 50);
    ends(engine).await;
}

//! What a user gets wrong when a database is opened: each error names the database, and says what to do.

use crate::cluster;
use std::time::Duration;
use steadfast::Engine;
use steadfast::store::{PgOptions, StoreError, StoreErrorKind};
use throwaway_postgres::{Cluster, Database, PASSWORD, USER, available};

/// A fresh database; `None` if this machine has no server.
fn database() -> Option<Database> {
    Cluster::shared().map(|cluster| cluster.database("bad"))
}

/// Returns the error of a store that must not open, which has all of these words.
#[track_caller]
fn refused(options: PgOptions, words: &[&str]) -> StoreError {
    let error = options.open().expect_err("it is refused");
    has(&error, words);
    error
}

#[track_caller]
fn has(error: &StoreError, words: &[&str]) {
    for word in words {
        assert!(error.message.contains(word), "«{word}» is missing: {error}");
    }
    assert!(!error.message.contains(PASSWORD), "the password is shown: {error}");
}

#[track_caller]
fn options(url: &str) -> PgOptions {
    PgOptions::new(url).expect("the URL is one")
}

#[test]
fn a_connection_string_that_cannot_be_honoured_is_refused() {
    let wrong = [
        (
            "postgres://app@db.example/orders?sslmode=allow",
            "`sslmode=allow` is none of `disable`, `prefer`, `require`,",
        ),
        ("postgres://app@db.example/orders?sslmode=verify-full", "whom to trust; add `sslrootcert=FILE`"),
        ("host=db.example sslmode=verify-ca sslrootcert=''", "or `sslrootcert=system`"),
        ("host=db.example sslmode=verify-ca sslrootcert=system", "is too weak for `sslrootcert=system`"),
        ("postgres://app@db.example/orders?sslmode=require&sslcert=a.pem", "add `sslkey`"),
        ("postgres://app@db.example/orders?sslmode=require&sslkey=a.pem", "add `sslcert`"),
        ("postgres://app@db.example/orders?sslmode=require&sslcrl=a.pem", "unknown option `sslcrl`"),
        ("postgres://app@db.example/orders?channel_binding=require", "needs `sslmode=require` or more"),
        ("host=db.example sslmode=require sslnegotiation=direct", "`sslnegotiation=direct` is not supported"),
        ("postgres:///orders", "it names no host"),
        ("postgres://app@db.example/orders?pool_size=3", "unknown option `pool_size`"),
        ("postgres://app@db.example:port/orders", "`port`"),
        ("db.example/orders", "expected is `postgres://user:password@host:port/database?option=value`"),
        ("", "it names no host"),
    ];
    for (url, words) in wrong {
        has(&PgOptions::new(url).err().unwrap_or_else(|| panic!("{url:?} is refused")), &[words]);
    }
    let right = [
        "postgres://app@db.example/orders",
        "postgres://app@db.example/orders?sslmode=prefer",
        "postgres://app@db.example/orders?sslmode=require&channel_binding=require",
        "postgres://app@db.example/orders?sslrootcert=system",
        "host='db.example' sslmode = verify-full sslrootcert='/no such/file'",
    ];
    for right in right {
        assert!(PgOptions::new(right).is_ok(), "{right}");
    }
}

#[test]
fn a_server_that_lets_nobody_in_is_named_with_user_host_and_database() {
    let Some(database) = database() else { return };
    let (tcp, name) = (Cluster::shared().expect("it is there").tcp(), database.name());
    let (host, port) = (tcp.ip(), tcp.port());
    let names = format!("postgres {name:?} (user {USER:?}, host {host}, port {port})");
    let wrong = options(&format!("postgres://{USER}:wrong@{tcp}/{name}"));
    refused(wrong, &[&names, "the server does not let this role in; check user and password", "28P01"]);
    let without = options(&format!("postgres://{USER}@{tcp}/{name}"));
    refused(without, &[&names, "check user, password and options", "password missing"]);
    let nobody = options(&format!("postgres://nobody:{PASSWORD}@{tcp}/{name}"));
    refused(nobody, &["user \"nobody\"", "check user and password"]);
    let other = options(&format!("postgres://{USER}:{PASSWORD}@{tcp}/nowhere"));
    let error = refused(other, &["postgres \"nowhere\"", "there is no such database; create it (`createdb`)"]);
    assert_eq!(error.kind, StoreErrorKind::NotOurs);
    let parameter = options(&format!("{}&options=-c%20nonsense%3D1", database.url()));
    refused(parameter, &["not with these options"]);
}

#[test]
fn an_address_without_a_server_is_named() {
    let unresolved = options("postgres://app@no-such-host.invalid/orders?connect_timeout=5");
    refused(unresolved, &["host no-such-host.invalid", "the server cannot be reached; check its address"]);
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let closed = options(&format!("postgres://app@127.0.0.1:{port}/orders"));
    let error = refused(closed, &[&format!("port {port}"), "(user \"app\"", "onnection refused"]);
    assert_eq!(error.kind, StoreErrorKind::Io);
    let socket = options("postgres://app@/orders?host=/no/such/folder");
    refused(socket, &["host /no/such/folder", "No such file or directory"]);
}

#[test]
fn a_server_that_accepts_connections_and_says_nothing_is_given_up() {
    let Some(database) = database() else { return };
    // It accepts connections and says nothing: its queue is full, or it hangs.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let to_silent = format!("postgres://{USER}@{}/{}", silent.local_addr().expect("bound"), database.name());
    let begun = std::time::Instant::now();
    refused(
        options(&format!("{to_silent}?connect_timeout=1")),
        &["the server cannot be reached", "no answer within 1s"],
    );
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_engine_says_so_at_its_start() {
    let wrong = Engine::builder().postgres("postgres://app@db.example/orders?sslmode=verify-full").start().await;
    let message = wrong.expect_err("it does not start").to_string();
    assert!(message.contains("`sslmode=verify-full` needs to know whom to trust"), "{message}");
    let closed = Engine::builder().postgres("postgres://app@127.0.0.1:1/orders").start().await;
    let message = closed.expect_err("it does not start").to_string();
    assert!(message.contains("postgres \"orders\" (user \"app\", host 127.0.0.1, port 1)"), "{message}");
}

#[test]
fn a_database_that_is_not_ours_is_left_as_it_is() {
    let Some(database) = database() else { return };
    let foreign = [
        ("other", "CREATE TABLE other.steadfast_meta (id int, note text)"),
        ("numbers", "CREATE TABLE numbers.steadfast_meta (key int, value int)"),
    ];
    for (schema, table) in foreign {
        database.execute(&format!("CREATE SCHEMA {schema}; {table}")).expect("created");
        let words = [schema, "that is not the engine's; it was left as it is", "choose another schema"];
        let error = refused(options(database.url()).schema(schema), &words);
        assert_eq!(error.kind, StoreErrorKind::NotOurs, "{error}");
        let tables = format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'");
        assert_eq!(database.execute(&tables).expect("a count")[0][0].as_deref(), Some("1"));
    }
    let newer = cluster::fresh();
    let schema = newer.options().clone();
    let of_tables = cluster::database().expect("it is there");
    let name = format!("{schema:?}");
    let quoted = name.split("schema \\\"").nth(1).and_then(|rest| rest.split("\\\"").next()).expect("its schema");
    of_tables
        .execute(&format!("UPDATE \"{quoted}\".steadfast_meta SET value = '99' WHERE key = 'schema'"))
        .expect("set");
    let error = refused(schema, &["has schema version 99", "knows up to", "Run it with the newer version"]);
    assert_eq!(error.kind, StoreErrorKind::Newer);
}

#[test]
fn a_database_with_an_encoding_that_lacks_characters_is_refused() {
    let Some(database) = database() else { return };
    let name = format!("{}_latin", database.name());
    let create = format!("CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    database.execute(&create).expect("created");
    let url = database.url().replace(database.name(), &name);
    refused(options(&url), &[&name, "the encoding LATIN1", "ENCODING 'UTF8' TEMPLATE template0"]);
}

#[test]
fn a_schema_must_exist() {
    let Some(database) = database() else { return };
    let error =
        refused(options(database.url()).schema("nowhere"), &["schema \"nowhere\"", "create it (`CREATE SCHEMA`)"]);
    assert_eq!(error.kind, StoreErrorKind::NotOurs);
    let nowhere = options(&format!("{}&options=-c%20search_path%3Dnowhere", database.url()));
    refused(nowhere, &["there is no such schema", "`search_path`"]);
    // One with every character that SQL gives a meaning.
    database.execute("CREATE SCHEMA \"it's a \"\"?1\"\" steadfast_; ON\"").expect("created");
    let odd = options(database.url()).schema("it's a \"?1\" steadfast_; ON").open();
    odd.expect("any name will do");
}

#[test]
fn without_migrations_the_tables_must_be_there() {
    let Some(database) = database() else { return };
    let words = ["no tables of schema version", "told to create none", "`PgOptions::migrations`"];
    let error = refused(options(database.url()).without_migrations(), &words);
    assert_eq!(error.kind, StoreErrorKind::NotOurs);
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'steadfast%'";
    assert_eq!(database.execute(tables).expect("a count")[0][0].as_deref(), Some("0"));
    for _ in 0..2 {
        database.execute(&options(database.url()).migrations()).expect("the statements run as they are, and again");
    }
    options(database.url()).without_migrations().open().expect("it opens");
}

#[test]
fn a_pool_without_a_server_says_so() {
    let Some(database) = database() else { return };
    let cluster = available(Cluster::start()).expect("it is there");
    let Some(pool) = available(throwaway_postgres::PgBouncer::start(&cluster)) else { return };
    refused(options(&pool.url("nowhere")), &["postgres \"nowhere\"", "does not exist"]);
    cluster.stop_fast();
    let waits = options(&pool.url(database.name())).timeout(Duration::from_secs(3));
    refused(waits, &[database.name(), "the server"]);
}

//! Connections with TLS: `sslmode` and the options beside it mean what they mean in libpq, and errors say what to do.

use crate::authority::{Authority, BY_CERTIFICATE, Encrypting, PLAIN_ONLY};
use crate::work::{ENDING, Number, builder, doubles, doubling};
use limits::Soon as _;
use rcgen::PKCS_ECDSA_P256_SHA256;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use steadfast::store::{PgOptions, StoreError, StoreErrorKind};
use throwaway_postgres::{Cluster, Database, PASSWORD, USER};

/// The sessions of engines in this database, each with whether it is encrypted.
const SESSIONS: &str =
    "SELECT s.ssl::text, a.query LIKE 'LISTEN%' OR a.query LIKE '%pg_notify%', coalesce(s.client_dn, '')
    FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
    WHERE a.application_name = 'steadfast' AND a.datname = current_database()";

#[track_caller]
fn options(url: &str) -> PgOptions {
    PgOptions::new(url).expect("the URL is one")
}

/// Opens a store, and returns whether its connections are encrypted.
#[track_caller]
fn encrypts(database: &Database, url: &str) -> bool {
    let store = options(url).poll_only().open().unwrap_or_else(|error| panic!("{url}: {error}"));
    let sessions = database.execute(SESSIONS).expect("sessions");
    drop(store);
    assert!(!sessions.is_empty());
    let encrypted = sessions.iter().filter(|session| session[0].as_deref() == Some("true")).count();
    assert!(encrypted == 0 || encrypted == sessions.len(), "{sessions:?}");
    encrypted > 0
}

/// Returns the error of a store that must not open, which has all of these words.
#[track_caller]
fn refused(url: &str, words: &[&str]) -> StoreError {
    let error = options(url).open().err().unwrap_or_else(|| panic!("{url} is not refused"));
    for word in words.iter().chain(&["postgres \""]) {
        assert!(error.message.contains(word), "«{word}» is missing: {error}");
    }
    assert!(!error.message.contains(PASSWORD), "the password is shown: {error}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_runs_in_every_mode_and_every_connection_is_as_the_mode_says() {
    let Some(server) = Encrypting::start() else { return };
    let modes = [
        ("sslmode=disable", false),
        ("application_name=steadfast", true),
        ("sslmode=prefer", true),
        ("sslmode=require", true),
        ("sslmode=require&channel_binding=require", true),
        ("sslmode=verify-ca&sslrootcert={authority}", true),
        ("sslmode=verify-full&sslrootcert={authority}&channel_binding=require", true),
    ];
    for (mode, is_encrypted) in modes {
        let database = server.cluster.database("modes");
        let engine = builder(server.by_name(&database, mode)).start().soon().await.expect("an engine");
        let run = engine.start(doubling, ()).soon().await.expect("a start");
        doubles(&run, &[1, 2, 3], 12).await;
        let sessions = database.execute(SESSIONS).expect("sessions");
        let expected = Some(if is_encrypted { "true" } else { "false" });
        assert!(sessions.iter().all(|session| session[0].as_deref() == expected), "{mode}: {sessions:?}");
        let listens = sessions.iter().any(|session| session[1].as_deref() == Some("t"));
        assert!(listens && sessions.len() > 2, "{mode}: {sessions:?}");
        engine.shutdown(ENDING).soon().await.expect("an orderly end");
    }
}

#[test]
fn a_server_with_another_name_is_refused_by_verify_full_alone() {
    let Some(server) = Encrypting::start() else { return };
    let database = server.cluster.database("names");
    let url = |mode: &str| server.url("127.0.0.1", USER, &database, &format!("{mode}&sslrootcert={{authority}}"));
    let words = ["host 127.0.0.1", "is for another host; name the host", "127.0.0.1", "localhost"];
    assert_eq!(refused(&url("sslmode=verify-full"), &words).kind, StoreErrorKind::ReadOnly);
    assert!(encrypts(&database, &url("sslmode=verify-ca")));
    // The name is that of the host, wherever it is looked for.
    let by_address = format!("{}&hostaddr=127.0.0.1", server.by_name(&database, "sslmode=verify-full"));
    let root = format!("&sslrootcert={}", server.path("authority.crt").display());
    assert!(encrypts(&database, &(by_address + &root)));
    let only_address = format!("hostaddr=127.0.0.1 port={} user={USER}", server.cluster.tcp().port());
    let only_address = format!("{only_address} password={PASSWORD} dbname={} sslmode=require", database.name());
    assert!(encrypts(&database, &only_address));
}

#[test]
fn a_server_with_a_certificate_of_another_authority_is_refused_where_one_is_named() {
    let Some(server) = Encrypting::start() else { return };
    let database = server.cluster.database("authorities");
    let words = ["is not from an authority in `sslrootcert`; name the file of the one that signed it", "UnknownIssuer"];
    for mode in ["verify-full", "verify-ca", "require"] {
        refused(&server.by_name(&database, &format!("sslmode={mode}&sslrootcert={{other}}")), &words);
    }
    refused(&server.by_name(&database, "sslmode=verify-full&sslrootcert=system"), &words);
    refused(&server.by_name(&database, "sslrootcert=system"), &words);
    // As in libpq, who prefers encryption gets none from a server that is not trusted.
    assert!(!encrypts(&database, &server.by_name(&database, "sslmode=prefer&sslrootcert={other}")));
    // A file may have several authorities.
    let [own, other] =
        ["authority.crt", "other.crt"].map(|name| std::fs::read_to_string(server.path(name)).expect("read"));
    let both = server.file("both.crt", &(other + &own));
    let url = server.by_name(&database, &format!("sslmode=verify-full&sslrootcert={}", both.display()));
    assert!(encrypts(&database, &url));
}

#[test]
fn an_expired_certificate_is_refused_where_certificates_are_verified() {
    let Some(server) = Encrypting::expired() else { return };
    let database = server.cluster.database("expired");
    for mode in ["verify-full", "verify-ca", "require"] {
        let url = server.by_name(&database, &format!("sslmode={mode}&sslrootcert={{authority}}"));
        refused(&url, &["has expired; renew it on the server", "expired"]);
    }
    // The authority's hash is another one, to which the password is bound.
    assert!(encrypts(&database, &server.by_name(&database, "sslmode=require&channel_binding=require")));
}

#[test]
fn a_server_without_encryption_is_refused_from_require_on() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("plain");
    let url = |mode: &str| format!("{}?{mode}", database.tcp_url());
    let words = ["does not encrypt connections, and `sslmode` wants it; set `ssl = on` there"];
    assert_eq!(refused(&url("sslmode=require"), &words).kind, StoreErrorKind::ReadOnly);
    refused(&url("sslmode=verify-full&sslrootcert=system"), &words);
    assert!(!encrypts(&database, &url("sslmode=prefer")) && !encrypts(&database, &url("sslmode=disable")));
    // A socket of this machine is never encrypted, as in libpq.
    assert!(!encrypts(&database, &format!("{}&sslmode=require", database.url())));
}

#[test]
fn a_server_that_denies_encryption_is_sent_nothing_but_the_question() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("bound");
    let heard = std::thread::spawn(move || {
        let (mut client, _) = server.accept().expect("a client");
        let mut question = [0; 8];
        client.read_exact(&mut question).expect("the question whether it encrypts");
        client.write_all(b"N").expect("answered");
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).expect("the client ends the connection");
        rest
    });
    refused(&format!("postgres://{USER}:{PASSWORD}@{address}/orders?sslmode=require"), &["does not encrypt"]);
    assert_eq!(heard.join().expect("no panic"), b"");
}

#[test]
fn a_role_that_must_not_encrypt_is_let_in_by_prefer() {
    let Some(server) = Encrypting::start() else { return };
    let database = server.cluster.database("plain");
    let url = |mode: &str| server.url("localhost", PLAIN_ONLY, &database, mode);
    assert!(!encrypts(&database, &url("sslmode=prefer")));
    refused(&url("sslmode=require"), &["does not let this role in", "pg_hba.conf"]);
    let wrong = url("sslmode=prefer").replace(PASSWORD, "wrong");
    refused(&wrong, &["does not let this role in"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_certificate_is_known_by_it() {
    let Some(server) = Encrypting::start() else { return };
    let database = server.cluster.database("clients");
    let url = |client: &str| {
        let mode = format!("sslmode=verify-full&sslrootcert={{authority}}&{client}");
        server.url("localhost", BY_CERTIFICATE, &database, &mode).replace(&format!(":{PASSWORD}"), "")
    };
    let client = server.client("client", &server.authority.client(BY_CERTIFICATE));
    let engine = builder(url(&client)).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    doubles(&run, &[4], 8).await;
    let sessions = database.execute(SESSIONS).expect("sessions");
    let is_known = |name: &Option<String>| name.as_ref().is_some_and(|name| name.contains(BY_CERTIFICATE));
    assert!(sessions.len() > 2 && sessions.iter().all(|session| is_known(&session[2])), "{sessions:?}");
    engine.shutdown(ENDING).soon().await.expect("an orderly end");

    tokio::task::block_in_place(|| {
        refused(&url("connect_timeout=5"), &["does not let this role in", "requires a valid client certificate"]);
        let another = server.client("another", &server.authority.client("nobody"));
        refused(&url(&another), &["does not let this role in", "certificate authentication failed"]);
        let foreign = Authority::new("an authority", &PKCS_ECDSA_P256_SHA256).client(BY_CERTIFICATE);
        let foreign = server.client("foreign", &foreign);
        refused(&url(&foreign), &["the server refuses the handshake", "name a valid one with `sslcert` and `sslkey`"]);
    });
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let Some(server) = Encrypting::start() else { return };
    let database = server.cluster.database("files");
    let url = |options: &str| server.by_name(&database, &format!("sslmode=require&{options}"));
    let (key, missing) = (server.authority.client(USER), server.path("missing"));
    let missing = missing.display();
    let cannot = "the connection cannot be encrypted: ";
    refused(
        &url(&format!("sslrootcert={missing}")),
        &[cannot, &format!("`sslrootcert={missing}` cannot be read; name")],
    );
    // Not even by a mode that would do without.
    refused(&url(&format!("sslrootcert={missing}")).replace("require", "prefer"), &[cannot]);
    let client = server.client("client", &key);
    let path = |name: &str| server.path(name).display().to_string();
    refused(&url(&client.replace(&path("client.crt"), &format!("{missing}"))), &["`sslcert=", "cannot be read"]);
    refused(&url(&client.replace(&path("client.key"), &format!("{missing}"))), &["`sslkey=", "cannot be read"]);
    refused(&url(&client.replace(&path("client.crt"), &path("client.key"))), &["has no certificate in the form PEM"]);
    refused(&url(&client.replace(&path("client.key"), &path("client.crt"))), &["has no private key in the form PEM"]);
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let locked = server.file("locked.key", encrypted).display().to_string();
    refused(&url(&client.replace(&path("client.key"), &locked)), &["has an encrypted key", "decrypt it"]);
    let damaged = server.file("damaged.crt", "-----BEGIN CERTIFICATE-----\nnonsense!\n").display().to_string();
    refused(&url(&format!("sslrootcert={damaged}")), &["is damaged; export the certificate anew"]);
    let other = server.client("other", &server.authority.client(USER));
    let mixed = client.replace(&path("client.key"), &path("other.key"));
    refused(&url(&mixed), &["`sslcert` and `sslkey` cannot be used together", "name a certificate and its own key"]);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(server.path("other.key"), open).expect("permitted");
    refused(&url(&other), &["may be read by other users of this machine", "chmod 600"]);
}

#[test]
fn files_are_read_anew_for_each_connection() {
    let Some(server) = Encrypting::start() else { return };
    let database = server.cluster.database("renewed");
    let options = options(&server.by_name(&database, "sslmode=verify-full&sslrootcert={authority}")).poll_only();
    options.clone().open().expect("it opens");
    server.file("authority.crt", &Authority::new("the next authority", &PKCS_ECDSA_P256_SHA256).pem());
    let error = options.clone().open().expect_err("another authority").message;
    assert!(error.contains("is not from an authority in `sslrootcert`"), "{error}");
    server.file("authority.crt", &server.authority.pem());
    options.open().expect("it opens");
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_connections_are_made_anew_after_a_crash_of_the_server() {
    let Some(server) = Encrypting::start() else { return };
    let database = server.cluster.database("crash");
    let url = server.by_name(&database, "sslmode=verify-full&sslrootcert={authority}");
    let engine = builder(url).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    run.send(Number(1)).soon().await.expect("sent");
    tokio::task::block_in_place(|| {
        server.cluster.kill();
        server.cluster.restart();
    });
    limits::until(async || engine.send(run.id(), Number(2)).key("two").await.is_ok()).await;
    doubles(&run, &[], 6).await;
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

//! Secrets in running workflows: stored only encrypted, redacted wherever they are displayed, and readable after a
//! restart.

use crate::place::Place;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::field_store::MemoryFieldStore;
use steadfast::prelude::*;
use steadfast::{EngineError, Key, ParkCause, RunError, Secret, StaticKeys};

/// The text that must not be found anywhere.
const PLANTED: &str = "planted-hunter2-secret";

#[derive(StepContext, Clone, Debug)]
struct Account {
    user: String,
    password: Secret<String>,
    #[context(default)]
    tokens: Vec<Secret<Vec<u8>>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Login {
    user: String,
    password: Secret<String>,
}

#[step]
async fn log_in(ctx: &Account, login: Login) -> Result<Secret<String>> {
    assert_eq!(ctx.password.expose(), PLANTED);
    Ok(Secret::new(format!("{PLANTED}/{}", login.password.expose().len())))
}

#[workflow(context = Account)]
async fn visit(start: Start<Account>, login: Login) -> Result<Secret<String>> {
    let account = Account::builder().user(login.user.as_str()).password(login.password.clone()).build();
    let mut flow = start.with(account).await?;
    let token = log_in(&flow, login.clone()).await?;
    flow.update(|c| c.tokens(vec![Secret::new(token.expose().clone().into_bytes())])).await?;
    flow.sleep(Duration::from_hours(1)).await?;
    let token = log_in(&flow, login).await?;
    assert_eq!(flow.tokens[0].expose(), token.expose().as_bytes());
    Ok(token)
}

fn login() -> Login {
    Login { user: "ann".into(), password: Secret::new(PLANTED.into()) }
}

fn key(id: &str, byte: u8) -> Key {
    Key::new(id, [byte; 32])
}

fn builder(place: &Place) -> steadfast::EngineBuilder {
    place.builder().skip_sleeps().workflow(visit)
}

/// Returns whether any file of the database, or any row on the server, holds the planted text.
fn holds_planted(place: &Place) -> bool {
    if !place.is_postgres() {
        return std::fs::read_dir(place.folder()).unwrap().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes())
        });
    }
    let tables = place.rows("SELECT tablename FROM pg_tables WHERE tablename LIKE 'steadfast%'");
    assert!(tables.len() > 5, "{tables:?}");
    tables.iter().any(|row| {
        let table = row[0].as_deref().unwrap();
        // A row as text has its bytes as hexadecimal digits.
        let planted = format!(
            "SELECT count(*) FROM {table} t WHERE t::text LIKE '%{PLANTED}%'
                OR t::text LIKE '%' || encode('{PLANTED}', 'hex') || '%'"
        );
        place.count(&planted) > 0
    })
}

crate::tests_on!(file, memory, postgres:
    a_secret_is_in_no_file_and_no_history_and_comes_back_after_a_restart,
    a_secret_that_nobody_could_foresee_parks_the_run_until_there_is_a_key,
    a_missing_key_parks_the_run_and_a_rotated_one_goes_on,
    a_missing_key_of_a_lazy_field_parks_the_run,
    two_inputs_that_differ_in_a_secret_are_told_apart,
);

async fn a_secret_is_in_no_file_and_no_history_and_comes_back_after_a_restart(place: Place) {
    let keys = || StaticKeys::new(key("k1", 7));
    let engine = builder(&place).keys(keys()).start().await.unwrap();
    let run = engine.start(visit, login()).id("visit-1").await.unwrap();
    let token = run.result().soon().await.unwrap();
    assert_eq!(*token.expose(), format!("{PLANTED}/{}", PLANTED.len()));
    let entries = run.history().await.unwrap();
    let history = format!("{entries:?} {}", entries.iter().map(ToString::to_string).collect::<String>());
    assert!(history.contains("[secret]") && !history.contains(PLANTED), "{history}");
    let context = run.context_history().await.unwrap().to_string();
    assert!(context.contains("password  \"[secret]\"") && !context.contains("sealed1"), "{context}");
    assert!(!holds_planted(&place), "while the log is there");
    drop((run, engine));

    let engine = builder(&place).keys(keys()).start().await.unwrap();
    let run = engine.start(visit, login()).id("visit-1").await.unwrap();
    assert!(!run.is_new(), "an input with a secret is compared");
    assert_eq!(run.result().soon().await.unwrap(), token);
    let account = run.context_at::<Account>(u64::MAX).await.unwrap().unwrap();
    assert_eq!(account.password.expose(), PLANTED);
    assert_eq!(account.to_json().unwrap(), r#"{"user":"ann","password":"[secret]","tokens":["[secret]"]}"#);
    assert!(account.to_json_with_secrets().unwrap().contains(PLANTED));
    let other = Login { password: Secret::new("another".into()), ..login() };
    let error = engine.start(visit, other).id("visit-1").await.unwrap_err();
    assert!(matches!(error, EngineError::OtherInput { .. }) && !error.to_string().contains("another\""), "{error}");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    assert!(!holds_planted(&place));
}

#[tokio::test]
async fn without_keys_an_engine_with_secrets_does_not_start() {
    let error = Engine::builder().in_memory().workflow(visit).start().await.unwrap_err().to_string();
    assert!(error.starts_with("field `password` of context `Account` (workflow `visit`) holds a secret"), "{error}");
    assert!(error.contains("add `.keys(..)`"), "{error}");
}

/// Types that hold a secret, however they are written. The engine finds the secret before the first run.
#[expect(clippy::unused_async, reason = "a step or a workflow need not wait for anything")]
mod found {
    use std::collections::BTreeMap;
    use std::marker::PhantomData;
    use steadfast::prelude::*;

    type Pin = steadfast::Secret<u16>;
    type Pins = Vec<Pin>;

    #[derive(StepContext, Clone)]
    pub(super) struct Aliased {
        #[context(default)]
        pin: Option<Pin>,
    }

    #[derive(StepContext, Clone)]
    pub(super) struct AliasedList {
        #[context(default)]
        pins: Pins,
    }

    #[derive(StepContext, Clone)]
    pub(super) struct Nested {
        #[context(default)]
        all: BTreeMap<String, Option<(u8, steadfast::Secret<String>)>>,
    }

    /// A user's type with the name of steadfast's.
    #[derive(serde::Serialize, serde::Deserialize, Clone, PartialEq, Default)]
    pub(super) struct Secret<T> {
        known_to: u8,
        of: PhantomData<T>,
    }

    #[derive(StepContext, Clone)]
    pub(super) struct Own {
        #[context(default)]
        secret: Option<Secret<u8>>,
    }

    #[workflow(context = Aliased)]
    pub(super) async fn aliased(flow: &mut Flow<Aliased>) -> Result<bool> {
        Ok(flow.pin.is_some())
    }

    #[workflow(context = AliasedList)]
    pub(super) async fn aliased_list(flow: &mut Flow<AliasedList>) -> Result<usize> {
        Ok(flow.pins.len())
    }

    #[workflow(context = Nested)]
    pub(super) async fn nested(flow: &mut Flow<Nested>) -> Result<usize> {
        Ok(flow.all.len())
    }

    #[workflow]
    pub(super) async fn taken(_flow: &mut Flow, pin: Option<Pin>) -> Result<bool> {
        Ok(pin.is_some())
    }

    #[workflow]
    pub(super) async fn given(_flow: &mut Flow) -> Result<Pins> {
        Ok(Vec::new())
    }

    #[workflow(context = Own)]
    pub(super) async fn own(flow: &mut Flow<Own>) -> Result<bool> {
        Ok(flow.secret.is_none())
    }

    #[derive(Clone)]
    pub(super) struct Graph;

    #[workflow]
    impl Graph {
        #[step]
        async fn first(begin: Begin<Pin>) -> Result<Stop<u16>> {
            Ok(Stop(*begin.0.expose()))
        }
    }
}

#[tokio::test]
async fn a_secret_is_found_in_a_type_however_it_is_written() {
    async fn refused<M>(workflow: impl steadfast::Startable<M> + 'static) -> String {
        Engine::builder().in_memory().workflow(workflow).start().await.unwrap_err().to_string()
    }
    let all = [
        (refused(found::aliased).await, "field `pin` of context `Aliased`"),
        (refused(found::aliased_list).await, "field `pins` of context `AliasedList`"),
        (refused(found::nested).await, "field `all` of context `Nested`"),
        (refused(found::taken).await, "the input of workflow `taken`"),
        (refused(found::given).await, "the result of workflow `given`"),
        (refused(found::Graph).await, "the input of workflow `Graph`"),
    ];
    for (error, place) in all {
        assert!(error.starts_with(place) && error.contains("holds a secret"), "{error}");
    }
    let engine = Engine::builder().in_memory().workflow(found::own).start().await.unwrap();
    assert!(engine.start(found::own, ()).await.unwrap().result().soon().await.unwrap());
}

#[step]
async fn hidden(login: Login) -> Result<usize> {
    Ok(login.password.expose().len())
}

/// Uses a secret that its types do not show.
#[workflow]
async fn unseen(flow: &mut Flow) -> Result<usize> {
    Ok(hidden(flow, login()).await?)
}

async fn a_secret_that_nobody_could_foresee_parks_the_run_until_there_is_a_key(place: Place) {
    let builder = || place.builder().workflow(unseen);
    let engine = builder().start().await.unwrap();
    let run = engine.start(unseen, ()).id("u").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on without a key") };
    assert_eq!(reason.cause, ParkCause::MissingKey, "{reason}");
    assert!(reason.message.contains("add `.keys(..)`"), "{reason}");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = builder().keys(StaticKeys::new(key("k", 1))).start().await.unwrap();
    let run = engine.handle(unseen, "u").await.unwrap();
    crate::runs::wait_for(&run, steadfast::Status::Completed).await;
    assert_eq!(run.result().soon().await.unwrap(), PLANTED.len());
}

async fn a_missing_key_parks_the_run_and_a_rotated_one_goes_on(place: Place) {
    let started = || place.builder().workflow(visit);
    let engine = started().keys(StaticKeys::new(key("old", 1))).start().await.unwrap();
    let run = engine.start(visit, login()).id("visit-1").await.unwrap();
    crate::runs::wait_for(&run, steadfast::Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    let report = started().keys(StaticKeys::new(key("new", 2))).check().await.unwrap();
    assert_eq!(report.problems()[0].reason.cause, ParkCause::MissingKey);
    assert!(report.to_string().contains("the key `old` of a secret is missing"), "{report}");

    // The clock of this engine skips the sleep.
    let rotated = StaticKeys::new(key("new", 2)).with_old(key("old", 1));
    let engine = started().skip_sleeps().keys(rotated).start().await.unwrap();
    let run = engine.handle(visit, "visit-1").await.unwrap();
    assert!(run.result().soon().await.unwrap().expose().starts_with(PLANTED));
    let rows = run.history().await.unwrap();
    let last = rows.last().and_then(|entry| entry.value.clone()).unwrap();
    assert!(String::from_utf8_lossy(&last.bytes).starts_with("\"sealed1:new:"), "what is new is under the new key");
}

#[derive(StepContext, Clone, Debug)]
struct Vaulted {
    #[context(default, store = "blobs")]
    file: Lazy<Secret<String>>,
}

#[step(retry(attempts = 2, backoff = "1ms"))]
async fn read_file(ctx: &Vaulted) -> Result<usize> {
    Ok(ctx.file.get().await?.expose().len())
}

#[workflow(context = Vaulted)]
async fn filing(flow: &mut Flow<Vaulted>) -> Result<usize> {
    flow.update(|c| c.file(Lazy::new(Secret::new(PLANTED.to_owned())))).await?;
    flow.sleep(Duration::from_hours(10)).await?;
    Ok(read_file(flow).await?)
}

async fn a_missing_key_of_a_lazy_field_parks_the_run(place: Place) {
    let blobs = MemoryFieldStore::default();
    let builder = || place.builder().field_store("blobs", blobs.clone()).workflow(filing);
    let engine = builder().keys(StaticKeys::new(key("old", 1))).start().await.unwrap();
    let run = engine.start(filing, ()).id("f").await.unwrap();
    crate::runs::wait_for(&run, steadfast::Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let checked = builder().keys(StaticKeys::new(key("new", 2))).check().await.unwrap();
    let engine = builder().keys(StaticKeys::new(key("new", 2))).skip_sleeps().start().await.unwrap();
    let outcome = engine.handle(filing, "f").await.unwrap().result().soon().await;
    assert!(matches!(outcome, Err(RunError::Parked { .. })), "check said «{checked}», and the run {outcome:?}");
}

async fn two_inputs_that_differ_in_a_secret_are_told_apart(place: Place) {
    let builder = || place.builder().workflow(visit).workflow(visits_again);
    let engine = builder().keys(StaticKeys::new(key("k", 1))).start().await.unwrap();
    engine.start(visit, login()).id("ann").await.unwrap();
    let other = Login { password: Secret::new("another".into()), ..login() };
    let error = engine.start(visit, other).id("ann").await.unwrap_err();
    assert!(matches!(&error, EngineError::OtherInput { recorded, given, .. } if recorded != given), "{error}");
    assert!(error.to_string().contains("another secret") && !error.to_string().contains(PLANTED), "{error}");
    let error = engine.start(visits_again, ()).await.unwrap().result().soon().await.unwrap_err().to_string();
    assert!(error.contains("another secret") && !error.contains(PLANTED), "{error}");
}

#[workflow]
async fn visits_again(flow: &mut Flow) -> Result<()> {
    let other = Login { user: "ann".into(), password: Secret::new("yet another".into()) };
    flow.start(visit, other).id("ann").await.await?;
    Ok(())
}

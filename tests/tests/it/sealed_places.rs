//! Sealed secrets open only at their own location in their own run: write access to the database is not enough to have
//! one read as another field, as another argument, or by another run.

use crate::place::Place;
use crate::runs::wait_for;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Key, Message, ParkCause, RunError, Secret, StaticKeys, Status};

#[derive(StepContext, Clone)]
struct Two {
    public: Secret<String>,
    private: Secret<String>,
}

#[derive(Debug, serde::Serialize, serde::Deserialize, Message)]
struct Go;

#[step]
async fn pass(one: Secret<String>, other: Secret<String>) -> Result<Secret<String>> {
    Ok(Secret::new(format!("{}{}", one.expose(), other.expose())))
}

#[step]
async fn tell(ctx: &Two) -> Result<String> {
    Ok(ctx.public.expose().clone())
}

/// Returns `public`, and never `private`.
#[workflow(context = Two)]
async fn tells(start: Start<Two>, private: Secret<String>) -> Result<(String, String)> {
    let public = Secret::new("public".to_owned());
    let flow = start.with(Two::builder().public(public.clone()).private(private.clone()).build()).await?;
    let passed = pass(&flow, public, private).await?;
    flow.receive::<Go>().await?;
    Ok((tell(&flow).await?, passed.expose().clone()))
}

fn builder(place: &Place) -> EngineBuilder {
    let keys = StaticKeys::new(Key::new("k", [7; 32]));
    place.builder().keys(keys).evict_after(Duration::ZERO).workflow(tells)
}

/// Starts two runs that wait, changes the database meanwhile, and returns the outcome of the first.
async fn tampered(place: &Place, change: impl FnOnce()) -> Result<(String, String), RunError> {
    let engine = builder(place).start().await.unwrap();
    for id in ["one", "two"] {
        let run = engine.start(tells, Secret::new(format!("private of {id}"))).id(id).await.unwrap();
        wait_for(&run, Status::Sleeping).await;
    }
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
    drop(engine);
    change();
    let engine = builder(place).start().await.unwrap();
    let run = engine.handle(tells, "one").await.unwrap();
    run.send(Go).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), run.result()).await.unwrap()
}

/// Subqueries for the row numbers of the two runs.
const ONE: &str = "(SELECT number FROM steadfast_runs WHERE id = 'one')";
const TWO: &str = "(SELECT number FROM steadfast_runs WHERE id = 'two')";

async fn does_not_open(place: Place, name: &str, change: impl FnOnce()) {
    match tampered(&place, change).await {
        Err(RunError::Parked { reason }) => {
            assert_eq!(reason.cause, ParkCause::Unreadable, "{name}: {reason}");
            assert!(!reason.to_string().contains("private of"), "{name}: {reason}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

/// Executes a statement on the rows of context fields.
async fn field_does_not_open(place: Place, name: &str, statement: &str) {
    let rows = place.clone();
    does_not_open(place, name, || assert!(!rows.rows(&format!("{statement} RETURNING 1")).is_empty())).await;
}

/// Executes a statement on the entries of a file.
async fn entry_does_not_open(name: &str, statement: &str) {
    let place = Place::file().unwrap();
    let path = place.path();
    let change = || {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        assert!(crate::entries::change(&connection, statement) > 0, "{statement}");
    };
    does_not_open(place, name, change).await;
}

crate::tests_on!(file, postgres:
    left_alone_it_opens,
    as_another_field_of_its_run_it_does_not_open,
    as_the_same_field_of_another_run_it_does_not_open,
);

async fn left_alone_it_opens(place: Place) {
    let outcome = tampered(&place, || ()).await.unwrap();
    assert_eq!(outcome, ("public".to_owned(), "publicprivate of one".to_owned()));
}

async fn as_another_field_of_its_run_it_does_not_open(place: Place) {
    let fields = format!("FROM steadfast_fields WHERE run = {ONE} AND name = 'private'");
    let statement = format!(
        "UPDATE steadfast_fields SET body = (SELECT body {fields}), form = (SELECT form {fields})
         WHERE run = {ONE} AND name = 'public'"
    );
    field_does_not_open(place, "field", &statement).await;
}

async fn as_the_same_field_of_another_run_it_does_not_open(place: Place) {
    // The other field is left alone in a database of its own.
    let another = if place.is_file() { Place::file() } else { Place::postgres() };
    for (place, name) in [(place, "public"), (another.unwrap(), "private")] {
        let statement = format!(
            "UPDATE steadfast_fields SET body = (SELECT body FROM steadfast_fields WHERE run = {TWO} AND name = '{name}')
             WHERE run = {ONE} AND name = '{name}'"
        );
        field_does_not_open(place, &format!("owner-{name}"), &statement).await;
    }
}

#[tokio::test]
async fn as_an_input_a_result_or_an_argument_of_another_run_it_does_not_open() {
    for kind in ["run_started", "step_completed", "step_started"] {
        let statement = format!(
            "UPDATE steadfast_entries SET body = (SELECT body FROM steadfast_entries WHERE run = {TWO} AND kind = '{kind}')
             WHERE run = {ONE} AND kind = '{kind}'"
        );
        entry_does_not_open(kind, &statement).await;
    }
}

/// Tests the run's input in the place of the step's result: both are one token.
#[tokio::test]
async fn at_a_place_of_another_kind_it_does_not_open() {
    let statement = format!(
        "UPDATE steadfast_entries
         SET body = (SELECT body FROM steadfast_entries WHERE run = {ONE} AND kind = 'run_started')
         WHERE run = {ONE} AND kind = 'step_completed'"
    );
    entry_does_not_open("input-as-result", &statement).await;
    let field = format!("(SELECT body FROM steadfast_fields WHERE run = {ONE} AND name = 'private')");
    let statement =
        format!("UPDATE steadfast_entries SET body = {field} WHERE run = {ONE} AND kind = 'step_completed'");
    entry_does_not_open("field-as-result", &statement).await;
}

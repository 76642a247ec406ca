//! Secrets in events: sealed in every location, and sealed anew for a copy of the run.

use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::{ForkPoint, Key, Secret, StaticKeys};

#[derive(Event)]
struct Login {
    user: String,
    password: Secret<String>,
}

#[derive(Event)]
#[event(external)]
struct Token(Secret<String>);

#[derive(Event)]
struct Checked {
    token: Secret<String>,
}

#[derive(Event)]
struct Ready;

struct Access;

#[workflow]
impl Access {
    #[step(sends(Checked))]
    async fn begin(begin: Begin<String>, scope: &StepScope) -> Result<Vec<Login>> {
        scope.send(Checked { token: Secret::new("planted-sent".to_owned()) }).await?;
        Ok(vec![Login { user: begin.0.clone(), password: Secret::new("planted-result".to_owned()) }])
    }

    #[step]
    async fn log_in(login: Login) -> Result<Checked> {
        assert_eq!((login.user.as_str(), login.password.expose().as_str()), ("ann", "planted-result"));
        Ok(Checked { token: login.password })
    }

    #[step]
    async fn both(#[collect] checked: Vec<Checked>) -> Result<Ready> {
        assert_eq!(checked.len(), 2);
        Ok(Ready)
    }

    #[step]
    async fn end(#[collect(1)] _: Vec<Ready>, #[collect(1)] token: Vec<Token>) -> Result<Stop<Secret<String>>> {
        token.into_iter().next().map(|token| Stop(token.0)).ok_or_else(|| Error::msg("one token is waited for"))
    }
}

fn keys() -> StaticKeys {
    StaticKeys::new(Key::new("k1", [7; 32]))
}

#[tokio::test]
async fn secrets_in_events_are_sealed_and_go_along() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let database = folder.path().join("access.db");
    let engine = Engine::builder().sqlite(&database).keys(keys()).workflow(Access).start().await.unwrap();
    let run = engine.start(Access, "ann".to_owned()).id("access").await.unwrap();
    engine.emit("access", Token(Secret::new("planted-outside".to_owned()))).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap().expose(), "planted-outside");
    // A copy is another execution, for which everything that it copies is sealed anew.
    let history = run.history().await.unwrap();
    let token = history.iter().find(|entry| entry.kind.as_str() == "message_received").unwrap();
    engine.fork("access", ForkPoint::after_entry(token.seq)).id("copy").await.unwrap();
    let copy = engine.start(Access, "ann".to_owned()).id("copy").await.unwrap();
    assert_eq!(copy.result().soon().await.unwrap().expose(), "planted-outside");
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("planted"));
    }
}

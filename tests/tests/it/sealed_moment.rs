//! Secrets that reach a run in the very commit in which it continues as new.

use crate::faulty::Hooked;
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::store::backend::{InboxKind, NewInboxItem, Outgoing, Write};
use steadfast::{Key, Message, Secret, StaticKeys};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);

#[derive(Message, Serialize, Deserialize)]
struct Password(Secret<String>);

#[derive(Message, Serialize, Deserialize)]
struct Go;

/// Receives one password, continues as new, and receives another one there. The answer to a question is read likewise.
#[workflow]
async fn reads(flow: &mut Flow, asked: Option<String>) -> Result<String> {
    let Some(id) = asked else {
        let request = flow.request::<Go, Password>(Go);
        let id = request.id();
        let (mut request, mut go) = (request.within(Duration::from_hours(1)), flow.receive::<Go>());
        select_biased! { _ = request => panic!("it was answered"), go = go => { go?; } };
        flow.receive::<Password>().await?;
        return flow.continue_as_new(reads, Some(id)).await;
    };
    let sent = flow.receive::<Password>().await?.0.expose().clone();
    let answered = flow.answer_to::<Password>(id).await?.0.expose().clone();
    Ok(format!("{sent} {answered}"))
}

/// The items that were enqueued, and are enqueued again at the commit of the continue-as-new.
#[derive(Default)]
struct Kept(Mutex<Vec<NewInboxItem>>);

crate::tests_on!(memory, postgres: a_secret_that_comes_at_the_moment_of_a_fresh_journal_can_be_read);

async fn a_secret_that_comes_at_the_moment_of_a_fresh_journal_can_be_read(place: Place) {
    let kept = Arc::new(Kept::default());
    let at_commit = kept.clone();
    let store = Hooked::over(place.store(), move |store, writes| {
        let mut kept = at_commit.0.lock().unwrap();
        for write in writes {
            match write {
                Write::Send(item) if item.kind == InboxKind::Message => kept.push(item.clone()),
                Write::Append(append) if append.outgoing.iter().any(|out| matches!(out, Outgoing::Replace(_))) => {
                    let seal = kept.iter().find(|item| item.name.as_deref() == Some("Password")).unwrap().clone();
                    let [request] =
                        &store.requests(steadfast::store::backend::RequestKey::Run(append.run)).unwrap()[..]
                    else {
                        panic!("the question is open")
                    };
                    let answer = NewInboxItem {
                        kind: InboxKind::Answer,
                        name: Some(request.id.clone()),
                        key: Some(format!("answer:{}", request.id)),
                        ..seal.clone()
                    };
                    let answer = Write::Answer { request: request.id.clone(), hash: "0".to_owned(), item: answer };
                    for write in [Write::Send(NewInboxItem { key: None, ..seal }), answer] {
                        store.commit(&[write]).unwrap().remove(0).unwrap();
                    }
                }
                _ => {}
            }
        }
        drop(kept);
        store.commit(writes)
    });
    let keys = StaticKeys::new(Key::new("k", [1; 32]));
    let engine = Engine::builder().store(store.clone()).keys(keys).workflow(reads).start().await.unwrap();
    let run = engine.start(reads, None).id("r").await.unwrap();
    engine.send("r", Password(Secret::new("hunter2".to_owned()))).await.unwrap();
    engine.send("r", Go).await.unwrap();
    assert_eq!(timeout(LONG, run.result()).await.expect("an end").unwrap(), "hunter2 hunter2");
}

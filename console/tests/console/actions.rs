//! Every action by its form: what it needs, what it does, and that it acts once.

use crate::client::{Answer, Served};
use crate::filled::Filled;
use crate::pages::folder;
use limits::{Soon as _, until};
use steadfast::Status;
use steadfast::inspect::{AuditQuery, Paging};

/// What a browser sends with a form of the page itself.
const SAME: &str = "sec-fetch-site: same-origin";
const FORM: &str = "content-type: application/x-www-form-urlencoded";

impl Served {
    /// Returns the token of the form of an action.
    pub(crate) async fn form(&self, about: &str) -> String {
        let answer = self.get_json(&format!("/act?{about}")).await;
        assert_eq!(answer.status, 200, "{about}: {}", answer.body);
        answer.json()["form"].as_str().expect("a token").to_owned()
    }

    /// Opens the form of an action, fills it in and sends it.
    pub(crate) async fn act(&self, about: &str, fields: &str) -> Answer {
        let token = self.form(about).await;
        self.send(&format!("{about}&{fields}&form={token}")).await
    }

    pub(crate) async fn send(&self, body: &str) -> Answer {
        self.ask("POST", "/act", &[SAME, FORM, "accept: application/json"], body).await
    }
}

async fn status(filled: &Filled, run: &str) -> Status {
    filled.engine.inspect().run(run).soon().await.expect("there").run.status
}

async fn acted(filled: &Filled, subject: &str) -> Vec<(String, String, String)> {
    let page = filled.engine.inspect().audit(&AuditQuery::all().subject(subject), &Paging::first(100)).soon().await;
    page.expect("read").items.into_iter().map(|entry| (entry.who, entry.action, entry.why)).collect()
}

/// Ends a run that waits, and deletes it.
pub(crate) async fn cancel_and_delete(console: &Served, filled: &Filled, run: &str) {
    assert_eq!(console.act(&format!("do=cancel&run={run}"), "why=gone").await.status, 200);
    until(async || status(filled, run).await == Status::Cancelled).await;
    assert_eq!(console.act(&format!("do=delete&run={run}"), "why=gone").await.status, 200);
}

async fn runs_are_acted_on(filled: &Filled) {
    let console = Served::all(filled).await;
    for id in ["a", "b", "c"] {
        filled.waiting(id).await;
    }
    let done = console.act("do=pause&run=a", "why=the+bank").await;
    assert_eq!((done.status, done.json()["done"].as_str()), (200, Some("pause")), "{}", done.body);
    until(async || status(filled, "a").await == Status::Paused).await;
    assert_eq!(console.act("do=resume&run=a", "").await.status, 200);
    until(async || status(filled, "a").await == Status::Sleeping).await;
    let sent = console.act("do=send&run=a", "message=Stop&value=7&key=k").await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    until(async || status(filled, "a").await == Status::Completed).await;
    let forked = console.act("do=fork&run=a", "after_entry=1&id=a-again").await;
    assert_eq!((forked.status, forked.json()["result"]["run"].as_str()), (200, Some("a-again")), "{}", forked.body);
    let changed = console.act("do=fork&run=order-1", "after_entry=10&id=order-1-again&set=customer%3D%22Bob%22").await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let context = filled.engine.inspect().context("order-1-again", u64::MAX).soon().await.expect("read").expect("set");
    assert_eq!(context.fields["customer"].value.to_string(), "\"Bob\"");
    assert_eq!(console.act("do=gc", "why=tidy").await.status, 200);
    assert_eq!(console.act("do=rewind&run=a", "after_entry=1&why=again").await.status, 200);
    let chain = filled.engine.inspect().run("a").soon().await.expect("there").chain;
    assert_eq!(chain.len(), 2, "as it was, it is there: {chain:?}");
    assert_eq!(console.act("do=cancel&run=b", "why=gone").await.status, 200);
    until(async || status(filled, "b").await == Status::Cancelled).await;
    assert_eq!(console.act("do=delete&run=b", "why=gone").await.status, 200);
    assert_eq!(console.get("/run?id=b").await.status, 404);
    assert_eq!(console.act("do=force_cancel&run=changed-1", "why=stuck").await.status, 200);
    until(async || status(filled, "changed-1").await == Status::Cancelled).await;
    let retried = console.act("do=retry&run=broken-1", "").await;
    assert_eq!(retried.status, 200, "{}", retried.body);
    let token = console.form("do=export&run=a").await;
    let copy = console.ask("POST", "/act", &[SAME, FORM], &format!("do=export&run=a&form={token}")).await;
    assert!(copy.status == 200 && copy.body.starts_with("SQLite format 3"), "{}", copy.head);
    assert_eq!(copy.header("content-disposition"), Some("attachment; filename=\"a.db\""));
    let started = console.act("do=start&workflow=parcel", "input=4&id=new-1").await;
    assert_eq!((started.status, started.json()["result"]["new"].as_bool()), (200, Some(true)), "{}", started.body);
    let records = acted(filled, "a").await;
    assert!(records.contains(&("tester".to_owned(), "pause".to_owned(), "the bank".to_owned())), "{records:?}");
    // A reason is asked for before anything is destroyed.
    let without = console.act("do=cancel&run=c", "why=+").await;
    assert!(without.status == 400 && without.body.contains("reason"), "{}", without.body);
    assert_eq!(status(filled, "c").await, Status::Sleeping);
}

async fn the_rest_is_acted_on(filled: &Filled) {
    let console = Served::all(filled).await;
    let inspector = filled.engine.inspect();
    let requests = inspector.open_requests(&Paging::first(9)).soon().await.expect("read").items;
    let request = requests.iter().find(|request| request.run == "order-1").expect("it asks");
    let ask = format!("do=answer&request={}", request.id);
    let bad = console.act(&ask, "value=yes").await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    let answered = console.act(&ask, "value=%7B%22yes%22%3Atrue%2C%22remark%22%3A%22%22%7D").await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let open = inspector.open_requests(&Paging::first(9)).soon().await.expect("read").items;
    assert!(open.iter().all(|other| other.id != request.id), "{open:?}");
    for (about, fields) in [
        ("do=queue_total&queue=mail", "total=7"),
        ("do=queue_per_key&queue=mail", "per_key=2"),
        ("do=queue_rate&queue=mail", "rate=10%2F1s"),
        ("do=queue_weight&queue=mail", "weight=acme%3D3"),
        ("do=queue_pause&queue=mail", "note=down"),
        ("do=queue_resume&queue=mail", ""),
        ("do=queue_reset&queue=mail", ""),
        ("do=schedule_pause&schedule=nightly", "note=holidays"),
        ("do=schedule_resume&schedule=nightly", ""),
        ("do=schedule_trigger&schedule=nightly", ""),
        ("do=schedule_backfill&schedule=nightly", "from=2026-01-01&until=2026-01-03"),
    ] {
        let done = console.act(about, fields).await;
        assert_eq!(done.status, 200, "{about}: {}", done.body);
    }
    let records = acted(filled, "queue mail").await;
    assert_eq!(records.len(), 7, "{records:?}");
    let job = console.act("do=bulk&status=sleeping&workflow=parcel", "action=cancel&why=closed&rate=1000").await;
    assert_eq!(job.status, 200, "{}", job.body);
    let number = &job.json()["result"]["job"];
    until(async || inspector.jobs(&Paging::first(1)).await.is_ok_and(|page| page.items[0].done >= 2)).await;
    let again = console.act(&format!("do=job_run&job={number}"), "").await;
    assert!(again.status == 200 || again.body.contains("is done"), "{}", again.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_done_on_a_file() {
    let filled = Filled::file(folder()).await;
    runs_are_acted_on(&filled).await;
    the_rest_is_acted_on(&filled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_done_on_postgres() {
    let Some(filled) = Filled::postgres().await else { return };
    runs_are_acted_on(&filled).await;
    the_rest_is_acted_on(&filled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_acts_once_and_for_its_own_action_only() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let other = Served::all(&filled).await;
    filled.waiting("a").await;
    filled.waiting("b").await;
    let token = console.form("do=pause&run=a").await;
    for (body, why) in [
        ("do=pause&run=a".to_owned(), "no token"),
        ("do=pause&run=a&form=1.2.3".to_owned(), "nonsense"),
        (format!("do=pause&run=b&form={token}"), "another run"),
        (format!("do=cancel&run=a&why=x&form={token}"), "another action"),
        (format!("do=pause&run=a&form={}", token.replace('.', ".9")), "another time"),
        (format!("do=pause&run=a&form={}", other.form("do=pause&run=a").await), "another console"),
    ] {
        let answer = console.send(&body).await;
        assert_eq!(answer.status, 403, "{why}: {}", answer.body);
    }
    let body = format!("do=pause&run=a&form={token}");
    // A page of another site that has got hold of a token, and one without the cookie.
    for headers in
        [["sec-fetch-site: cross-site", FORM], ["origin: https://evil.example", FORM], ["origin: null", FORM]]
    {
        assert_eq!(console.ask("POST", "/act", &headers, &body).await.status, 403, "{headers:?}");
    }
    assert_eq!(console.plain("POST", "/act", &[SAME, FORM], &body).await.status, 401);
    assert_eq!(console.ask("POST", "/act", &[SAME, "content-type: text/plain"], &body).await.status, 415);
    assert_eq!(status(&filled, "a").await, Status::Sleeping);
    let address = format!("origin: http://{}", console.socket);
    assert_eq!(console.ask("POST", "/act", &[&address, FORM], &body).await.status, 303);
    let again = console.send(&body).await;
    assert!(again.status == 409 && again.body.contains("sent before"), "{}", again.body);
    assert_eq!(acted(&filled, "a").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_that_act_at_once_act_once() {
    let filled = Filled::file(folder()).await;
    let (one, other) = (Served::all(&filled).await, Served::all(&filled).await);
    let ask = "do=start&workflow=parcel";
    let fields = "input=4&id=both";
    let (left, right) = tokio::join!(one.act(ask, fields), other.act(ask, fields));
    assert_eq!((left.status, right.status), (200, 200), "{} {}", left.body, right.body);
    let news = [left, right].map(|answer| answer.json()["result"]["new"].as_bool().expect("a word"));
    assert_eq!(news.iter().filter(|is_new| **is_new).count(), 1, "{news:?}");
    // A request has one answer; the other console is told.
    let id = &filled.engine.inspect().open_requests(&Paging::first(1)).soon().await.expect("read").items[0].id;
    let ask = format!("do=answer&request={id}");
    let (left, right) = tokio::join!(
        one.act(&ask, "value=%7B%22yes%22%3Atrue%2C%22remark%22%3A%22a%22%7D"),
        other.act(&ask, "value=%7B%22yes%22%3Afalse%2C%22remark%22%3A%22b%22%7D")
    );
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && statuses[1] >= 404, "{} {}", left.body, right.body);
}

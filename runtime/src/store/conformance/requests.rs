//! Requests of runs, and their answers.

use super::rig::{AT, Rig, entry, item};
use crate::record::InboxKind;
use crate::store::{
    Append, Change, NewInboxItem, Outgoing, Rejected, RequestKey, RequestRow, Status, Store, Write, Written,
};
use crate::value::Value;

pub(super) fn request(id: &str, run: i64) -> RequestRow {
    RequestRow {
        id: id.to_owned(),
        run,
        position: 6,
        name: "Approval".to_owned(),
        answer: "Decision".to_owned(),
        at: AT,
        due: Some(AT + 9),
        answered: None,
        value: Value::json("{\"cents\":5}"),
    }
}

pub(super) fn answer(request: &str, hash: &str) -> Write {
    let item = NewInboxItem { kind: InboxKind::Answer, ..item(0, Some(request)) };
    Write::Answer { request: request.to_owned(), hash: hash.to_owned(), item }
}

fn open_ones<S: Store>(rig: &Rig<S>, after: &str, limit: usize) -> Vec<String> {
    let found = rig.store.requests(RequestKey::Open { after, limit }).expect("read");
    found.into_iter().map(|request| request.id).collect()
}

pub(super) fn asked_by<S: Store>(rig: &Rig<S>, run: i64) -> Vec<String> {
    rig.store.requests(RequestKey::Run(run)).expect("read").into_iter().map(|request| request.id).collect()
}

/// A request is found by its id, by its run, and among all open ones; made again, it stays as it was.
pub fn a_question_is_found<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let asked = |id: &str, run| Outgoing::Ask(request(id, run));
    assert_eq!(rig.outgoing(a, vec![asked("r2", a), asked("r1", a)]), (vec![Ok(0), Ok(0)], vec![]));
    rig.outgoing(b, vec![asked("r3", b), Outgoing::Ask(RequestRow { name: "Other".to_owned(), ..request("r1", b) })]);
    assert_eq!(rig.store.requests(RequestKey::Id("r1")).expect("read"), [request("r1", a)]);
    assert_eq!(rig.store.requests(RequestKey::Id("r9")).expect("read"), []);
    assert_eq!((asked_by(&rig, a), asked_by(&rig, b)), (vec!["r1".into(), "r2".into()], vec!["r3".into()]));
    assert_eq!(open_ones(&rig, "", 9), ["r1", "r2", "r3"]);
    assert_eq!((open_ones(&rig, "r1", 1), open_ones(&rig, "r3", 9)), (vec!["r2".to_owned()], vec![]));
}

/// The first answer reaches the run; the same one again changes nothing, and another is rejected.
pub fn an_answer_arrives_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.outgoing(run, vec![Outgoing::Ask(request("r1", run)), Outgoing::Ask(request("r2", run))]);
    let first = rig.write(answer("r1", "h1"));
    let waiting = rig.inbox(run);
    assert_eq!(first, Ok(Written::Number(waiting[0].number)));
    assert_eq!((waiting[0].name.as_deref(), waiting[0].position), (Some("r1"), Some(6)));
    assert_eq!((waiting[0].kind.as_str(), &waiting[0].value), ("answer", &item(0, None).value));
    for _ in 0..2 {
        assert_eq!(rig.write(answer("r1", "h1")), Ok(Written::Done));
        assert_eq!(rig.write(answer("r1", "h2")), Err(Rejected::Answered));
        let taken = rig.inbox(run).into_iter().map(|item| item.number).collect();
        rig.write(Write::from(Append { taken, ..rig.append(run, 2, Vec::new()) })).expect("taken");
    }
    assert!(rig.inbox(run).is_empty());
    assert_eq!(rig.write(answer("r9", "h1")), Err(Rejected::NoSuchRun));
    let kept = RequestRow { answered: Some("h1".to_owned()), ..request("r1", run) };
    assert_eq!(rig.store.requests(RequestKey::Id("r1")).expect("read"), [kept]);
    assert_eq!((asked_by(&rig, run), open_ones(&rig, "", 9)), (vec!["r2".to_owned()], vec!["r2".to_owned()]));
}

/// A withdrawn request is gone, unless it was answered, and only the asking run can withdraw it.
pub fn a_question_is_withdrawn<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    rig.outgoing(run, vec![Outgoing::Ask(request("r1", run)), Outgoing::Ask(request("r2", run))]);
    rig.write(answer("r1", "h1")).expect("answered");
    let withdraw = |id: &str| Outgoing::Withdraw { id: id.to_owned() };
    rig.outgoing(other, vec![withdraw("r2")]);
    assert_eq!(asked_by(&rig, run), ["r2"]);
    let all = vec![withdraw("r1"), withdraw("r2"), withdraw("r9")];
    assert_eq!(rig.outgoing(run, all), (vec![Ok(0), Ok(0), Ok(0)], vec![]));
    assert!(asked_by(&rig, run).is_empty());
    assert_eq!(rig.store.requests(RequestKey::Id("r1")).expect("read").len(), 1);
    assert_eq!(rig.write(answer("r2", "h1")), Err(Rejected::NoSuchRun));
}

/// A request whose time is over is gone; but if it was answered, the append that expires it is rejected.
pub fn an_answer_that_was_in_time_counts<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    rig.outgoing(run, vec![Outgoing::Ask(request("r1", run)), Outgoing::Ask(request("r2", run))]);
    rig.write(answer("r1", "h1")).expect("answered");
    let before = rig.row(run);
    let expire = |run: i64, ids: &[&str]| {
        let outgoing = ids.iter().map(|id| Outgoing::Expire { id: (*id).to_owned() }).collect();
        let seq = rig.row(run).seq;
        rig.write(Write::from(Append { outgoing, ..rig.append(run, seq, vec![entry(seq + 1)]) }))
    };
    assert_eq!(expire(run, &["r2", "r1"]), Err(Rejected::Fenced));
    assert_eq!((rig.row(run), asked_by(&rig, run)), (before, vec!["r2".to_owned()]));
    expire(other, &["r1", "r2"]).expect("they are not this run's");
    expire(run, &["r2", "r9"]).expect("there is no answer");
    assert!(asked_by(&rig, run).is_empty());
    assert_eq!(rig.write(answer("r2", "h1")), Err(Rejected::NoSuchRun));
}

/// Open requests of a run end with it; answered ones stay until it is deleted.
pub fn questions_end_with_the_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    for asker in [run, other] {
        let ask = ["x", "y"].map(|name| Outgoing::Ask(request(&format!("{asker}-{name}"), asker)));
        rig.outgoing(asker, ask.into());
    }
    let (x, y) = (format!("{run}-x"), format!("{run}-y"));
    rig.write(answer(&x, "h")).expect("answered");
    assert!(rig.end(run, Status::Completed).is_empty());
    assert!(rig.write(answer(&y, "h")).is_err());
    assert_eq!(rig.write(answer(&x, "h")), Ok(Written::Done));
    assert_eq!(open_ones(&rig, "", 9).len(), 2, "those of the other");
    assert_eq!(rig.write(Write::Delete { run, rows: 100 }), Ok(Written::Deleted(true)));
    assert_eq!(rig.store.requests(RequestKey::Id(&x)).expect("read"), []);

    rig.write(rig.change(other, Change { status: Some(Status::Parked), release: true, ..Change::default() }))
        .expect("parked");
    assert_eq!(rig.write(Write::Delete { run: other, rows: 1 }), Ok(Written::Deleted(false)));
    assert_eq!(rig.write(answer(&format!("{other}-x"), "h")), Err(Rejected::Ended), "it is being deleted");
    assert_eq!(rig.write(Write::Delete { run: other, rows: 100 }), Ok(Written::Deleted(true)));
    assert!(open_ones(&rig, "", 9).is_empty());
}

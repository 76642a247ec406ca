//! The context at any entry: who wrote each field, which steps saw which version, and what differs.

use crate::order::{self, asked, inspectors, json};
use crate::place::Place;
use crate::tests_on;
use limits::Soon as _;
use serde_json::json as value;
use steadfast::inspect::Paging;

tests_on!(file, memory, postgres: a_context_is_read_at_any_entry, steps_name_the_version_they_saw, contexts_are_compared);

const ALL: Paging = Paging::first(100);

async fn a_context_is_read_at_any_entry(place: Place) {
    let engine = order::engine(&place).await;
    let run = asked(&engine, "order-1").await;
    let typed = run.context_history().soon().await.expect("read");
    let versions: Vec<u64> = typed.entries().iter().map(|entry| entry.seq).collect();
    assert_eq!(versions.len(), 3);
    for inspector in inspectors(&place, &engine).await {
        assert!(inspector.context("order-1", versions[0] - 1).soon().await.expect("read").is_none());
        for (n, version) in versions.iter().enumerate() {
            let until = versions.get(n + 1).map_or(*version, |next| next - 1);
            for at in [*version, until] {
                let context = inspector.context("order-1", at).soon().await.expect("read").expect("set");
                assert_eq!((context.version, context.at, context.type_version), (*version, at, 1));
                let typed = run.context_at::<order::Order>(at).soon().await.expect("read").expect("set");
                assert_eq!(json(&context.fields["cents"].value)["value"], json(&typed.cents));
                assert_eq!(json(&context.fields["card"].value)["value"], value!("[secret]"));
            }
        }
        let last = inspector.context("order-1", u64::MAX).soon().await.expect("read").expect("set");
        let writers = ["tenant", "cents", "receipt"].map(|field| last.fields[field].written_by);
        assert_eq!(writers, [versions[0], versions[1], versions[2]]);
    }
}

async fn steps_name_the_version_they_saw(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    for inspector in inspectors(&place, &engine).await {
        let changes = inspector.context_changes("order-1", &ALL).soon().await.expect("read").items;
        let seen: Vec<Vec<_>> = changes
            .iter()
            .map(|change| change.seen_by.iter().map(|step| step.name.clone().expect("named")).collect())
            .collect();
        assert_eq!(seen, [vec!["charge"], vec!["pack", "token", "print"], vec![]]);
        assert_eq!(changes[1].seen_by_count, 3);
        let paid = &changes[1];
        assert_eq!(paid.after.as_ref().and_then(|after| after.name.as_deref()), Some("charge"));
        let fields: Vec<_> = paid.fields.iter().map(|field| json(&(&field.field, &field.left, &field.right))).collect();
        let shown = |of| value!({ "form": "json", "value": of, "secrets": false });
        let (zero, paid_cents) = (shown(value!(0)), shown(value!(500)));
        assert_eq!(fields[0], value!(["cents", zero, paid_cents]));
        assert_eq!(fields[1], value!(["status", shown(value!("")), shown(value!("paid"))]));
        let page = inspector.context_changes("order-1", &Paging::first(1)).soon().await.expect("read");
        let rest = inspector.context_changes("order-1", &Paging::first(9).after(page.next.expect("more"))).soon().await;
        assert_eq!(json(&rest.expect("read").items), json(&&changes[1..]));
    }
}

async fn contexts_are_compared(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    asked(&engine, "order-2").await;
    for inspector in inspectors(&place, &engine).await {
        let changes = inspector.context_changes("order-1", &ALL).soon().await.expect("read").items;
        let (set, last) = (changes[0].seq, changes[2].seq);
        let diff = inspector.diff(("order-1", set), ("order-1", last)).soon().await.expect("read");
        let names: Vec<_> = diff.fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(names, ["cents", "receipt", "status"]);
        assert!(inspector.diff(("order-1", last), ("order-1", u64::MAX)).soon().await.expect("read").fields.is_empty());
        let runs = inspector.diff(("order-1", u64::MAX), ("order-2", u64::MAX)).soon().await.expect("read");
        // Only the secret, which is sealed for its run.
        let differing: Vec<_> = runs.fields.iter().map(json).collect();
        let hidden = value!({ "form": "json", "value": "[secret]", "secrets": true });
        assert_eq!(differing, [value!({ "field": "card", "left": hidden, "right": hidden })]);
        let none = inspector.diff(("order-1", 1), ("order-2", u64::MAX)).soon().await.expect("read");
        assert!(none.left.is_none() && none.fields.len() == 5 && none.fields[0].left.is_none());
        inspector.diff(("order-1", 1), ("order-9", 1)).soon().await.expect_err("there is no such run");
    }
}

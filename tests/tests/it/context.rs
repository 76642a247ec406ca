//! Contexts without an engine: building, changing, and their text form.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use steadfast::context::ContextUpdate as _;
use steadfast::prelude::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    New,
    Paid {
        cents: u128,
    },
}

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Order {
    workspace_id: String,
    total: u64,
    #[context(default)]
    status: Status,
    #[context(default = "nobody")]
    owner: String,
    #[context(default = 3)]
    tries: u8,
    #[context(default)]
    receipt: Bytes,
    #[context(default)]
    r#type: Option<String>,
}

fn order() -> Order {
    Order::builder().workspace_id("ws-1").total(5).build()
}

#[test]
fn a_builder_fills_defaults() {
    let order = order();
    assert_eq!(order.workspace_id, "ws-1");
    assert_eq!((order.total, order.tries, order.owner.as_str()), (5, 3, "nobody"));
    assert_eq!((order.status, order.r#type), (Status::New, None));
}

#[test]
fn with_leaves_the_original_unchanged() {
    let old = order();
    let new = old.with(|c| c.total(c.total + 1).owner("me").r#type(Some("x".into())));
    assert_eq!((old.total, new.total, new.owner.as_str()), (5, 6, "me"));
}

#[test]
fn an_update_stores_only_what_changed() {
    let old = Arc::new(order());
    let mut update = Order::begin_update(old.clone());
    update.total(6).owner("nobody").status(Status::Paid { cents: u128::MAX });
    assert_eq!(update.changed(), ["total", "status"]);
    let (new, values) = update.store().unwrap();
    let values = values.iter().map(|(name, value)| (*name, value.to_string())).collect::<Vec<_>>();
    let paid = format!(r#"{{"Paid":{{"cents":{}}}}}"#, u128::MAX);
    assert_eq!(values, [("total", "6".to_owned()), ("status", paid)]);
    assert_eq!((old.total, new.total), (5, 6));
}

#[test]
fn a_context_without_fields_is_a_context() {
    #[derive(StepContext, Clone)]
    struct Nothing;
    #[derive(StepContext, Clone)]
    struct Empty {}

    let (_, values) = Nothing::builder().build().store_all().unwrap();
    assert!(values.is_empty());
    assert!(Empty::builder().build().with(|c| c).store_all().unwrap().1.is_empty());
}

//! Contexts without an engine: building, changing, and their text form.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use steadfast::__private::{Coder, ContextUpdate as _, RecordedValue};
use steadfast::history::Value;
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
    let values = update.encode(Coder::NO_RUN).unwrap();
    let new = update.apply();
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

    let (_, values) = Nothing::builder().build().store_all(Coder::NO_RUN).unwrap();
    assert!(values.is_empty());
    assert!(Empty::builder().build().with(|c| c).store_all(Coder::NO_RUN).unwrap().1.is_empty());
}

#[test]
fn an_equal_value_writes_nothing() {
    let old = Arc::new(order());
    let mut update = Order::begin_update(old.clone());
    update.total(5).owner("nobody").r#type(None);
    assert_eq!(update.changed(), [""; 0]);
    assert!(Arc::ptr_eq(&old, &update.discard()));
    assert!(old.store_difference(Coder::NO_RUN, order()).unwrap().1.is_empty());
}

#[test]
fn a_context_that_nobody_else_holds_is_changed_in_place() {
    let old = Arc::new(order());
    let place = Arc::as_ptr(&old);
    let mut update = Order::begin_update(old);
    update.total(7);
    let values = update.encode(Coder::NO_RUN).unwrap();
    let new = update.apply();
    assert_eq!((Arc::as_ptr(&new), new.total, values.len()), (place, 7, 1));
}

#[test]
fn stored_fields_load_as_they_were() {
    let paid = Status::Paid { cents: u128::MAX };
    let old = order().with(|c| c.status(paid).receipt(Bytes::from_static(b"\xff")).r#type(Some("a.b".into())));
    let (decoded, values) = old.clone().store_all(Coder::NO_RUN).unwrap();
    assert_eq!(decoded, old);
    let find = &mut |name: &str| {
        values.iter().find(|(field, _)| *field == name).map(|(name, value)| RecordedValue::new(*name, value.clone()))
    };
    assert_eq!(Order::load(Coder::NO_RUN, find).unwrap(), old);
}

#[test]
fn a_field_that_was_never_set_is_its_default_and_a_required_one_is_refused() {
    let fields = |absent: &'static str| {
        move |name: &str| match name {
            _ if name == absent => None,
            "workspace_id" => Some(RecordedValue::new(name, Value::json(r#""ws-1""#))),
            "total" => Some(RecordedValue::new(name, Value::json("5"))),
            _ => None,
        }
    };
    assert_eq!(Order::load(Coder::NO_RUN, &mut fields("")).unwrap(), order());
    let error = Order::load(Coder::NO_RUN, &mut fields("total")).unwrap_err();
    assert_eq!((error.context.as_str(), error.field.as_deref()), ("Order", Some("total")));
    assert_eq!(
        error.to_string(),
        "field `total` of context `Order`: it is required (`u64`), and what was recorded has no value for it: write `#[context(default)]` or `#[context(default = ..)]` before it, or `#[context(alias = \"..\")]` if it had another name"
    );
}

#[test]
fn a_value_that_does_not_decode_is_never_read_as_absent() {
    let mut order = order();
    let wrong = |name: &str| RecordedValue::new(name, Value::json("7"));
    let error = order.load_field(Coder::NO_RUN, &wrong("type")).unwrap_err().to_string();
    assert_eq!(
        error,
        "field `type` of context `Order`: expected `Option<String>`, found `7`: \
         invalid type: integer `7`, expected a string"
    );
    assert!(!order.load_field(Coder::NO_RUN, &wrong("unknown")).unwrap());
    assert!(order.load_field(Coder::NO_RUN, &wrong("total")).unwrap());
    assert_eq!(order.total, 7);
    assert!(order.load_field(Coder::NO_RUN, &RecordedValue::new("type", Value::json("null"))).unwrap());
    assert_eq!(order.r#type, None);
}

#[expect(clippy::option_option, reason = "the case is about what JSON makes of it")]
#[derive(StepContext, Clone, Debug, PartialEq)]
struct Measured {
    #[context(default)]
    values: Vec<(String, f64)>,
    #[context(default)]
    pairs: std::collections::BTreeMap<(u8, u8), u8>,
    #[context(default)]
    maybe: Option<Option<u8>>,
    #[context(default)]
    rounded: Rounded,
    #[context(default)]
    other: u8,
}

/// A value that decodes to another one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
struct Rounded(f64);

impl From<i64> for Rounded {
    fn from(whole: i64) -> Self {
        Self(f64::from(i32::try_from(whole).unwrap()))
    }
}

impl From<Rounded> for i64 {
    fn from(Rounded(float): Rounded) -> Self {
        format!("{float:.0}").parse().unwrap()
    }
}

#[test]
fn what_cannot_be_kept_is_refused_by_field_and_leaves_the_context_as_it_was() {
    let refused = |set: fn(&MeasuredUpdate) -> &MeasuredUpdate| {
        let old = Arc::new(Measured::builder().build());
        let mut update = Measured::begin_update(old.clone());
        set(&update).other(9);
        let error = update.encode(Coder::NO_RUN).unwrap_err();
        let kept = update.discard();
        assert!(Arc::ptr_eq(&old, &kept));
        error.to_string()
    };
    let error = refused(|c| c.values(vec![("x".into(), 1.0), ("y".into(), f64::NAN)]));
    assert_eq!(
        error,
        "field `values` of context `Measured`: at `[1][1]`: JSON has no NaN: it would be \
         read back as nothing"
    );
    assert!(refused(|c| c.pairs([((1, 2), 3)].into())).contains("a tuple as the key of a map"));
    assert!(refused(|c| c.maybe(Some(None))).contains("`Some` of a value that JSON writes as `null`"));
    let error = refused(|c| c.rounded(Rounded(1.5)));
    assert!(error.ends_with("the value is written as `2`, and that is read back as another value"), "{error}");
}

#[test]
fn a_context_as_text_comes_back_equal() {
    let old = order().with(|c| {
        c.status(Status::Paid { cents: u128::MAX }).receipt(Bytes::from_static(b"\xff\x00\x01")).owner("\"quoted\"")
    });
    let json = old.to_json().unwrap();
    let expected = format!(
        r#"{{"workspace_id":"ws-1","total":5,"status":{{"Paid":{{"cents":{}}}}},"owner":"\"quoted\"","tries":3,"receipt":"/wAB","type":null}}"#,
        u128::MAX
    );
    assert_eq!(json, expected);
    assert_eq!(Order::from_json(&json).unwrap(), old);
    assert_eq!(Order::from_json(r#" { "total" : 5 , "workspace_id":"ws-1" } "#).unwrap(), order());
}

#[test]
fn a_text_that_does_not_fit_is_refused_by_name() {
    let refused = |json: &str| Order::from_json(json).unwrap_err().to_string();
    assert_eq!(
        refused(r#"{"workspace_id":"a","total":1,"onwer":"x"}"#),
        "field `onwer` of context `Order`: there is no such field; did you mean `owner`?"
    );
    assert_eq!(
        refused(r#"{"workspace_id":"a","total":1,"cat":"x"}"#),
        "field `cat` of context `Order`: there is no such field; there are `workspace_id`, `total`, `status`, `owner`, \
         `tries`, `receipt`, `type`"
    );
    assert_eq!(
        refused(r#"{"total":1}"#),
        "field `workspace_id` of context `Order`: it is required (`String`), and what was recorded has no value for it: write `#[context(default)]` or `#[context(default = ..)]` before it, or `#[context(alias = \"..\")]` if it had another name"
    );
    assert!(refused(r#"{"workspace_id":"a","total":1,"total":2}"#).ends_with("it stands twice in the text"));
    assert!(refused(r#"{"workspace_id":"a","total":-1}"#).contains("field `total`"));
    assert!(refused(r#"{"workspace_id":"a","total":1,"receipt":"/wA"}"#).contains("base64 text with padding"));
    assert!(refused(r#"{"workspace_id":"a","total":null}"#).contains("field `total`"));
    for json in ["", "[]", "null", "{", r#"{"total":1} x"#] {
        assert!(refused(json).starts_with("context `Order`: expected a JSON object"), "{json}");
    }
}

#[test]
fn the_schema_tells_contexts_apart() {
    let schema = Order::schema();
    assert_eq!(schema.name, "Order");
    assert!(schema.to_json().starts_with(
        r#"{"name":"Order","fields":[{"name":"workspace_id","type":"String","form":"json","required":true},"#
    ));
    assert!(schema.to_json().contains(r#"{"name":"receipt","type":"Bytes","form":"bytes","required":false}"#));
    assert_eq!(schema.fingerprint().len(), 32);
    assert_eq!(schema.fingerprint(), Order::schema().fingerprint());
    assert_ne!(schema.fingerprint(), Measured::schema().fingerprint());
}

//! Tests of values that move from one vault to another without their types.

use super::sealed::{key, of, open, seal, vault};
use super::*;
use crate::vault::{CipherError, keys::StaticKeys, reseal};
use bytes::Bytes;

#[test]
fn every_token_is_sealed_anew_and_the_rest_is_as_it_was() {
    let (from, to) = (vault(), of(StaticKeys::new(key("key-2")), "db", 8));
    let value = (api(), " sealed1:".to_owned(), vec![Secret::new(1), Secret::new(2)]);
    let old = seal(&from, "result", &value);
    let new = reseal(&old.bytes, &from, &to, "result").unwrap().unwrap();
    assert_eq!(new, seal(&to, "result", &value).bytes);
    assert_eq!(open::<(Api, String, Vec<Secret<i32>>)>(&to, "result", &Value::json(new)).unwrap(), value);
}

#[test]
fn json_inside_a_string_is_sealed_anew_too() {
    let (from, to) = (vault(), of(StaticKeys::new(key("k2")), "db", 7));
    let inside = |vault| Value::text(text(&seal(vault, "result", &api()))).bytes;
    assert_eq!(reseal(&inside(&from), &from, &to, "result").unwrap(), Some(inside(&to)));
}

#[test]
fn what_only_looks_like_a_token_stays() {
    let (from, to) = (vault(), of(StaticKeys::new(key("k2")), "db", 7));
    let elsewhere = seal(&from, "field:a", &api());
    assert_eq!(reseal(&elsewhere.bytes, &from, &to, "field:b").unwrap(), None);
    let here = seal(&from, "field:a", &Secret::new(1));
    let token = text(&here).trim_matches('"');
    let damaged = token.replace(&token[15..16], if &token[15..16] == "A" { "B" } else { "A" });
    let like = [
        "sealed1:",
        "sealed1:k1:",
        "sealed1:k1:AAAA",
        "sealed1:nobody:AAAA",
        "sealed1:é:",
        "sealed1:k1:====",
        &damaged,
    ];
    let text = |token: &str| Bytes::from(format!("[\"{}\",\"{token}\"]", like.join("\",\"")));
    assert_eq!(reseal(&text("x"), &from, &to, "field:a").unwrap(), None);
    let new = seal(&to, "field:a", &Secret::new(1));
    let new = super::text(&new).trim_matches('"');
    assert_eq!(reseal(&text(token), &from, &to, "field:a").unwrap(), Some(text(new)));
    // A token begins inside a text that looks like one.
    let inside = |token: &str| Bytes::from(format!("\"sealed1:{token}\""));
    assert_eq!(reseal(&inside(token), &from, &to, "field:a").unwrap(), Some(inside(new)));
}

#[test]
fn nothing_changes_under_the_same_key() {
    let stored = seal(&vault(), "result", &api());
    assert_eq!(reseal(&stored.bytes, &vault(), &vault(), "result").unwrap(), None);
    assert_eq!(reseal(&Bytes::from_static(b"{}"), &without_keys(), &without_keys(), "result").unwrap(), None);
}

#[test]
fn a_missing_key_is_an_error() {
    let (first, second) = (vault(), of(StaticKeys::new(key("k2")), "db", 7));
    let stored = seal(&first, "result", &api());
    let missing = Err(CipherError::NoKey { id: "k1".into() });
    assert_eq!(reseal(&stored.bytes, &second, &first, "result"), missing);
    assert_eq!(reseal(&stored.bytes, &without_keys(), &first, "result"), missing);
    // Within a longer text it is no secret.
    let quoted = Bytes::from(format!("[\"see {} there\"]", text(&stored).split('"').nth(7).unwrap()));
    assert_eq!(reseal(&quoted, &without_keys(), &first, "result"), Ok(None));
    assert_eq!(reseal(&quoted, &second, &first, "result"), Ok(None));
    assert!(matches!(reseal(&stored.bytes, &first, &without_keys(), "result"), Err(CipherError::Provider(_))));
}

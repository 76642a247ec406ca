//! Tests of secrets in each mode, and that no error shows one.

#[cfg(feature = "encryption")]
mod resealed;
#[cfg(feature = "encryption")]
mod sealed;

use super::Secret;
use crate::codec::{ArgsReader, ArgsWriter, decode, encode};
use crate::fields::Coder;
use crate::value::Value;
use crate::vault::{Vault, VaultFault, exposing, redact, redacting, sealed_any, thread, thread::at_text as at};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The text that must never appear, and neither may its base64, `aHVudGVyMg==`.
const PLANTED: &str = "hunter2";

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Api {
    url: String,
    key: Secret<String>,
}

fn api() -> Api {
    Api { url: "https://example.org".into(), key: Secret::new(PLANTED.into()) }
}

fn without_keys() -> Arc<Vault> {
    Vault::new(None, "db", [7; 16])
}

fn json(text: &str) -> Value {
    Value::json(text.to_owned())
}

fn text(value: &Value) -> &str {
    std::str::from_utf8(&value.bytes).unwrap()
}

fn hides(shown: impl fmt::Display) -> String {
    let shown = shown.to_string();
    assert!(!shown.contains("hunter") && !shown.contains("aHVudGVyMg"), "{shown}");
    shown
}

fn unreadable<T: DeserializeOwned + 'static>(text: &str) -> String {
    hides(decode::<T>(Coder::NO_RUN, &json(text)).err().unwrap())
}

#[test]
fn outside_of_steadfast_a_secret_is_not_written() {
    let error = encode(Coder::NO_RUN, &vec![api()]).unwrap_err().to_string();
    assert_eq!(
        error,
        "at `[0].key`: a secret is written only by steadfast itself, encrypted; call `.expose()` to write it elsewhere"
    );
}

#[test]
fn without_keys_a_secret_is_an_error_with_its_path_and_a_fault() {
    let vault = without_keys();
    let error = {
        let _entered = vault.enter();
        encode(Coder::NO_RUN, &BTreeMap::from([("main", api())])).unwrap_err().to_string()
    };
    assert_eq!(hides(error), "at `.main.key`: there is no key for secrets: add `.keys(..)` to the engine's builder");
    assert_eq!(vault.take_fault(), Some(VaultFault::NoProvider));
    assert_eq!(vault.take_fault(), None);

    let _entered = vault.enter();
    let error = unreadable::<Secret<String>>(r#""sealed1:k1:AAAAAAAAAAAAAAAAAAAAAAAA""#);
    assert!(error.contains("add `.keys(..)`"), "{error}");
    assert_eq!(vault.take_fault(), Some(VaultFault::NoProvider));
    let plain = encode(Coder::NO_RUN, &"no secret").unwrap();
    assert_eq!((text(&plain), vault.take_fault()), (r#""no secret""#, None));
}

#[test]
fn redacted_it_is_a_placeholder_that_cannot_be_read() {
    let (written, met) = sealed_any(|| redacting(|| encode(Coder::NO_RUN, &api())));
    let written = written.unwrap();
    assert_eq!(text(&written), r#"{"url":"https://example.org","key":"[secret]"}"#);
    assert!(!met, "nothing was encrypted");
    let error = redacting(|| decode::<Api>(Coder::NO_RUN, &written)).unwrap_err().to_string();
    assert!(error.contains("it is redacted"), "{error}");
}

#[test]
fn exposed_it_is_the_value_itself() {
    let written = exposing(|| encode(Coder::NO_RUN, &(api(), Secret::new(vec![1_u8, 2])))).unwrap();
    assert_eq!(text(&written), r#"[{"url":"https://example.org","key":"hunter2"},[1,2]]"#);
    assert_eq!(exposing(|| decode::<(Api, Secret<Vec<u8>>)>(Coder::NO_RUN, &written)).unwrap().0, api());
}

#[test]
fn an_exposed_secret_that_json_cannot_hold_is_refused_without_its_value() {
    let secret = Secret::new(BTreeMap::from([(PLANTED, f64::NAN)]));
    let error = exposing(|| encode(Coder::NO_RUN, &[(1, secret)])).unwrap_err();
    assert_eq!(error.path, "[0][1]");
    assert!(hides(error).contains("the `BTreeMap<&str, f64>` of a secret cannot be written here"));
}

#[test]
fn a_secret_is_no_key_of_a_map() {
    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Name(Wrapped);
    #[derive(Serialize, PartialEq, Eq)]
    struct Wrapped(Secret<String>);
    impl PartialOrd for Wrapped {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Wrapped {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.expose().cmp(other.0.expose())
        }
    }
    let map = || BTreeMap::from([(Name(Wrapped(Secret::new(PLANTED.into()))), 1)]);
    let error = redacting(|| encode(Coder::NO_RUN, &map())).unwrap_err().to_string();
    assert!(error.starts_with("a `Secret` as the key of a map: "), "{error}");
    hides(exposing(|| encode(Coder::NO_RUN, &map())).unwrap_err());
}

#[test]
fn what_is_no_secret_of_the_type_is_not_shown() {
    type Pin = Secret<u64>;
    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only to be read")]
    struct Late {
        count: u64,
        key: Secret<String>,
    }
    #[derive(Deserialize, Debug)]
    #[serde(tag = "kind", deny_unknown_fields)]
    #[expect(dead_code, reason = "only to be read")]
    enum Tagged {
        A { count: u64, key: Secret<Option<u64>> },
    }
    let all = || {
        assert!(unreadable::<Pin>(r#""hunter2""#).contains("expected `Secret<u64>`, found a text: "));
        unreadable::<Api>(r#"{"url":"u","key":{"hunter2":"hunter2"}}"#);
        unreadable::<Option<Secret<Api>>>(r#"{"url":"hunter2","key":["hunter2"]}"#);
        unreadable::<Vec<Secret<bool>>>(r#"["hunter2"]"#);
        unreadable::<BTreeMap<String, Pin>>(r#"{"a":"hunter2"}"#);
        unreadable::<Tagged>(r#"{"kind":"A","count":1,"key":"hunter2"}"#);
        unreadable::<Secret<Tagged>>(r#"{"kind":"A","hunter2":"hunter2"}"#);
        unreadable::<Secret<Tagged>>(r#"{"kind":"hunter2"}"#);
    };
    // The text after the point where reading stopped is unknown: only in a vault it is a token.
    let late = || {
        let error = unreadable::<Late>(r#"{"count":"many","key":"hunter2"}"#);
        assert_eq!(error, r#"expected `Late`, found `{..}`: invalid type: string "many", expected u64"#);
        unreadable::<Late>(r#"{"password":"hunter2","count":1}"#);
        unreadable::<Tagged>(r#"{"kind":"A","key":"hunter2","count":-1}"#);
    };
    for check in [&all as &dyn Fn(), &late] {
        check();
        exposing(check);
        redacting(check);
    }
    let _entered = without_keys().enter();
    all();
}

#[test]
fn arguments_that_are_exposed_are_not_shown() {
    let damaged = json(r#"{"key":"hunter2"}"#);
    hides(exposing(|| ArgsReader::new(Coder::NO_RUN, &damaged).unwrap_err()));
    let mut args = ArgsWriter::new(Coder::NO_RUN);
    let error = args.arg("api", &api()).unwrap_err();
    assert_eq!(hides(&error).split(':').next(), Some("at `api.key`"));
}

#[test]
fn types_without_secrets_are_still_shown() {
    #[derive(Deserialize, Debug)]
    struct Mine {
        #[expect(dead_code, reason = "only to be read")]
        count: u64,
    }
    let error = decode::<Vec<u64>>(Coder::NO_RUN, &json(r#"["five"]"#)).unwrap_err().to_string();
    assert_eq!(error, r#"expected `Vec<u64>`, found `["five"]`: invalid type: string "five", expected u64"#);
    let _entered = without_keys().enter();
    let error = decode::<Mine>(Coder::NO_RUN, &json(r#"{"count":"many"}"#)).unwrap_err().to_string();
    assert_eq!(error, r#"expected `Mine`, found `{..}`: invalid type: string "many", expected u64"#);
}

#[test]
fn a_token_is_no_secret_text() {
    let token = r#""sealed1:k1:AAAAAAAAAAAAAAAAAAAAAAAA""#;
    let error = decode::<Secret<String>>(Coder::NO_RUN, &json(token)).unwrap_err().to_string();
    assert!(error.contains("this secret is encrypted, and is read only by steadfast itself"), "{error}");
    assert!(decode::<Vec<Secret<Box<str>>>>(Coder::NO_RUN, &json(&format!("[{token}]"))).is_err());
}

#[test]
fn a_panic_inside_restores_mode_and_place() {
    let vault = without_keys();
    let broken = catch_unwind(AssertUnwindSafe(|| {
        let _entered = vault.enter();
        at("field:a", || sealed_any(|| redacting(|| panic!("broken"))));
    }));
    assert!(broken.is_err());
    assert!(matches!(thread::mode(), thread::Mode::Plain));
    thread::with_place(|place| assert_eq!(place, ""));
    let _outer = vault.enter();
    assert!(catch_unwind(|| exposing(|| panic!("broken"))).is_err());
    assert!(matches!(thread::mode(), thread::Mode::Sealed(_)));
}

#[test]
fn the_innermost_place_counts_alone() {
    let place = || thread::with_place(str::to_owned);
    let (outer, inner, after) = at("args:charge", || (place(), at("é", place), place()));
    assert_eq!([outer, inner, after, place()], ["args:charge", "é", "args:charge", ""]);
}

#[test]
fn tokens_in_a_text_are_hidden_from_people() {
    for (text, shown) in [
        ("nothing", "nothing"),
        (r#"{"a":"sealed1:k-1.b_2:AAAA+/==","b":1}"#, r#"{"a":"[secret]","b":1}"#),
        ("sealed1:k:AA sealed1:k:B=.. sealed1:k:", "[secret] [secret].. sealed1:k:"),
        (r#""{\"a\":\"sealed1:k:AAAA\"}""#, r#""{\"a\":\"[secret]\"}""#),
        ("sealed1: sealed1:é:AAAA é sealed1:k:AAAA é", "sealed1: sealed1:é:AAAA é [secret] é"),
    ] {
        assert_eq!(redact(text), shown);
    }
}

//! Secrets in a program, outside of a run.

use serde::Deserialize;
use std::collections::HashSet;
use steadfast::Secret;

#[derive(Deserialize, Debug, PartialEq)]
struct Config {
    retries: u8,
    api_key: Secret<String>,
    pin: Option<Secret<u32>>,
}

#[test]
fn debug_shows_no_secret_at_any_depth() {
    let config = Config { retries: 3, api_key: Secret::new("hunter2".into()), pin: Some(Secret::new(1234)) };
    let shown = format!("{config:?} {config:#?} {:?}", Secret::new(Secret::new("hunter2")));
    assert!(shown.contains("Secret([redacted])"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("1234"), "{shown}");
}

#[test]
fn other_serializers_get_nothing() {
    let error = serde_json::to_string(&[Secret::new("hunter2")]).unwrap_err().to_string();
    assert!(error.contains("a secret is written only by steadfast itself, encrypted; call `.expose()`"), "{error}");
    assert!(serde_json::to_value(Secret::new(1)).is_err());
    let mut args = steadfast::__private::ArgsWriter::of(steadfast::__private::Coder::NO_RUN, "step");
    assert!(args.arg("pin", &Some(Secret::new(1))).is_err());
}

#[test]
fn a_configuration_file_may_hold_secrets() {
    let config: Config = serde_json::from_str(r#"{"retries":3,"api_key":"hunter2","pin":1234}"#).unwrap();
    assert_eq!(config, Config { retries: 3, api_key: Secret::new("hunter2".into()), pin: Some(Secret::from(1234)) });
    assert_eq!(config.api_key.expose(), "hunter2");
    assert_eq!(config.pin.map(Secret::into_inner), Some(1234));
}

#[test]
fn a_wrong_configuration_file_is_not_quoted() {
    let error =
        serde_json::from_str::<Config>(r#"{"retries":3,"api_key":"x","pin":"hunter2"}"#).unwrap_err().to_string();
    assert!(error.starts_with("expected `u32` as a secret; what was found is left out"), "{error}");
    let error = serde_json::from_str::<Config>(r#"{"retries":3,"api_key":9876}"#).unwrap_err().to_string();
    assert!(error.starts_with("expected `String` as a secret") && !error.contains("9876"), "{error}");
}

#[test]
fn secrets_are_values() {
    assert_eq!(Secret::<u8>::default(), Secret::new(0));
    assert_ne!(Secret::new("a"), Secret::new("b"));
    assert_eq!(HashSet::from([Secret::new(1), Secret::new(1).clone()]).len(), 1);
}

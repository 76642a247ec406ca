//! The paths of keys: safe on every system, different for any two keys, and readable back.

use super::key_of;
use std::collections::BTreeSet;
use steadfast::field_store::{FieldKey, StoredField};

pub(super) fn odd_names() -> Vec<String> {
    let short = [
        "",
        ".",
        "..",
        "...",
        "../../etc/passwd",
        "/",
        "a/b",
        "a\\b",
        "a.b",
        "a.",
        "a ",
        " a",
        "a\0b",
        "\0",
        "\n",
        "CON",
        "con",
        "con.txt",
        "nul",
        "com1",
        "Com1",
        "LPT9",
        "a~b",
        "~",
        "%",
        "%25",
        "%41",
        "A",
        "a",
        "-",
        "_",
        "C:",
        "*?<>|\"",
        "#",
        "é",
        "e\u{301}",
        "🦀",
        "ß",
        "SS",
        "ſ",
        "\u{feff}",
        "\u{202e}",
        "a.tmp",
        ".tmp",
        "Z",
        "z",
    ];
    let long = [
        "x".repeat(512),
        "X".repeat(512),
        "🦀".repeat(128),
        "x".repeat(511) + "y",
        "../".repeat(170),
        "x".repeat(10_000),
    ];
    short.into_iter().map(str::to_owned).chain(long).chain((148..=152).map(|size| "y".repeat(size))).collect()
}

fn keys() -> impl Iterator<Item = FieldKey> {
    let fields = |name: String| {
        let key = key_of(b"");
        [
            FieldKey { run: name.clone(), ..key.clone() },
            FieldKey { workflow: name.clone(), ..key.clone() },
            FieldKey { field: name.clone(), ..key.clone() },
            FieldKey { database: name.clone(), ..key.clone() },
            FieldKey { execution: name.clone(), ..key.clone() },
            FieldKey { hash: name, ..key },
        ]
    };
    odd_names().into_iter().flat_map(fields)
}

#[test]
fn every_segment_is_a_name_on_every_system() {
    for key in keys() {
        let path = key.path();
        let segments: Vec<_> = path.split('/').collect();
        assert_eq!(segments.len(), 5, "{path}");
        assert!(path.len() < 650, "{path}");
        for segment in segments {
            assert!(!segment.is_empty() && segment.len() < 200, "{segment}");
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_%~".contains(&byte);
            assert!(segment.bytes().all(plain), "{segment}");
            assert!(!["con", "prn", "aux", "nul", "com1", "lpt9"].contains(&segment), "{segment}");
        }
    }
}

#[test]
fn two_keys_have_two_paths() {
    let keys: BTreeSet<_> = keys().collect();
    let paths: BTreeSet<_> = keys.iter().map(|key| key.path().to_uppercase()).collect();
    assert_eq!(paths.len(), keys.len());
}

#[test]
fn a_path_that_was_not_cut_gives_the_key_back() {
    let mut cut = 0;
    for key in keys() {
        match key.path().parse::<FieldKey>() {
            Ok(parsed) => assert_eq!(parsed, key),
            Err(_) => cut += 1,
        }
        let stored = key.path().parse::<StoredField>().expect("what is stored can be listed");
        assert_eq!(stored, StoredField::from(&key));
    }
    assert!(cut > 0 && cut < 100, "{cut} were cut");
}

#[test]
fn a_path_that_no_key_has_is_refused() {
    let path = key_of(b"").path();
    assert!(path.parse::<StoredField>().is_ok());
    for wrong in [
        String::new(),
        format!("/{path}"),
        format!("{path}/"),
        format!("{path}/a"),
        path.replace("order", ".."),
        path.replace("order", "."),
        path.replace("order/", "/"),
        path.replace("order/", ""),
        path.replace("invoice", "Invoice"),
        path.replace("invoice", "con"),
        path.replace("invoice", "c:"),
        path.replace("invoice", &"x".repeat(200)),
        path.replace('~', "-"),
        path.replace('/', "\\"),
    ] {
        assert!(wrong.parse::<StoredField>().is_err(), "{wrong}");
        assert!(wrong.parse::<FieldKey>().is_err(), "{wrong}");
    }
    for other_escape in ["%69nvoice", "%4A", "invoice%", "%zz", "%ff"] {
        assert!(path.replace("invoice", other_escape).parse::<FieldKey>().is_err(), "{other_escape}");
    }
}

#[test]
fn a_key_is_named_by_its_run_and_field() {
    let said = key_of(b"").to_string();
    assert!(said.contains("field \"invoice\" of run \"order-7\"") && said.contains(&key_of(b"").path()), "{said}");
}

#[test]
fn the_hash_is_sha_256() {
    assert_eq!(FieldKey::hash_of(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(FieldKey::hash_of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

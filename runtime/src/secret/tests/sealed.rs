//! Tests of secrets in a vault.

use super::*;
use crate::fields::Coder;
use crate::value::Encoding;
use crate::vault::{keys::Key, keys::KeyError, keys::KeyProvider, keys::StaticKeys, keys::cipher};
use bytes::Bytes;

pub(super) fn key(id: &str) -> Key {
    let mut bytes = [0x5A; 32];
    bytes[..id.len()].copy_from_slice(id.as_bytes());
    Key::new(id, bytes)
}

pub(super) fn of(keys: impl KeyProvider, database: &str, execution: u8) -> Arc<Vault> {
    Vault::new(Some(cipher(Arc::new(keys))), database, [execution; 16])
}

pub(super) fn vault() -> Arc<Vault> {
    of(StaticKeys::new(key("k1")), "db", 7)
}

pub(super) fn seal<T: Serialize + 'static>(vault: &Arc<Vault>, place: &str, value: &T) -> Value {
    let _entered = vault.enter();
    at(place, || encode(Coder::NO_RUN, value)).unwrap()
}

pub(super) fn open<T: DeserializeOwned + 'static>(vault: &Arc<Vault>, place: &str, value: &Value) -> Result<T, String> {
    let _entered = vault.enter();
    at(place, || decode(Coder::NO_RUN, value)).map_err(hides)
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug + 'static>(value: &T) {
    let vault = vault();
    let stored = seal(&vault, "result", value);
    assert!(hides(text(&stored)).contains("sealed1:k1:"), "{stored}");
    let (back, met) = sealed_any(|| open::<T>(&vault, "result", &stored));
    assert_eq!((&back.unwrap(), met), (value, true));
    assert_eq!(stored, seal(&vault, "result", value), "the same again");
    assert_eq!(vault.take_fault(), None);
}

#[test]
fn secrets_come_back_wherever_they_stand() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    #[serde(tag = "kind")]
    enum Nested {
        Pair {
            api: Api,
            pin: Secret<u16>,
            #[serde(flatten)]
            rest: BTreeMap<String, Secret<String>>,
        },
    }
    comes_back(&Secret::new(PLANTED.to_owned()));
    comes_back(&Secret::new(PLANTED.as_bytes().to_vec()));
    comes_back(&Secret::new(Bytes::from_static(PLANTED.as_bytes())));
    comes_back(&Secret::new(Vec::<u8>::new()));
    comes_back(&Secret::new(()));
    comes_back(&Secret::new(vec!["long"; 10_000].concat()));
    comes_back(&(Some(Secret::new(PLANTED.to_owned())), None::<Secret<u8>>));
    comes_back(&vec![Secret::new(1.5), Secret::new(-0.0)]);
    comes_back(&BTreeMap::from([("a".to_owned(), Secret::new(Some(1_u8))), ("b".to_owned(), Secret::new(None))]));
    comes_back(&Some(Secret::new(None::<u8>)));
    comes_back(&Secret::new(api()));
    let rest = BTreeMap::from([("more".to_owned(), Secret::new("\"\u{0}\n".to_owned()))]);
    comes_back(&Nested::Pair { api: api(), pin: Secret::new(1234), rest });
}

#[test]
fn arguments_come_back() {
    let vault = vault();
    let _entered = vault.enter();
    let arguments = at("args:charge", || {
        let mut args = ArgsWriter::new(Coder::NO_RUN);
        args.arg("api", &api()).unwrap();
        args.arg("raw", &vec![1_u8]).unwrap();
        args.finish()
    });
    assert_eq!(arguments.encoding, Encoding::Parts);
    let mut args = ArgsReader::new(Coder::NO_RUN, &arguments).unwrap();
    assert_eq!(at("args:charge", || args.arg::<Api>("api")).unwrap(), api());
    let mut args = ArgsReader::new(Coder::NO_RUN, &arguments).unwrap();
    let error = at("args:refund", || args.arg::<Api>("api")).unwrap_err().to_string();
    assert!(hides(error).starts_with("at `api`: "));
}

#[test]
fn a_token_is_the_same_in_every_version() {
    let stored = seal(&vault(), "result", &Secret::new(PLANTED.to_owned()));
    assert_eq!(text(&stored), r#""sealed1:k1:qYALD4KoUujZ6m+E+ynRdUPMCkuTbb9eHU8=""#);
}

#[test]
fn a_secret_opens_only_where_it_was_sealed() {
    let secret = Secret::new(PLANTED.to_owned());
    let here = vault();
    let stored = seal(&here, "field:a", &secret);
    for (vault, place) in [
        (here, "field:b"),
        (of(StaticKeys::new(key("k1")), "db", 8), "field:a"),
        (of(StaticKeys::new(key("k1")), "d", 7), "field:a"),
        (of(StaticKeys::new(key("k1")), "db\u{7}", 7), "field:a"),
        (of(StaticKeys::new(Key::new("k1", [0; 32])), "db", 7), "field:a"),
    ] {
        let error = open::<Secret<String>>(&vault, place, &stored).unwrap_err();
        assert!(error.contains("a secret is not authentic: "), "{error}");
        assert_eq!(vault.take_fault(), Some(VaultFault::Damaged));
        assert_ne!(stored, seal(&vault, place, &secret));
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let vault = vault();
    let stored = seal(&vault, "result", &Secret::new(PLANTED.to_owned()));
    let token = text(&stored).trim_matches('"');
    let (head, sealed) = token.rsplit_once(':').unwrap();
    let sealed = data_encoding::BASE64.decode(sealed.as_bytes()).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut sealed = sealed.clone();
        sealed[bit / 8] ^= 1 << (bit % 8);
        let changed = json(&format!("\"{head}:{}\"", data_encoding::BASE64.encode(&sealed)));
        open::<Secret<String>>(&vault, "result", &changed).unwrap_err();
        assert_eq!(vault.take_fault(), Some(VaultFault::Damaged));
    }
    for cut in 1..token.len() {
        open::<Secret<String>>(&vault, "result", &json(&format!("\"{}\"", &token[..cut]))).unwrap_err();
    }
}

#[test]
fn equal_secrets_are_equal_at_one_place_only() {
    let vault = vault();
    let two = |place, one: &str, other: &str| {
        let stored = seal(&vault, place, &[Secret::new(one.to_owned()), Secret::new(other.to_owned())]);
        decode::<[String; 2]>(Coder::NO_RUN, &stored).unwrap()
    };
    let [one, same] = two("field:a", "x", "x");
    let [again, other] = two("field:a", "x", "y");
    assert_eq!((&one, &one), (&same, &again));
    assert_ne!(one, other);
    assert!(!two("field:b", "x", "x").contains(&one));
}

#[test]
fn an_unknown_key_is_named_and_noted() {
    let stored = seal(&vault(), "result", &api());
    let vault = of(StaticKeys::new(key("k2")), "db", 7);
    let error = open::<Api>(&vault, "result", &stored).unwrap_err();
    assert!(error.contains("the key `k1` of a secret is missing"), "{error}");
    assert_eq!(vault.take_fault(), Some(VaultFault::NoKey { id: "k1".into() }));
}

#[test]
fn the_id_of_a_key_is_part_of_what_is_authentic() {
    let bytes = [9; 32];
    let vault = of(StaticKeys::new(Key::new("a", bytes)).with_old(Key::new("b", bytes)), "db", 7);
    let stored = seal(&vault, "result", &Secret::new(1));
    let renamed = json(&text(&stored).replace(":a:", ":b:"));
    open::<Secret<i32>>(&vault, "result", &renamed).unwrap_err();
    assert_eq!(vault.take_fault(), Some(VaultFault::Damaged));
}

#[test]
fn after_a_rotation_old_values_open_and_new_ones_have_the_new_key() {
    let old = seal(&vault(), "result", &api());
    let rotated = of(StaticKeys::new(key("k2")).with_old(key("k1")), "db", 7);
    let back = open::<Api>(&rotated, "result", &old).unwrap();
    let new = seal(&rotated, "result", &back);
    assert!(text(&new).contains("sealed1:k2:"));
    assert_eq!((&back, open::<Api>(&rotated, "result", &new).unwrap()), (&api(), api()));
}

#[test]
fn what_a_provider_says_is_noted() {
    struct Closed;
    impl KeyProvider for Closed {
        fn current(&self) -> Result<Key, KeyError> {
            Err("the vault is closed".into())
        }
        fn key(&self, _: &str) -> Result<Option<Key>, KeyError> {
            Ok(Some(key("another")))
        }
    }
    let refused = |vault: Arc<Vault>| {
        let _entered = vault.enter();
        let error = hides(encode(Coder::NO_RUN, &api()).unwrap_err());
        let Some(VaultFault::Provider(message)) = vault.take_fault() else { panic!("{error}") };
        assert!(error.starts_with("at `.key`: ") && error.contains(&message), "{error}");
        message
    };
    assert_eq!(refused(of(Closed, "db", 7)), "the vault is closed");
    for id in ["", "a:b", "ä", "a b", "a\""] {
        let message = refused(of(StaticKeys::new(Key::new(id, [0; 32])), "db", 7));
        assert!(message.ends_with(&format!("that of the current one is {id:?}")), "{message}");
    }
    let closed = of(Closed, "db", 7);
    open::<Api>(&closed, "result", &seal(&vault(), "result", &api())).unwrap_err();
    assert!(matches!(closed.take_fault(), Some(VaultFault::Provider(_))));
}

#[test]
fn a_provider_may_mend_a_key() {
    struct Mended(std::sync::atomic::AtomicU8);
    impl KeyProvider for Mended {
        fn current(&self) -> Result<Key, KeyError> {
            Ok(Key::new("k", [self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed); 32]))
        }
        fn key(&self, _: &str) -> Result<Option<Key>, KeyError> {
            Ok(Some(Key::new("k", [0; 32])))
        }
    }
    let vault = of(Mended(0.into()), "db", 7);
    let (first, second) = (seal(&vault, "", &Secret::new(1)), seal(&vault, "", &Secret::new(1)));
    assert_ne!(first, second);
    assert_eq!(open::<Secret<i32>>(&vault, "", &first).unwrap(), Secret::new(1));
    open::<Secret<i32>>(&vault, "", &second).unwrap_err();
}

#[test]
fn a_secret_that_cannot_be_written_or_read_says_its_type_only() {
    let vault = vault();
    let _entered = vault.enter();
    let error = encode(Coder::NO_RUN, &[Secret::new(BTreeMap::from([(PLANTED, f64::NAN)]))]).unwrap_err();
    assert_eq!(error.path, "[0]");
    hides(error);
    let stored = encode(Coder::NO_RUN, &Secret::new(PLANTED.to_owned())).unwrap();
    let error = hides(decode::<Secret<u64>>(Coder::NO_RUN, &stored).unwrap_err());
    assert!(error.contains("expected `u64` as a secret; what was found is left out"), "{error}");
    let raw = encode(Coder::NO_RUN, &Secret::new(PLANTED.as_bytes().to_vec())).unwrap();
    hides(decode::<Secret<String>>(Coder::NO_RUN, &raw).unwrap_err());
    assert_eq!(vault.take_fault(), None, "the keys are all there");
}

#[test]
fn a_value_from_before_its_type_was_secret_is_not_shown() {
    let error = open::<Api>(&vault(), "result", &json(r#"{"url":"u","key":"hunter2"}"#)).unwrap_err();
    assert!(error.contains("found `{..}`: expected a secret that is encrypted"), "{error}");
}

#[test]
fn nested_vaults_restore_what_was_before() {
    let (first, second) = (vault(), of(StaticKeys::new(key("k2")), "db", 7));
    let written = || text(&encode(Coder::NO_RUN, &Secret::new(1)).unwrap())[..12].to_owned();
    let _first = first.enter();
    {
        let _second = second.enter();
        assert_eq!(written(), "\"sealed1:k2:");
        assert_eq!(redacting(|| encode(Coder::NO_RUN, &Secret::new(1))).unwrap(), Value::text("[secret]"));
        assert_eq!(written(), "\"sealed1:k2:");
    }
    assert_eq!(written(), "\"sealed1:k1:");
}

#[test]
fn what_was_met_inside_was_met_outside() {
    let vault = vault();
    let _entered = vault.enter();
    let ((_, inner), outer) = sealed_any(|| sealed_any(|| encode(Coder::NO_RUN, &Secret::new(1)).unwrap()));
    let ((), nothing) = sealed_any(|| drop(encode(Coder::NO_RUN, &1)));
    let (((), inner_nothing), after) = sealed_any(|| {
        encode(Coder::NO_RUN, &Secret::new(1)).unwrap();
        sealed_any(|| ())
    });
    assert_eq!([inner, outer, nothing, inner_nothing, after], [true, true, false, false, true]);
}

#[test]
fn keys_do_not_show_their_bytes() {
    let keys = StaticKeys::new(Key::new("k1", *b"hunter2hunter2hunter2hunter2hunt")).with_old(key("k0"));
    let shown = hides(format!("{keys:?}"));
    assert!(shown.contains("k1") && shown.contains("k0") && !shown.contains("104"), "{shown}");
}

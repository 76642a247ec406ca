//! Tests of values on their way into the journal and back.

use super::typed::{record, round_trip};
use super::{ArgsReader, ArgsWriter, decode, encode, form_of, same_unordered};
use crate::fields::Coder;
use crate::value::{Encoding, Value};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

fn json(text: &str) -> Value {
    Value::json(text.as_bytes().to_vec())
}

#[test]
fn bytes_are_raw_through_aliases_and_in_generic_code() {
    type Pdf = Vec<u8>;
    fn generic<T: Serialize + 'static>(value: &T) -> Encoding {
        encode(Coder::NO_RUN, value).unwrap().encoding
    }
    assert_eq!([form_of::<Pdf>(), form_of::<Bytes>(), form_of::<Box<[u8]>>()], [Encoding::Bytes; 3]);
    assert_eq!([form_of::<Vec<i8>>(), form_of::<Option<Vec<u8>>>(), form_of::<[u8; 3]>()], [Encoding::Json; 3]);
    assert_eq!(generic(&Pdf::new()), Encoding::Bytes);
    assert_eq!(generic(&vec![1_u16]), Encoding::Json);
}

#[test]
fn bytes_come_back_exactly() {
    for length in [0, 1, 255, 1 << 20] {
        let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
        let shared = Bytes::from(bytes.clone());
        let stored = encode(Coder::NO_RUN, &shared).unwrap();
        // Neither direction copies.
        assert_eq!(stored.bytes.as_ptr(), shared.as_ptr());
        assert_eq!(decode::<Bytes>(Coder::NO_RUN, &stored).unwrap().as_ptr(), shared.as_ptr());
        assert_eq!(round_trip(&bytes).unwrap().1, bytes);
        assert_eq!(round_trip(&bytes.clone().into_boxed_slice()).unwrap().1, bytes.into_boxed_slice());
    }
}

#[test]
fn the_recorded_form_decides_how_a_value_is_read() {
    assert_eq!(decode::<Vec<u8>>(Coder::NO_RUN, &json("[1,2,3]")).unwrap(), [1, 2, 3]);
    assert_eq!(decode::<Bytes>(Coder::NO_RUN, &json("[1,2,3]")).unwrap(), &[1, 2, 3][..]);
    let error = decode::<Option<String>>(Coder::NO_RUN, &Value::raw(&b"abc"[..])).unwrap_err().to_string();
    assert_eq!(
        error,
        "expected `Option<String>`, found `<3 bytes, form bytes>`: it was recorded as raw bytes, and the type is stored as JSON"
    );
    let hash = Value { encoding: Encoding::Hash, bytes: Bytes::from_static(&[0; 32]) };
    assert!(
        decode::<u8>(Coder::NO_RUN, &hash).unwrap_err().to_string().ends_with("only the hash of the value was kept")
    );
    assert!(decode::<Vec<u8>>(Coder::NO_RUN, &hash).is_err());
    let error = decode::<BTreeMap<String, u64>>(Coder::NO_RUN, &json(r#"{"a":"five"}"#)).unwrap_err().to_string();
    assert_eq!(
        error,
        r#"expected `BTreeMap<String, u64>`, found `{"a":"five"}`: invalid type: string "five", expected u64"#
    );
}

#[test]
fn what_json_can_hold_comes_back_equal() {
    #[derive(Serialize, Deserialize, PartialEq, Debug, Clone, Copy, PartialOrd, Ord, Eq)]
    enum Size {
        Small,
        Large,
    }
    type Value = (u128, i128, BTreeMap<i128, bool>, BTreeMap<Size, char>, BTreeMap<bool, u8>, (u8, String));
    let value: Value = (
        u128::MAX,
        i128::MIN,
        BTreeMap::from([(i128::MIN, true), (i128::MAX, false)]),
        BTreeMap::from([(Size::Small, '"'), (Size::Large, '\u{10FFFF}')]),
        BTreeMap::from([(true, 1), (false, 2)]),
        (1, "\u{0}\n\"\\".into()),
    );
    assert_eq!(round_trip(&value).unwrap().1, value);
}

#[test]
fn every_finite_float_comes_back_bit_for_bit() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..200_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let float = f64::from_bits(seed);
        if float.is_finite() {
            assert_eq!(round_trip(&float).unwrap().1.to_bits(), float.to_bits());
        } else {
            assert!(encode(Coder::NO_RUN, &float).is_err());
        }
        let quotient =
            f64::from(u32::try_from(seed >> 40).unwrap()) / f64::from(u16::try_from(seed & 0xFFF).unwrap() + 1);
        assert_eq!(round_trip(&quotient).unwrap().1.to_bits(), quotient.to_bits());
    }
    for float in [-0.0, f64::MIN_POSITIVE, f64::from_bits(1), f64::MAX, 0.1 + 0.2] {
        assert_eq!(round_trip(&float).unwrap().1.to_bits(), float.to_bits());
    }
}

#[test]
fn what_cannot_be_read_back_is_not_recorded() {
    #[derive(Serialize, Deserialize)]
    struct Skipping {
        #[serde(skip_serializing)]
        #[expect(dead_code, reason = "it is not there to be read")]
        lost: u8,
    }
    let error = record(&Skipping { lost: 1 }).unwrap_err().to_string();
    assert!(error.starts_with("it can be written but not be read back: expected `Skipping`, found `{}`: "), "{error}");
}

#[test]
fn arguments_are_canonical() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Order {
        zeta: u128,
        alpha: Vec<Option<u8>>,
    }
    assert_eq!(ArgsWriter::new(Coder::NO_RUN).finish().to_string(), "[]");
    let mut args = ArgsWriter::new(Coder::NO_RUN);
    args.arg("order", &Order { zeta: u128::MAX, alpha: vec![None, Some(1)] }).unwrap();
    args.arg("text", &"a,b]".to_owned()).unwrap();
    args.arg("nothing", &()).unwrap();
    let stored = args.finish();
    assert_eq!(stored.to_string(), format!(r#"[{{"alpha":[null,1],"zeta":{}}},"a,b]",null]"#, u128::MAX));

    let mut args = ArgsReader::new(Coder::NO_RUN, &stored).unwrap();
    assert_eq!(args.arg::<Order>("order").unwrap(), Order { zeta: u128::MAX, alpha: vec![None, Some(1)] });
    assert_eq!(args.arg::<String>("text").unwrap(), "a,b]");
    args.arg::<()>("nothing").unwrap();
    args.finish().unwrap();
}

#[test]
fn arguments_with_raw_bytes_are_parts() {
    let mut args = ArgsWriter::new(Coder::NO_RUN);
    args.arg("first", &1_u8).unwrap();
    args.arg("empty", &Vec::<u8>::new()).unwrap();
    args.arg("second", &"two".to_owned()).unwrap();
    args.arg("bytes", &Bytes::from_static(b"\xff\x00")).unwrap();
    let stored = args.finish();
    assert_eq!(stored.encoding, Encoding::Parts);
    assert_eq!(&stored.bytes[..10], b"J\x01\x00\x00\x00\x00\x00\x00\x001");

    let mut args = ArgsReader::new(Coder::NO_RUN, &stored).unwrap();
    assert_eq!(args.arg::<u8>("first").unwrap(), 1);
    assert!(args.arg::<Vec<u8>>("empty").unwrap().is_empty());
    assert_eq!(args.arg::<String>("second").unwrap(), "two");
    assert_eq!(args.arg::<Bytes>("bytes").unwrap(), &b"\xff\x00"[..]);
    args.finish().unwrap();

    for cut in 1..stored.bytes.len() {
        let damaged = Value { encoding: Encoding::Parts, bytes: stored.bytes.slice(..cut) };
        let whole = ArgsReader::new(Coder::NO_RUN, &damaged).is_ok_and(|args| args.finish().is_err());
        assert!(ArgsReader::new(Coder::NO_RUN, &damaged).is_err() || whole, "{cut}");
    }
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let mut args = ArgsReader::new(Coder::NO_RUN, &json("[1]")).unwrap();
    args.arg::<u8>("first").unwrap();
    let error = args.arg::<u8>("second").unwrap_err().to_string();
    assert_eq!(error, "there is no argument `second`: 1 argument is recorded");
    let mut args = ArgsReader::new(Coder::NO_RUN, &json("[1,2,3]")).unwrap();
    let error = args.arg::<String>("name").unwrap_err().to_string();
    assert_eq!(error, "at `name`: expected `String`, found `1`: invalid type: integer `1`, expected a string");
    assert_eq!(args.finish().unwrap_err().to_string(), "3 arguments are recorded, and the step takes 1");
    assert!(ArgsReader::new(Coder::NO_RUN, &json("{}")).is_err());
    assert!(ArgsReader::new(Coder::NO_RUN, &Value::raw(&b""[..])).is_err());

    let mut args = ArgsWriter::new(Coder::NO_RUN);
    let error = args.arg("price", &vec![("a", f32::NAN)]).unwrap_err().to_string();
    assert_eq!(error, "at `price[0][1]`: JSON has no NaN: it would be read back as nothing");
    // A refused argument leaves no trace.
    args.arg("price", &1).unwrap();
    args.arg("next", &2).unwrap();
    assert_eq!(args.finish().to_string(), "[1,2]");
}

#[test]
fn sets_are_the_same_in_any_order() {
    let same = |left: &str, right: &str| same_unordered(&json(left), &json(right));
    assert!(same(r#"[[1,2,2],{"a":["x","y"],"b":1}]"#, r#"[[2,1,2],{"b":1,"a":["y","x"]}]"#));
    assert!(same("[340282366920938463463374607431768211455,1]", "[1,340282366920938463463374607431768211455]"));
    for (left, right) in [("[1,2]", "[1,1,2]"), ("[1,2]", "[1,3]"), (r#"{"a":1}"#, r#"{"b":1}"#), ("[1]", r#"["1"]"#)] {
        assert!(!same(left, right), "{left} {right}");
    }
    let encode = |set: HashSet<String>| {
        let mut args = ArgsWriter::new(Coder::NO_RUN);
        args.arg("set", &set).unwrap();
        args.arg("bytes", &b"raw".to_vec()).unwrap();
        args.finish()
    };
    let words = || (0..20).map(|number| format!("word {number}")).collect();
    assert!(same_unordered(&encode(words()), &encode(words())));
    assert!(!same_unordered(&encode(words()), &encode(HashSet::new())));
    assert!(!same_unordered(&json("[]"), &Value::raw(&b"[]"[..])));
}

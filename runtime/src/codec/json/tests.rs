//! Tests that the bytes equal those of `serde_json` for all values that both accept.

use super::{Order, append};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use std::collections::{BTreeMap, HashMap};

fn text<T: Serialize + ?Sized>(value: &T, order: Order) -> Result<String, String> {
    let mut out = Vec::new();
    append(&mut out, value, order).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

fn written<T: Serialize + ?Sized>(value: &T) -> String {
    let ours = text(value, Order::AsGiven).unwrap();
    assert_eq!(ours, serde_json::to_string(value).unwrap());
    ours
}

/// A type as `serde_json` writes it with the feature `raw_value`.
struct Raw(&'static str);
impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut raw = serializer.serialize_struct("$serde_json::private::RawValue", 1)?;
        raw.serialize_field("$serde_json::private::RawValue", self.0)?;
        raw.end()
    }
}

fn refused<T: Serialize + ?Sized>(value: &T) -> String {
    text(value, Order::AsGiven).unwrap_err()
}

/// A generator of reproducible numbers.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn half(&mut self) -> u32 {
        u32::try_from(self.next() >> 32).unwrap()
    }

    fn text(&mut self) -> String {
        const LETTERS: [char; 12] =
            ['a', '"', '\\', '\n', '\u{0}', '\u{1f}', 'é', '漢', '🦀', '/', '\u{7f}', '\u{2028}'];
        (0..self.next() % 6).map(|_| LETTERS[usize::try_from(self.next() % 12).unwrap()]).collect()
    }

    fn tree(&mut self, depth: u32) -> Tree {
        let kinds = if depth == 0 { 8 } else { 14 };
        match self.next() % kinds {
            0 => Tree::Unit,
            1 => Tree::Bool(self.next().is_multiple_of(2)),
            2 => Tree::Small(self.next().to_le_bytes()[0].cast_signed()),
            3 => Tree::Wide(u128::from(self.next()) << (self.next() % 64)),
            4 => Tree::Signed(i128::from(self.next()) - i128::from(u64::MAX)),
            5 => Tree::Float(Some(f64::from_bits(self.next())).filter(|float| float.is_finite()).unwrap_or(-0.0)),
            6 => Tree::Single(Some(f32::from_bits(self.half())).filter(|float| float.is_finite()).unwrap_or(1e30)),
            7 => Tree::Text(self.text()),
            8 => Tree::List((0..self.next() % 4).map(|_| self.tree(depth - 1)).collect()),
            9 => Tree::Map((0..self.next() % 4).map(|_| (self.text(), self.tree(depth - 1))).collect()),
            10 => Tree::Numbered(
                (0..self.next() % 12).map(|_| (self.half().to_le_bytes()[0].into(), self.tree(depth - 1))).collect(),
            ),
            11 => Tree::Pair(Box::new((self.tree(depth - 1), self.tree(depth - 1)))),
            12 => Tree::Struct { zeta: Box::new(self.tree(depth - 1)), alpha: self.next(), r#type: self.text() },
            _ => Tree::Maybe(Box::new(Some(Tree::Letter('"')).filter(|_| self.next().is_multiple_of(2)))),
        }
    }
}

#[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
enum Tree {
    Unit,
    Bool(bool),
    Small(i8),
    Wide(u128),
    Signed(i128),
    Float(f64),
    Single(f32),
    Text(String),
    Letter(char),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
    Numbered(BTreeMap<i16, Tree>),
    Pair(Box<(Tree, Tree)>),
    Struct { zeta: Box<Tree>, alpha: u64, r#type: String },
    Maybe(Box<Option<Tree>>),
}

#[test]
fn the_bytes_are_those_of_serde_json() {
    let mut seeded = Seeded(0x5EED);
    for _ in 0..20_000 {
        let tree = seeded.tree(4);
        let json = written(&tree);
        assert_eq!(serde_json::from_str::<Tree>(&json).unwrap(), tree);
        // Sorting keeps the value, and sorting twice keeps the bytes.
        let sorted = text(&tree, Order::Sorted).unwrap();
        assert_eq!(serde_json::from_str::<Tree>(&sorted).unwrap(), tree);
        assert_eq!(text(&serde_json::from_str::<Tree>(&sorted).unwrap(), Order::Sorted).unwrap(), sorted);
    }
}

#[test]
fn the_whole_data_model() {
    #[derive(serde::Serialize)]
    struct Nothing;
    #[derive(serde::Serialize)]
    struct Tuple(u8, bool);
    #[derive(serde::Serialize)]
    struct New(f32);
    #[derive(serde::Serialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        A { x: u8 },
        B,
    }
    struct Bytes;
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&[1, 2, 255])
        }
    }
    struct Shown;
    impl Serialize for Shown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("{}-\"{}\"", 1, '\n'))
        }
    }
    assert_eq!(written(&(Nothing, Tuple(1, true), New(0.1), (), 'x')), r#"[null,[1,true],0.1,null,"x"]"#);
    assert_eq!(written(&[Tagged::A { x: 1 }, Tagged::B]), r#"[{"kind":"A","x":1},{"kind":"B"}]"#);
    assert_eq!(written(&(Bytes, Shown)), r#"[[1,2,255],"1-\"\n\""]"#.replace('\n', "\\n"));
    assert_eq!(written(&BTreeMap::from([(true, 1), (false, 2)])), r#"{"false":2,"true":1}"#);
    assert_eq!(written(&BTreeMap::from([(u128::MAX, 1)])), format!(r#"{{"{}":1}}"#, u128::MAX));
    assert_eq!(written(&BTreeMap::from([('"', 1)])), r#"{"\"":1}"#);
    let raw = Raw(r#"{ "b": 1 , "a":2}"#);
    assert_eq!(text(&Some(raw), Order::AsGiven).unwrap(), r#"{ "b": 1 , "a":2}"#);
    assert_eq!(written(&serde_json::json!({"a": [1, null, 2.5, {"b": "c"}]})), r#"{"a":[1,null,2.5,{"b":"c"}]}"#);
}

#[test]
fn keys_are_sorted_on_demand() {
    #[derive(serde::Serialize)]
    struct Unsorted {
        zeta: u8,
        alpha: HashMap<String, u8>,
        inner: Inner,
    }
    #[derive(serde::Serialize)]
    struct Inner {
        b: u8,
        a: Vec<Option<u8>>,
    }
    let alpha = (0..50).map(|number| (format!("key {number}"), number)).collect::<HashMap<_, _>>();
    let sorted = alpha.iter().collect::<BTreeMap<_, _>>();
    let value = Unsorted { zeta: 1, alpha: alpha.clone(), inner: Inner { b: 1, a: vec![None] } };
    let expected = format!(r#"{{"alpha":{},"inner":{{"a":[null],"b":1}},"zeta":1}}"#, written(&sorted));
    assert_eq!(text(&value, Order::Sorted).unwrap(), expected);
    let keys = HashMap::from([("a!", 1), ("a", 2), ("a\"", 3), ("", 4)]);
    assert_eq!(text(&keys, Order::Sorted).unwrap(), r#"{"":4,"a":2,"a!":1,"a\"":3}"#);
}

#[test]
fn what_json_would_lose_is_refused_with_its_place() {
    #[derive(serde::Serialize)]
    struct Order {
        items: Vec<Item>,
    }
    #[derive(serde::Serialize)]
    enum Item {
        Priced { price: f64 },
        Pair(f32, f32),
        One(Box<Item>),
    }
    let order = |item| Order { items: vec![Item::Priced { price: 1.0 }, item] };
    let refusal = |item| refused(&order(item));
    assert_eq!(
        refusal(Item::Priced { price: f64::NAN }),
        "at `.items[1].Priced.price`: JSON has no NaN: it would be read back as nothing"
    );
    assert!(refusal(Item::Pair(0.0, f32::NEG_INFINITY)).starts_with("at `.items[1].Pair[1]`: JSON has no infinity"));
    let nested = Item::One(Box::new(Item::One(Box::new(Item::Pair(f32::NAN, 0.0)))));
    assert!(refusal(nested).starts_with("at `.items[1].One.One.Pair[0]`: "));
    assert!(refused(&BTreeMap::from([("a.b", f64::NAN)])).starts_with(r#"at `["a.b"]`: "#));

    for nothing in [refused(&Some(None::<u8>)), refused(&Some(())), refused(&Some(Some(serde_json::Value::Null)))] {
        assert_eq!(nothing, "`Some` of a value that JSON writes as `null`; it would be read back as `None`");
    }
    assert_eq!(written(&(Some("null"), Some([None::<u8>]))), r#"["null",[null]]"#);
}

#[test]
fn keys_that_json_has_not_are_refused() {
    #[derive(serde::Serialize, PartialEq, Eq, Hash)]
    struct Point {
        x: u8,
    }
    #[derive(serde::Serialize, PartialEq, Eq, Hash)]
    struct Id(u64);
    #[derive(serde::Serialize, PartialEq, Eq, Hash)]
    enum Key {
        Plain,
        Data(u8),
    }
    struct Float;
    impl Serialize for Float {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(1.5, 1)])
        }
    }
    assert_eq!(written(&(HashMap::from([(Id(7), 1)]), HashMap::from([(Key::Plain, 1)]))), r#"[{"7":1},{"Plain":1}]"#);
    for (refusal, what) in [
        (refused(&Some(HashMap::from([((1, 2), 1)]))), "a tuple"),
        (refused(&HashMap::from([(Point { x: 1 }, 1)])), "a struct"),
        (refused(&HashMap::from([(Some(1), 1)])), "an `Option`"),
        (refused(&HashMap::from([(Key::Data(1), 1)])), "a variant with data"),
        (refused(&HashMap::from([(vec![1], 1)])), "a list"),
        (refused(&HashMap::from([((), 1)])), "`()`"),
        (refused(&Float), "a float"),
    ] {
        assert!(refusal.starts_with(&format!("{what} as the key of a map: ")), "{refusal}");
    }
}

#[test]
fn a_serializer_that_fails_is_an_error() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no paper left"))
        }
    }
    struct Twice(usize);
    impl Serialize for Twice {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map((0..self.0).map(|number| (number % (self.0 - 1), number)))
        }
    }
    struct NoValue;
    impl Serialize for NoValue {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_key("a")?;
            map.end()
        }
    }
    assert_eq!(refused(&[Failing]), "at `[0]`: no paper left");
    assert_eq!(refused(&NoValue), "a key without a value");
    for length in [3, 30] {
        for order in [Order::AsGiven, Order::Sorted] {
            let refusal = text(&Twice(length), order).unwrap_err();
            assert_eq!(refusal, r#"the key "0" stands twice in one object"#);
        }
    }
}

#[test]
fn what_is_too_deep_to_be_read_is_refused() {
    #[derive(serde::Serialize)]
    struct Deep(Vec<Deep>);
    let deep = |levels| (1..levels).fold(Deep(Vec::new()), |inner, _| Deep(vec![inner]));
    let deepest = written(&deep(127));
    assert!(serde_json::from_str::<serde_json::Value>(&deepest).is_ok());
    assert!(refused(&deep(128)).ends_with("the value is nested deeper than 127 levels, and cannot be read back"));
}

//! Parameters and columns: which types there are, and what an error says.

use bytes::Bytes;
use steadfast::prelude::Tx;
use steadfast::sql::types::{FromSql, Params, SqlValue, ToSql};
use steadfast::sql::{SqlError, TestDatabase, params};

fn with<T>(code: impl FnOnce(&mut Tx<'_>) -> Result<T, SqlError>) -> Result<T, SqlError> {
    TestDatabase::new().transaction(code)
}

/// Returns a value as it comes back from a column.
fn back<T: FromSql>(value: impl ToSql) -> Result<T, SqlError> {
    with(|tx| tx.query_row("SELECT ?1 AS it", [value], |row| row.get("it")))
}

fn said<T: std::fmt::Debug>(result: Result<T, SqlError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn values_come_back_as_they_were() {
    assert_eq!(back::<i8>(i8::MIN).unwrap(), i8::MIN);
    assert_eq!(back::<i16>(i16::MIN).unwrap(), i16::MIN);
    assert_eq!(back::<i32>(i32::MIN).unwrap(), i32::MIN);
    assert_eq!(back::<i64>(i64::MIN).unwrap(), i64::MIN);
    assert_eq!(back::<u8>(u8::MAX).unwrap(), u8::MAX);
    assert_eq!(back::<u16>(u16::MAX).unwrap(), u16::MAX);
    assert_eq!(back::<u32>(u32::MAX).unwrap(), u32::MAX);
    assert_eq!(back::<u64>(i64::MAX.cast_unsigned()).unwrap(), i64::MAX.cast_unsigned());
    assert_eq!(back::<usize>(7_usize).unwrap(), 7);
    assert_eq!((back::<bool>(true).unwrap(), back::<bool>(false).unwrap()), (true, false));
    assert_eq!(back::<f32>(1.5_f32).unwrap().to_bits(), 1.5_f32.to_bits());
    assert_eq!(back::<f64>(f64::INFINITY).unwrap().to_bits(), f64::INFINITY.to_bits());
    assert_eq!(back::<f64>(3_i64).unwrap().to_bits(), 3_f64.to_bits());
    for text in ["", "é", "a\0b"] {
        assert_eq!(back::<String>(text).unwrap(), text);
        assert_eq!(back::<String>(text.to_owned()).unwrap(), text);
    }
    assert_eq!(back::<Vec<u8>>(vec![0_u8, 255]).unwrap(), [0, 255]);
    assert_eq!(back::<Bytes>(Bytes::from_static(b"ab")).unwrap(), "ab");
    assert_eq!(back::<[u8; 2]>(&[1_u8, 2][..]).unwrap(), [1, 2]);
    assert_eq!(back::<Option<u32>>(Some(5)).unwrap(), Some(5));
    assert_eq!(back::<Option<u32>>(None::<u32>).unwrap(), None);
    assert_eq!(back::<SqlValue<'static>>(SqlValue::Text("x".into())).unwrap(), SqlValue::Text("x".into()));
    // A truth value is 1 or 0.
    assert_eq!(back::<i64>(true).unwrap(), 1);
}

#[test]
fn what_is_not_asked_for_is_named_with_statement_and_column() {
    let column = "`SELECT ?1 AS it`: column 0 (`it`): ";
    for (error, why) in [
        (said(back::<u8>(256)), "expected a whole number that `u8` holds, found the whole number 256"),
        (said(back::<u64>(-1)), "expected a whole number that `u64` holds, found the whole number -1"),
        (said(back::<i64>("abc")), "expected a whole number, found text of 3 bytes"),
        (said(back::<i64>(1.5)), "expected a whole number, found the floating point number 1.5"),
        (said(back::<i64>(None::<i64>)), "expected a whole number, found NULL: read it as an `Option` if it may be"),
        (said(back::<bool>(2)), "expected true or false (1 or 0), found the whole number 2"),
        (said(back::<String>(vec![1_u8])), "expected text, found 1 bytes"),
        (said(back::<Vec<u8>>("abc")), "expected bytes, found text of 3 bytes"),
        (said(back::<[u8; 2]>(vec![1_u8])), "expected exactly 2 bytes, found 1 bytes"),
        (
            said(back::<f64>(i64::MAX)),
            "expected a number that `f64` holds exactly, found the whole number 9223372036854775807",
        ),
        (said(back::<f32>(1e300)), "expected a number that `f32` holds, found the floating point number 1"),
    ] {
        assert!(error.starts_with(&format!("{column}{why}")), "{error}");
    }
    let invalid = said(with(|tx| tx.query_row("SELECT CAST(x'ff' AS TEXT)", (), |row| row.get::<String>(0))));
    assert!(invalid.ends_with("expected text in UTF-8, found other bytes"), "{invalid}");
}

#[test]
fn a_column_is_found_by_number_and_by_name() {
    let get = |column: &str| {
        with(|tx| tx.query_row("SELECT 1 AS one, 2 AS two", [], |row| Ok((row.get(1)?, row.get::<i64>(column)?))))
    };
    assert_eq!(get("TWO").unwrap(), (2, 2));
    assert_eq!(get("one").unwrap(), (2, 1));
    let why = "`SELECT 1 AS one, 2 AS two`: there is no column `three`; from 0 on there are `one`, `two`";
    assert_eq!(said(get("three")), why);
    let missing = said(with(|tx| tx.query("SELECT 1 AS one", [], |row| row.get::<i64>(1))));
    assert_eq!(missing, "`SELECT 1 AS one`: there is no column 1; from 0 on there are `one`");
}

#[test]
fn parameters_that_cannot_be_stored_are_named() {
    let insert = |params: &dyn Fn(&mut Tx<'_>) -> Result<i64, SqlError>| said(with(|tx| params(tx)));
    let too_large = insert(&|tx| tx.query_row("SELECT ?1 + ?2", (1, u64::MAX), |row| row.get(0)));
    let limit = "a database stores whole numbers up to 9223372036854775807";
    assert_eq!(too_large, format!("`SELECT ?1 + ?2`: parameter ?2: {} is out of range: {limit}", u64::MAX));
    let nan = insert(&|tx| tx.query_row("SELECT ?", [f64::NAN], |row| row.get(0)));
    assert!(nan.starts_with("`SELECT ?`: parameter ?1: NaN is no number that a database stores"), "{nan}");
    let few = insert(&|tx| tx.query_row("SELECT ?1 + ?2", [1], |row| row.get(0)));
    assert_eq!(few, "`SELECT ?1 + ?2`: it has placeholders for 2 parameters, and 1 were passed");
    let many = insert(&|tx| tx.query_row("SELECT 1", params![1, "a"], |row| row.get(0)));
    assert_eq!(many, "`SELECT 1`: it has placeholders for 0 parameters, and 2 were passed");
    let named = insert(&|tx| tx.query_row("SELECT :name", [1], |row| row.get(0)));
    assert_eq!(named, "`SELECT :name`: parameters have numbers, not names as `:name`: write `?1`, `?2`, ..");
}

#[test]
fn parameters_are_given_in_any_form() {
    fn sum(params: impl Params) -> i64 {
        let sum = |tx: &mut Tx<'_>| tx.query_row("SELECT ? + 10 * ?", params, |row| row.get(0));
        with(sum).unwrap()
    }
    let (one, two) = (1_i64, String::from("2"));
    assert_eq!(sum([1, 2]), 21);
    assert_eq!(sum([1, 2].as_slice()), 21);
    let owned = vec![1, 2];
    assert_eq!((sum(&owned), sum(owned)), (21, 21));
    assert_eq!(sum([&one, &one]), 11);
    assert_eq!(sum((one, &two)), 21);
    assert_eq!(sum((Some(1), 2_u8)), 21);
    assert_eq!(sum(params![one, two]), 21);
    let dynamic: Vec<Box<dyn ToSql>> = vec![Box::new(1), Box::new(2)];
    assert_eq!(sum(dynamic.iter().map(|value| &**value).collect::<Vec<&dyn ToSql>>()), 21);
    let none = |params: &dyn Fn(&mut Tx<'_>) -> Result<i64, SqlError>| with(|tx| params(tx)).unwrap();
    assert_eq!(none(&|tx| tx.query_row("SELECT 1", [], |row| row.get(0))), 1);
    assert_eq!(none(&|tx| tx.query_row("SELECT 1", (), |row| row.get(0))), 1);
    assert_eq!(none(&|tx| tx.query_row("SELECT 1", params![], |row| row.get(0))), 1);
    let twelve = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    let last = with(|tx| tx.query_row("SELECT ?12", twelve, |row| row.get::<i64>(0)));
    assert_eq!(last.unwrap(), 12);
}

#[test]
fn a_failed_statement_leaves_those_before_it() {
    let mut database = TestDatabase::new();
    database.execute("CREATE TABLE seats (name TEXT UNIQUE); CREATE INDEX by_name ON seats (name)").unwrap();
    let rows = database.transaction(|tx| {
        tx.execute("INSERT INTO seats VALUES (?1)", ["4A"])?;
        assert!(tx.execute("INSERT INTO seats VALUES ('4B'), ('4A')", []).unwrap_err().is_constraint());
        let rows = tx.execute("INSERT INTO seats VALUES (1) RETURNING name", []).unwrap_err().to_string();
        assert!(rows.contains("it gives rows: ask with `query`"), "{rows}");
        tx.query("SELECT name FROM seats", [], |row| row.get::<String>("name"))
    });
    assert_eq!(rows.unwrap(), ["4A"]);
    assert!(database.execute("COMMIT").unwrap_err().to_string().contains("not begun, committed or rolled back"));
    assert!(database.execute("CREATE TABLE steadfast_x (n)").is_err());
    database
        .execute("CREATE TABLE rooms (n INTEGER); ALTER TABLE rooms ADD COLUMN name TEXT; DROP TABLE rooms")
        .unwrap();
}

#[test]
fn a_file_keeps_what_was_committed() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("test.db");
    let mut database = TestDatabase::at(&path).unwrap();
    database.execute("CREATE TABLE seats (name TEXT)").unwrap();
    let failed = database.transaction(|tx| {
        tx.execute("INSERT INTO seats VALUES ('a')", [])?;
        Err::<(), _>(SqlError::msg("no after all"))
    });
    assert_eq!(failed.unwrap_err().to_string(), "no after all");
    database.transaction(|tx| tx.execute("INSERT INTO seats VALUES ('b')", [])).unwrap();
    drop(database);
    let rows = TestDatabase::at(&path).unwrap().transaction(|tx| {
        tx.query("SELECT name FROM seats", [], |row| row.get::<String>(0)) //
    });
    assert_eq!(rows.unwrap(), ["b"]);
    assert!(TestDatabase::at(folder.path()).unwrap_err().to_string().contains("unable to open"));
}

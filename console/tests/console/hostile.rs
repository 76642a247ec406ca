//! Values and databases that are not as they should be: a clear page, and never a panic.

use crate::client::Served;
use crate::filled::Filled;
use crate::pages::folder;
use rusqlite::Connection;
use rusqlite::types::Value;

/// Puts a value into every field of a run's context.
fn put(filled: &Filled, run: &str, form: &str, value: &Value) {
    let connection = Connection::open(&filled.name).expect("opened");
    let statement = "UPDATE steadfast_fields SET form = ?1, body = ?2
        WHERE run = (SELECT number FROM steadfast_runs WHERE id = ?3)";
    let changed = connection.execute(statement, (form, value, run)).expect("changed");
    assert!(changed > 0, "there are fields");
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_values_are_shown_as_what_they_are() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    filled.long("long-1", 3).await;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let large = format!("\"{}\"", "<b>large</b> ".repeat(800_000));
    let values = [
        ("json", Value::Blob(vec![b'"', 0xff, 0xfe, b'"']), 500, "is damaged"),
        ("json", Value::Text(deep), 200, "that cannot be read"),
        ("json", Value::Text(large), 200, "10 MB"),
        ("json", Value::Text("{\"a\": ".to_owned()), 200, "that cannot be read"),
        ("bytes", Value::Blob(vec![0; 100]), 200, "100 bytes"),
        ("parts", Value::Blob(vec![0xff; 100]), 200, "that cannot be read"),
        ("json", Value::Text("\"\\u0000\\u202e<script>\"".to_owned()), 200, "&lt;script&gt;"),
    ];
    for (form, value, status, part) in values {
        put(&filled, "long-1", form, &value);
        for path in ["/run?id=long-1", "/run?id=long-1&at=5", "/history?id=long-1"] {
            let answer = console.get(path).await;
            assert_eq!(answer.status, status, "{form} {path}: {}", answer.body);
            assert!(answer.body.contains(part), "{form} {path} lacks {part}: {}", answer.body);
            assert!(answer.body.len() < 100_000, "{form} {path}: {} bytes", answer.body.len());
            assert!(!answer.body.contains("<script>") && !answer.body.contains("<b>large"), "{form} {path}");
        }
    }
    assert_eq!(console.get("/runs").await.status, 200, "the list does not care");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_history_is_told_and_harms_no_other_page() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    filled.long("long-1", 3).await;
    let connection = Connection::open(&filled.name).expect("opened");
    let damage = "UPDATE steadfast_log SET entries = '[[\"dancing\"]]'
        WHERE run = (SELECT number FROM steadfast_runs WHERE id = 'long-1')";
    connection.execute(damage, []).expect("changed");
    for path in ["/run?id=long-1", "/history?id=long-1", "/steps?id=long-1"] {
        let answer = console.get(path).await;
        assert_eq!(answer.status, 500, "{path}: {}", answer.body);
        assert!(answer.body.contains("damaged"), "{path}: {}", answer.body);
    }
    assert_eq!(console.get("/run?id=order-1").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_and_requests_that_are_too_large_are_refused() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let form = ["sec-fetch-site: same-origin", "content-type: application/x-www-form-urlencoded"];
    let large = format!("do=send&run=parcel-1&value={}", "a".repeat(5 << 20));
    assert_eq!(console.ask("POST", "/act", &form, &large).await.status, 413);
    let many = format!("do=send&{}", "a=b&".repeat(1_000));
    assert_eq!(console.ask("POST", "/act", &form, &many).await.status, 400);
    let header = format!("x-long: {}", "a".repeat(1 << 20));
    let answer = console.ask("GET", "/runs", &[&header], "").await;
    assert!(answer.status == 431 || answer.status == 0, "{}", answer.head);
    for raw in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET\r\n\r\n", b"GET /runs HTTP/9.9\r\n\r\n", b"\r\n\r\n\0\0\0"]
    {
        let answer = console.raw(&[raw, b"\r\n\r\n"].concat()).await;
        assert!(matches!(answer.status, 0 | 400), "{raw:?}: {}", answer.head);
    }
    assert_eq!(console.get("/runs").await.status, 200);
}

//! Values and databases that are not as they should be: a clear page, and never a panic.

use crate::client::Served;
use crate::filled::Filled;
use crate::pages::folder;
use rusqlite::Connection;
use rusqlite::types::Value;

/// Puts a value into every entry of a run that has one, and into every field.
fn put(filled: &Filled, run: &str, form: &str, value: &Value) {
    let connection = Connection::open(&filled.name).expect("opened");
    for table in ["steadfast_entries", "steadfast_fields"] {
        let statement = format!(
            "UPDATE {table} SET form = ?1, body = ?2
                WHERE form IS NOT NULL AND run = (SELECT number FROM steadfast_runs WHERE id = ?3)"
        );
        connection.execute(&statement, (form, value, run)).expect("changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_values_are_shown_as_what_they_are() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    filled.long("long-1", 3).await;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let large = format!("\"{}\"", "<b>large</b> ".repeat(800_000));
    let values = [
        ("json", Value::Blob(vec![b'"', 0xff, 0xfe, b'"']), "cannot be read"),
        ("json", Value::Blob(deep.into_bytes()), "cannot be read"),
        ("json", Value::Blob(large.into_bytes()), "10 MB"),
        ("json", Value::Blob(b"{\"a\": ".to_vec()), "cannot be read"),
        ("bytes", Value::Blob(vec![0; 100]), "100 bytes"),
        ("parts", Value::Blob(vec![0xff; 100]), "cannot be read"),
        ("json", Value::Blob(b"\"\\u0000\\u202e<script>\"".to_vec()), "&lt;script&gt;"),
    ];
    for (form, value, part) in values {
        put(&filled, "long-1", form, &value);
        for path in ["/run?id=long-1", "/run?id=long-1&at=5", "/history?id=long-1", "/steps?id=long-1"] {
            let answer = console.get(path).await;
            // A page says that a history is damaged, or shows what is there.
            let is_clear = answer.status == 200 || answer.body.contains("damaged");
            assert!(
                is_clear && answer.body.len() < 2_000_000,
                "{form} {path}: {} {}",
                answer.status,
                answer.body.len()
            );
            assert!(!answer.body.contains("<script>") && !answer.body.contains("<b>large"), "{form} {path}");
        }
        let history = console.get("/history?id=long-1").await;
        assert!(history.body.contains(part), "{form} lacks {part}: {}", history.body);
    }
    assert_eq!(console.get("/runs").await.status, 200, "the list does not care");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_history_is_told_and_harms_no_other_page() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    filled.long("long-1", 3).await;
    let connection = Connection::open(&filled.name).expect("opened");
    let damage = "UPDATE steadfast_entries SET kind = 'dancing' WHERE seq = 4 AND
        run = (SELECT number FROM steadfast_runs WHERE id = 'long-1')";
    connection.execute(damage, []).expect("changed");
    for path in ["/run?id=long-1", "/history?id=long-1", "/steps?id=long-1"] {
        let answer = console.get(path).await;
        assert_eq!(answer.status, 500, "{path}: {}", answer.body);
        assert!(answer.body.contains("dancing") && answer.body.contains("long-1"), "{path}: {}", answer.body);
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

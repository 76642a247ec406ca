//! Pages in HTML and JSON, on both databases.

use crate::client::Served;
use crate::filled::{Filled, SCRIPT};
use steadfast_console::Console;

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// The id of a run with everything in it that an address must encode.
pub(crate) fn strange() -> String {
    let text = format!("strange {SCRIPT}/..?&#%");
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn each_page(filled: &Filled) {
    let console = Served::all(filled).await;
    for (path, part) in [
        ("/runs", "order-1"),
        ("/runs?status=parked", "changed-1"),
        ("/runs?workflow=order&field=cents%3E%3D100&label=color%3Dred&text=order&since=2h", "order-1"),
        ("/runs?workflow=nothing", "No run matches"),
        ("/run?id=order-1", "Context over time"),
        ("/run?id=order-1&at=6", "After entry <output for=\"at\">6"),
        ("/run?id=changed-1", "In the code"),
        ("/run?id=broken-1", "has failed"),
        ("/run?id=parcel-1", "started by"),
        (&format!("/run?id={}", strange()), "Waits for"),
        ("/history?id=order-1", "context_updated"),
        ("/steps?id=order-1", "connection reset by peer"),
        ("/run?id=count-1", "Way of the events"),
        ("/reasons", "In the code"),
        ("/requests", "MaySend"),
        ("/requests?run=order-1", "MaySend"),
        ("/queues?queue=mail", "Keys of mail"),
        ("/schedules", "Europe/Berlin"),
        ("/workers", "alive"),
        ("/jobs", "No jobs"),
        ("/audit", "No records"),
        ("/health?thoroughly=1", "steadfast_runs"),
        ("/act?do=cancel&run=order-1", "Reason, for the record"),
    ] {
        let answer = console.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(answer.body.contains(part), "{path} lacks {part}: {}", answer.body);
        assert!(!answer.body.contains("<script>alert") && !answer.body.contains("<img"), "{path}: {}", answer.body);
        assert!(!answer.body.contains("style=") && !answer.body.contains("onerror=\""), "{path}");
        let json = console.get_json(path).await;
        assert_eq!((json.status, json.header("content-type")), (200, Some("application/json")), "{path}");
        assert!(json.json().is_object(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_in_html_and_json_on_a_file() {
    each_page(&Filled::file(folder()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_in_html_and_json_on_postgres() {
    let Some(filled) = Filled::postgres().await else { return };
    each_page(&filled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_makes_no_sense_gets_a_page_that_says_so() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let long = format!("/runs?text={}", "a".repeat(9_000));
    let many = format!("/runs?{}", "label=a%3Db&".repeat(300));
    for (path, status, part) in [
        ("/run?id=nothing", 404, "no run has the id"),
        ("/run?id=%ff%00", 404, "no run has the id"),
        ("/run", 400, "lacks the parameter"),
        ("/run?id=order-1&at=x", 400, "is a number"),
        ("/run?id=order-1&at=99999999999999999999", 400, "is a number"),
        ("/runs?status=dancing", 400, "dancing"),
        ("/runs?since=soon", 400, "write how long ago"),
        ("/runs?label=%3D", 400, "name=value"),
        ("/runs?field=%3E%3E", 400, "makes no sense"),
        ("/runs?after=%2e%2e%2f", 400, "not a cursor"),
        ("/runs?limit=0", 400, "1 to 1000"),
        ("/runs?limit=-1", 400, "is a number"),
        ("/runs?parent=nothing", 404, "no run has the id"),
        ("/history?id=order-1&after=x", 400, "not a cursor"),
        ("/../../etc/passwd", 404, "there is no page"),
        ("/%2e%2e/%2e%2e/etc/passwd", 404, "there is no page"),
        ("/console.css", 404, "there is no page"),
        ("/runs/", 404, "there is no page"),
        (&long, 414, "bytes"),
        (&many, 400, "parameters"),
    ] {
        let answer = console.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.body.contains(part), "{path} lacks {part}: {}", answer.body);
        let json = console.get_json(path).await.json();
        assert_eq!(json["error"]["status"], status, "{path}: {json}");
    }
    // The whole run, where the part makes no sense.
    let answer = console.get("/run?id=order-1&from=x&to=-7").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_saved_in_the_browser_and_forgotten() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let form = ["sec-fetch-site: same-origin", "content-type: application/x-www-form-urlencoded"];
    let name: String = form_urlencoded::byte_serialize(b"<b>red&;=").collect();
    let saved = console.ask("POST", "/view", &form, &format!("name={name}&status=parked&label=color%3Dred%26")).await;
    let target = "runs?status=parked&label=color%3Dred%26";
    assert_eq!((saved.status, saved.header("location")), (303, Some(target)), "{}", saved.body);
    let cookie = saved.header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    let (pair, _) = cookie.split_once(';').expect("a pair");
    let with = [form[0], form[1], &format!("cookie: {pair}")];
    let page = console.ask("GET", "/runs", &with, "").await.body;
    assert!(page.contains("&lt;b&gt;red&amp;;=</a>") && page.contains("color%3Dred%26"), "{page}");
    let body =
        format!("forget={}", form_urlencoded::byte_serialize(&target.as_bytes()["runs?".len()..]).collect::<String>());
    let forgotten = console.ask("POST", "/view", &with, &body).await;
    assert!(
        forgotten.header("set-cookie").is_some_and(|cookie| cookie.starts_with("steadfast_views=;")),
        "{}",
        forgotten.head
    );
    for body in ["name=&status=parked", "name=x&status=dancing", &format!("name={}", "x".repeat(41)), "status=parked"] {
        assert_eq!(console.ask("POST", "/view", &form, body).await.status, 400, "{body}");
    }
    assert_eq!(console.ask("POST", "/view", &["sec-fetch-site: cross-site", form[1]], "name=x").await.status, 403);
    // A cookie full of nonsense is no obstacle.
    assert_eq!(console.ask("GET", "/runs", &["cookie: steadfast_views=%ff&&==;;="], "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_hides_values_and_refuses_actions_if_it_should() {
    let filled = Filled::file(folder()).await;
    let console = Console::new(filled.inspector().await, None).hide_values().read_only_because("the disk is full");
    let console = Served::of(console);
    for path in ["/runs", "/run?id=order-1", "/history?id=order-1", "/steps?id=order-1", "/reasons", "/requests"] {
        let (page, json) = (console.get(path).await, console.get_json(path).await);
        assert_eq!((page.status, json.status), (200, 200), "{path}");
        for value in ["Ada Lovelace", "4999", "no ink", "does not answer", "no paper"] {
            assert!(!page.body.contains(value), "{path} shows {value}: {}", page.body);
            assert!(!json.body.contains(value), "{path} says {value}: {}", json.body);
        }
    }
    let refused = console.get("/act?do=cancel&run=order-1").await;
    assert!(refused.status == 403 && refused.body.contains("the disk is full"), "{}", refused.body);
    assert!(!console.get("/run?id=order-1").await.body.contains("act?do="), "no buttons");
    let form = ["sec-fetch-site: same-origin", "content-type: application/x-www-form-urlencoded"];
    assert_eq!(console.ask("POST", "/act", &form, "do=cancel&run=order-1&why=x&form=1.2.3").await.status, 403);
}

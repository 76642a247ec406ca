//! What a request must bring: the host, the token, the origin of a change.

use crate::client::{Served, TOKEN};
use crate::filled::Filled;
use crate::pages::folder;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_another_host_is_refused() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let bearer = format!("authorization: Bearer {TOKEN}");
    let port = console.socket.port();
    for (host, status) in [
        ("localhost".to_owned(), 200),
        (format!("localhost:{port}"), 200),
        ("LOCALHOST:1".to_owned(), 200),
        (format!("[::1]:{port}"), 200),
        (format!("evil.example:{port}"), 421),
        (format!("127.0.0.1.evil.example:{port}"), 421),
        ("localhost.".to_owned(), 421),
        ("127.0.0.1@evil.example".to_owned(), 421),
        (String::new(), 421),
    ] {
        let answer = console.plain("GET", "/runs", &[&format!("host: {host}"), &bearer], "").await;
        assert_eq!(answer.status, status, "{host}: {}", answer.body);
        assert!(status == 200 || !answer.body.contains("order-1"), "{host}");
    }
    let twice =
        format!("GET /runs HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n{bearer}\r\nconnection: close\r\n\r\n");
    assert_eq!(console.raw(twice.as_bytes()).await.status, 400);
    let none = format!("GET /runs HTTP/1.0\r\n{bearer}\r\n\r\n");
    assert_eq!(console.raw(none.as_bytes()).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_without_the_token() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    for path in ["/", "/runs", "/run?id=order-1", "/live?of=runs", "/nothing", "/runs?token=wrong"] {
        let answer = console.plain("GET", path, &[], "").await;
        assert_eq!(answer.status, 401, "{path}: {}", answer.body);
        assert!(!answer.body.contains("order-1") && !answer.head.contains("set-cookie"), "{path}");
        let json = console.plain("GET", path, &["accept: application/json"], "").await;
        assert_eq!(json.json()["error"]["status"], 401, "{path}");
    }
    // The token comes once in the address; then it is in a cookie that no script reads and no other site sends.
    let answer = console.plain("GET", &format!("/?token={TOKEN}"), &[], "").await;
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let (pair, _) = cookie.split_once(';').expect("a pair");
    let answer = console.plain("GET", "/runs", &[&format!("cookie: theme=dark; {pair}")], "").await;
    assert!(answer.status == 200 && answer.body.contains("order-1"), "{}", answer.body);
    let wrong = pair.replace("tests", "guess");
    assert_eq!(console.plain("GET", "/runs", &[&format!("cookie: {wrong}")], "").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_other_scripts_frames_and_hosts() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let page = console.get("/runs").await.body;
    let style =
        page.split("rel=\"stylesheet\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a style");
    for path in ["/runs", "/nothing", "/run?id=nothing", &format!("/{style}")] {
        let answer = console.get(path).await;
        let policy = answer.header("content-security-policy").expect("a policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    assert_eq!(console.get("/runs").await.header("cache-control"), Some("no-store"));
    // Files of the console itself are the same for everyone, and never change under their names.
    let answer = console.plain("GET", &format!("/{style}"), &[], "").await;
    assert!(answer.status == 200 && answer.header("cache-control").is_some_and(|text| text.contains("immutable")));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_refused() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        assert_eq!(console.ask(method, "/runs", &[], "").await.status, 405, "{method}");
    }
    let same = ["sec-fetch-site: same-origin"];
    assert_eq!(console.ask("POST", "/runs", &same, "").await.status, 405, "a page that only reads");
    assert_eq!(console.ask("POST", "/runs", &["sec-fetch-site: cross-site"], "").await.status, 403);
    assert_eq!(console.ask("POST", "/runs", &["origin: https://evil.example"], "").await.status, 403);
    assert_eq!(console.ask("POST", "/runs", &[], "").await.status, 403, "neither header");
    assert_eq!(console.ask("HEAD", "/runs", &[], "").await.status, 200);
}

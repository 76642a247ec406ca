//! A console in a program of its own: under a path, with a login that is not ours.

use crate::client::{Answer, Served};
use crate::filled::Filled;
use crate::pages::folder;
use axum::Router;
use limits::Soon as _;
use steadfast::inspect::{AuditQuery, Paging};
use steadfast_console::{Access, Console};

const FORM: [&str; 3] =
    ["sec-fetch-site: same-origin", "content-type: application/x-www-form-urlencoded", "accept: application/json"];

/// A console whose visitors say who they are and what they may.
async fn mounted(filled: &Filled, path: &str) -> Served {
    let header = |name: &'static str| {
        move |request: &axum::http::request::Parts| request.headers.get(name)?.to_str().ok().map(str::to_owned)
    };
    let (role, user) = (header("x-role"), header("x-user"));
    let console = Console::new(filled.inspector().await, filled.engine.operate("console").expect("an operator"))
        .host("ops.example.com")
        .who(user)
        .access(move |request| match role(request).as_deref() {
            Some("operator") => Access::All,
            Some("reader") => Access::ReadOnly,
            _ => Access::None,
        });
    Served::router(Router::new().nest(path, console.router()))
}

async fn ask(console: &Served, method: &str, path: &str, who: &[&str], more: &[&str], body: &str) -> Answer {
    console.plain(method, path, &[who, more].concat(), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_stays_below_the_mount_path() {
    let filled = Filled::file(folder()).await;
    let console = mounted(&filled, "/ops/console").await;
    let who = ["x-role: operator", "x-user: ada", "host: ops.example.com"];
    let first = ask(&console, "GET", "/ops/console", &who, &[], "").await;
    assert_eq!((first.status, first.header("location")), (303, Some("console/runs")), "{}", first.body);
    for page in ["runs", "run?id=order-1", "reasons", "act?do=cancel&run=order-1"] {
        let answer = ask(&console, "GET", &format!("/ops/console/{page}"), &who, &[], "").await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        for part in answer.body.split(" href=\"").skip(1).chain(answer.body.split(" src=\"").skip(1)) {
            assert!(!part.starts_with('/') && !part.contains("://"), "{page}: {}", &part[..40.min(part.len())]);
        }
        let style = answer.body.split("rel=\"stylesheet\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        let style = format!("/ops/console/{}", style.expect("a style"));
        assert_eq!(ask(&console, "GET", &style, &who, &[], "").await.status, 200, "{style}");
    }
    // From a page that is not there, the style is found too.
    let missing = ask(&console, "GET", "/ops/console/a/b", &who, &[], "").await;
    assert!(missing.status == 404 && missing.body.contains("href=\"../console-"), "{}", missing.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_of_the_program_decides_and_names_who_acts() {
    let filled = Filled::file(folder()).await;
    let console = mounted(&filled, "/console").await;
    filled.waiting("a").await;
    filled.waiting("b").await;
    let (ada, bob) = (["x-role: operator", "x-user: ada"], ["x-role: operator", "x-user: bob"]);
    let reader = ["x-role: reader", "x-user: eve"];
    assert_eq!(ask(&console, "GET", "/console/runs", &[], &[], "").await.status, 403);
    let page = ask(&console, "GET", "/console/run?id=a", &reader, &[], "").await;
    assert!(page.status == 200 && !page.body.contains("act?do="), "{}", page.body);
    let form = "/console/act?do=cancel&run=a";
    assert_eq!(ask(&console, "GET", form, &reader, &[], "").await.status, 403);
    let token = |answer: Answer| answer.json()["form"].as_str().expect("a token").to_owned();
    let json = ["accept: application/json"];
    let stolen = token(ask(&console, "GET", form, &ada, &json, "").await);
    // Neither a reader nor another operator can use what was Ada's.
    let body = format!("do=cancel&run=a&why=x&form={stolen}");
    for (who, why) in [(&reader, "may only look"), (&bob, "not of this page")] {
        let answer = ask(&console, "POST", "/console/act", who, &FORM, &body).await;
        assert!(answer.status == 403 && answer.body.contains(why), "{}", answer.body);
    }
    assert_eq!(ask(&console, "POST", "/console/act", &ada, &FORM, &body).await.status, 200);
    let other = token(ask(&console, "GET", "/console/act?do=pause&run=b", &bob, &json, "").await);
    let body = format!("do=pause&run=b&form={other}");
    assert_eq!(ask(&console, "POST", "/console/act", &bob, &FORM, &body).await.status, 200);
    let records =
        filled.engine.inspect().audit(&AuditQuery::all(), &Paging::first(9)).soon().await.expect("read").items;
    let who: Vec<_> = records.iter().map(|record| (record.who.as_str(), record.action.as_str())).collect();
    assert_eq!(who, [("bob", "pause"), ("ada", "cancel")]);
}

//! Pages and actions in a real browser: with a mouse, with the keyboard alone, without scripts, and live.

use crate::browser::Browser;
use crate::client::Served;
use crate::filled::{Filled, SCRIPT};
use crate::pages::{folder, strange};
use fantoccini::key::Key;
use limits::{Soon as _, until};
use steadfast::Status;
use steadfast::inspect::Paging;
use steadfast_console::Console;

/// The pages that a visitor can open.
pub(crate) fn all_pages() -> Vec<String> {
    let pages = [
        "runs",
        "runs?status=parked",
        "runs?workflow=nothing",
        "run?id=order-1",
        "run?id=order-1&at=6",
        "run?id=changed-1",
        "run?id=broken-1",
        "run?id=count-1",
        "run?id=long-1",
        "history?id=order-1",
        "steps?id=order-1",
        "reasons",
        "requests",
        "queues",
        "queues?queue=mail",
        "schedules",
        "workers",
        "jobs",
        "audit",
        "health",
        "health?thoroughly=1",
        "act?do=cancel&run=order-1",
        "act?do=bulk&status=sleeping",
        "run?id=nothing",
    ];
    pages.into_iter().map(str::to_owned).chain([format!("run?id={}", strange())]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_runs_what_users_wrote_or_asks_another_host() {
    let filled = Filled::file(folder()).await;
    filled.long("long-1", 100).await;
    let console = Served::all(&filled).await;
    let Some(browser) = Browser::open(&console).await else { return };
    for page in all_pages() {
        browser.goto(&page).await;
        // An alert would be open: then no script is answered.
        let found = browser
            .script(
                "return [
                    performance.getEntriesByType('resource').map(entry => entry.name)
                        .filter(name => !name.startsWith(location.origin + '/')),
                    document.querySelectorAll('script:not([src]), [style], style, img').length,
                ]",
            )
            .await;
        assert_eq!(found, serde_json::json!([[], 0]), "{page}");
    }
    browser.goto("run?id=order-1").await;
    let text = browser.text("main").await;
    assert!(text.contains("<script>alert(1)</script>"), "it is shown as text: {text}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slider_shows_the_context_as_it_was() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let Some(browser) = Browser::open(&console).await else { return };
    browser.goto("run?id=order-1").await;
    // Step by step with the keyboard: the page follows, and the address too.
    let slider = "document.getElementById('at')";
    browser.script(&format!("{slider}.focus()")).await;
    for _ in 0..12 {
        browser.keys(&Key::Left.to_string()).await;
    }
    browser.until("document.querySelector('.written').textContent.includes('entry 6')").await;
    browser.until("new URL(location.href).searchParams.get('at') === '6'").await;
    let before = browser.text("tr.changed td.before").await;
    let after = browser.text("tr.changed td.after").await;
    assert!(before.contains("ordered") && after.contains("reserved"), "{before} / {after}");
    let paths = browser.text("ul.places").await;
    assert!(paths.contains("[0].state"), "{paths}");
    assert!(browser.text(".seen").await.contains("charge"), "the step that saw it");
    // The focus stays on the slider while its page is replaced.
    assert_eq!(browser.script(&format!("return document.activeElement === {slider}")).await, true);
    browser.click(".slider a[rel=next]").await;
    browser.until("document.querySelector('.written').textContent.includes('entry 11')").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_follows_its_run_and_keeps_what_a_person_has_opened() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    filled.waiting("a").await;
    let Some(browser) = Browser::open(&console).await else { return };
    browser.goto("run?id=order-1").await;
    browser.click("table.context details.value > summary").await;
    browser.script("document.querySelector('table.context details.value > summary').focus(); document.activeElement.scrollIntoView({ block: 'center' })").await;
    let place = "return Math.round(document.querySelector('table.context details.value').getBoundingClientRect().top)";
    let before = browser.script(place).await.as_i64().expect("a place");
    let request =
        filled.engine.inspect().open_requests(&Paging::first(1)).soon().await.expect("read").items[0].id.clone();
    let ask = format!("do=answer&request={request}");
    let answer = console.act(&ask, "value=%7B%22yes%22%3Atrue%2C%22remark%22%3A%22%22%7D").await;
    assert_eq!(answer.status, 200);
    browser.until("document.querySelector('.slider').textContent.includes('of 5')").await;
    let kept = "const details = document.querySelector('table.context details.value');
        return [details.open, document.activeElement === details.firstElementChild]";
    assert_eq!(browser.script(kept).await, serde_json::json!([true, true]), "open and focused as before");
    let after = browser.script(place).await.as_i64().expect("a place");
    assert!((before - after).abs() <= 2, "it has jumped from {before} to {after}");
    // Rows of a list that come are offered, so that nothing jumps; those that change change in place.
    browser.goto("runs").await;
    browser.until("document.querySelectorAll('tr[data-key]').length > 5").await;
    filled.waiting("b").await;
    browser.until("document.querySelector('.offer button')").await;
    assert!(!browser.text("main table").await.contains("\nb\n"));
    browser.click(".offer button").await;
    browser.until("[...document.querySelectorAll('a.id')].some(link => link.textContent === 'b')").await;
    filled.stop("b").await;
    browser.until("document.querySelector('tr[data-key]').textContent.includes('completed')").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_but_live_pages_works_without_scripts() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let Some(browser) = Browser::with(&console, &["--blink-settings=scriptEnabled=false"], None).await else { return };
    browser.goto("runs").await;
    browser.click("details.filter > summary").await;
    browser.fill("input[name=workflow]", "order").await;
    browser.click("details.filter button[type=submit]").await;
    assert!(browser.text("main table").await.contains("order-1"));
    browser.click("a.id").await;
    browser.click(".slider a[rel=prev]").await;
    assert!(browser.text(".written").await.contains("entry 11"));
    browser.click("p.actions a[href*='do=pause&']").await;
    browser.click("form button[type=submit]").await;
    assert!(browser.text(".notice.done").await.contains("Pause"));
    until(async || filled.engine.inspect().run("order-1").await.is_ok_and(|run| run.run.status == Status::Paused))
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_found_and_cancelled_with_the_keyboard_alone() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    filled.waiting("by-hand").await;
    let Some(browser) = Browser::open(&console).await else { return };
    browser.goto("runs").await;
    browser.until("document.activeElement === document.body").await;
    let tab = Key::Tab.to_string();
    browser.keys(&tab).await;
    assert_eq!(browser.script("return document.activeElement.textContent").await, "Skip to the content");
    // Everything that can be clicked can be reached, and shows that it is.
    let reach = async |what: &str| {
        for _ in 0..80 {
            let here = browser.script(&format!("return document.activeElement.matches({what:?})")).await;
            if here == true {
                let outline = browser.script("return getComputedStyle(document.activeElement).outlineStyle").await;
                assert_ne!(outline, "none", "{what}: the focus is not seen");
                return;
            }
            browser.keys(&tab).await;
        }
        panic!("{what} cannot be reached with the keyboard");
    };
    reach("a.id[title='by-hand']").await;
    browser.keys(&Key::Enter.to_string()).await;
    browser.until("document.querySelector('h1.id')?.textContent === 'by-hand'").await;
    reach("p.actions a[href*='do=cancel']").await;
    browser.keys(&Key::Enter.to_string()).await;
    browser.until("location.pathname === '/act'").await;
    reach("input[name=why]").await;
    browser.keys("no longer wanted").await;
    reach("button[type=submit]").await;
    browser.keys(&Key::Enter.to_string()).await;
    browser.until("document.querySelector('.notice.done')").await;
    until(async || filled.engine.inspect().run("by-hand").await.is_ok_and(|run| run.run.status == Status::Cancelled))
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_done_in_a_browser() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    for id in ["a", "b", "c", "d"] {
        filled.waiting(id).await;
    }
    let Some(browser) = Browser::open(&console).await else { return };
    let request =
        filled.engine.inspect().open_requests(&Paging::first(1)).soon().await.expect("read").items[0].id.clone();
    let answer = format!("act?do=answer&request={request}");
    let forms: &[(&str, &[(&str, &str)])] = &[
        ("act?do=pause&run=a", &[("why", SCRIPT)]),
        ("act?do=resume&run=a", &[]),
        ("act?do=pause_abandon&run=a", &[]),
        ("act?do=resume&run=a", &[]),
        ("act?do=send&run=a", &[("message", "Stop"), ("value", "7")]),
        ("act?do=fork&run=a", &[("after_entry", "1")]),
        ("act?do=gc", &[]),
        ("act?do=rewind&run=a", &[("after_entry", "1"), ("why", "again")]),
        ("act?do=cancel&run=b", &[("why", "gone")]),
        ("act?do=delete&run=b", &[("why", "gone")]),
        ("act?do=revive&run=changed-1", &[]),
        ("act?do=force_cancel&run=changed-1", &[("why", "stuck")]),
        ("act?do=retry&run=broken-1", &[]),
        ("act?do=start&workflow=parcel", &[("input", "4")]),
        (&answer, &[("value", "{\"yes\":true,\"remark\":\"\"}")]),
        ("act?do=queue_total&queue=mail", &[("total", "7")]),
        ("act?do=queue_per_key&queue=mail", &[("per_key", "2")]),
        ("act?do=queue_rate&queue=mail", &[("rate", "10/1s")]),
        ("act?do=queue_weight&queue=mail", &[("weight", "acme=3")]),
        ("act?do=queue_pause&queue=mail", &[("note", "down")]),
        ("act?do=queue_resume&queue=mail", &[]),
        ("act?do=queue_reset&queue=mail", &[]),
        ("act?do=schedule_pause&schedule=nightly", &[("note", "holidays")]),
        ("act?do=schedule_resume&schedule=nightly", &[]),
        ("act?do=schedule_trigger&schedule=nightly", &[]),
        ("act?do=schedule_backfill&schedule=nightly", &[("from", "2026-01-01"), ("until", "2026-01-03")]),
    ];
    for (form, fields) in forms {
        let word = form.split(['=', '&']).nth(1).expect("a word");
        // An action may wait for the one before to have its effect.
        until(async || {
            browser.goto(form).await;
            for (name, value) in *fields {
                browser.fill(&format!("[name={name}]"), value).await;
            }
            browser.click("form button[type=submit]").await;
            browser.until("location.search.includes('did=') || document.querySelector('.fault')").await;
            let done = browser.script("return new URL(location.href).searchParams.get('did')").await;
            done == word
        })
        .await;
    }
    browser.goto("act?do=bulk&status=sleeping&workflow=parcel").await;
    browser.script("document.querySelector('[name=action]').value = 'cancel'").await;
    browser.fill("[name=why]", "closed").await;
    browser.click("form button[type=submit]").await;
    let all = async || filled.engine.inspect().run("c").await.is_ok_and(|run| run.run.status == Status::Cancelled);
    until(all).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_console_ends_stays_and_goes_on_with_the_next_one() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let Some(browser) = Browser::open(&console).await else { return };
    browser.goto("runs").await;
    browser.until("document.querySelector('button.live') && !document.querySelector('button.live.lost')").await;
    let socket = console.socket;
    drop(console);
    browser.until("document.querySelector('button.live.lost')").await;
    assert!(browser.text("main table").await.contains("order-1"), "what was there stays");
    let operator = filled.engine.operate("tester").expect("an operator");
    let _next = Served::at(Console::new(filled.inspector().await, operator), socket);
    browser.until("!document.querySelector('button.live.lost')").await;
    filled.waiting("later").await;
    browser.until("document.querySelector('.offer button')").await;
    browser.close().await;
}

//! The frame of every page.

use crate::actions::Action;
use crate::answer::{Live, View};
use crate::asked::Asked;
use crate::assets::{ICON, SCRIPT, STYLE};
use crate::links::Link;
use maud::{DOCTYPE, Markup, html};
use std::time::UNIX_EPOCH;

/// The entries of the menu: page, word, and the pages that belong to it.
const MENU: &[(&str, &str, &[&str])] = &[
    ("runs", "Runs", &["runs", "run", "history", "steps", "tree"]),
    ("reasons", "Problems", &["reasons"]),
    ("requests", "Requests", &["requests"]),
    ("queues", "Queues", &["queues", "queue"]),
    ("schedules", "Schedules", &["schedules"]),
    ("workers", "Workers", &["workers"]),
    ("jobs", "Jobs", &["jobs"]),
    ("audit", "Audit", &["audit"]),
    ("health", "Health", &["health"]),
];

fn head(title: &str, base: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            title { (title) " · Steadfast" }
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            link rel="icon" type="image/svg+xml" href={ (base) (ICON.name) };
            link rel="stylesheet" href={ (base) (STYLE.name) };
            script src={ (base) (SCRIPT.name) } defer {}
        }
    }
}

/// Writes a page. `address` is its own, relative to the mount path, which the script looks at again; `base` is the way to
/// the pages.
pub(crate) fn page(asked: &Asked, page: &str, address: &str, base: &str, view: &View) -> String {
    let now = asked.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let live = match view.live {
        Live::No => None,
        Live::Replace => Some("replace"),
        Live::Offer => Some("offer"),
    };
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&view.title, base))
            body data-now=(now) data-live=[live] data-events=[live.map(|_| Link::to("live").with("of", address))] {
                a.skip href="#main" { "Skip to the content" }
                (banner(asked, page, base))
                main #main tabindex="-1" { (did(asked)) (view.main) }
                (footer(asked))
            }
        }
    };
    whole.into_string()
}

fn banner(asked: &Asked, page: &str, base: &str) -> Markup {
    html! {
        header.top {
            a.brand href={ (base) "runs" } { (mark()) span { "Steadfast" } }
            nav aria-label="Pages" {
                @for (name, word, pages) in MENU {
                    @let is_here = pages.contains(&page);
                    a href={ (base) (name) } aria-current=[is_here.then_some("page")] { (word) }
                }
            }
            div.state {
                button.live type="button" hidden aria-pressed="true" title="Follow changes" { span.dot {} span.word { "Live" } }
                @if !asked.may_act() {
                    span.tag title=(asked.shared.read_only_because()) { "read-only" }
                }
            }
        }
    }
}

/// Says what was done, on the page that shows its effect.
fn did(asked: &Asked) -> Markup {
    let action = asked.query.text("did").and_then(|word| Action::named(word).ok());
    html! {
        @if let Some(action) = action {
            section.notice.done role="status" {
                p { strong { (action.label) ": done." } " " a href="audit" { "See the record" } }
            }
        }
    }
}

fn footer(asked: &Asked) -> Markup {
    html! {
        footer.bottom {
            @if let Some(database) = &asked.shared.database { span { "Database " code { (database) } } }
            @if !asked.may_act() { span { "Read-only: " (asked.shared.read_only_because()) } }
            span { "Times in UTC" }
        }
    }
}

/// The mark of the project: a step that holds.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 16 16" width="18" height="18" aria-hidden="true" focusable="false" {
            path d="M2 13h4V9h4V5h4" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}

/// Writes a page without a menu: for visitors who may not see one.
pub(crate) fn bare(title: &str, main: &Markup, base: &str) -> String {
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, base))
            body { main #main.alone tabindex="-1" { (main) } }
        }
    };
    whole.into_string()
}

/// Writes the page that takes a visitor who has brought the token to the first page.
pub(crate) fn login() -> String {
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Steadfast" }
                link rel="icon" type="image/svg+xml" href=(ICON.name);
                meta http-equiv="refresh" content="0; url=runs";
            }
            body { p { "You are logged in. " a href="runs" { "Go to the runs" } } }
        }
    };
    whole.into_string()
}

//! Views that a visitor has saved: filters of the list of runs with a name, in a cookie of the browser.

use super::{asked, bare, faulty};
use crate::answer::Fault;
use crate::asked::{Asked, Query};
use crate::console::Shared;
use crate::pages::{Filter, act};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use std::sync::Arc;

const COOKIE: &str = "steadfast_views";

/// The most views, the longest name in characters, and the longest cookie in bytes, which browsers limit to 4,096.
const MOST: usize = 20;
const LONGEST: usize = 40;
const LARGEST: usize = 3_500;

/// Returns the saved views of a request: names and queries.
pub(crate) fn of(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = crate::security::cookie(headers, COOKIE).unwrap_or_default();
    let pairs = form_urlencoded::parse(text.as_bytes()).take(MOST);
    pairs.map(|(name, query)| (name.into_owned(), query.into_owned())).collect()
}

/// The links to saved views, and the form that saves the one that is shown.
pub(super) fn links(asked: &Asked, filter: &Filter) -> Markup {
    let here = filter.query_text();
    let is_saved = asked.views.iter().any(|(_, query)| *query == here);
    html! {
        @for (name, query) in &asked.views {
            a href={ "runs?" (query) } aria-current=[(*query == here).then_some("true")] { (name) }
        }
        @if is_saved {
            form.inline method="post" action="view" {
                input type="hidden" name="forget" value=(here);
                button.plain type="submit" { "Forget this view" }
            }
        } @else if !filter.is_all() || !filter.columns.is_empty() {
            form.inline method="post" action="view" {
                @for (name, value) in filter.pairs() { input type="hidden" name=(name) value=(value); }
                input type="text" name="name" aria-label="Name of this view" placeholder="Name of this view" maxlength=(LONGEST) required autocomplete="off";
                button.plain type="submit" { "Save view" }
            }
        }
    }
}

/// Saves or forgets a view: nothing but the cookie of this browser changes.
pub(super) async fn save(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = match asked(&shared, &parts) {
        Ok(asked) => asked,
        Err(fault) => return bare(&parts, &fault),
    };
    let saved = match act::read(&parts, body).await {
        Ok(query) => changed(&asked, &query),
        Err(fault) => Err(fault),
    };
    let (views, shown) = match saved {
        Ok(saved) => saved,
        Err(fault) => return faulty(&asked, &parts, "runs", &fault),
    };
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(&views);
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000", text.finish());
    let plain = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("runs"));
    let headers = [(header::LOCATION, plain(&format!("runs?{shown}"))), (header::SET_COOKIE, plain(&cookie))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Returns the views after a change, and the one that is shown then.
fn changed(asked: &Asked, query: &Query) -> Result<(Vec<(String, String)>, String), Fault> {
    let mut views = asked.views.clone();
    if let Some(forgotten) = query.text("forget") {
        views.retain(|(_, query)| query != forgotten);
        // Encoded anew: the text is the visitor's.
        let shown = Filter::of(&Query::of_address(Some(forgotten))?)?.query_text();
        return Ok((views, shown));
    }
    let name = query.required("name")?.trim();
    if name.is_empty() || name.chars().count() > LONGEST {
        return Err(Fault::bad(format!("the name of a view has 1 to {LONGEST} characters")));
    }
    let shown = Filter::of(query)?.query_text();
    views.retain(|(known, _)| known != name);
    views.push((name.to_owned(), shown.clone()));
    let size: usize = views.iter().map(|(name, query)| name.len() + query.len() * 3 / 2 + 2).sum();
    if views.len() > MOST || size > LARGEST {
        return Err(Fault::bad("there is no room for another view; forget one first".to_owned()));
    }
    Ok((views, shown))
}

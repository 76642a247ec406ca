//! The pages: one module each.

mod act;
mod audit;
mod health;
mod history;
mod jobs;
mod queues;
mod reasons;
mod requests;
mod run;
mod runs;
mod schedules;
mod steps;
mod views;
mod workers;

pub(crate) use runs::Filter;
pub(crate) use steps::word_of as step_word;

use crate::access::Visitor;
use crate::answer::{Fault, View, wants_json, written};
use crate::asked::{Asked, Query};
use crate::assets::Asset;
use crate::console::Shared;
use crate::{layout, live, security};
use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::SystemTime;

/// What makes a page from a request.
pub(crate) type Page = fn(Asked) -> BoxFuture<'static, Result<View, Fault>>;

/// The pages that only read, by their names in addresses.
const PAGES: &[(&str, Page)] = &[
    ("runs", |asked| Box::pin(runs::page(asked))),
    ("run", |asked| Box::pin(run::page(asked))),
    ("history", |asked| Box::pin(history::page(asked))),
    ("steps", |asked| Box::pin(steps::page(asked))),
    ("reasons", |asked| Box::pin(reasons::page(asked))),
    ("requests", |asked| Box::pin(requests::page(asked))),
    ("queues", |asked| Box::pin(queues::page(asked))),
    ("schedules", |asked| Box::pin(schedules::page(asked))),
    ("workers", |asked| Box::pin(workers::page(asked))),
    ("jobs", |asked| Box::pin(jobs::page(asked))),
    ("audit", |asked| Box::pin(audit::page(asked))),
    ("health", |asked| Box::pin(health::page(asked))),
];

/// Returns a page by its name.
pub(crate) fn named(name: &str) -> Option<Page> {
    PAGES.iter().find(|(known, _)| *known == name).map(|(_, page)| *page)
}

/// Returns the router of all pages, without the checks before them.
pub(crate) fn router() -> Router<Arc<Shared>> {
    let mut router = Router::new()
        .route("/", get(first))
        .route("/live", get(streamed))
        .route("/act", get(act::ask).post(act::act))
        .route("/view", post(views::save));
    for (name, page) in PAGES {
        router =
            router.route(&format!("/{name}"), get(async |shared, request| answer(name, *page, shared, request).await));
    }
    for asset in Asset::all() {
        router = router.route(&format!("/{}", asset.name), get(async || asset.answer()));
    }
    router.method_not_allowed_fallback(wrong_method).fallback(any(missing))
}

/// Leads to the first page, from the mount path with or without a slash at its end.
async fn first(request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let location = HeaderValue::from_str(&format!("{}runs", security::base(&parts)));
    let location = location.unwrap_or_else(|_| HeaderValue::from_static("runs"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

async fn answer(name: &'static str, page: Page, State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let address = match parts.uri.query() {
        Some(query) => format!("{name}?{query}"),
        None => name.to_owned(),
    };
    match asked(&shared, &parts) {
        Ok(asked) => match page(asked.clone()).await {
            Ok(view) => {
                let json = wants_json(&parts.headers).then_some(&view.json);
                written(StatusCode::OK, json, || layout::page(&asked, name, &address, "", &view))
            }
            Err(fault) => faulty(&asked, &parts, name, &fault),
        },
        Err(fault) => bare(&parts, &fault),
    }
}

/// Returns what a request asks for, of a visitor who was admitted.
pub(crate) fn asked(shared: &Arc<Shared>, parts: &Parts) -> Result<Asked, Fault> {
    let visitor = parts.extensions.get::<Visitor>().cloned();
    let visitor = visitor.ok_or_else(|| Fault::forbidden("you may not see this console".to_owned()))?;
    let query = Query::of_address(parts.uri.query())?;
    let views = views::of(&parts.headers);
    Ok(Asked { shared: shared.clone(), query, visitor, views, now: SystemTime::now() })
}

/// Answers with a fault, in the frame of the pages.
pub(crate) fn faulty(asked: &Asked, parts: &Parts, name: &str, fault: &Fault) -> Response {
    let json = wants_json(&parts.headers).then(|| fault.json());
    let view = View {
        title: fault.heading().to_owned(),
        main: fault.main(),
        json: serde_json::Value::Null,
        live: crate::answer::Live::No,
    };
    let base = security::base(parts);
    written(fault.status, json.as_ref(), || layout::page(asked, name, "", &base, &view))
}

pub(crate) fn bare(parts: &Parts, fault: &Fault) -> Response {
    let json = wants_json(&parts.headers).then(|| fault.json());
    written(fault.status, json.as_ref(), || layout::bare(fault.heading(), &fault.main(), &security::base(parts)))
}

async fn streamed(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match live::stream(&shared, parts.uri.query()) {
        Ok(stream) => stream.into_response(),
        Err(fault) => bare(&parts, &fault),
    }
}

async fn missing(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    // The outer router, of a program that has mounted this one, may call it under a longer path.
    let path: String =
        parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.path(), |uri| uri.path()).to_owned();
    let fault = Fault::not_found(format!("there is no page `{}`", crate::values::cut(&path, 200)));
    match asked(&shared, &parts) {
        Ok(asked) => faulty(&asked, &parts, "", &fault),
        Err(fault) => bare(&parts, &fault),
    }
}

async fn wrong_method(request: Request) -> Response {
    let (parts, _) = request.into_parts();
    bare(&parts, &Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this page is only read".to_owned()))
}

//! Answers: pages in HTML or in JSON, and faults with their status codes.

use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::json;
use steadfast::EngineError;
use steadfast::inspect::InspectError;
use steadfast::store::{StoreError, StoreErrorKind};

/// A page with its data.
pub(crate) struct View {
    pub(crate) title: String,
    pub(crate) main: Markup,
    /// The same in JSON: an answer of the inspector.
    pub(crate) json: serde_json::Value,
    pub(crate) live: Live,
}

/// How a page follows what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Live {
    /// It does not.
    No,
    /// Its content is replaced.
    Replace,
    /// Rows change in place; rows that come or go are offered first, so that nothing jumps.
    Offer,
}

/// A request without the answer that it asked for.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) const fn new(status: StatusCode, message: String) -> Self {
        Self { status, message }
    }

    pub(crate) const fn bad(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) const fn forbidden(message: String) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) const fn not_found(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) const fn conflict(message: String) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    pub(crate) const fn too_long(message: String) -> Self {
        Self::new(StatusCode::URI_TOO_LONG, message)
    }

    pub(crate) const fn unavailable(message: String) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Returns a heading for people.
    pub(crate) fn heading(&self) -> &'static str {
        match self.status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::UNAUTHORIZED => "Not logged in",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::CONFLICT => "Not possible now",
            StatusCode::SERVICE_UNAVAILABLE => "Not available now",
            StatusCode::METHOD_NOT_ALLOWED => "No such method",
            StatusCode::MISDIRECTED_REQUEST => "Unknown host",
            status if status.is_server_error() => "The database cannot be read",
            _ => "This request makes no sense",
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        json!({ "error": { "status": self.status.as_u16(), "message": self.message } })
    }

    pub(crate) fn main(&self) -> Markup {
        html! {
            section.fault role="alert" {
                h1 { (self.heading()) }
                p { (self.message) }
                p.quiet { "Status " (self.status.as_u16()) }
            }
        }
    }
}

impl From<InspectError> for Fault {
    fn from(error: InspectError) -> Self {
        let message = error.to_string();
        match error {
            InspectError::NoSuchRun { .. } => Self::not_found(message),
            InspectError::BadQuery(_) => Self::bad(message),
            InspectError::Store(error) => Self::new(status_of(&error), message),
            _ => Self::unavailable(message),
        }
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::NoSuchRun { .. } | EngineError::NoSuchRequest { .. } | EngineError::NotFound { .. } => {
                Self::not_found(message)
            }
            EngineError::Store(error) => Self::new(status_of(&error), message),
            EngineError::WrongStatus { .. }
            | EngineError::Answered { .. }
            | EngineError::OtherAnswer { .. }
            | EngineError::OtherInput { .. }
            | EngineError::OtherWorkflow { .. }
            | EngineError::Held { .. } => Self::conflict(message),
            EngineError::ShuttingDown => Self::unavailable(message),
            _ => Self::new(StatusCode::UNPROCESSABLE_ENTITY, message),
        }
    }
}

/// Returns the status of a database that does not work.
fn status_of(error: &StoreError) -> StatusCode {
    match error.kind {
        StoreErrorKind::ReadOnly => StatusCode::FORBIDDEN,
        StoreErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        StoreErrorKind::Damaged | StoreErrorKind::NotOurs | StoreErrorKind::Newer | StoreErrorKind::Older => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Returns whether a request wants JSON: it accepts that, and no HTML.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = |what: &str| {
        headers.get_all("accept").iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains(what))
    };
    accepted("application/json") && !accepted("text/html")
}

/// Writes an answer as HTML or JSON, which no cache keeps.
pub(crate) fn written(status: StatusCode, json: Option<&serde_json::Value>, html: impl FnOnce() -> String) -> Response {
    let (kind, body) = match json {
        Some(json) => ("application/json", format!("{json}\n")),
        None => ("text/html; charset=utf-8", html()),
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept, cookie"));
    match status {
        StatusCode::SERVICE_UNAVAILABLE => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("2"))),
        StatusCode::METHOD_NOT_ALLOWED => drop(headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"))),
        _ => {}
    }
    response
}

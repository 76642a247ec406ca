//! Errors as HTTP responses: a status and a sentence.

use crate::json::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use steadfast::{EngineError, RunError};

/// An error response: a status and a sentence.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(skip)]
    status: StatusCode,
    problem: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, problem: impl Into<String>) -> Self {
        Self { status, problem: problem.into() }
    }

    /// Returns the response of a stopping service. Another process serves the same orders soon.
    pub(crate) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping: ask again")
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let status = match error {
            EngineError::NoSuchRun { .. } => StatusCode::NOT_FOUND,
            EngineError::OtherInput { .. } | EngineError::Answered { .. } => StatusCode::CONFLICT,
            EngineError::ShuttingDown => return Self::stopping(),
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Engine(error) => error.into(),
            // A parked run loses nothing, and resumes once the cause is fixed.
            RunError::Parked { reason } => Self::new(StatusCode::SERVICE_UNAVAILABLE, reason.to_string()),
            ended => Self::new(StatusCode::UNPROCESSABLE_ENTITY, ended.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

//! The routes: put an order, look at it, approve it, and fetch its receipt.

use crate::json::Json;
use crate::problem::Problem;
use crate::workflow::{Approval, MayCharge, Order, Receipt, fulfil};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde::Serialize;
use std::time::Duration;
use steadfast::{Engine, Status};
use tokio::sync::watch;

/// The longest time that a request waits for a receipt.
const WAIT: Duration = Duration::from_secs(20);

/// The state that the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) engine: Engine,
    /// Whether the service stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// An order as a client sees it.
#[derive(Serialize)]
struct Seen {
    id: String,
    status: Status,
    waits_for: Vec<String>,
}

pub(crate) fn router(service: Service) -> Router {
    Router::new()
        .route("/health", get(async || "ok"))
        .route("/orders/{id}", put(place).get(look))
        .route("/orders/{id}/receipt", get(receipt))
        .route("/orders/{id}/approval", post(approve))
        .with_state(service)
}

/// Places an order. The client chooses the id, so that it may repeat the request: one id is one order. The order is
/// durable when the client receives `201`, or `200` if it existed already.
async fn place(
    State(service): State<Service>,
    Path(id): Path<String>,
    Json(order): Json<Order>,
) -> Result<StatusCode, Problem> {
    let run = service.engine.start(fulfil, order).id(id).await?;
    Ok(if run.is_new() { StatusCode::CREATED } else { StatusCode::OK })
}

async fn look(State(service): State<Service>, Path(id): Path<String>) -> Result<Json<Seen>, Problem> {
    let run = service.engine.run(&id).await?.status().await?;
    let waits_for = run.waits_for.iter().map(ToString::to_string).collect();
    Ok(Json(Seen { id, status: run.status, waits_for }))
}

/// Waits for the receipt. `202` means that it takes longer: ask again.
async fn receipt(State(mut service): State<Service>, Path(id): Path<String>) -> Result<Response, Problem> {
    let run = service.engine.handle(fulfil, &id).await?;
    tokio::select! {
        receipt = run.result() => {
            let receipt: Receipt = receipt?;
            Ok(Json(receipt).into_response())
        }
        _ = service.stopping.wait_for(|stopping| *stopping) => Err(Problem::stopping()),
        () = tokio::time::sleep(WAIT) => Ok(StatusCode::ACCEPTED.into_response()),
    }
}

async fn approve(
    State(service): State<Service>,
    Path(id): Path<String>,
    Json(approval): Json<Approval>,
) -> Result<StatusCode, Problem> {
    let open = service.engine.run(&id).await?.requests().await?;
    let Some(request) = open.iter().find(|request| request.read::<MayCharge>().is_ok()) else {
        return Err(Problem::new(StatusCode::CONFLICT, format!("order {id} does not wait for an approval")));
    };
    service.engine.answer(&request.id, approval).await?;
    Ok(StatusCode::NO_CONTENT)
}

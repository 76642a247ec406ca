use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
pub struct CardError;

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
enum NoOther {
    #[workflow_error(from)]
    Card(CardError),
}

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
struct Struct {
    message: String,
}

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
enum Generic<T> {
    #[workflow_error(from)]
    Card(T),
    #[workflow_error(other)]
    Other(Error),
}

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
enum Twice {
    #[workflow_error(other)]
    One(Error),
    #[workflow_error(other)]
    Two(Error),
}

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
enum NoError {
    #[workflow_error(from)]
    Card,
    #[workflow_error(from)]
    Named { error: CardError },
    #[workflow_error(other)]
    Other(Error),
}

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
enum Unknown {
    #[workflow_error(form)]
    Card(CardError),
    #[workflow_error(other)]
    Other(Error),
}

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
enum NoWord {
    #[workflow_error]
    Card(CardError),
    #[workflow_error(other)]
    Other(Error),
}

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
enum NotAny {
    #[workflow_error(other)]
    Other(String),
}

#[derive(Debug, Serialize, Deserialize, WorkflowError)]
enum NoFailure {
    #[workflow_error(from)]
    Text(String),
    #[workflow_error(other)]
    Other(Error),
}

impl std::fmt::Display for NotAny {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl std::error::Error for NotAny {}

fn main() {}

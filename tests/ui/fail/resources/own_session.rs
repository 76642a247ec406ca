use steadfast::prelude::Result;
use steadfast::{StepContext, step};

#[derive(StepContext, Clone)]
struct Session {
    #[context(default)]
    user: String,
}

#[step]
async fn greet(session: &Session) -> Result<String> {
    Ok(session.user.clone())
}

fn main() {}

//! Options of starts and workflows in a crate that has names of its own for what the macros use.

use steadfast::{Flow, Result, StepContext};

#[allow(dead_code)]
struct String;

#[allow(dead_code)]
enum Option {
    Some,
    None,
}

mod steps {
    use std::string::String;
    use steadfast::{Result, step};

    #[step(roles("admin"))]
    pub async fn release_all(reason: String) -> Result<u64> {
        Ok(reason.len() as u64)
    }

    #[step(blocking)]
    pub fn release_order(ctx: &super::Order, reason: String) -> Result<()> {
        assert!(ctx.total < 7 || reason.is_empty());
        Ok(())
    }
}

#[derive(StepContext, Clone)]
pub struct Order {
    #[context(default)]
    total: u64,
}

#[steadfast::workflow(name = "process", roles("admin", "ops",), version = 2, on_cancel = steps::release_all)]
async fn process(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[steadfast::workflow(on_cancel = steps::release_order, context = Order)]
async fn ordering(_flow: &Flow<Order>, _input: u64) -> Result<()> {
    Ok(())
}

mod messages {
    use serde::{Deserialize, Serialize};

    #[derive(steadfast::Message, Serialize, Deserialize)]
    #[message(name = "approval")]
    pub struct Approve {
        pub by: String,
    }

    #[derive(steadfast::Message, Serialize, Deserialize)]
    pub enum r#Move {
        Left,
        Right(u8),
    }
}

fn main() {
    use steadfast::Message as _;
    assert_eq!((messages::Approve::NAME, messages::Move::NAME), ("approval", "Move"));
    let builder = steadfast::Engine::builder().workflow(process).workflow(ordering);
    drop(builder);
}

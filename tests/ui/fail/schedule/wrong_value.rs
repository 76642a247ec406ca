#![allow(unused)]

use steadfast::prelude::*;
use steadfast::{Schedule, Tick};

#[workflow]
async fn report(_flow: &mut Flow, tick: Tick, team: String) -> Result<String> {
    Ok(format!("{} {team}", tick.schedule))
}

#[workflow]
async fn ticked(_flow: &mut Flow, _tick: Tick) -> Result<()> {
    Ok(())
}

async fn create(engine: Engine) {
    let daily = || Schedule::cron("0 3 * * *");
    let _ = engine.schedule("number").set(daily(), report, 5_u32).await;
    let _ = engine.schedule("value").set(daily(), ticked, "red".to_owned()).await;
}

fn main() {}

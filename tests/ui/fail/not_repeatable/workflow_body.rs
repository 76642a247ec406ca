#![allow(unused)]

use std::time::{Instant, SystemTime};
use steadfast::prelude::*;

#[workflow]
async fn process(flow: &mut Flow) -> Result<()> {
    let now = SystemTime::now();
    let started = Instant::now();
    let chance = rand::random::<u64>();
    let dice = fastrand::u8(1..=6);
    let id = Uuid::new_v4();
    tokio::spawn(async {});
    std::thread::spawn(|| {});
    tokio::time::sleep(Duration::from_secs(1)).await;
    std::thread::sleep(Duration::from_secs(1));
    let home = std::env::var("HOME")?;
    let text = std::fs::read_to_string("file")?;
    tokio::select! {
        _ = flow.sleep(Duration::from_secs(1)) => {}
    }
    println!("{:?}", [SystemTime::now()]);
    flow.run("now", async move || Ok::<_, Error>(SystemTime::now())).await?;
    Ok(())
}

fn main() {}

use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
}

#[step]
async fn log(text: String) -> Result<()> {
    println!("{text}");
    Ok(())
}

#[workflow(context = Order)]
async fn process(flow: &mut Flow<Order>) -> Result<()> {
    flow.run("inline", async move || {
        log(flow, "in a step".into()).await?;
        Ok::<_, Error>(flow.total)
    })
    .await?;
    Ok(())
}

fn main() {}

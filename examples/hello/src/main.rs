//! The smallest Steadfast program: run it, stop it at any moment, run it again.

use steadfast::prelude::*;

/// The context: every step may read it, and none can change it.
#[derive(StepContext, Clone, Debug)]
struct Greeting {
    name: String,
    #[context(default)]
    greeted: u32,
}

/// Says hello; a finished step never runs again.
#[step]
async fn greet(ctx: &Greeting, word: String) -> Result<String> {
    let text = format!("{word}, {}!", ctx.name);
    println!("{text}");
    Ok(text)
}

/// Greets three times, with a durable sleep of one second after each.
#[workflow(context = Greeting)]
async fn hello(start: Start<Greeting>, name: String) -> Result<u32> {
    let mut flow = start.with(Greeting::builder().name(name).build()).await?;
    for word in ["Hello", "Good day", "Good night"] {
        greet(&flow, word.to_owned()).await?;
        flow.update(|c| c.greeted(c.greeted + 1)).await?;
        flow.sleep(Duration::from_secs(1)).await?;
    }
    Ok(flow.greeted)
}

#[tokio::main]
async fn main() -> Result<()> {
    let engine = Engine::builder().sqlite("hello.db").workflow(hello).start().await?;
    let run = engine.start(hello, "world".to_owned()).id("hello-1").await?;
    println!("greeted {} times", run.result().await?);
    engine.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}

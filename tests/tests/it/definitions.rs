//! The items that the attributes define, without an engine.

use bytes::Bytes;
use steadfast::prelude::*;
use steadfast::{Startable, Terminal};

#[derive(StepContext, Clone, Debug)]
struct Order {
    #[context(default)]
    total: u64,
}

#[derive(StepContext, Clone, Debug)]
struct Needy {
    id: String,
}

/// Adds the numbers.
#[step(retry(attempts = 5, backoff = "200ms"), timeout = "30s")]
async fn add(ctx: &Order, mut amount: u64, (a, b): (u8, u8), _: String) -> Result<u64> {
    amount += u64::from(a) + u64::from(b);
    if amount == 0 {
        return Err(Terminal::msg("nothing to add").into());
    }
    Ok(ctx.total + amount)
}

#[step]
async fn greet(name: String) -> Result<String> {
    Ok(format!("hello {name}"))
}

#[step(blocking)]
fn hash(_ctx: &Order, bytes: Bytes) -> Result<usize> {
    Ok(bytes.len())
}

#[workflow(context = Order)]
async fn with_start(start: Start<Order>, amount: u64) -> Result<u64> {
    let hello = greet(&start, "x".into()).await?;
    let mut flow = start.with(Order::builder().build()).await?;
    let total = add(&flow, amount, (1, 2), hello).await?;
    flow.update(|c| c.total(c.total + total)).await?;
    flow.sleep(Duration::from_secs(1)).await?;
    let (a, b) = try_join!(add(&flow, amount, (1, 2), String::new()), hash(&flow, Bytes::new()))?;
    Ok(a + u64::try_from(b)?)
}

#[workflow(context = Needy)]
async fn needy(start: Start<Needy>) -> Result<String> {
    let flow = start.with(Needy::builder().id("x").build()).await?;
    Ok(flow.id.clone())
}

#[workflow(context = Order)]
async fn with_flow(flow: &mut Flow<Order>) -> Result<()> {
    add(flow, 1, (1, 2), String::new()).await?;
    greet(&flow, String::new()).await?;
    flow.update(|c| c.total(1)).await?;
    Ok(())
}

#[workflow(context = Order)]
async fn with_shared_flow(flow: &Flow<Order>, amount: u64) -> Result<u64> {
    Ok(add(flow, amount, (1, 2), String::new()).await?)
}

#[workflow]
async fn without_context(flow: &mut Flow) -> Result<String> {
    Ok(greet(flow, "x".into()).await?)
}

#[workflow]
async fn without_anything(start: Start) -> Result<String> {
    Ok(greet(&start, "x".into()).await?)
}

fn name_of<M, F: Startable<M>>(_: F) -> &'static str {
    use steadfast::__private::WorkflowDef;
    <F::Workflow as WorkflowDef>::NAME
}

#[test]
fn a_function_names_its_workflow() {
    assert_eq!(name_of(with_start), "with_start");
    assert_eq!(name_of(needy), "needy");
    assert_eq!(name_of(with_flow), "with_flow");
    assert_eq!(name_of(with_shared_flow), "with_shared_flow");
    assert_eq!(name_of(without_context), "without_context");
    assert_eq!(name_of(without_anything), "without_anything");
}

#[tokio::test]
async fn direct_is_the_function_itself() {
    let order = Order::builder().total(5).build();
    assert_eq!(add::direct(&order, 1, (2, 3), String::new()).await.unwrap(), 11);
    assert!(add::direct(&order, 0, (0, 0), String::new()).await.unwrap_err().is_terminal());
    assert_eq!(greet::direct("x".into()).await.unwrap(), "hello x");
    assert_eq!(hash::direct(&order, Bytes::from_static(b"123")).unwrap(), 3);
}

#[test]
fn a_step_in_a_function_body() {
    #[step(name = "inner")]
    async fn local(flow: u8) -> Result<u8> {
        Ok(flow)
    }
    use steadfast::__private::{ArgsReader, ArgsWriter, Coder, StepDef};
    let _: fn(&Flow, u8) -> StepCall<'_, u8> = local;
    assert_eq!(local::SPEC.name, "inner");
    let mut writer = ArgsWriter::of(Coder::NO_RUN, local::SPEC.name);
    local::SPEC.args.encode(&(7,), &mut writer).unwrap();
    let args = writer.finish();
    let mut reader = ArgsReader::of(Coder::NO_RUN, local::SPEC.name, &args).unwrap();
    assert_eq!((args.to_string().as_str(), local::SPEC.args.decode(&mut reader).unwrap()), ("[7]", (7,)));
    reader.finish().unwrap();
}

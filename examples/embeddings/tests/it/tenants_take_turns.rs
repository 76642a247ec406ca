//! A tenant with few texts does not wait for one with many.

use crate::program::Program;
use limits::Soon as _;

async fn the_small_one_is_done_before_the_large_one_is_half_done(program: &Program) {
    program.write("large", 60);
    program.write("small", 6);
    let client = program.client().await;
    let (tenants, calls) = (client.queue("tenants"), client.queue("embed"));
    // All calls wait before the first one begins, and those of the large tenant came first.
    tenants.set_total(Some(1)).await.unwrap();
    calls.pause("until all calls wait").await.unwrap();
    let _workers = [program.worker("30"), program.worker("30")];
    let index = program.index();
    limits::until(async || calls.info().await.unwrap().waiting == 60).await;
    tenants.reset().await.unwrap();
    limits::until(async || calls.info().await.unwrap().waiting == 66).await;
    assert!(program.log().is_empty(), "a paused queue starts nothing");
    calls.resume().await.unwrap();

    assert_eq!(index.summary(), "large: 60 texts\nsmall: 6 texts\n");
    let done: Vec<_> = program.log().into_iter().filter(|event| !event.begins).map(|event| event.tenant).collect();
    assert_eq!(done.len(), 66);
    let last = done.iter().rposition(|tenant| tenant == "small").unwrap();
    let large = done[..last].iter().filter(|tenant| *tenant == "large").count();
    println!("{large} texts of the large tenant before the last of the small one");
    assert!(large < 30, "{done:?}");
    client.shutdown(limits::LIMIT).soon().await.unwrap();
}

#[tokio::test]
async fn on_a_file() {
    the_small_one_is_done_before_the_large_one_is_half_done(&Program::on_a_file()).await;
}

#[tokio::test]
async fn on_postgres() {
    let Some(program) = Program::on_postgres() else { return };
    the_small_one_is_done_before_the_large_one_is_half_done(&program).await;
}

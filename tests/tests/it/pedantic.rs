//! Tests that generated code works in a crate that denies every lint. The check of that crate shows that it has no
//! warnings.

use steadfast::Startable;
use steadfast_tests::orders::{Nothing, Optional, OrderContext, charge, count, greet, many, nothing, process, receipt};
use steadfast_tests::papers::{keep, papers, read};

fn takes<M, F: Startable<M>>(_: F) {}

#[tokio::test]
async fn generated_code_works_in_a_pedantic_program() {
    let context = OrderContext::builder().workspace_id("ws-1").cents(5).build().with_secret(7);
    assert_eq!((context.secret(), context.tries), (7, 4));
    assert_eq!(charge::direct(&context, 1, (2, 3), String::new()).await.unwrap(), 11);
    assert_eq!(receipt::direct(&context, "x".into()).unwrap(), "x: 5");
    assert_eq!(greet::direct("x".into()).await.unwrap(), "hello x");
    assert_eq!(many::direct(1, 2, 3, 4, 5, 6, 7).await.unwrap(), 28);
    let _: Nothing = Nothing::builder().build();
    assert_eq!(Optional::builder().build().number, 0);
    assert_eq!(read::direct(&papers()).await.unwrap(), "ann 2 oak 0 3");
    takes(keep);
    takes(process);
    takes(count);
    takes(nothing);
}

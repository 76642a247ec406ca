//! Attributes, patterns, visibilities and places that macros easily forget.
#![deny(warnings, missing_docs, unreachable_pub, private_interfaces, private_bounds, single_use_lifetimes, unused)]

mod orders {
    use steadfast::prelude::*;

    /// Twenty fields.
    #[derive(StepContext, Clone, Debug)]
    #[context(name = "wide")]
    pub(crate) struct Wide {
        /// One.
        pub(crate) a: u8,
        /// Another.
        pub(crate) b: u8,
        c: Private,
        #[context(default)] d: Private,
        #[context(default)] e: u8, #[context(default)] f: u8, #[context(default)] g: u8, #[context(default)] h: u8,
        #[context(default)] i: u8, #[context(default)] j: u8, #[context(default)] k: u8, #[context(default)] l: u8,
        #[context(default)] m: u8, #[context(default)] n: u8, #[context(default)] o: u8, #[context(default)] p: u8,
        #[context(default)] next: Option<Box<Leaf>>,
    }

    #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Private(u8);

    /// A context that holds itself.
    #[derive(StepContext, Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    pub(crate) struct Leaf {
        /// The next.
        #[context(default)]
        pub(crate) next: Option<Box<Self>>,
    }

    impl Wide {
        pub(crate) fn new() -> Self {
            let wide = Self::builder().a(1).b(2).c(Private(3)).build();
            wide.with(|w| w.d(Private(w.c.0 + 1)).e(w.d.0 + w.f + w.g + w.h + w.i + w.j + w.k + w.l + w.m + w.n + w.o + w.p))
        }
    }

    /// Documented.
    #[step]
    #[must_use]
    pub(crate) async fn charge(
        Wide { a, .. }: &Wide,
        mut cents: u64,
        _: String,
        (left, right): (u8, u8),
        #[allow(unused_variables)] unused: u8,
    ) -> Result<u64> {
        cents += u64::from(*a) + u64::from(left) + u64::from(right);
        Ok(cents)
    }

    #[cfg(any())]
    #[step]
    pub async fn not_there(_: Missing) -> Result<Missing> {
        unimplemented!()
    }

    #[cfg(any())]
    #[workflow]
    pub async fn not_there_either(flow: &mut Flow, _: Missing) -> Result<Missing> {
        unimplemented!()
    }
}

use orders::{Wide, charge};
use steadfast::prelude::*;

#[step(timeout = "1.5s")]
#[allow(clippy::unused_async)]
async fn fail() -> Result<()> {
    Err(Terminal::msg("no"))?
}

#[workflow(context = Wide)]
async fn process(start: Start<Wide>, (name, cents): (String, u64)) -> Result<u64> {
    let flow = start.with(Wide::new()).await?;
    fail(&flow).await?;
    let paid = charge(&flow, cents, name, (1, 2), 3).await?;
    let calls = (0..3).map(|number| charge(&flow, number, String::new(), (0, 0), 0));
    let mut sum = 0;
    for call in calls.collect::<Vec<_>>() {
        sum += call.await?;
    }
    let chosen = select_biased! {
        first = charge(&flow, 1, String::new(), (0, 0), 0) => first?,
        Ok(()) = flow.sleep(Duration::from_secs(5)) => 0,
    };
    Ok(paid + sum + chosen)
}

/// A copy may be changed, under the same name too.
#[step]
async fn copies(ctx: &Wide) -> Result<u8> {
    let mut copy = ctx.clone();
    copy.a = 2;
    let mut ctx = ctx.clone();
    ctx.a += 1;
    Ok(copy.a + ctx.a)
}

/// Names of the handle that stand for something else.
#[workflow(context = Wide)]
async fn shadowed(start: Start<Wide>) -> Result<u8> {
    let mut flow = start.with(Wide::new()).await?;
    flow.update(|flow| flow.a(flow.a + 1)).await?;
    let start = 5_u8;
    let started = flow.run("inline", async move || Ok::<_, Error>(start)).await?;
    let handle = flow;
    let mut flow = Wide::clone(&handle);
    flow.a = 7;
    Ok(started + flow.a + copies(&handle).await?)
}

fn takes<M, F: steadfast::Startable<M>>(_: F) {}

fn main() {
    #[workflow]
    async fn local(flow: &mut Flow) -> Result<()> {
        #[step]
        async fn inner() -> Result<std::time::SystemTime> {
            Ok(std::time::SystemTime::now())
        }
        inner(flow).await?;
        Ok(())
    }
    takes(local);
    takes(process);
    takes(shadowed);
    assert_eq!(Wide::new().a, 1);
}

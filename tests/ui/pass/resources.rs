//! Everything that a step can take, in every order, as generated code that gives no warning.
#![deny(warnings, missing_docs, unreachable_pub, private_interfaces, private_bounds, single_use_lifetimes, unused)]

use std::sync::Arc;
use steadfast::prelude::*;
use steadfast::{Resources, SessionPolicy};

struct Db(u32);
struct Index {
    db: Arc<Db>,
}
trait Mailer: Send + Sync {
    fn send(&self) -> u32;
}
struct Post;
impl Mailer for Post {
    fn send(&self) -> u32 {
        1
    }
}

#[derive(StepContext, Clone)]
struct DocContext {
    doc: u32,
}

#[step]
async fn index(
    ctx: &DocContext,
    #[resource] Index { db }: &Index,
    page: u32,
    session: &Session,
    (left, right): (u32, u32),
    #[resource]
    #[allow(unused_variables)]
    mailer: &Box<dyn Mailer>,
    scope: &steadfast::StepScope,
) -> Result<u32> {
    let seen = session.get_or_try_init(|| async { Ok::<u32, Error>(7) }).await?;
    let other = session.get_or_try_init(async || Ok::<u64, Error>(u64::from(page))).await?;
    assert_eq!(*other, u64::from(page));
    Ok(ctx.doc + db.0 + page + left + right + *seen + scope.attempt + mailer.send())
}

#[step(blocking)]
fn blocks(#[resource] db: &Db, scope: &StepScope, n: u32, session: &Session) -> Result<u32> {
    session.insert(n);
    Ok(db.0 + scope.attempt + n)
}

#[step]
async fn held_only(#[resource] db: &Arc<Db>, session: &Session) -> Result<u32> {
    let _ = session;
    Ok(db.0)
}

#[workflow(context = DocContext, resources(Db, Index, Arc<Db>, Box<dyn Mailer>))]
async fn indexing(start: Start<DocContext>, page: u32) -> Result<u32> {
    let flow = start.with(DocContext::builder().doc(1).build()).await?;
    let (a, b, c) = try_join!(index(&flow, page, (1, 2)), blocks(&flow, 3), held_only(&flow))?;
    Ok(a + b + c)
}

async fn open(db: Arc<Db>) -> Result<Index, std::io::Error> {
    Ok(Index { db })
}

fn main() {
    let builder = Engine::builder().in_memory().workflow(indexing).session_policy(SessionPolicy::Drop);
    let shared = Arc::new(Db(3));
    let again = shared.clone();
    let _ = builder
        .resource(shared)
        .resource(Box::new(Post) as Box<dyn Mailer>)
        .resource_with(open)
        .resource_with(move || {
            let again = again.clone();
            async move { Ok::<_, Error>(Db(again.0)) }
        })
        .resource_with(async |index: Arc<Index>, db: Arc<Db>| Ok::<_, Error>(index.db.0 + db.0))
        .restore_retry(3, Duration::from_millis(10));
    let _ = Resources::of(Db(1)).and(2_u8);
}

//! Roles: a run or a step whose roles are missing is refused at once, and remains refused (case O4).

use crate::faulty::Switches;
use crate::flows::{Tally, deed};
use limits::Soon as _;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{Principal, RunError, Scope, Status};

#[step]
async fn note(tally: String, what: String) -> Result<()> {
    deed(&tally, &what);
    Ok(())
}

#[workflow(roles("admin", "ops"))]
async fn purge(flow: &mut Flow, tally: String) -> Result<u32> {
    deed(&tally, "body");
    note(flow, tally, "purged".into()).await?;
    Ok(1)
}

#[step(roles("admin"))]
async fn refund(tally: String) -> Result<u32> {
    deed(&tally, "refunded");
    Ok(7)
}

/// Returns the outcome of the refund.
#[workflow]
async fn support(flow: &mut Flow, tally: String) -> Result<String> {
    note(flow, tally.clone(), "before".into()).await?;
    let refunded = refund(flow, tally.clone()).await;
    note(flow, tally, "after".into()).await?;
    Ok(match refunded {
        Ok(cents) => format!("refunded {cents}"),
        Err(error @ StepError::Refused(..)) => error.to_string(),
        Err(error) => return Err(error.into()),
    })
}

fn eve() -> Principal {
    Principal::new("eve").role("support").acting_for(Principal::new("root").role("admin"))
}

#[tokio::test]
async fn a_start_without_the_role_is_recorded_and_ends_refused() {
    let tally = Tally::new("refused");
    let engine = Engine::builder().in_memory().workflow(purge).start().await.unwrap();
    for (id, who, found) in [
        ("nobody", None, "the run acts for nobody"),
        ("eve", Some(eve()), "`eve for root`, who has only the role `support`"),
        ("new", Some(Principal::new("new")), "`new`, who has none"),
    ] {
        let start = engine.start(purge, tally.name().to_owned()).id(id);
        let start = match who {
            Some(who) => start.principal(who),
            None => start,
        };
        let run = start.await.unwrap();
        let Err(RunError::Refused { reason }) = run.result().soon().await else { panic!("{id}") };
        assert!(reason.contains("`purge`") && reason.contains("one of the roles `admin`, `ops`"), "{reason}");
        assert!(reason.contains(found), "{reason}");
        assert_eq!(run.status().await.unwrap().status, Status::Refused);
        assert_eq!(run.history().await.unwrap().last().unwrap().kind, Kind::RunRefused);
        let again = engine.start(purge, tally.name().to_owned()).id(id).principal(Principal::new("x").role("ops"));
        assert!(matches!(again.await.unwrap().result().soon().await, Err(RunError::Refused { .. })), "it has ended");
    }
    assert_eq!(tally.all(), [""; 0], "no body runs");
    let run = engine.start(purge, tally.name().to_owned()).principal(Principal::new("ada").role("ops")).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 1);
    assert_eq!((tally.count("body"), tally.count("purged")), (1, 1));
}

#[tokio::test]
async fn a_refused_run_stays_refused_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let tally = Tally::new("refused-restart");
    let open = async || Engine::builder().sqlite(folder.path().join("runs.db")).workflow(purge).start().await.unwrap();
    let engine = open().await;
    let run = engine.start(purge, tally.name().to_owned()).id("r").principal(eve()).await.unwrap();
    let first = run.result().soon().await.unwrap_err().to_string();
    drop((run, engine));
    let again = open().await.handle(purge, "r").await.unwrap();
    assert_eq!(again.result().soon().await.unwrap_err().to_string(), first);
    assert_eq!(tally.all(), [""; 0]);
}

#[tokio::test]
async fn a_step_without_the_role_fails_at_its_call() {
    let tally = Tally::new("step");
    let engine = Engine::builder().in_memory().workflow(support).start().await.unwrap();
    let start = |who: Principal| engine.start(support, tally.name().to_owned()).principal(who);
    let refused = start(eve()).await.unwrap().result().soon().await.unwrap();
    assert!(refused.contains("step `refund` was not started: it asks for the role `admin`"), "{refused}");
    assert!(refused.contains("`eve for root`"), "{refused}");
    assert_eq!(tally.all(), ["before", "after"]);
    let done = start(Principal::new("ada").role("admin")).await.unwrap().result().soon().await.unwrap();
    assert_eq!((done.as_str(), tally.count("refunded")), ("refunded 7", 1));
}

#[tokio::test]
async fn refusals_survive_every_fault() {
    let tally = Tally::new("everywhere");
    let name = || tally.name().to_owned();
    let report = crash_everywhere(purge, name()).with(Scope::new().principal(eve())).await;
    assert_eq!((report.results, tally.all().len()), (1, 0), "{report:?}");
    let report = crash_everywhere(support, name()).with(Scope::new().principal(eve())).await;
    assert_eq!((report.results, tally.count("refunded")), (1, 0), "{report:?}");
    let admin = Scope::new().principal(Principal::new("ada").role("admin"));
    assert_eq!(crash_everywhere(support, name()).with(admin).await.results, 1);
}

/// The same workflow, deployed with other roles.
mod later {
    use super::{Tally, deed};
    use steadfast::prelude::*;

    #[step]
    async fn refund(tally: String) -> Result<u32> {
        deed(&tally, "refunded");
        Ok(7)
    }

    #[step]
    async fn note(tally: String, what: String) -> Result<()> {
        deed(&tally, &what);
        if what == "after" {
            let tally = Tally::named(&tally);
            crate::steps::until(|| tally.count("open") > 0).await;
        }
        Ok(())
    }

    #[workflow]
    pub(crate) async fn support(flow: &mut Flow, tally: String) -> Result<String> {
        note(flow, tally.clone(), "before".into()).await?;
        let refunded = refund(flow, tally.clone()).await;
        note(flow, tally, "after".into()).await?;
        Ok(refunded.map_or_else(|error| error.to_string(), |cents| format!("refunded {cents}")))
    }
}

/// Like `support`, but it waits after the refusal of the refund.
mod earlier {
    use super::{Tally, deed};
    use steadfast::prelude::*;

    #[step(roles("admin"))]
    async fn refund(tally: String) -> Result<u32> {
        deed(&tally, "refunded");
        Ok(7)
    }

    #[step]
    async fn note(tally: String, what: String) -> Result<()> {
        deed(&tally, &what);
        if what == "after" {
            let tally = Tally::named(&tally);
            crate::steps::until(|| tally.count("open") > 0).await;
        }
        Ok(())
    }

    #[workflow]
    pub(crate) async fn support(flow: &mut Flow, tally: String) -> Result<String> {
        note(flow, tally.clone(), "before".into()).await?;
        let refunded = refund(flow, tally.clone()).await;
        note(flow, tally, "after".into()).await?;
        Ok(refunded.map_or_else(|error| error.to_string(), |cents| format!("refunded {cents}")))
    }
}

#[tokio::test]
async fn a_replay_goes_by_what_was_recorded_and_not_by_the_roles_of_today() {
    let store = Switches::default().store();
    let tally = Tally::new("changed");
    let term = Duration::from_millis(200);
    let builder = || Engine::builder().store(store.clone()).lease_term(term);
    let engine = builder().workflow(earlier::support).start().await.unwrap();
    engine.start(earlier::support, tally.name().to_owned()).id("r").principal(eve()).await.unwrap();
    crate::steps::until(|| tally.count("after") == 1).await;
    drop(engine);
    deed(tally.name(), "open");
    let engine = builder().workflow(later::support).start().await.unwrap();
    let result = engine.handle(later::support, "r").await.unwrap().result().soon().await.unwrap();
    assert!(result.contains("it asks for the role `admin`"), "{result}");
    assert_eq!(tally.count("refunded"), 0);
}

//! Fields that were indexed, renamed or migrated after runs were written.

use super::{ids, sleeps};
use crate::place::Place;
use crate::tests_on;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

tests_on!(file, memory, postgres: runs_that_are_there_are_indexed_on_request);

#[derive(Message, Serialize, Deserialize)]
struct Go;

mod first {
    use super::Go;
    use steadfast::prelude::*;

    #[derive(StepContext, Clone)]
    pub(super) struct Account {
        #[context(default)]
        pub(super) euros: u64,
        #[context(default, index)]
        pub(super) owner: String,
        #[context(default)]
        pub(super) city: String,
    }

    #[workflow(context = Account)]
    pub(super) async fn account(flow: &mut Flow<Account>, euros: u64) -> Result<u64> {
        flow.update(|a| a.euros(euros).owner("ada").city("Bonn")).await?;
        if euros > 1 {
            let Go = flow.receive().await?;
            flow.update(|a| a.city("Köln")).await?;
        }
        Ok(euros)
    }
}

mod second {
    use super::Go;
    use steadfast::RecordedFields;
    use steadfast::prelude::*;

    /// In cents, with an owner of another name, and found by its city.
    #[derive(StepContext, Clone)]
    #[context(version = 2, migrate = from_first)]
    pub(super) struct Account {
        #[context(default, index)]
        pub(super) cents: u64,
        #[context(default, index, alias = "owner")]
        pub(super) holder: String,
        #[context(default, index)]
        pub(super) city: String,
    }

    fn from_first(old: &mut RecordedFields) -> Result<()> {
        if let Some(euros) = old.get::<u64>("euros")? {
            old.set("cents", &(euros * 100))?;
        }
        Ok(())
    }

    #[workflow(context = Account)]
    pub(super) async fn account(flow: &mut Flow<Account>, _euros: u64) -> Result<u64> {
        flow.update(|a| a.cents(a.cents).holder("ada").city("Bonn")).await?;
        let Go = flow.receive().await?;
        flow.update(|a| a.city("Köln")).await?;
        Ok(flow.cents)
    }
}

async fn runs_that_are_there_are_indexed_on_request(place: Place) {
    let engine = place.builder().workflow(first::account).start().soon().await.unwrap();
    engine.start(first::account, 1).id("ended").soon().await.unwrap().result().soon().await.unwrap();
    engine.start(first::account, 2).id("asleep").soon().await.unwrap();
    sleeps(&engine, "asleep").await;
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();

    let engine = place.builder().workflow(second::account).start().soon().await.unwrap();
    let find = || engine.find(second::account);
    assert!(ids(find().by(|a| a.city.eq("Bonn")).soon().await.unwrap()).is_empty(), "no row is there yet");
    assert_eq!(engine.reindex(second::account).soon().await.unwrap(), 2);
    assert_eq!(ids(find().by(|a| a.city.eq("Bonn")).soon().await.unwrap()), ["asleep", "ended"]);
    assert_eq!(ids(find().by(|a| a.holder.eq("ada")).soon().await.unwrap()), ["asleep", "ended"]);
    assert_eq!(ids(find().by(|a| a.cents.eq(100)).soon().await.unwrap()), ["ended"]);
    assert_eq!(ids(find().by(|a| a.cents.eq(200)).soon().await.unwrap()), ["asleep"]);
    let names: Vec<_> = find().soon().await.unwrap().items[0].fields.keys().cloned().collect();
    assert_eq!(names, ["cents", "city", "holder"], "the name that the field had before is gone");
    assert_eq!(engine.reindex(second::account).soon().await.unwrap(), 0, "each is as it should be");
}

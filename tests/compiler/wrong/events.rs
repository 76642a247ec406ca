use steadfast::prelude::*;
#[derive(Event)]
struct Counted(usize);
struct Words;
// ==== event without the derive: put `#[derive(steadfast::Event)]` on the struct
struct Page(String);
#[workflow]
impl Words {
    #[step]
    async fn split(begin: Begin<String>) -> Result<Page> {
        Ok(Page(begin.to_string()))
    }
    #[step]
    async fn count(page: Page) -> Result<Counted> {
        Ok(Counted(page.0.len()))
    }
    #[step]
    async fn add(counted: Counted) -> Result<Stop<usize>> {
        Ok(Stop(counted.0))
    }
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(Words);
}
// ==== event without the derive in a fan-out: put `#[derive(steadfast::Event)]` on the struct
#[derive(serde::Serialize, serde::Deserialize)]
struct Page(String);
#[workflow]
impl Words {
    #[step]
    async fn split(begin: Begin<String>) -> Result<Vec<Page>> {
        Ok(vec![Page(begin.to_string())])
    }
    #[step]
    async fn count(page: Page) -> Result<Option<Counted>> {
        Ok(Some(Counted(page.0.len())))
    }
    #[step]
    async fn add(#[collect] all: Vec<Counted>) -> Result<Stop<usize>> {
        Ok(Stop(all.len()))
    }
}
// ==== collected event without the derive: put `#[derive(steadfast::Event)]` on the struct
struct Page(String);
#[workflow]
impl Words {
    #[step]
    async fn split(begin: Begin<String>) -> Result<Vec<Counted>> {
        Ok(vec![Counted(begin.len())])
    }
    #[step]
    async fn count(counted: Counted) -> Result<Page> {
        Ok(Page(counted.0.to_string()))
    }
    #[step]
    async fn add(#[collect] all: Vec<Page>) -> Result<Stop<usize>> {
        Ok(Stop(all.iter().map(|page| page.0.len()).sum()))
    }
}
// ==== event without the derive taken twice: put `#[derive(steadfast::Event)]` on the struct
struct Page(String);
#[workflow]
impl Words {
    #[step]
    async fn split(begin: Begin<String>) -> Result<(Page, Counted)> {
        Ok((Page(begin.to_string()), Counted(1)))
    }
    #[step]
    async fn count(page: Page) -> Result<Option<Page>> {
        Ok(Some(page))
    }
    #[step]
    async fn add(counted: Counted) -> Result<Stop<usize>> {
        Ok(Stop(counted.0))
    }
}
// ==== event without the derive that is sent: put `#[derive(steadfast::Event)]` on the struct
struct Page(String);
#[workflow]
impl Words {
    #[step(sends(Page))]
    async fn split(begin: Begin<String>, scope: &StepScope) -> Result<Counted> {
        let _ = scope;
        Ok(Counted(begin.len()))
    }
    #[step]
    async fn count(_page: Page) -> Result<()> {
        Ok(())
    }
    #[step]
    async fn add(counted: Counted) -> Result<Stop<usize>> {
        Ok(Stop(counted.0))
    }
}
// ==== returned type that is no event: return events
#[workflow]
impl Words {
    #[step]
    async fn split(begin: Begin<String>) -> Result<Counted> {
        Ok(Counted(begin.len()))
    }
    #[step]
    async fn add(counted: Counted) -> Result<usize> {
        Ok(counted.0)
    }
    #[step]
    async fn end(counted: Counted) -> Result<Stop<usize>> {
        Ok(Stop(counted.0))
    }
}
// ==== workflow of a type that is not there: cannot find type `Letters`
#[workflow]
impl Letters {
    #[step]
    async fn split(_begin: Begin<String>) -> Result<Counted> {
        Ok(Counted(1))
    }
    #[step]
    async fn add(counted: Counted) -> Result<Stop<usize>> {
        Ok(Stop(counted.0))
    }
}
// ==== own type named like the beginning: put `#[derive(steadfast::Event)]` on the struct
mod own {
    pub struct Begin<T>(pub T);
}
#[workflow]
impl Words {
    #[step]
    async fn split(_begin: Begin<String>) -> Result<Counted> {
        Ok(Counted(1))
    }
    #[step]
    async fn odd(_own: own::Begin<u64>) -> Result<()> {
        Ok(())
    }
    #[step]
    async fn add(counted: Counted) -> Result<Stop<usize>> {
        Ok(Stop(counted.0))
    }
}
// ==== a failure that is sent: put `#[derive(steadfast::Event)]` on the struct
#[workflow]
impl Words {
    #[step(sends(Caught))]
    async fn split(_begin: Begin<String>) -> Result<Counted> {
        Ok(Counted(1))
    }
    #[step(catch)]
    async fn caught(_caught: Caught) -> Result<Stop<usize>> {
        Ok(Stop(0))
    }
    #[step]
    async fn add(counted: Counted) -> Result<Stop<usize>> {
        Ok(Stop(counted.0))
    }
}

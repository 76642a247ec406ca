use steadfast::prelude::*;

#[derive(Event)]
struct Doc(Vec<u32>);

#[derive(Event)]
struct Item(u32);

#[derive(Event)]
struct Half(u32);

struct Levels;

#[workflow]
impl Levels {
    #[step]
    async fn docs(begin: Begin<Vec<Vec<u32>>>) -> Result<Vec<Doc>> {
        Ok(begin.iter().cloned().map(Doc).collect())
    }

    /// Either many, or one that goes where the others come out.
    #[step]
    async fn items(doc: Doc) -> Result<OneOf<Vec<Item>, Half>> {
        Ok(if doc.0.is_empty() { OneOf::B(Half(0)) } else { OneOf::A(doc.0.into_iter().map(Item).collect()) })
    }

    #[step]
    async fn doc(#[collect] items: Vec<Item>) -> Result<Half> {
        Ok(Half(items.iter().map(|item| item.0).sum()))
    }

    #[step]
    async fn end(#[collect] halves: Vec<Half>) -> Result<Stop<usize>> {
        Ok(Stop(halves.len()))
    }
}

#[derive(Event)]
struct Later;

struct Elsewhere;

#[workflow]
impl Elsewhere {
    #[step]
    async fn first(_: Begin<()>) -> Result<Vec<Item>> {
        Ok(Vec::new())
    }

    #[step]
    async fn sum(#[collect(from = last)] items: Vec<Item>) -> Result<Later> {
        Ok(Later)
    }

    #[step]
    async fn last(_: Later) -> Result<Vec<Half>> {
        Ok(Vec::new())
    }

    #[step]
    async fn end(#[collect] _: Vec<Half>) -> Result<Stop> {
        Ok(Stop(()))
    }
}

fn main() {}

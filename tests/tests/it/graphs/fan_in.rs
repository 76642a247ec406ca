//! Fan-in: of the nearest fan-out, of a named one, and in batches.

use super::engine;
use limits::Soon as _;
use steadfast::prelude::*;

#[derive(Event)]
struct Doc(Vec<u32>);

#[derive(Event)]
struct Item(u32);

#[derive(Event)]
struct Half(u32);

#[derive(Event)]
struct Sum(u32);

struct Nested;

#[workflow]
impl Nested {
    #[step]
    async fn docs(begin: Begin<Vec<Vec<u32>>>) -> Result<Vec<Doc>> {
        Ok(begin.iter().cloned().map(Doc).collect())
    }

    #[step]
    async fn items(doc: Doc) -> Result<Vec<Item>> {
        Ok(doc.0.into_iter().map(Item).collect())
    }

    /// Halves even items, and drops the others.
    #[step]
    async fn halve(item: Item) -> Result<Option<Half>> {
        Ok(item.0.is_multiple_of(2).then_some(Half(item.0 / 2)))
    }

    /// Sums up a document. Runs once for each.
    #[step]
    async fn sum(#[collect] halves: Vec<Half>) -> Result<Sum> {
        Ok(Sum(halves.iter().map(|half| half.0).sum()))
    }

    /// Collects the sums. Runs once for all documents.
    #[step]
    async fn end(#[collect] sums: Vec<Sum>) -> Result<Stop<Vec<u32>>> {
        let mut sums: Vec<_> = sums.iter().map(|sum| sum.0).collect();
        sums.sort_unstable();
        Ok(Stop(sums))
    }
}

#[tokio::test]
async fn a_fan_in_waits_for_the_nearest_fan_out_above_it() {
    let engine = engine(Nested).await;
    let docs = vec![vec![2, 4, 5], vec![], vec![7], vec![10]];
    let run = engine.start(Nested, docs).await.unwrap();
    // The empty document and the one without halves have a sum too.
    assert_eq!(run.result().soon().await.unwrap(), [0, 0, 3, 5]);
    assert!(engine.start(Nested, vec![]).await.unwrap().result().soon().await.unwrap().is_empty());
}

struct Flat;

#[workflow]
impl Flat {
    #[step]
    async fn docs(begin: Begin<Vec<Vec<u32>>>) -> Result<Vec<Doc>> {
        Ok(begin.iter().cloned().map(Doc).collect())
    }

    #[step]
    async fn items(doc: Doc) -> Result<Vec<Item>> {
        Ok(doc.0.into_iter().map(Item).collect())
    }

    /// Sums up all items. Runs once for all documents.
    #[step]
    async fn end(#[collect(from = docs)] items: Vec<Item>) -> Result<Stop<u32>> {
        Ok(Stop(items.iter().map(|item| item.0).sum()))
    }
}

#[tokio::test]
async fn a_fan_in_can_name_the_fan_out_that_it_waits_for() {
    let engine = engine(Flat).await;
    let run = engine.start(Flat, vec![vec![1, 2], vec![3], vec![]]).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 6);
    assert_eq!(engine.start(Flat, vec![]).await.unwrap().result().soon().await.unwrap(), 0);
}

#[derive(Event)]
struct Batch(usize);

struct Batches;

#[workflow]
impl Batches {
    #[step]
    async fn items(begin: Begin<u32>) -> Result<Vec<Item>> {
        Ok((0..begin.0).map(Item).collect())
    }

    #[step]
    async fn batch(#[collect(3)] items: Vec<Item>) -> Result<Batch> {
        Ok(Batch(items.len()))
    }

    #[step]
    async fn end(#[collect] batches: Vec<Batch>) -> Result<Stop<Vec<usize>>> {
        let mut sizes: Vec<_> = batches.iter().map(|batch| batch.0).collect();
        sizes.sort_unstable();
        Ok(Stop(sizes))
    }
}

#[tokio::test]
async fn so_many_are_taken_at_a_time_and_the_rest_at_the_end() {
    let engine = engine(Batches).await;
    for (items, sizes) in [(7, vec![1, 3, 3]), (6, vec![3, 3]), (2, vec![2]), (0, vec![0])] {
        assert_eq!(engine.start(Batches, items).await.unwrap().result().soon().await.unwrap(), sizes, "{items} items");
    }
}

#[derive(Event)]
struct Left(u32);

#[derive(Event)]
struct Right(u32);

struct Both;

#[workflow]
impl Both {
    #[step]
    async fn items(begin: Begin<u32>) -> Result<Vec<Item>> {
        Ok((0..begin.0).map(Item).collect())
    }

    /// Returns a tuple, which is a fan-out too.
    #[step]
    async fn part(item: Item) -> Result<(Left, Right)> {
        Ok((Left(item.0), Right(item.0 * 10)))
    }

    #[step]
    async fn left(left: Left) -> Result<Half> {
        Ok(Half(left.0))
    }

    #[step]
    async fn join(#[collect] halves: Vec<Half>, #[collect] rights: Vec<Right>) -> Result<Sum> {
        assert_eq!((halves.len(), rights.len()), (1, 1));
        Ok(Sum(halves[0].0 + rights[0].0))
    }

    #[step]
    async fn end(#[collect] sums: Vec<Sum>) -> Result<Stop<u32>> {
        Ok(Stop(sums.iter().map(|sum| sum.0).sum()))
    }
}

#[tokio::test]
async fn a_fan_in_waits_for_several_types() {
    let engine = engine(Both).await;
    assert_eq!(engine.start(Both, 4).await.unwrap().result().soon().await.unwrap(), 66);
}

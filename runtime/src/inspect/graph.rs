//! The way that a run has taken, as a graph with counts.

use super::InspectError;
use super::inspector::{Inspector, Source};
use crate::graph::{Edge, Node, NodeKind, Path};
use crate::store::RunRow;
use serde::Serialize;

/// The number of entries read at a time, and in all.
const PAGE: usize = 4_096;
const MOST: usize = 100_000;

/// The way that a run has taken so far: its steps with counts, and what led from one to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RunGraph {
    /// The id of the run.
    pub run: String,
    /// Whether its workflow is event-driven, as far as its journal says: then the edges are events. Otherwise they are the
    /// numbers of the calls, each from what was delivered to the workflow last before it made the call.
    pub event_driven: bool,
    /// The nodes, in the order in which they were reached.
    pub nodes: Vec<GraphNode>,
    /// The edges, by the ids of the nodes.
    pub edges: Vec<GraphEdge>,
    /// Whether the history is longer than what was read: about 100,000 entries.
    pub cut: bool,
}

/// A node of the way of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GraphNode {
    /// Its id in this graph.
    pub id: String,
    /// What it is, with its counts, as people write it.
    pub label: String,
    /// What it is.
    pub kind: GraphNodeKind,
    /// How often the step was called.
    pub calls: usize,
    /// How many of its calls have failed for good.
    pub failed: usize,
    /// How many of its calls have not ended.
    pub running: usize,
    /// How many of its calls the workflow has dropped.
    pub dropped: usize,
}

/// What a node of the way of a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GraphNodeKind {
    /// A step.
    Step,
    /// The start or the end.
    End,
    /// Time, people, and whatever else is outside.
    Outside,
}

/// An edge of the way of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GraphEdge {
    /// The id of the node where it begins.
    pub from: String,
    /// The id of the node where it ends.
    pub to: String,
    /// The event or the calls, with their number.
    pub label: String,
}

impl GraphNode {
    fn of(node: Node) -> Self {
        let kind = match node.kind {
            NodeKind::Step => GraphNodeKind::Step,
            NodeKind::End => GraphNodeKind::End,
            NodeKind::Outside => GraphNodeKind::Outside,
        };
        let counts = node.counts;
        Self {
            id: node.id,
            label: node.label,
            kind,
            calls: counts.calls,
            failed: counts.failed,
            running: counts.running,
            dropped: counts.dropped,
        }
    }
}

impl GraphEdge {
    fn of(Edge { from, to, label }: Edge) -> Self {
        Self { from, to, label }
    }
}

impl Source {
    fn graph(&self, row: &RunRow) -> Result<RunGraph, InspectError> {
        let (mut path, mut after, mut read) = (Path::new(&row.workflow), 0, 0);
        while read < MOST {
            let entries = self.store.entries(row.number, after, PAGE)?;
            let Some(last) = entries.last() else { break };
            after = last.seq;
            read += entries.len();
            for entry in &entries {
                path.read(entry);
            }
        }
        let event_driven = path.is_event_driven();
        let (nodes, edges) = path.diagram(Some(event_driven)).into_parts();
        Ok(RunGraph {
            run: row.id.clone(),
            event_driven,
            nodes: nodes.into_iter().map(GraphNode::of).collect(),
            edges: edges.into_iter().map(GraphEdge::of).collect(),
            cut: after < row.seq,
        })
    }
}

impl Inspector {
    /// Returns the way that a run has taken, as [`Run::diagram`](crate::Run::diagram) draws it, from its journal alone.
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn graph(&self, run: &str) -> Result<RunGraph, InspectError> {
        let run = run.to_owned();
        self.ask(move |source| {
            let row = source.run(&run)?;
            source.graph(&row)
        })
        .await
    }
}

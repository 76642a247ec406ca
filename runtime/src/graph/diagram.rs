//! Diagrams of graphs, as text for Mermaid and for Graphviz.

use super::plan::Plan;
use super::shape::{Shape, Source, Trigger};
use crate::codec::short;
use serde::Serialize;
use std::fmt::Write as _;

/// A diagram of a graph: its steps, with the types of the events on the edges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagram {
    /// The name of the workflow.
    name: String,
    /// Whether the edges are events: otherwise they are numbered calls.
    event_driven: bool,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) kind: NodeKind,
    /// How often a step was called, on the path of a run.
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// How often a step was called, and what became of its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) calls: usize,
    pub(crate) failed: usize,
    pub(crate) running: usize,
    pub(crate) dropped: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NodeKind {
    Step,
    /// The start or the end.
    End,
    /// The outside world.
    Outside,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) label: String,
}

impl Diagram {
    /// Creates an empty diagram.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), event_driven: true, nodes: Vec::new(), edges: Vec::new() }
    }

    /// Has its edges be numbered calls.
    pub(crate) const fn of_calls(&mut self) {
        self.event_driven = false;
    }

    /// Adds a node, once.
    pub(crate) fn node(&mut self, id: &str, label: &str, kind: NodeKind) {
        self.counted(id, label, kind, Counts::default());
    }

    /// Adds a node with its counts, once.
    pub(crate) fn counted(&mut self, id: &str, label: &str, kind: NodeKind, counts: Counts) {
        if !self.nodes.iter().any(|node| node.id == id) {
            self.nodes.push(Node { id: id.to_owned(), label: label.to_owned(), kind, counts });
        }
    }

    /// Adds an edge, once.
    pub(crate) fn edge(&mut self, from: &str, to: &str, label: &str) {
        let edge = Edge { from: from.to_owned(), to: to.to_owned(), label: label.to_owned() };
        if !self.edges.contains(&edge) {
            self.edges.push(edge);
        }
    }

    /// Returns the diagram as text for [Mermaid](https://mermaid.js.org), which many Markdown viewers draw.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        for node in &self.nodes {
            let label = quoted(&node.label);
            let (open, close) = match node.kind {
                NodeKind::Step => ("[", "]"),
                NodeKind::End => ("([", "])"),
                NodeKind::Outside => ("{{", "}}"),
            };
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "    {}{open}\"{label}\"{close}", node.id);
        }
        for Edge { from, to, label } in &self.edges {
            let _ = writeln!(text, "    {from} -->|\"{}\"| {to}", quoted(label));
        }
        text
    }

    /// Returns the diagram as text for [Graphviz](https://graphviz.org), `dot -Tsvg`.
    #[must_use]
    pub fn graphviz(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "digraph {:?} {{", self.name);
        for node in &self.nodes {
            let shape = match node.kind {
                NodeKind::Step => "box",
                NodeKind::End => "ellipse",
                NodeKind::Outside => "hexagon",
            };
            let _ = writeln!(text, "    {:?} [label={:?}, shape={shape}];", node.id, node.label);
        }
        for Edge { from, to, label } in &self.edges {
            let _ = writeln!(text, "    {from:?} -> {to:?} [label={label:?}];");
        }
        text.push_str("}\n");
        text
    }

    /// Creates the diagram of a workflow's graph.
    pub(crate) fn of(name: &str, plan: &'static Plan) -> Self {
        let mut diagram = Self::new(name);
        diagram.node("begin", "start", NodeKind::End);
        let stops = plan.steps.iter().any(|step| step.shape.output.stops());
        for step in plan.steps {
            let shape = &step.shape;
            let label = match (shape.trigger, shape.workers) {
                (Trigger::Every(time), _) => format!("{} (every {time:?})", shape.name),
                (Trigger::After(time), _) => format!("{} (after {time:?})", shape.name),
                (Trigger::Events, Some(workers)) => format!("{} (×{workers})", shape.name),
                (Trigger::Events, None) => shape.name.to_owned(),
            };
            diagram.node(&id(shape.name), &label, NodeKind::Step);
        }
        if stops {
            diagram.node("stop", "stop", NodeKind::End);
        }
        for step in plan.steps {
            diagram.edges_into(plan, step);
        }
        diagram
    }

    fn edges_into(&mut self, plan: &'static Plan, step: &'static super::AnyStep) {
        let from = id(step.shape.name);
        for input in step.shape.inputs {
            match &input.taken {
                Source::Begin(ty) => self.edge("begin", &from, &short(ty())),
                Source::Event(event) if event.external => {
                    self.node("outside", "outside", NodeKind::Outside);
                    self.edge("outside", &from, event.name);
                }
                Source::Failure => {
                    self.node("failure", "any step that fails", NodeKind::Outside);
                    self.edge("failure", &from, "failure");
                }
                Source::Event(_) | Source::Answer(_) => {}
            }
        }
        step.shape.output.each(&mut |shape, many| {
            let several = if many { "several " } else { "" };
            match shape {
                Shape::Stop(ty) => self.edge(&from, "stop", &short(ty())),
                Shape::Event(event) => {
                    for (taker, collects) in takers(plan, &Source::Event(**event)) {
                        let all = if collects { ", collected" } else { "" };
                        self.edge(&from, &id(taker), &format!("{several}{}{all}", event.name));
                    }
                }
                Shape::Ask(question) => {
                    let person = format!("ask_{}", id(question.name));
                    self.node(&person, question.name, NodeKind::Outside);
                    self.edge(&from, &person, question.name);
                    for (taker, collects) in takers(plan, &Source::Answer(*question)) {
                        let all = if collects { ", collected" } else { "" };
                        self.edge(&person, &id(taker), &format!("{}{all}", question.answer));
                    }
                }
                _ => {}
            }
        });
        for event in step.shape.sends {
            for (taker, _) in takers(plan, &Source::Event(*event)) {
                self.edge(&from, &id(taker), &format!("{}, sent", event.name));
            }
        }
    }
}

/// Formats the diagram as Mermaid text.
impl std::fmt::Display for Diagram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.mermaid())
    }
}

/// Returns the steps that take an event, with whether they collect it.
fn takers(plan: &'static Plan, source: &Source) -> Vec<(&'static str, bool)> {
    let inputs = plan.steps.iter().flat_map(|step| step.shape.inputs.iter().map(|input| (step.shape.name, input)));
    inputs.filter(|(_, input)| input.taken.is(source)).map(|(name, input)| (name, input.collect)).collect()
}

/// Returns the id of a step for both languages: with a prefix, since a name such as `end` is a keyword there.
pub(crate) fn id(name: &str) -> String {
    let plain: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    format!("step_{plain}")
}

fn quoted(label: &str) -> String {
    label.replace('"', "#quot;")
}

//! The way of a run as a picture: steps in layers, from the start down, with counts on the nodes and events on the edges.

use crate::values::cut;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::HashMap;
use steadfast::Diagram;

/// The sizes of the picture.
const WIDTH: i32 = 176;
const HEIGHT: i32 = 46;
const BETWEEN: i32 = 44;
const LAYER: i32 = 108;
const MARGIN: i32 = 24;

/// The most nodes that are drawn: more of them are a list.
const MOST: usize = 60;

/// A diagram as its JSON form has it.
#[derive(Deserialize)]
struct Graph {
    event_driven: bool,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    label: String,
    kind: Kind,
    failed: usize,
    running: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Step,
    End,
    Outside,
}

#[derive(Deserialize)]
struct Edge {
    from: String,
    to: String,
    label: String,
}

/// A diagram that is drawn, and whether it is one of events; `None` if there is nothing to see in it.
pub(crate) fn draw(diagram: &Diagram) -> Option<(Markup, bool)> {
    let graph: Graph = serde_json::from_value(serde_json::to_value(diagram).ok()?).ok()?;
    (graph.nodes.len() > 1).then(|| (picture(&graph), graph.event_driven))
}

/// A node with its place.
struct Placed<'a> {
    node: &'a Node,
    x: i32,
    y: i32,
    layer: usize,
}

fn picture(graph: &Graph) -> Markup {
    if graph.nodes.len() > MOST {
        return html! { ul.inline { @for node in &graph.nodes { li { (node.label) } } } };
    }
    let placed = place(graph);
    let by_id: HashMap<&str, &Placed<'_>> = placed.iter().map(|placed| (placed.node.id.as_str(), placed)).collect();
    let width = placed.iter().map(|placed| placed.x + WIDTH).max().unwrap_or_default() + MARGIN + 60;
    let height = placed.iter().map(|placed| placed.y + HEIGHT).max().unwrap_or_default() + MARGIN;
    html! {
        div.scroll.graph role="region" aria-label="The way of the run" tabindex="0" {
            svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img" aria-label=(words(graph)) {
                @for (n, edge) in graph.edges.iter().enumerate() {
                    @if let (Some(from), Some(to)) = (by_id.get(edge.from.as_str()), by_id.get(edge.to.as_str())) {
                        (line(from, to, &edge.label, n))
                    }
                }
                @for placed in &placed { (node(placed)) }
            }
        }
    }
}

/// Says in words what the picture shows.
fn words(graph: &Graph) -> String {
    let label =
        |id: &str| graph.nodes.iter().find(|node| node.id == id).map_or(id, |node| node.label.as_str()).to_owned();
    let edges = graph.edges.iter().take(MOST);
    let each: Vec<_> =
        edges.map(|edge| format!("{} to {}: {}", label(&edge.from), label(&edge.to), edge.label)).collect();
    each.join("; ")
}

/// Gives each node a layer below those that lead to it, and a place in its layer.
fn place(graph: &Graph) -> Vec<Placed<'_>> {
    let number: HashMap<&str, usize> = graph.nodes.iter().enumerate().map(|(n, node)| (node.id.as_str(), n)).collect();
    // Nodes are in the order in which they were reached, so an edge to an earlier one leads back.
    let edges: Vec<(usize, usize)> = graph
        .edges
        .iter()
        .filter_map(|edge| Some((*number.get(edge.from.as_str())?, *number.get(edge.to.as_str())?)))
        .collect();
    let mut layers = vec![0; graph.nodes.len()];
    for _ in 0..graph.nodes.len() {
        for (from, to) in edges.iter().filter(|(from, to)| from < to || is_outside(graph, *from)) {
            if !is_outside(graph, *to) && layers[*to] <= layers[*from] && layers[*from] + 1 < graph.nodes.len() {
                layers[*to] = layers[*from] + 1;
            }
        }
    }
    for (n, node) in graph.nodes.iter().enumerate() {
        // The outside stands beside what it gives to.
        if node.kind == Kind::Outside {
            let below = edges.iter().filter(|(from, _)| *from == n).map(|(_, to)| layers[*to]).min();
            layers[n] = below.map_or(layers[n], |layer: usize| layer.saturating_sub(1));
        }
    }
    let last = layers.iter().copied().max().unwrap_or_default();
    for (n, node) in graph.nodes.iter().enumerate() {
        if node.kind == Kind::End && node.id != "begin" {
            layers[n] = last.max(1);
        }
    }
    arranged(graph, &layers)
}

fn is_outside(graph: &Graph, node: usize) -> bool {
    graph.nodes[node].kind == Kind::Outside
}

fn arranged<'a>(graph: &'a Graph, layers: &[usize]) -> Vec<Placed<'a>> {
    let count = |layer: usize| i32::try_from(layers.iter().filter(|of| **of == layer).count()).unwrap_or(1);
    let widest = layers.iter().map(|layer| count(*layer)).max().unwrap_or(1);
    let whole = |nodes: i32| nodes * WIDTH + (nodes - 1) * BETWEEN;
    let mut used: HashMap<usize, i32> = HashMap::new();
    let nodes = graph.nodes.iter().zip(layers).map(|(node, layer)| {
        let nth = used.entry(*layer).or_default();
        let x = MARGIN + (whole(widest) - whole(count(*layer))) / 2 + *nth * (WIDTH + BETWEEN);
        *nth += 1;
        let y = MARGIN + i32::try_from(*layer).unwrap_or_default() * LAYER;
        Placed { node, x, y, layer: *layer }
    });
    nodes.collect()
}

fn node(placed: &Placed<'_>) -> Markup {
    let Placed { node, x, y, .. } = placed;
    let (name, counts) = match node.label.split_once(" (") {
        Some((name, counts)) => (name, counts.trim_end_matches(')')),
        None => (node.label.as_str(), ""),
    };
    let state = match (node.kind, node.failed, node.running) {
        (_, 1.., _) => "node failed",
        (_, _, 1..) => "node taken running",
        (Kind::Outside, ..) => "node outside",
        (Kind::End, ..) => "node end",
        _ => "node taken",
    };
    let middle = x + WIDTH / 2;
    html! {
        g class=(state) {
            title { (node.label) }
            rect x=(x) y=(y) width=(WIDTH) height=(HEIGHT) rx=(if node.kind == Kind::End { HEIGHT / 2 } else { 8 }) {}
            text x=(middle) y=(y + if counts.is_empty() { 28 } else { 20 }) text-anchor="middle" { (cut(name, 22)) }
            @if !counts.is_empty() { text.count x=(middle) y=(y + 36) text-anchor="middle" { (counts) } }
        }
    }
}

/// Draws an edge from the bottom of a node to the top of another; one that leads back goes around at the right.
fn line(from: &Placed<'_>, to: &Placed<'_>, label: &str, n: usize) -> Markup {
    let shift = i32::try_from(n % 3).unwrap_or_default() * 12 - 12;
    let (path, x, y, head) = if to.layer > from.layer {
        let (x1, y1, x2, y2) = (from.x + WIDTH / 2, from.y + HEIGHT, to.x + WIDTH / 2, to.y);
        let middle = i32::midpoint(y1, y2);
        let path = format!("M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {}", y2 - 6);
        (path, i32::midpoint(x1, x2), middle + shift, format!("M{} {}h10l-5 8z", x2 - 5, y2 - 8))
    } else {
        let (x1, y1, x2, y2) = (from.x + WIDTH, from.y + HEIGHT / 2, to.x + WIDTH, to.y + HEIGHT / 2 + 10);
        let out = x1.max(x2) + 40;
        let path = format!("M{x1} {y1}C{out} {y1} {out} {y2} {} {y2}", x2 + 6);
        (path, out, i32::midpoint(y1, y2) + shift, format!("M{} {}v10l-8 -5z", x2 + 8, y2 - 5))
    };
    html! {
        g.edge.taken {
            path d=(path) {}
            path.head d=(head) {}
            text x=(x) y=(y) text-anchor="middle" { (cut(label, 26)) }
        }
    }
}

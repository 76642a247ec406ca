//! The path of a run whose workflow is a function: its numbered calls, each after the entry that was last delivered to
//! the workflow.

use super::{Drawing, Path, Turn, What};
use crate::graph::diagram::{NodeKind, id};

/// The number of call numbers that are written out on one edge.
const NUMBERS: usize = 3;

impl Path {
    pub(super) fn draw_calls(&self, drawing: &mut Drawing) {
        self.draw_steps(&mut drawing.diagram);
        let mut edges: Vec<(String, String, Vec<usize>)> = Vec::new();
        for (number, call) in self.calls.values().enumerate() {
            let from = call.cause.map_or_else(|| "begin".to_owned(), |cause| self.came_from(cause, drawing));
            let to = node(&call.what, drawing);
            match edges.iter_mut().find(|edge| (&edge.0, &edge.1) == (&from, &to)) {
                Some(edge) => edge.2.push(number + 1),
                None => edges.push((from, to, vec![number + 1])),
            }
        }
        for (from, to, numbers) in edges {
            let few: Vec<String> = numbers.iter().take(NUMBERS).map(ToString::to_string).collect();
            let few = few.join(", ");
            let label = if numbers.len() > NUMBERS { format!("{few}, .. ({} calls)", numbers.len()) } else { few };
            drawing.edge(&from, &to, &label);
        }
        if let Some((kind, cause)) = self.end {
            let from = cause.map_or_else(|| "begin".to_owned(), |cause| self.came_from(cause, drawing));
            drawing.end(kind, &from);
        }
    }

    /// Returns the node of the entry that was last delivered to the workflow.
    fn came_from(&self, cause: u64, drawing: &mut Drawing) -> String {
        match self.turns.get(&cause) {
            Some(Turn::Call(position)) => match self.calls.get(position) {
                Some(call) => node(&call.what, drawing),
                None => "begin".to_owned(),
            },
            Some(Turn::Message(channel)) => node(&What::Receive(channel.clone()), drawing),
            Some(Turn::Cancelled) => {
                drawing.diagram.node("outside", "outside", NodeKind::Outside);
                "outside".to_owned()
            }
            Some(Turn::Start) | None => "begin".to_owned(),
        }
    }
}

fn node(what: &What, drawing: &mut Drawing) -> String {
    let (node, label) = match what {
        What::Step(name) => return id(name),
        What::Sleep => ("sleep".to_owned(), "sleep".to_owned()),
        What::Receive(channel) => (format!("message_{}", id(channel)), format!("message {channel}")),
        What::Request(question) => (format!("ask_{}", id(question)), question.clone()),
        What::Answer(_) => ("answer".to_owned(), "answer to an earlier request".to_owned()),
        What::Child(workflow) => (format!("run_{}", id(workflow)), format!("run of {workflow}")),
    };
    drawing.diagram.node(&node, &label, NodeKind::Outside);
    node
}

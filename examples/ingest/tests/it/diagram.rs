//! Compares the picture of the guide with the current workflow.

use ingest::Ingest;
use layout::backends::svg::SVGWriter;
use layout::gv::{DotParser, GraphBuilder};
use std::path::Path;

const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/ingest.svg");

#[test]
fn the_program_prints_it() {
    let printed = |arguments: &[&str]| {
        let command = std::process::Command::new(env!("CARGO_BIN_EXE_ingest")).args(arguments).output().unwrap();
        String::from_utf8(command.stdout).unwrap()
    };
    assert_eq!(printed(&["diagram"]), Ingest::diagram().mermaid());
    assert_eq!(printed(&["diagram", "--dot"]), Ingest::diagram().graphviz());
}

/// Compares the file with a new drawing. After a change of the workflow remove the file, and run this test: it draws
/// the picture anew.
#[test]
fn the_picture_is_that_of_todays_workflow() {
    let drawn = draw(&Ingest::diagram().graphviz());
    let path = Path::new(PICTURE);
    if !path.exists() {
        std::fs::write(path, &drawn).unwrap();
        panic!("{PICTURE} was not there, and was drawn: look at it");
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept == drawn, "{PICTURE} shows another workflow: remove it, and run this test once more");
}

fn draw(graphviz: &str) -> String {
    let parsed = DotParser::new(graphviz).process().unwrap();
    let mut builder = GraphBuilder::new();
    builder.visit_graph(&parsed);
    let mut svg = SVGWriter::new();
    builder.get().do_it(false, false, false, &mut svg);
    // The renderer writes its styles in random order, overestimates the width of letters, and leaves the background to
    // the page.
    let drawn = svg.finalize();
    let (head, rest) = drawn.split_once("<style>").unwrap();
    let (_, shapes) = rest.split_once("</style>").unwrap();
    let style = "<style>text { font: 16px sans-serif; }</style><rect width=\"100%\" height=\"100%\" fill=\"white\"/>";
    format!("{head}{style}{}", shapes.replace("dy=\"1.0em\"", "dy=\"14px\""))
}

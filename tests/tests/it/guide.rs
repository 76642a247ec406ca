//! The guide and the README are consistent: each chapter is listed and tested, each link leads somewhere, and every
//! program is tested.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// The most lines of the README.
const LONGEST: usize = 220;

/// The languages of blocks that are not programs.
const NO_PROGRAM: [&str; 4] = ["text", "sh", "toml", "sql"];

/// The chapters whose programs need a server, and are compiled but not run.
const WITH_SERVER: [&str; 1] = ["fleet"];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn text(path: &str) -> String {
    read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the chapters by their names, without the extension and without the summary.
fn chapters() -> BTreeMap<String, String> {
    let folder = std::fs::read_dir(top().join("docs/src")).expect("the guide");
    let names = folder.map(|entry| entry.expect("readable").file_name().into_string().expect("a name"));
    let names = names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).filter(|name| name != "SUMMARY");
    names.map(|name| (name.clone(), text(&format!("docs/src/{name}.md")))).collect()
}

/// Returns the targets of links, `[words](target)`, outside of programs.
fn links(page: &str) -> Vec<String> {
    let mut within = false;
    let prose = page.lines().filter(|line| {
        let fence = line.starts_with("```");
        within ^= fence;
        !fence && !within
    });
    let after = prose.flat_map(|line| line.split("](").skip(1));
    after.map(|rest| rest.split(')').next().unwrap_or_default().to_owned()).collect()
}

/// Returns the text after the three backticks at the beginning of each block, with its line.
fn blocks(page: &str) -> Vec<(usize, &str)> {
    let fences = page.lines().enumerate().filter_map(|(at, line)| Some((at + 1, line.strip_prefix("```")?)));
    let fences: Vec<_> = fences.collect();
    assert!(fences.len().is_multiple_of(2), "a block without an end");
    fences.into_iter().step_by(2).collect()
}

#[test]
fn each_chapter_is_in_the_summary_once_and_is_tested_once() {
    let mut listed = links(&text("docs/src/SUMMARY.md"));
    listed.sort();
    let files: Vec<String> = chapters().keys().map(|name| format!("{name}.md")).collect();
    assert_eq!(listed, files, "docs/src/SUMMARY.md lists other chapters than there are in docs/src");

    let guide = text("runtime/src/guide.rs");
    let mut tested: Vec<&str> = guide
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\";")?.split_once(" = \""))
        .map(|(_, name)| name)
        .collect();
    // The programs of this chapter need a crate that `steadfast` does not depend on.
    let http = text("examples/http/src/lib.rs");
    tested.extend(http.contains("include_str!(\"../../../docs/src/http.md\")").then_some("http"));
    let metrics = text("examples/metrics/src/lib.rs");
    tested.extend(metrics.contains("include_str!(\"../../../docs/src/metrics.md\")").then_some("metrics"));
    let console = text("console/src/lib.rs");
    tested.extend(console.contains("include_str!(\"../../docs/src/console.md\")").then_some("console"));
    tested.sort_unstable();
    assert_eq!(tested, chapters().into_keys().collect::<Vec<_>>(), "runtime/src/guide.rs has other chapters");
}

#[test]
fn links_lead_to_files_of_the_project() {
    let mut pages = vec![("README.md".to_owned(), text("README.md"))];
    pages.extend(chapters().into_iter().map(|(name, page)| (format!("docs/src/{name}.md"), page)));
    for (path, page) in pages {
        let folder = top().join(&path).parent().expect("a folder").to_owned();
        for link in links(&page) {
            let outside = link.starts_with("https://");
            assert!(outside || folder.join(&link).is_file(), "{path}: `{link}` leads nowhere");
            let in_the_project = link.split_once("/blob/main/").is_none_or(|(_, file)| top().join(file).is_file());
            assert!(in_the_project, "{path}: `{link}` leads nowhere");
        }
    }
}

#[test]
fn every_program_is_compiled_and_run() {
    let mut pages = chapters();
    pages.insert("README".to_owned(), text("README.md"));
    for (name, page) in &pages {
        for (line, language) in blocks(page) {
            let is_compiled = language == "rust,no_run" && WITH_SERVER.contains(&&**name);
            let known = language == "rust" || is_compiled || NO_PROGRAM.contains(&language);
            assert!(
                known,
                "{name}.md:{line}: a block of `{language}` is not tested; expected `rust` or {NO_PROGRAM:?}"
            );
        }
    }
    let without: BTreeSet<&str> = pages
        .iter()
        .filter(|(_, page)| !blocks(page).iter().any(|block| block.1 == "rust"))
        .map(|(name, _)| &**name)
        .collect();
    assert_eq!(
        without,
        BTreeSet::from(["command-line", "deploying", "is-it-for-me", "programs", "speed"]),
        "chapters without a program"
    );
}

#[test]
fn each_chapter_begins_with_its_title() {
    for (name, page) in chapters() {
        let mut lines = page.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("# ")), "{name}.md has no title");
        assert_eq!(lines.next(), Some(""), "{name}.md");
        assert!(page.ends_with('\n'), "{name}.md");
    }
}

/// Returns the rows of the tables below a heading of the README.
fn rows(heading: &str) -> Vec<String> {
    let page = text("README.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    section.lines().filter(|line| line.starts_with("| ")).map(str::to_owned).collect()
}

#[test]
fn the_first_page_compares_as_the_guide_does() {
    let (rows, guide) = (rows("Beside others"), text("docs/src/is-it-for-me.md"));
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        assert!(guide.lines().any(|line| line == row), "not in docs/src/is-it-for-me.md: {row}");
    }
}

#[test]
fn figures_are_those_of_the_table() {
    let table = text("docs/src/speed.md");
    let rows = rows("Speed");
    assert!(rows.len() == 7, "{rows:?}");
    for row in &rows[1..] {
        // The table of the guide has two more columns: a letter first, and a goal last.
        let row = row.trim_end_matches(" |");
        let line = table.lines().find(|line| line.contains(row.trim_start_matches("| ")));
        assert!(line.is_some(), "not in docs/src/speed.md: {row}");
    }
    for (chapter, figures) in [
        ("is-it-for-me", &["11,900 runs"][..]),
        ("shared-state", &["308,000 edits/s", "26,400"]),
        ("sizes", &["287 bytes", "152 bytes", "4,200", "20 MB", "5.1 ms", "149 ms"]),
    ] {
        // Line breaks do not matter.
        let page = text(&format!("docs/src/{chapter}.md")).split_whitespace().collect::<Vec<_>>().join(" ");
        for figure in figures {
            assert!(page.contains(figure), "{chapter}.md no longer says `{figure}`: take it out of this test");
            assert!(table.contains(figure), "{chapter}.md says `{figure}`, which is not in docs/src/speed.md");
        }
    }
}

#[test]
fn the_compile_error_is_that_of_the_compiler() {
    let said =
        text("tests/ui/fail/change_in_step/assignment.stderr").replace("ui/fail/change_in_step/assignment", "src/main");
    let (error, _) = said.split_once("\n\n").expect("the first error");
    for page in ["README.md", "docs/src/contexts.md"] {
        assert!(text(page).contains(&format!("```text\n{error}\n```")), "{page} shows another error than:\n{error}");
    }
}

#[test]
fn each_example_is_among_the_programs_to_kill() {
    let page = text("docs/src/programs.md");
    let folders =
        std::fs::read_dir(top().join("examples")).expect("the examples").map(|entry| entry.expect("readable"));
    for folder in folders.filter(|entry| entry.path().is_dir()) {
        let name = format!("`examples/{}`", folder.file_name().to_string_lossy());
        assert!(page.contains(&name), "docs/src/programs.md does not have {name}");
    }
}

#[test]
fn the_first_page_is_short() {
    let lines = text("README.md").lines().count();
    assert!(lines <= LONGEST, "README.md has {lines} lines, at most {LONGEST}: the rest belongs into docs/src");
}

//! A folder that is indexed at the times of a schedule.

use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_indexed_at_its_times_by_whichever_worker_is_there() {
    let program = Program::on_a_file();
    program.write("bakery", 3);
    let said = program.said(&["nightly", "* * * * * *", "texts"]);
    assert!(said.starts_with("the folder is indexed in "), "{said}");
    let _worker = program.worker("0");
    limits::until(async || program.run(&["search", "bread"]).status.success()).await;
    assert_eq!(program.said(&["search", "bread"]), program.expected("bread").1);
}

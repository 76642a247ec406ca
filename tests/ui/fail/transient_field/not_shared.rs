use std::cell::RefCell;
use std::rc::Rc;
use steadfast::prelude::*;

#[derive(Default)]
struct NotClone;

#[derive(StepContext, Clone)]
struct OneThread {
    id: String,
    #[context(transient)]
    rc: Rc<u8>,
}

#[derive(StepContext, Clone)]
struct Cell {
    id: String,
    #[context(transient)]
    cell: RefCell<u8>,
}

#[derive(StepContext, Clone)]
struct OnlyOne {
    id: String,
    #[context(transient)]
    only: NotClone,
}

fn main() {}

//! The program as users see it, over many processes, killed, and used wrongly; and its workflow with every fault at
//! every commit.

mod faults;
mod killed;
mod program;
mod talked;

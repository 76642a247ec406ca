//! The program as users see it: undisturbed, with questions, killed, and used wrongly; and its workflow with every
//! fault at every commit.

mod answered;
mod diagram;
mod faults;
mod killed;
mod mistakes;
mod program;

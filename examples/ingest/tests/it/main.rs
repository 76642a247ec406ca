//! The program as its users meet it: undisturbed, asked and answered, killed, and used wrongly; and its workflow with every
//! fault at every commit.

mod answered;
mod diagram;
mod faults;
mod killed;
mod mistakes;
mod program;

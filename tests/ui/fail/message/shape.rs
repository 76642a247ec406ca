#![allow(unused)]

use serde::{Deserialize, Serialize};
use steadfast::Message;

#[derive(Message, Serialize, Deserialize)]
struct Generic<T> {
    value: T,
}

#[derive(Message, Serialize)]
enum Borrowed<'a> {
    Text(&'a str),
}

#[derive(Message)]
union Bits {
    a: u32,
}

#[derive(Message, Serialize, Deserialize)]
#[message(nam = "approval")]
struct Named;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "", name = "approval")]
struct Empty;

#[derive(Message, Serialize, Deserialize)]
#[message]
struct Bare;

fn main() {}

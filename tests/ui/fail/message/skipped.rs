#![allow(unused)]

use serde::{Deserialize, Serialize};
use steadfast::Message;

#[derive(Message, Serialize, Deserialize)]
struct Approval {
    by: String,
    #[serde(skip)]
    cache: u32,
    #[serde(rename = "note", skip_serializing, default)]
    remark: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fine: Option<String>,
}

#[derive(Message, Serialize, Deserialize)]
enum Verdict {
    Yes,
    No {
        #[serde(skip_deserializing)]
        why: String,
    },
}

fn main() {}

use steadfast::Message;

#[derive(Message)]
struct Approve {
    by: String,
}

fn main() {
    println!("{}", Approve { by: String::new() }.by);
}

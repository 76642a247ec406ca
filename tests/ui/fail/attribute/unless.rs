use steadfast::prelude::*;

fn is_final(text: &str) -> bool {
    text.is_empty()
}

#[step(retry(attempts = 5, unless = is_final))]
async fn charge() -> Result<()> {
    Ok(())
}

fn main() {}

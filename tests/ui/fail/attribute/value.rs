use steadfast::prelude::*;

#[step(timeout = "30")]
async fn no_unit() -> Result<()> {
    Ok(())
}

#[step(timeout = 30, name = "")]
async fn no_text() -> Result<()> {
    Ok(())
}

#[step(timeout = "5 minutes", retry(attempts = 0, backoff = "2s", max_backoff = "1s", factor = 0.5, jitter = 2))]
async fn out_of_range() -> Result<()> {
    Ok(())
}

#[step(retry(backoff = "1s", unless = "is_final"), blocking = true)]
async fn no_attempts() -> Result<()> {
    Ok(())
}

fn main() {}

//! Parses a file of orders: each line is one, and a faulty line does not fail the others.

use crate::order::{Country, Item, Order};
use std::collections::HashMap;
use std::path::Path;
use steadfast::{Error, Result};

const COLUMNS: [&str; 6] = ["id", "customer", "country", "items", "cents", "card"];

/// The content of a file.
pub(crate) struct Content {
    pub(crate) orders: Vec<Order>,
    /// The faults of lines, each with the expected and the found text: `orders.csv:57: ..`.
    pub(crate) faults: Vec<String>,
}

/// Reads all orders of a file.
///
/// # Errors
/// The file does not exist, or is no file of orders.
pub(crate) fn read(path: &Path) -> Result<Content> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        let help = "start from the root of the repository, or name a file with --file";
        Error::msg(format!("{shown} cannot be read: {error}; {help}"))
    })?;
    // Each line is parsed by itself, so that an open quotation mark spoils its line and not the rest of the file.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let header = COLUMNS.join(",");
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
    if first != header {
        return Err(Error::msg(format!("{shown}:1: expected the line `{header}`, found `{}`", beginning(&first))));
    }
    let mut content = Content { orders: Vec::new(), faults: Vec::new() };
    let mut seen = HashMap::new();
    let mut lines = lines.zip(2_usize..).peekable();
    while let Some((line, number)) = lines.next() {
        if line.is_empty() && lines.peek().is_none() {
            break;
        }
        let order = order(line).and_then(|order| match seen.insert(order.id, number) {
            None => Ok(order),
            Some(first) => {
                seen.insert(order.id, first);
                Err(format!("expected an id of its own, found {} again, which line {first} has", order.id))
            }
        });
        match order {
            Ok(order) => content.orders.push(order),
            Err(fault) => content.faults.push(format!("{shown}:{number}: {fault}")),
        }
    }
    Ok(content)
}

fn order(line: &[u8]) -> Result<Order, String> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let at = error.valid_up_to();
        format!("expected UTF-8, found the byte 0x{:02X} after {at} bytes", line[at])
    })?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let record = match reader.records().next() {
        None => return Err("expected an order, found an empty line".to_owned()),
        Some(record) => record.map_err(|error| error.to_string())?,
    };
    if record.len() != COLUMNS.len() {
        return Err(format!("expected {} columns, found {} in `{}`", COLUMNS.len(), record.len(), beginning(text)));
    }
    let column = |index: usize| match record[index].trim() {
        "" => Err(format!("expected a value as `{}`, found nothing", COLUMNS[index])),
        value => Ok(value),
    };
    Ok(Order {
        id: number("id", column(0)?)?,
        customer: column(1)?.to_owned(),
        country: country(column(2)?)?,
        items: column(3)?.split(';').map(item).collect::<Result<_, _>>()?,
        cents: number("cents", column(4)?)?,
        card: column(5)?.to_owned(),
    })
}

fn number(what: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number as `{what}`, found `{}`", beginning(text)))
}

fn country(code: &str) -> Result<Country, String> {
    let unknown = || format!("expected one of {} as `country`, found `{}`", Country::codes(), beginning(code));
    Country::from_code(code).ok_or_else(unknown)
}

fn item(text: &str) -> Result<Item, String> {
    let expected = "expected `items` such as `KB-101:2;MS-220:1`";
    let (sku, quantity) =
        text.split_once(':').ok_or_else(|| format!("{expected}, found `{}` without a quantity", beginning(text)))?;
    // The bound keeps every sum of the program far from overflow.
    match quantity.parse() {
        Ok(quantity @ 1..=10_000) => Ok(Item { sku: sku.to_owned(), quantity }),
        _ => Err(format!("{expected}, found the quantity `{}` for {sku}", beginning(quantity))),
    }
}

/// Truncates a text to 60 characters, for a message.
fn beginning(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push_str("..");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn a_line_is_an_order() {
        let order = order(br#"1042,"Keller, Sons & Co",DE,KB-101:2;MS-220:1,12475,tok_visa_4242"#).unwrap();
        assert_eq!((order.id, order.customer.as_str(), order.cents), (1042, "Keller, Sons & Co", 12_475));
        assert_eq!(order.units(), 3);
    }

    #[test]
    fn a_fault_says_what_was_expected_and_what_was_found() {
        for (line, expected) in [
            (&b"1,A,DE,X:1,5"[..], "expected 6 columns, found 5 in `1,A,DE,X:1,5`"),
            (b"x,A,DE,X:1,5,t", "expected a whole number as `id`, found `x`"),
            (b"1,A,DE,X:-1,5,t", "expected `items` such as `KB-101:2;MS-220:1`, found the quantity `-1` for X"),
            (b"1,A,DE,X,5,t", "expected `items` such as `KB-101:2;MS-220:1`, found `X` without a quantity"),
            (b"1,A,DE,X:1,0.5,t", "expected a whole number as `cents`, found `0.5`"),
            (b"1,A,DE,X:1,5,", "expected a value as `card`, found nothing"),
            (b"1,\xe9,DE,X:1,5,t", "expected UTF-8, found the byte 0xE9 after 2 bytes"),
            (b"", "expected an order, found an empty line"),
        ] {
            assert_eq!(order(line).unwrap_err(), expected);
        }
        assert!(order(b"1,A,XX,X:1,5,t").unwrap_err().ends_with("SE, US as `country`, found `XX`"));
    }
}

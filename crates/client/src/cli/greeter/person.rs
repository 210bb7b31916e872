//! `person`: a message as bytes, and parsed back. It needs no server.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use prost::Message as _;
use route_guide_proto::hello::Person;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::Output;

/// Which Person to show.
#[derive(Args, Debug)]
pub(in crate::cli) struct PersonArgs {
    /// The name
    #[arg(long, default_value = "Ada Lovelace")]
    name: String,

    /// The number
    #[arg(long, default_value_t = 36, allow_negative_numbers = true)]
    id: i32,

    /// Whether the person has a ponycopter
    #[arg(long)]
    has_ponycopter: bool,

    /// Parse these bytes instead, written in hexadecimal
    #[arg(
        long,
        value_name = "HEX",
        value_parser = parse_hex,
        conflicts_with_all = ["name", "id", "has_ponycopter"]
    )]
    parse: Option<Bytes>,
}

#[derive(Clone, Debug)]
struct Bytes(Vec<u8>);

#[derive(Serialize)]
struct PersonMessage {
    bytes: String,
    person: Person,
}

pub(super) async fn run(output: &Output, args: PersonArgs) -> Result<(), Failure> {
    let (bytes, before) = if let Some(Bytes(bytes)) = args.parse {
        (bytes, None)
    } else {
        let person = Person {
            name: args.name,
            id: args.id,
            has_ponycopter: args.has_ponycopter,
        };
        (person.encode_to_vec(), Some(person))
    };
    let person = Person::decode(bytes.as_slice()).context("these bytes are no Person")?;

    let mut text = String::new();
    if let Some(before) = before {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Person:      {}", fields(&before));
    }
    let hex = hex(&bytes);
    let _ = write!(
        text,
        "Serialised:  {hex} ({} bytes)\nParsed back: {}",
        bytes.len(),
        fields(&person)
    );
    let message = PersonMessage { bytes: hex, person };
    output.message(text, &message).await
}

fn fields(person: &Person) -> String {
    // Rust's way to quote a string also escapes what could drive a terminal.
    format!(
        "name: {:?}, id: {}, has_ponycopter: {}",
        person.name, person.id, person.has_ponycopter
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads hexadecimal digits, with or without blanks between the bytes.
fn parse_hex(text: &str) -> Result<Bytes, String> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| {
            character
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
                .ok_or_else(|| {
                    format!(
                        "'{}' is not a hexadecimal digit",
                        character.escape_default()
                    )
                })
        })
        .collect::<Result<_, _>>()?;
    if digits.len() % 2 == 1 {
        return Err(format!(
            "{} hexadecimal digits are not whole bytes",
            digits.len()
        ));
    }
    Ok(Bytes(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::{hex, parse_hex};

    #[test]
    fn bytes_are_read_in_hexadecimal() {
        let check = |text: &str, expected: &str| {
            let shown = match parse_hex(text) {
                Ok(bytes) => hex(&bytes.0),
                Err(err) => format!("! {err}"),
            };
            assert_eq!(shown, expected, "{text}");
        };
        check("", "");
        check("0A 0b\tff", "0a0bff");
        check("0a0", "! 3 hexadecimal digits are not whole bytes");
        check("0x", "! 'x' is not a hexadecimal digit");
        check("é", r"! '\u{e9}' is not a hexadecimal digit");
    }
}

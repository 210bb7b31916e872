//! The arguments of this process, and what is said of wrong ones.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;

use clap::error::ErrorKind;
use clap::{Command, Parser};
use route_guide_geo::ParseError;

use super::failure::Failure;
use crate::printable::printable;

/// Reads the arguments, or says what is wrong with them and ends the process.
pub(super) fn parse<T: Parser>() -> T {
    let arguments: Vec<_> = env::args_os().collect();
    if let Some(error) = unknown_option(T::command(), &arguments) {
        error.exit();
    }
    T::parse_from(arguments)
}

/// The failure for an argument that is not what it should be.
pub(super) fn not_a(what: &str, command: &'static str, text: &str, err: &ParseError) -> Failure {
    usage(
        command,
        format_args!("'{}' is no {what}: {err}", printable(text)),
    )
}

/// The failure for arguments that `clap` cannot judge one by one.
pub(super) fn usage(command: &'static str, message: impl Display) -> Failure {
    Failure::Usage {
        command,
        message: message.to_string(),
    }
}

/// Returns what `clap` itself would say of wrong arguments of a command.
pub(super) fn error(mut program: Command, command: &str, message: impl Display) -> clap::Error {
    program.build();
    match program.find_subcommand_mut(command) {
        Some(command) => command.error(ErrorKind::ValueValidation, message),
        None => program.error(ErrorKind::ValueValidation, message),
    }
}

/// Finds an option that does not exist, which would be taken for the value of an argument that may begin with a hyphen.
///
/// Coordinates may: `get -40,-74`. So for `get --jsno 0,0` the parser would take the option for the point, and blame the
/// point. It knows the options and what resembles them, and is asked once more without coordinates of that kind.
fn unknown_option(program: Command, arguments: &[OsString]) -> Option<clap::Error> {
    let arguments: Vec<_> = (arguments.iter())
        .map(|argument| {
            if is_number(argument) {
                "0,0".into()
            } else {
                argument.clone()
            }
        })
        .collect();
    strict(program)
        .try_get_matches_from(arguments)
        .err()
        .filter(|error| error.kind() == ErrorKind::UnknownArgument)
}

/// Whether an argument that begins with a hyphen is a number or begins with one.
fn is_number(argument: &OsStr) -> bool {
    let digits = argument.as_encoded_bytes().strip_prefix(b"-");
    digits.is_some_and(|digits| matches!(digits.first(), Some(b'0'..=b'9' | b'.')))
}

/// A program none of whose values may begin with a hyphen.
fn strict(command: Command) -> Command {
    command
        .mut_args(|argument| argument.allow_hyphen_values(false))
        .mut_subcommands(strict)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::unknown_option;
    use crate::cli::RouteGuideArgs;

    fn unknown(arguments: &str) -> Option<String> {
        let arguments: Vec<_> = arguments.split(' ').map(Into::into).collect();
        let error = unknown_option(RouteGuideArgs::command(), &arguments)?;
        Some(error.to_string())
    }

    #[test]
    fn an_option_that_does_not_exist_is_named_wherever_it_stands() {
        for arguments in [
            "c get --jsno 0,0",
            "c get 0,0 --jsno",
            "c --jsno get 0,0",
            "c get -40,-74 --jsno",
            "c list --jsno -40,-74:1,1",
            "c list 1,1 --jsno",
            "c chat --at --jsno",
            "c chat --at -1,-1 --jsno",
            "c record --jsno x",
        ] {
            let error = unknown(arguments).unwrap();
            assert!(error.contains("'--jsno'"), "{arguments}: {error}");
            assert!(error.contains("'--json'"), "{arguments}: {error}");
        }
        assert!(unknown("c get -j 0,0").unwrap().contains("'-j'"));
    }

    #[test]
    fn what_may_begin_with_a_hyphen_is_left_alone() {
        for arguments in [
            "c get -40,-74",
            "c get -.5,0 --json",
            "c get -- -40,-74",
            "c get -- --jsno",
            "c list -1,-1 -2,-2",
            "c chat --at -1,-1",
            "c chat --at=-1,-1",
            "c record -",
            "c --timeout -1s get 0,0",
            "c get",
            "c nothing",
        ] {
            assert_eq!(unknown(arguments), None, "{arguments}");
        }
    }
}

//! The page as a list of things to do.

/// One thing that the page tells its reader to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The line of the page where it stands, counted from 1.
    pub(crate) line: usize,
    /// What to do.
    pub(crate) action: Action,
}

/// What a [`Step`] asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Make a file, or replace it.
    Write {
        /// Its name.
        file: String,
        /// All of its text.
        text: String,
    },
    /// Continue a file.
    Append {
        /// Its name.
        file: String,
        /// What comes at its end.
        text: String,
    },
    /// Change a file.
    Change {
        /// Its name.
        file: String,
        /// Lines that begin with a blank, `-` or `+`, as in a unified diff.
        diff: String,
    },
    /// Type a command.
    Run(Command),
}

/// A command and what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// What follows the `$`.
    pub(crate) text: String,
    /// The lines below it.
    pub(crate) output: Vec<String>,
}

/// Why the page cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(crate) struct PageError {
    /// The line of the page, counted from 1.
    line: usize,
    problem: &'static str,
}

/// What stands above a block of code.
struct Label {
    file: String,
    continued: bool,
}

/// Returns everything that a page of Markdown tells its reader to do, in order.
///
/// # Errors
///
/// [`PageError`] if a block or a command does not follow the conventions of this crate.
pub(crate) fn steps(page: &str) -> Result<Vec<Step>, PageError> {
    let mut steps = Vec::new();
    let mut label = None;
    let mut lines = (1..).zip(page.lines());
    while let Some((line, text)) = lines.next() {
        let error = |problem| PageError { line, problem };
        if let Some(language) = text.strip_prefix("```") {
            let mut block = Vec::new();
            loop {
                match lines.next() {
                    Some((_, "```")) => break,
                    Some((_, inside)) => block.push(inside),
                    None => return Err(error("the block does not end")),
                }
            }
            block_steps(line, language, label.take(), &block, &mut steps)?;
        } else if text.trim_start().starts_with("```")
            || text.starts_with("    ")
            || text.starts_with('\t')
        {
            return Err(error("an indented block is not tested"));
        } else if !text.is_empty() {
            if has_command(text) {
                return Err(error("a command in running text is not tested"));
            }
            label = read_label(text);
        }
    }
    Ok(steps)
}

fn block_steps(
    line: usize,
    language: &str,
    label: Option<Label>,
    block: &[&str],
    steps: &mut Vec<Step>,
) -> Result<(), PageError> {
    let error = |problem| Err(PageError { line, problem });
    let text: String = block.iter().flat_map(|line| [line, "\n"]).collect();
    let action = match (language, label) {
        ("console", None) => return console_steps(line, block, steps),
        ("console", Some(_)) => return error("commands do not belong to a file"),
        (
            "diff",
            Some(Label {
                file,
                continued: false,
            }),
        ) => Action::Change { file, diff: text },
        (
            "json" | "proto" | "rust" | "toml",
            Some(Label {
                file,
                continued: false,
            }),
        ) => Action::Write { file, text },
        (
            "json" | "proto" | "rust" | "toml",
            Some(Label {
                file,
                continued: true,
            }),
        ) => Action::Append { file, text },
        ("diff" | "json" | "proto" | "rust" | "toml", _) => {
            return error("the line above must name the block's file");
        }
        _ => return error("a block of this language is not tested"),
    };
    steps.push(Step { line, action });
    Ok(())
}

fn console_steps(first: usize, block: &[&str], steps: &mut Vec<Step>) -> Result<(), PageError> {
    for (line, text) in (first + 1..).zip(block) {
        if let Some(command) = text.strip_prefix("$ ") {
            let text = command.to_owned();
            let output = Vec::new();
            steps.push(Step {
                line,
                action: Action::Run(Command { text, output }),
            });
        } else if line == first + 1 {
            return Err(PageError {
                line,
                problem: "a block of commands begins with a command",
            });
        } else if let Some(Step {
            action: Action::Run(command),
            ..
        }) = steps.last_mut()
        {
            command.output.push((*text).to_owned());
        }
    }
    Ok(())
}

/// Reads a line such as ``**`src/lib.rs`**, continued``.
fn read_label(text: &str) -> Option<Label> {
    let (file, after) = text.strip_prefix("**`")?.split_once("`**")?;
    let continued = match after {
        "" => false,
        ", continued" => true,
        _ => return None,
    };
    Some(Label {
        file: file.to_owned(),
        continued,
    })
}

/// Tells whether a line of prose has a command with arguments between backticks.
fn has_command(text: &str) -> bool {
    let commands = [
        "$ ",
        "cargo ",
        "greeter-client ",
        "greeter-server ",
        "route-guide-client ",
        "route-guide-server ",
    ];
    text.split('`')
        .skip(1)
        .step_by(2)
        .any(|code| commands.iter().any(|command| code.starts_with(command)))
}

#[cfg(test)]
mod tests {
    use super::{Action, Command, Step, steps};

    fn check(page: &str, expected: &[(usize, Action)]) {
        let expected: Vec<_> = expected
            .iter()
            .cloned()
            .map(|(line, action)| Step { line, action })
            .collect();
        assert_eq!(steps(page), Ok(expected), "{page}");
    }

    fn run(text: &str, output: &[&str]) -> Action {
        let output = output.iter().map(|&line| line.to_owned()).collect();
        Action::Run(Command {
            text: text.to_owned(),
            output,
        })
    }

    #[test]
    fn a_block_below_a_name_is_a_file() {
        let file = || "a/b.rs".to_owned();
        let text = || "x\n\ny\n".to_owned();
        check(
            "**`a/b.rs`**\n\n```rust\nx\n\ny\n```\n",
            &[(
                3,
                Action::Write {
                    file: file(),
                    text: text(),
                },
            )],
        );
        check(
            "**`a/b.rs`**, continued\n```rust\nx\n\ny\n```",
            &[(
                2,
                Action::Append {
                    file: file(),
                    text: text(),
                },
            )],
        );
        check(
            "**`a/b.rs`**\n```diff\n x\n+y\n```",
            &[(
                2,
                Action::Change {
                    file: file(),
                    diff: " x\n+y\n".to_owned(),
                },
            )],
        );
    }

    #[test]
    fn a_command_has_the_lines_below_it_as_its_output() {
        check(
            "Try:\n\n```console\n$ cd x\n$ ls\na\n\nb\n```\nand\n```console\n$ ls\n```",
            &[
                (4, run("cd x", &[])),
                (5, run("ls", &["a", "", "b"])),
                (12, run("ls", &[])),
            ],
        );
    }

    #[test]
    fn what_nothing_would_test_is_an_error() {
        let check = |page: &str, expected: &str| {
            assert_eq!(
                steps(page).map_err(|err| err.to_string()),
                Err(expected.to_owned()),
                "{page}"
            );
        };
        check(
            "Some code:\n\n```rust\nx\n```",
            "line 3: the line above must name the block's file",
        );
        check(
            "**`a`**\n\nand then\n\n```rust\nx\n```",
            "line 5: the line above must name the block's file",
        );
        check(
            "**`a`**, continued\n```diff\n+x\n```",
            "line 2: the line above must name the block's file",
        );
        check(
            "**`a`**\n```console\n$ x\n```",
            "line 2: commands do not belong to a file",
        );
        check(
            "```sh\nx\n```",
            "line 1: a block of this language is not tested",
        );
        check(
            "```\nx\n```",
            "line 1: a block of this language is not tested",
        );
        check(
            "```console\nx\n```",
            "line 2: a block of commands begins with a command",
        );
        check("**`a`**\n```rust\nx\n", "line 2: the block does not end");
        check(
            "x\n\n    cargo run\n",
            "line 3: an indented block is not tested",
        );
        check(
            "- x\n  ```console\n  $ x\n  ```\n",
            "line 2: an indented block is not tested",
        );
        check(
            "Now type `cargo run`.",
            "line 1: a command in running text is not tested",
        );
    }

    #[test]
    fn prose_is_not_followed() {
        check(
            "# Title\n\n`Cargo.toml` is not **`a.rs`**, nor is `route-guide-server` a command.\n",
            &[],
        );
    }
}

//! Does what `docs/tutorial.md` tells its reader to do, so that the page cannot become wrong.
//!
//! [`steps`] reads the page, [`Folder`] writes the reader's files, and [`Shell`] runs the commands and compares what
//! they print with [`same_output`]. The test in `tests/tutorial.rs` puts the three together.
//!
//! The page needs no marks that a reader would notice. These are its conventions:
//!
//! - Above a block of code stands the name of its file, as a line ``**`src/lib.rs`**``. The block is the whole file; with
//!   `, continued` after the name it goes to the end of the file, after an empty line.
//! - A `diff` block, below such a line too, changes the file: its lines without `+` must be found there, once.
//! - A `console` block holds commands, each after `$ `, and below each all that it prints. `…` stands for anything: as a
//!   line of its own for any number of lines, else for a part of a line. `^C` says that the reader presses Ctrl-C there.
//! - A program whose name ends in `server` runs on, until the next one wants its address or the page ends.
//! - Any other block is an error, and so is a command in running text, because nothing would test it.
//!
//! ```
//! use route_guide_tutorial::{Action, steps};
//!
//! let page = "Then run it:\n\n```console\n$ cargo run --bin client\nHello, …!\n```\n";
//! let steps = steps(page)?;
//! let Action::Run(command) = &steps[0].action else { panic!("a command") };
//! assert_eq!((steps[0].line, command.text.as_str()), (4, "cargo run --bin client"));
//! assert_eq!(command.output, ["Hello, …!"]);
//! # Ok::<(), route_guide_tutorial::PageError>(())
//! ```

pub use self::files::{FileError, Folder};
pub use self::output::same_output;
pub use self::page::{Action, Command, PageError, Step, steps};
pub use self::shell::{Shell, ShellError};

mod files;
mod output;
mod page;
mod shell;

//! The tutorial works: every file of `docs/tutorial.md` is written, and every command run, as a reader would.
//!
//! [`steps`] reads the page, [`Folder`] writes the reader's files, and [`Shell`] runs the commands and compares what
//! they print with `same_output`. Two commands are different here: `cargo build --release` in the clone is skipped,
//! because Cargo has built the programs already, and new packages get this repository's `Cargo.lock`.
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

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use route_guide_testkit::{ReservedPort, command};
use route_guide_tests::{programs, root};

use files::Folder;
use page::{Action, Command, steps};
use shell::Shell;

mod files;
mod output;
mod page;
mod shell;

type Outcome = Result<(), Box<dyn Error>>;

/// The page's programs meet here, unless they are told otherwise.
const PORT: &str = "50051";

/// The folder of the page's commands in which a clone of this repository stands.
const CLONE: &str = "route-guide";

#[test]
fn every_file_and_command_of_the_tutorial_works_as_shown() {
    if let Err(err) = follow_the_tutorial() {
        panic!("{err}");
    }
}

fn follow_the_tutorial() -> Outcome {
    let root = root();
    let page = fs::read_to_string(root.join("docs/tutorial.md"))?;
    let steps = steps(&page).map_err(|err| format!("docs/tutorial.md, {err}"))?;

    let folder = tempfile::tempdir()?;
    set_up_clone(root, &folder.path().join(CLONE))?;
    let reserved = ReservedPort::new()?;
    let port = reserved.number().to_string();
    let mut shell = Shell::new(folder.path());
    set_up_cargo(&mut shell);
    // What our own clients take for the default.
    shell.set("ROUTE_GUIDE_TARGET", format!("localhost:{port}"));

    for step in steps {
        let here = Folder::new(shell.folder());
        let done: Outcome = match &step.action {
            Action::Write { file, text } => here.write(file, text).map_err(Into::into),
            Action::Append { file, text } => here.append(file, text).map_err(Into::into),
            Action::Change { file, diff } => here.change(file, diff).map_err(Into::into),
            Action::Run(command) => run(&mut shell, root, command, &port),
        };
        done.map_err(|err| format!("docs/tutorial.md, line {}: {err}", step.line))?;
    }
    shell.stop()?;

    for package in ["my-route-guide", "my-greeter"] {
        check_format(&folder.path().join(package))?;
    }
    let written = |file: &str| Folder::new(folder.path()).read(file);
    let published = |file: &str| fs::read_to_string(root.join("protos").join(file));
    assert_eq!(
        declarations(&written("my-route-guide/protos/route_guide.proto")?),
        declarations(&published("route_guide.proto")?),
    );
    let greeter = declarations(&published("helloworld.proto")?);
    for line in declarations(&written("my-greeter/protos/helloworld.proto")?) {
        assert!(greeter.contains(&line), "{line} is not published");
    }
    Ok(())
}

fn run(shell: &mut Shell, root: &Path, command: &Command, port: &str) -> Outcome {
    let typed = with_port(&command.text, port);
    let shown: Vec<_> = command
        .output
        .iter()
        .map(|line| line.replace(PORT, port))
        .collect();
    if typed == "cargo build --release" {
        // Cargo has built the programs before it started this test.
        assert!(
            shell.folder().ends_with(CLONE),
            "there is nothing to build in {}",
            shell.folder().display()
        );
        return Ok(());
    }
    if is_server(&typed) {
        return Ok(shell.start(&typed, &shown)?);
    }
    shell.run(&typed, &shown)?;
    if typed.starts_with("cargo new ") {
        // The versions with which this repository is tested, and which are on this machine already.
        let package = typed.rsplit(' ').next().unwrap_or_default();
        fs::copy(
            root.join("Cargo.lock"),
            shell.folder().join(package).join("Cargo.lock"),
        )?;
    }
    Ok(())
}

/// Returns a command so that it does the same on another port.
fn with_port(command: &str, port: &str) -> String {
    if command.starts_with("cargo run ") {
        format!("{command} -- localhost:{port}")
    } else if is_server(command) && !command.contains(" --listen ") {
        format!("{command} --listen localhost:{port}")
    } else {
        // Our clients find the address in their environment.
        command.to_owned()
    }
}

/// Tells whether a command starts a program that runs until it is stopped.
fn is_server(command: &str) -> bool {
    let program = command.strip_prefix("cargo run --bin ").unwrap_or(command);
    program
        .split(' ')
        .next()
        .is_some_and(|name| name.ends_with("server"))
}

/// Makes what the page needs of a clone of this repository, built.
fn set_up_clone(root: &Path, clone: &Path) -> Outcome {
    fs::create_dir_all(clone.join("target"))?;
    std::os::unix::fs::symlink(programs(), clone.join("target/release"))?;
    std::os::unix::fs::symlink(root.join("data"), clone.join("data"))?;
    Ok(())
}

fn set_up_cargo(shell: &mut Shell) {
    // The libraries stay here from run to run.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tutorial");
    shell.set("CARGO_TARGET_DIR", target);
    shell.set("CARGO_PROFILE_DEV_DEBUG", "false");
    shell.set("CARGO_INCREMENTAL", "0");
    // Only errors and warnings; a package without warnings then prints nothing but its own output.
    shell.set("CARGO_TERM_QUIET", "true");
    shell.set("CARGO_TERM_COLOR", "never");
    if let Some(cargo) = Path::new(env!("CARGO")).parent() {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(cargo.to_owned()).chain(env::split_paths(&path));
        if let Ok(path) = env::join_paths(folders) {
            shell.set("PATH", path);
        }
    }
}

/// Checks that a package is formatted as `cargo fmt` does it, if that is installed.
fn check_format(package: &Path) -> Outcome {
    let fmt = |arguments: &[&str]| {
        command(env!("CARGO"))
            .arg("fmt")
            .args(arguments)
            .current_dir(package)
            .output()
    };
    if !fmt(&["--version"])?.status.success() {
        return Ok(());
    }
    let difference = String::from_utf8(fmt(&["--check", "--", "--color", "never"])?.stdout)?;
    assert_eq!(difference, "");
    Ok(())
}

/// Returns the lines of a contract, without comments, file options and layout.
fn declarations(proto: &str) -> Vec<String> {
    let code = proto
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let squeezed = code.map(|line| line.split_whitespace().collect::<String>());
    squeezed
        .filter(|line| !line.is_empty() && !line.starts_with("option"))
        .collect()
}

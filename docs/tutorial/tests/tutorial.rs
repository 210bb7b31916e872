//! The tutorial works, from its first line to its last.

use std::error::Error;
use std::net::TcpListener;
use std::path::Path;
use std::{env, fs};

use route_guide_tutorial::{Action, Command, Folder, Shell, steps};

type Outcome = Result<(), Box<dyn Error>>;

/// The page's programs meet here, unless they are told otherwise.
const PORT: &str = "50051";

/// The folder of the page's commands in which a clone of this repository stands.
const CLONE: &str = "route-guide";

/// Our own programs, by the names that the page calls them.
const PROGRAMS: [(&str, &str); 4] = [
    (
        "route-guide-server",
        env!("CARGO_BIN_EXE_tutorial-route-guide-server"),
    ),
    (
        "route-guide-client",
        env!("CARGO_BIN_EXE_tutorial-route-guide-client"),
    ),
    (
        "greeter-server",
        env!("CARGO_BIN_EXE_tutorial-greeter-server"),
    ),
    (
        "greeter-client",
        env!("CARGO_BIN_EXE_tutorial-greeter-client"),
    ),
];

#[test]
fn every_file_and_command_of_the_tutorial_works_as_shown() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let page = fs::read_to_string(root.join("docs/tutorial.md"))?;
    let steps = steps(&page).map_err(|err| format!("docs/tutorial.md, {err}"))?;

    let folder = tempfile::tempdir()?;
    set_up_clone(&root, &folder.path().join(CLONE))?;
    let port = free_port().to_string();
    let mut shell = Shell::new(folder.path());
    set_up_cargo(&mut shell);
    // What our own clients take for the default.
    shell.set("ROUTE_GUIDE_TARGET", format!("localhost:{port}"));

    for step in steps {
        let done = match &step.action {
            Action::Write { file, text } => Folder::new(shell.folder())
                .write(file, text)
                .map_err(Into::into),
            Action::Append { file, text } => Folder::new(shell.folder())
                .append(file, text)
                .map_err(Into::into),
            Action::Change { file, diff } => Folder::new(shell.folder())
                .change(file, diff)
                .map_err(Into::into),
            Action::Run(command) => run(&mut shell, &root, command, &port),
        };
        done.map_err(|err| format!("docs/tutorial.md, line {}: {err}", step.line))?;
    }
    shell.stop()?;

    for package in ["my-route-guide", "my-greeter"] {
        shell.run(
            &format!("cd {}", folder.path().join(package).display()),
            &[],
        )?;
        shell
            .run("cargo fmt --check", &[])
            .map_err(|err| format!("{package}: {err}"))?;
    }
    let contract = Folder::new(folder.path()).read("my-route-guide/protos/route_guide.proto")?;
    let published = fs::read_to_string(root.join("protos/route_guide.proto"))?;
    assert_eq!(declarations(&contract), declarations(&published));
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
    if program(&typed).ends_with("server") {
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

/// Returns a command so that it does the same on another port, and runs our programs as they are.
fn with_port(command: &str, port: &str) -> String {
    let address = format!("localhost:{port}");
    let ours = command
        .replace("cargo run --release --bin ", "target/release/")
        .replacen(" -- ", " ", 1);
    if ours.starts_with("target/release/")
        || PROGRAMS.iter().any(|(name, _)| program(command) == *name)
    {
        let listen = if program(&ours).ends_with("server") {
            format!(" --listen {address}")
        } else {
            String::new()
        };
        ours + &listen
    } else if command.starts_with("cargo run ") {
        format!("{command} -- {address}")
    } else {
        command.to_owned()
    }
}

/// Returns the name of the program that a command runs.
fn program(command: &str) -> &str {
    let command = command.strip_prefix("cargo run --bin ").unwrap_or(command);
    let path = command.split(' ').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// Makes what the page needs of a clone of this repository, built.
fn set_up_clone(root: &Path, clone: &Path) -> Outcome {
    let release = clone.join("target/release");
    fs::create_dir_all(&release)?;
    for (name, program) in PROGRAMS {
        std::os::unix::fs::symlink(program, release.join(name))?;
    }
    std::os::unix::fs::symlink(root.join("data"), clone.join("data"))?;
    Ok(())
}

fn set_up_cargo(shell: &mut Shell) {
    // The libraries stay here from run to run.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tutorial");
    shell.set("CARGO_TARGET_DIR", target);
    shell.set("CARGO_PROFILE_DEV_DEBUG", "false");
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

/// Returns a port that no other test has: the system gives those that ask for any port a higher one.
fn free_port() -> u16 {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).expect("a small number");
    (start..30_100)
        .find(|&port| TcpListener::bind(("localhost", port)).is_ok())
        .expect("one of many ports is free")
}

/// Returns what a contract declares, without comments, file options and layout.
fn declarations(proto: &str) -> String {
    let code = proto
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let declarations = code.filter(|line| !line.starts_with("option "));
    declarations.flat_map(str::split_whitespace).collect()
}

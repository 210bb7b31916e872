//! Interop with code that is not ours: Google's gRPC for Python, against our servers and our clients.
//!
//! The checks themselves are Python (`tests/interop`, by pytest); each test here starts the servers
//! that some of them need, each on a free port, and runs them.
//!
//! They need a Python with the packages of `tests/interop/requirements.txt`, which `.ci/run` puts into
//! `.venv`; `ROUTE_GUIDE_INTEROP_PYTHON` names another. Without one the tests say on standard error
//! that they were skipped, and pass, unless `ROUTE_GUIDE_REQUIRE_INTEROP=1` makes that a failure.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use route_guide_testkit::NatsServer;
use route_guide_testkit::can_run;
use route_guide_tests::{SHORT, ServerProcess, programs, root, run, run_to_end, say};

/// What every pytest file is run by. A file is named once: each run has fresh servers.
const CALLS: &[&str] = &[
    "test_features.py",
    "test_record_route.py",
    "test_route_chat.py",
];
const GREETINGS: &[&str] = &["test_greeter.py"];
const EVERY_CALL: &[&str] = &["test_calls.py", "test_deadlines.py", "test_asyncio.py"];
const BAD_INPUT: &[&str] = &["test_bad_input.py"];
const STANDARD_SERVICES: &[&str] = &["test_standard_services.py"];
const COMPAT: &[&str] = &["test_compat.py"];
const GRPC_WEB: &[&str] = &["test_grpc_web.py"];
const DRAIN: &[&str] = &["test_drain.py"];
const TUTORIAL: &[&str] = &["test_tutorial.py"];
const OUR_CLIENTS: &[&str] = &["test_clients.py", "test_greeter_client.py"];
const OUR_LOAD: &[&str] = &["test_bench.py"];
const SAME_OUTPUT: &[&str] = &["test_same_output.py"];
const TWO_SERVERS: &[&str] = &["test_two_servers.py"];

#[test]
fn grpcio_gets_every_route_guide_answer() {
    check("grpcio_gets_every_route_guide_answer", CALLS);
}

#[test]
fn grpcio_gets_every_greeting() {
    check("grpcio_gets_every_greeting", GREETINGS);
}

#[test]
fn grpcio_sees_deadlines_metadata_cancellation_and_compression_work() {
    check(
        "grpcio_sees_deadlines_metadata_cancellation_and_compression_work",
        EVERY_CALL,
    );
}

#[test]
fn grpcio_cannot_stop_the_servers_with_bad_input() {
    check("grpcio_cannot_stop_the_servers_with_bad_input", BAD_INPUT);
}

#[test]
fn grpcio_finds_health_and_reflection() {
    check("grpcio_finds_health_and_reflection", STANDARD_SERVICES);
}

#[test]
fn grpcio_finds_the_tutorials_own_behaviour_with_compat() {
    check_with(
        &["--compat"],
        &[],
        "grpcio_finds_the_tutorials_own_behaviour_with_compat",
        COMPAT,
    );
}

#[test]
fn pages_in_browsers_call_by_grpc_web() {
    let web = &["--grpc-web", "--grpc-web-origin", "https://maps.example"];
    check_with(web, web, "pages_in_browsers_call_by_grpc_web", GRPC_WEB);
}

#[test]
fn grpcio_sees_a_server_drain() {
    check("grpcio_sees_a_server_drain", DRAIN);
}

#[test]
fn the_tutorials_grpcio_client_prints_its_lines() {
    check("the_tutorials_grpcio_client_prints_its_lines", TUTORIAL);
}

#[test]
fn our_clients_understand_grpcio_servers() {
    check("our_clients_understand_grpcio_servers", OUR_CLIENTS);
}

#[test]
fn our_load_measures_grpcio_servers() {
    check("our_load_measures_grpcio_servers", OUR_LOAD);
}

#[test]
fn our_clients_print_the_same_with_either_server() {
    check("our_clients_print_the_same_with_either_server", SAME_OUTPUT);
}

#[test]
fn grpcio_clients_of_two_servers_exchange_notes_through_nats() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        let nats = NatsServer::start().await;
        let url = nats.url();
        let program = programs().join("route-guide-server");
        let flags = ["--chat-store", &url];
        let other = ServerProcess::start(&program, &flags);
        check_with(
            &flags,
            &[],
            "grpcio_clients_of_two_servers_exchange_notes_through_nats",
            &[TWO_SERVERS, &["--other", other.target()]].concat(),
        );
    });
}

#[test]
fn no_python_test_is_forgotten() {
    let run: BTreeSet<String> = [
        CALLS,
        GREETINGS,
        EVERY_CALL,
        BAD_INPUT,
        STANDARD_SERVICES,
        COMPAT,
        GRPC_WEB,
        DRAIN,
        TUTORIAL,
        OUR_CLIENTS,
        OUR_LOAD,
        SAME_OUTPUT,
        TWO_SERVERS,
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect();
    let written: BTreeSet<String> = fs::read_dir(interop_folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("test_"))
        .collect();
    assert_eq!(run, written);
}

/// One run of pytest. Its own limit (`pytest.ini`) is per test, and shows where a test hangs.
const PYTEST: Duration = Duration::from_secs(300);

/// Runs Python test files against fresh servers, or says why not.
fn check(test: &str, files: &[&str]) {
    check_with(&[], &[], test, files);
}

/// [`check`] with flags for the RouteGuide server and for the greeter.
fn check_with(guide_flags: &[&str], greeter_flags: &[&str], test: &str, files: &[&str]) {
    let python = python();
    if !can_run(python.err(), "ROUTE_GUIDE_REQUIRE_INTEROP") {
        return;
    }
    let Ok(python) = python else { return };
    let programs = programs();
    let mut guide = ServerProcess::start(&programs.join("route-guide-server"), guide_flags);
    let mut greeter = ServerProcess::start(&programs.join("greeter-server"), greeter_flags);

    let mut pytest = route_guide_testkit::command(python);
    pytest
        .args(["-m", "pytest", "-q", "--tb=short", "--color=no"])
        .args(files)
        .current_dir(interop_folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ROUTE_GUIDE_TARGET", guide.target())
        .env("ROUTE_GUIDE_SERVER_PID", guide.id().to_string())
        .env("GREETER_TARGET", greeter.target())
        .env("ROUTE_GUIDE_CLIENT", programs.join("route-guide-client"))
        .env("GREETER_CLIENT", programs.join("greeter-client"));
    let (passed, output) = run_to_end(&mut pytest, PYTEST);

    // Whatever it was sent, a server goes on until it is told to stop, and then nothing is left over.
    let (guide_held, guide_log) = guide.stop(files == DRAIN);
    let (greeter_held, greeter_log) = greeter.stop(false);
    assert!(
        passed && guide_held && greeter_held,
        "{output}\nroute-guide-server: {guide_log}\ngreeter-server: {greeter_log}",
    );
    say(&format!(
        "interop test {test}: {}",
        output.trim_end().lines().last().unwrap_or_default()
    ));
}

fn interop_folder() -> PathBuf {
    root().join("tests/interop")
}

/// An interpreter that has the packages, or why there is none.
fn python() -> Result<&'static Path, &'static str> {
    const PACKAGES: &str =
        "import grpc, grpc_health, grpc_reflection, grpc_status, grpc_tools, pytest";
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PYTHON
        .get_or_init(|| {
            let python = env::var_os("ROUTE_GUIDE_INTEROP_PYTHON")
                .map_or_else(|| root().join(".venv/bin/python"), PathBuf::from);
            let named = python.display();
            if !python.exists() {
                return Err(format!(
                    "there is no Python at {named} (`bash .ci/run` makes one, \
                     ROUTE_GUIDE_INTEROP_PYTHON names another)"
                ));
            }
            match run_to_end(
                route_guide_testkit::command(&python).args(["-c", PACKAGES]),
                SHORT,
            ) {
                (true, _) => Ok(python),
                (false, output) => Err(format!(
                    "{named} lacks packages of tests/interop/requirements.txt: {}",
                    output.trim_end().lines().last().unwrap_or_default()
                )),
            }
        })
        .as_deref()
        .map_err(String::as_str)
}

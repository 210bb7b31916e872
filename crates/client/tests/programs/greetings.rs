//! The commands of `greeter-client`.

use crate::GREETER_CLIENT;
use crate::process::run;
use crate::servers::RealServer;

#[test]
fn every_method_of_both_services_has_a_command() {
    let server = RealServer::greetings();
    let check = |command: &[&str], expected: &[&str]| {
        let arguments = [command, &["--target", server.target()]].concat();
        assert_eq!(
            run(GREETER_CLIENT, &arguments).printed(),
            expected,
            "{command:?}"
        );
    };
    check(&["greet"], &["Greeter client received: Hello, you!"]);
    check(&["greet", "Ærø"], &["Greeter client received: Hello, Ærø!"]);
    check(&["greet", ""], &["Greeter client received: Hello, !"]);
    check(
        &["greet-again", "Ada"],
        &["Greeter client received: Hello again, Ada!"],
    );
    check(
        &["greet-each", "a", "b"],
        &[
            "Greeter client received: Hello, a!",
            "Greeter client received: Hello, b!",
        ],
    );
    check(&["greet", "--json"], &[r#"{"message":"Hello, you!"}"#]);
    check(&["say-hello", "hi"], &["Received You said: hi"]);
    check(
        &["lots-of-greetings", "a", "b"],
        &[
            "Sending a",
            "Sending b",
            "Received Greetings received: 2, the last one: b",
        ],
    );
    check(
        &["bidi-hello", "a", "b"],
        &[
            "Sending a",
            "Received You said: a",
            "Sending b",
            "Received You said: b",
        ],
    );
    check(
        &["bidi-hello", "--mode", "collect", "a", "b"],
        &[
            "Sending a",
            "Sending b",
            "Received You said: a",
            "Received You said: b",
        ],
    );
    check(
        &["bidi-hello", "--json", "a"],
        &[r#"{"reply":"You said: a"}"#],
    );
}

#[test]
fn several_replies_come_one_by_one() {
    let server = RealServer::greetings();
    let lines =
        |command: &str| run(GREETER_CLIENT, &[command, "x", "--target", server.target()]).printed();
    let greeted = lines("greet-stream");
    assert_eq!(greeted.len(), 5);
    assert_eq!(greeted[0], "Greeter client received: Hello number 1, x!");
    let replies = lines("lots-of-replies");
    assert_eq!(replies.len(), 5);
    assert_eq!(replies[4], "Received Reply 5 of 5 to: x");
}

#[test]
fn a_person_is_bytes_and_back() {
    let check = |arguments: &[&str], expected: &[&str]| {
        let arguments = [&["person"], arguments].concat();
        assert_eq!(run(GREETER_CLIENT, &arguments).printed(), expected);
    };
    // Field 1, three bytes; field 2, the varint of 300; field 3, true: as the encoding's own documentation has it.
    check(
        &["--name", "Bob", "--id", "300", "--has-ponycopter"],
        &[
            r#"Person:      name: "Bob", id: 300, has_ponycopter: true"#,
            "Serialised:  0a03426f6210ac021801 (10 bytes)",
            r#"Parsed back: name: "Bob", id: 300, has_ponycopter: true"#,
        ],
    );
    check(
        &["--parse", "10 96 01"],
        &[
            "Serialised:  109601 (3 bytes)",
            r#"Parsed back: name: "", id: 150, has_ponycopter: false"#,
        ],
    );
    check(
        &["--json", "--parse", ""],
        &[r#"{"bytes":"","person":{"name":"","id":0,"hasPonycopter":false}}"#],
    );
}

//! The flags and commands, as `--help` shows them.

use crate::process::run;
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

/// A help text, without the blanks at the ends of its lines.
fn help(program: &str, arguments: &[&str]) -> String {
    let lines = run(program, arguments).printed();
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

/// The part of a command's help that other commands do not share.
pub(crate) fn own_help(program: &str, command: &str) -> String {
    let words: Vec<_> = command.split(' ').chain(["--help"]).collect();
    let help = help(program, &words);
    let (own, _) = help.split_once("\nOptions of every command:").unwrap();
    own.trim_end().to_owned()
}

#[test]
fn route_guide_client_explains_its_flags() {
    insta::assert_snapshot!(help(ROUTE_GUIDE_CLIENT, &["--help"]), @r#"
    Asks a RouteGuide server what is where.

    Without a command it runs the tutorial: one call of each of the four kinds. Points are LAT,LON, in
    degrees (40.9,-74.6) or in E7 (409000000,-746000000). Whole numbers up to a million are degrees;
    e7:1,0 is E7, however small.

    Usage: route-guide-client [OPTIONS] [COMMAND]

    Commands:
      get          Ask for the feature at a point
      list         List the features in a rectangle
      record       Record a route: send points, get a summary
      chat         Leave notes at places, and see those of others
      channel      Connect, and show the states of the channel
      bench        Measure how much a server answers, and how fast
      completions  Print a completion script for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Options of every command:
          --target <TARGET>
              The server: host:port, dns:///host:port, ipv4:, ipv6:, unix:/path or unix-abstract:name

              [env: ROUTE_GUIDE_TARGET=]
              [default: localhost:50051]

          --timeout <DURATION>
              Longest time for each call, such as 200ms, 1.5s or 2m

          --deadline <TIME>
              Time at which every call must have ended, such as 2026-11-20T22:00:00Z

      -H, --header <KEY:VALUE>
              Metadata to send, key:value or key-bin:BASE64; may be repeated

      -v, --verbose
              Show the metadata of each call on standard error

          --json
              Print each message as one line of JSON

          --compression <METHOD>
              How to compress requests: gzip, zstd or none

              [default: none]

          --wait-for-ready
              Wait for a server that is not there yet, instead of failing

    Exit status:
      0       the call succeeded
      1       a failure on this side: a file, a line of input, the output
      2       wrong usage
      64 + n  the call ended with gRPC code n; for example
              65 CANCELLED, also after Ctrl-C    76 UNIMPLEMENTED
              67 INVALID_ARGUMENT                77 INTERNAL
              68 DEADLINE_EXCEEDED               78 UNAVAILABLE
    "#);
}

#[test]
fn greeter_client_explains_its_flags() {
    insta::assert_snapshot!(help(GREETER_CLIENT, &["--help"]), @r#"
    Greets a Greeter, and a HelloService.

    Without a command it runs the quick start: SayHello and SayHelloAgain.

    Usage: greeter-client [OPTIONS] [COMMAND]

    Commands:
      greet              Greeter.SayHello: one greeting
      greet-again        Greeter.SayHelloAgain: one more greeting
      greet-stream       Greeter.SayHelloStreamReply: several greetings over time
      greet-each         Greeter.SayHelloBidiStream: one greeting for each name
      say-hello          HelloService.SayHello: one greeting, one reply
      lots-of-replies    HelloService.LotsOfReplies: one greeting, a stream of replies
      lots-of-greetings  HelloService.LotsOfGreetings: a stream of greetings, one reply
      bidi-hello         HelloService.BidiHello: a stream each way
      person             Show a Person as bytes, and parsed back
      channel            Connect, and show the states of the channel
      completions        Print a completion script for a shell
      help               Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Options of every command:
          --target <TARGET>
              The server: host:port, dns:///host:port, ipv4:, ipv6:, unix:/path or unix-abstract:name

              [env: ROUTE_GUIDE_TARGET=]
              [default: localhost:50051]

          --timeout <DURATION>
              Longest time for each call, such as 200ms, 1.5s or 2m

          --deadline <TIME>
              Time at which every call must have ended, such as 2026-11-20T22:00:00Z

      -H, --header <KEY:VALUE>
              Metadata to send, key:value or key-bin:BASE64; may be repeated

      -v, --verbose
              Show the metadata of each call on standard error

          --json
              Print each message as one line of JSON

          --compression <METHOD>
              How to compress requests: gzip, zstd or none

              [default: none]

          --wait-for-ready
              Wait for a server that is not there yet, instead of failing

    Exit status:
      0       the call succeeded
      1       a failure on this side: a file, a line of input, the output
      2       wrong usage
      64 + n  the call ended with gRPC code n; for example
              65 CANCELLED, also after Ctrl-C    76 UNIMPLEMENTED
              67 INVALID_ARGUMENT                77 INTERNAL
              68 DEADLINE_EXCEEDED               78 UNAVAILABLE
    "#);
}

#[test]
fn get_explains_its_flags() {
    insta::assert_snapshot!(own_help(ROUTE_GUIDE_CLIENT, "get"), @r#"
    Ask for the feature at a point

    Usage: route-guide-client get [OPTIONS] <LAT,LON>

    Arguments:
      <LAT,LON>  The point, such as 40.9146138,-74.6188906

    Options:
          --e7    Points are E7 integers, however small; one off the globe is left for the server to
                  refuse
      -h, --help  Print help
    "#);
}

#[test]
fn list_explains_its_flags() {
    insta::assert_snapshot!(own_help(ROUTE_GUIDE_CLIENT, "list"), @r#"
    List the features in a rectangle

    Usage: route-guide-client list [OPTIONS] <LAT,LON:LAT,LON> [LAT,LON]

    Arguments:
      <LAT,LON:LAT,LON>  Two opposite corners, such as 40,-75:42,-73 or 40,-75 42,-73
      [LAT,LON]          The opposite corner, if the first argument is one corner

    Options:
          --e7    Points are E7 integers, however small; one off the globe is left for the server to
                  refuse
      -h, --help  Print help
    "#);
}

#[test]
fn record_explains_its_flags() {
    insta::assert_snapshot!(own_help(ROUTE_GUIDE_CLIENT, "record"), @r#"
    Record a route: send points, get a summary

    Points are read as they come, one a line; blank lines and lines that begin with # do not count.

    Usage: route-guide-client record [OPTIONS] [FILE]

    Arguments:
      [FILE]
              The file with the points, one a line; - is standard input

              [default: -]

    Options:
          --e7
              Points are E7 integers, however small; one off the globe is left for the server to refuse

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn chat_explains_its_flags() {
    insta::assert_snapshot!(own_help(ROUTE_GUIDE_CLIENT, "chat"), @r#"
    Leave notes at places, and see those of others

    What is typed is sent; what others leave at the same place is shown as it comes, and what they left
    before. At a terminal the line can be edited, and /help tells the commands; otherwise each line of
    the input is a note or such a command. The end of the input ends the chat, once every note has been
    sent.

    Each note is shown once, PLACE < NOTE for others' and PLACE > NOTE for yours, with places in
    degrees. When the connection is lost, the chat says so, tries to connect again and goes on where it
    was. With --json there is one line of JSON for each note of others.

    The server must offer to follow a place (route-chat-watch), as route-guide-server does. One that
    only speaks the published contract shows a place from the first note that is left there, and repeats
    are told by their text.

    Usage: route-guide-client chat [OPTIONS]

    Options:
          --at <LAT,LON>
              The place of the first note; may be repeated to follow more places

              [default: 0,0]

          --watch
              Only show what others leave; standard input is not read

          --replays
              Show notes as often as the server sends them: it answers each of yours with all earlier
              ones at its place

          --e7
              Points are E7 integers, however small; one off the globe is left for the server to refuse

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn channel_explains_its_flags() {
    insta::assert_snapshot!(own_help(ROUTE_GUIDE_CLIENT, "channel"), @r#"
    Connect, and show the states of the channel

    IDLE, CONNECTING, READY, TRANSIENT_FAILURE, one a line.

    Usage: route-guide-client channel [OPTIONS]

    Options:
          --watch
              Keep the channel connected and show its changes until Ctrl-C, or for --timeout

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn bidi_hello_explains_its_flags() {
    insta::assert_snapshot!(own_help(GREETER_CLIENT, "bidi-hello"), @r#"
    HelloService.BidiHello: a stream each way

    Usage: greeter-client bidi-hello [OPTIONS] [GREETINGS]...

    Arguments:
      [GREETINGS]...
              What to say

              [default: hello "good day" hi]

    Options:
          --mode <MODE>
              Which of the two takes its turn when

              Possible values:
              - ping-pong: Send a greeting, wait for its reply, send the next
              - collect:   Send all greetings, then read the replies; asks the server, by metadata
                hello-mode: collect, to wait for the last

              [default: ping-pong]

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn person_explains_its_flags() {
    insta::assert_snapshot!(own_help(GREETER_CLIENT, "person"), @r#"
    Show a Person as bytes, and parsed back

    Usage: greeter-client person [OPTIONS]

    Options:
          --name <NAME>     The name [default: "Ada Lovelace"]
          --id <ID>         The number [default: 36]
          --has-ponycopter  Whether the person has a ponycopter
          --parse <HEX>     Parse these bytes instead, written in hexadecimal
      -h, --help            Print help
    "#);
}

#[test]
fn both_programs_tell_their_version() {
    for (program, name) in [
        (ROUTE_GUIDE_CLIENT, "route-guide-client"),
        (GREETER_CLIENT, "greeter-client"),
    ] {
        let version = format!("{name} {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(run(program, &["--version"]).printed(), [version]);
    }
}

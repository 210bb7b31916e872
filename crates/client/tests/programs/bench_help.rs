//! The methods of `bench`, as `--help` shows them.

use crate::ROUTE_GUIDE_CLIENT;
use crate::help::own_help;

#[test]
fn bench_explains_its_methods() {
    insta::assert_snapshot!(own_help(ROUTE_GUIDE_CLIENT, "bench"), @"
    Measure how much a server answers, and how fast

    It opens connections, keeps calls open on them for some time, and prints how many were answered, how
    fast, and how many failed and why. It counts messages without decoding them, so that it takes much
    less time than the server. It works with every RouteGuide server. Ctrl-C ends it and prints what was
    measured so far.

    Usage: route-guide-client bench [OPTIONS] <COMMAND>

    Commands:
      get-feature    Ask for features, one a call
      list-features  List the features in a rectangle
      record-route   Send routes
      route-chat     Exchange notes
      help           Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')
    ");
    insta::assert_snapshot!(own_help(ROUTE_GUIDE_CLIENT, "bench get-feature"), @"
    Ask for features, one a call

    Each call has to be answered with one message. Where the points come from the server's own list, it
    has to have a name or none as there.

    Usage: route-guide-client bench get-feature [OPTIONS]

    Options:
          --at <LAT,LON>
              A point to ask for; may be repeated

          --points <FILE>
              A file of points to ask for, one a line; - is standard input

          --area <LAT,LON:LAT,LON>
              Without --at and --points: where the server lists features in this rectangle

          --sample <COUNT>
              How many of these to take at most, from the first on

              [default: 10000]

          --connections <COUNT>
              How many connections to open

              [default: 1]

          --concurrency <COUNT>
              How many calls to keep open in all, if the server allows so many: as many on each
              connection, and one on each if nothing is said

          --duration <DURATION>
              How long to go on, such as 500ms, 30s or 2m; 10s if --calls does not say when to stop.
              Calls that are open at the end have 5s more, or --timeout if that is less, and have failed
              then

          --calls <COUNT>
              How many calls to make

          --warm-up <DURATION>
              How long to do the same before anything is measured

              [default: 0s]

          --window <BYTES>
              How many bytes the server may send before it hears that they have been read: wide is as
              many as it likes, 64k what HTTP/2 has at first, or a number

              [default: wide]

          --server-pid <PID>
              The process of the server on this machine, to tell its processor time

      -h, --help
              Print help (see a summary with '-h')
    ");
}

#[test]
fn methods_have_flags_of_their_own() {
    let own = |method: &str| {
        let help = own_help(ROUTE_GUIDE_CLIENT, &format!("bench {method}"));
        let (own, _) = help.split_once("\n      --connections").unwrap();
        own.trim_end().to_owned()
    };
    let asked = own("get-feature");
    let (_, where_points_come_from) = asked.split_once("Options:\n").unwrap();
    insta::assert_snapshot!(own("list-features"), @"
    List the features in a rectangle

    Features are counted and not decoded. A listing that is still going on at the end of the time is cut
    off: its features count, the call does not.

    Usage: route-guide-client bench list-features [OPTIONS]

    Options:
          --area <LAT,LON:LAT,LON>
              A rectangle to list, the whole world if there is none; may be repeated, and they take
              turns
    ");
    insta::assert_snapshot!(own("record-route").replace(where_points_come_from, "(as for get-feature)"), @"
    Send routes

    Each summary has to count the points that were sent. At the end of the time routes end early.

    Usage: route-guide-client bench record-route [OPTIONS]

    Options:
    (as for get-feature)

          --length <COUNT>
              How many points a route has; points are repeated as often as that takes

              [default: 1000]

          --packed
              Put as many points into an HTTP/2 frame as it holds; gRPC clients send each in its own
    ");
    insta::assert_snapshot!(own("route-chat"), @"
    Exchange notes

    A call is an exchange: two notes are posted at a place where nobody has been, and the first has to
    come back. Every server answers that.

    With --listeners it is a delivery: notes are posted at as many places as --concurrency says, each
    when all who listen there have the last; --calls says how many are posted. The server has to share
    notes between streams.

    Usage: route-guide-client bench route-chat [OPTIONS]

    Options:
          --listeners <COUNT>
              How many streams listen at each place
    ");
}

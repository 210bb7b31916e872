//! The flags, as `--help` shows them.

use crate::process::run;
use crate::{GREETER_SERVER, ROUTE_GUIDE_SERVER};

/// The help text that this line asks for, without the blanks at the ends of its lines.
fn help(program: &str, line: &[&str]) -> String {
    let ended = run(program, line);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
    let lines: Vec<_> = ended.stdout.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

// Without the feature it has fewer.
#[cfg(feature = "nats")]
#[expect(clippy::too_many_lines, reason = "as long as the help")]
#[test]
fn route_guide_server_explains_its_flags() {
    insta::assert_snapshot!(help(ROUTE_GUIDE_SERVER, &["--help"]), @r#"
    Serves RouteGuide: what is at a point, what lies in a rectangle, route summaries and notes at places

    Usage: route-guide-server [OPTIONS]
           route-guide-server <COMMAND>

    Commands:
      import  Make a snapshot of feature files, to serve with --features
      info    Print what is in a snapshot
      notes   Set aside the notes that are kept in a folder
      help    Print this message or the help of the given subcommand(s)

    Options:
          --features <FILE>
              Serve the features of this file in place of the published 100 places: a snapshot, or any
              format that import reads

              [env: ROUTE_GUIDE_FEATURES=]

          --keep-order
              Serve a file with more than 100 000 features in its own order too; by default they are
              sorted so that neighbours lie together

              [env: ROUTE_GUIDE_KEEP_ORDER=]

          --allow-empty
              Serve a file in which there is no place; by default it is refused, also when it takes the
              place of another

              [env: ROUTE_GUIDE_ALLOW_EMPTY=]

          --compat
              Answer out-of-range points, and keep notes to their stream, exactly as the tutorial's
              server does

          --listen <ADDRESS>
              Listen here: HOST:PORT (every address of HOST; port 0: any free one) or unix:PATH; may be
              repeated

              [default: localhost:50051]

          --drain-timeout <TIME>
              How long calls may go on after Ctrl-C or SIGTERM before they are cut

              [default: 10s]

          --runtime <KIND>
              How threads share the work

              Possible values:
              - per-core:     Each connection stays on one thread
              - multi-thread: Threads take tasks of all connections from each other

              [default: per-core]

          --threads <COUNT>
              How many threads serve; by default one for each core

          --max-concurrent-streams <COUNT>
              How many calls one connection may have open at a time

              [default: 200]

          --handshake-timeout <TIME>
              How long a client may take to say what it speaks

              [default: 10s]

          --keepalive-interval <TIME>
              How long a connection may be silent before its client is asked for a sign of life

              [default: 60s]

          --keepalive-timeout <TIME>
              How long the client may take to give it before the connection is closed

              [default: 20s]

          --grpc-web
              Let pages in browsers call, by gRPC-Web over HTTP/1.1 and HTTP/2

          --grpc-web-origin <ORIGIN>
              Allow pages of this origin, such as `https://maps.example`, or * for any; may be repeated

          --log <FILTER>
              What to log on stderr: a level, or a filter such as `info,route_guide_guard=debug`;
              libraries below gRPC only if named, such as `h2=debug`

              [env: RUST_LOG=]
              [default: info]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Notes of RouteChat:
          --chat-store <STORE>
              Where notes are kept: `memory`; `file:FOLDER` to keep them across restarts;
              `nats://HOST:4222` (or `tls://`, several with commas between them) to share them with
              other servers

              [env: ROUTE_GUIDE_CHAT_STORE]
              [default: memory]

          --chat-scope <SCOPE>
              Who sees a note: everybody who posts at its place, or only the stream that sent it

              Possible values:
              - shared: Every stream that posts at the same place
              - stream: The stream that sent it, as in the tutorial's code

              [default: shared]

          --chat-notes-per-place <COUNT>
              How many notes are kept at one place

              [default: 100]

          --chat-notes-total <COUNT>
              How many notes are kept in all

              [default: 1000000]

          --chat-memory-mib <MIB>
              How much memory notes may take, in mebibytes

              [default: 256]

          --chat-max-age <TIME>
              How long a note is kept

              [default: 1h]

          --chat-note-bytes <BYTES>
              How long the text of a note may be, in bytes [default: 65536, with --compat 4194304]

          --chat-places-per-stream <COUNT>
              At how many places one stream may post or follow

              [default: 10000]

          --chat-places-per-connection <COUNT>
              At how many places the streams of one connection may post or follow together

              [default: 20000]

          --chat-places-total <COUNT>
              At how many places all streams may post or follow together

              [default: 500000]

    Notes shared through NATS:
          --nats-stream <NAME>
              The stream that holds the notes; it is made if it is not there

              [env: ROUTE_GUIDE_NATS_STREAM=]
              [default: ROUTE_NOTES]

          --nats-subjects <PREFIX>
              What the subjects of the notes begin with; streams of one cluster may not share it

              [env: ROUTE_GUIDE_NATS_SUBJECTS=]
              [default: route.notes]

          --nats-replicas <COUNT>
              On how many servers of the cluster the stream is kept, if it has to be made

              [env: ROUTE_GUIDE_NATS_REPLICAS=]
              [default: 1]

          --nats-credentials <FILE>
              Who this server is to NATS: a credentials file, as `nsc` writes them

              [env: ROUTE_GUIDE_NATS_CREDENTIALS=]

          --nats-ca <FILE>
              Whom to trust: certificates of authorities, in PEM. With it, only TLS will do

              [env: ROUTE_GUIDE_NATS_CA=]

          --nats-cert <FILE>
              The certificate to show, in PEM

              [env: ROUTE_GUIDE_NATS_CERT=]

          --nats-key <FILE>
              The key of that certificate, in PEM

              [env: ROUTE_GUIDE_NATS_KEY=]
    "#);
}

#[test]
fn greeter_server_explains_its_flags() {
    insta::assert_snapshot!(help(GREETER_SERVER, &["--help"]), @r#"
    Serves the quick start's Greeter and the introduction's HelloService

    Usage: greeter-server [OPTIONS]

    Options:
          --replies <COUNT>
              How many replies SayHelloStreamReply and LotsOfReplies give

              [default: 5]

          --interval <TIME>
              The pause between two of these replies

              [default: 200ms]

          --listen <ADDRESS>
              Listen here: HOST:PORT (every address of HOST; port 0: any free one) or unix:PATH; may be
              repeated

              [default: localhost:50051]

          --drain-timeout <TIME>
              How long calls may go on after Ctrl-C or SIGTERM before they are cut

              [default: 10s]

          --runtime <KIND>
              How threads share the work

              Possible values:
              - per-core:     Each connection stays on one thread
              - multi-thread: Threads take tasks of all connections from each other

              [default: per-core]

          --threads <COUNT>
              How many threads serve; by default one for each core

          --max-concurrent-streams <COUNT>
              How many calls one connection may have open at a time

              [default: 200]

          --handshake-timeout <TIME>
              How long a client may take to say what it speaks

              [default: 10s]

          --keepalive-interval <TIME>
              How long a connection may be silent before its client is asked for a sign of life

              [default: 60s]

          --keepalive-timeout <TIME>
              How long the client may take to give it before the connection is closed

              [default: 20s]

          --grpc-web
              Let pages in browsers call, by gRPC-Web over HTTP/1.1 and HTTP/2

          --grpc-web-origin <ORIGIN>
              Allow pages of this origin, such as `https://maps.example`, or * for any; may be repeated

          --log <FILTER>
              What to log on stderr: a level, or a filter such as `info,route_guide_guard=debug`;
              libraries below gRPC only if named, such as `h2=debug`

              [env: RUST_LOG=]
              [default: info]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    "#);
}

#[test]
fn both_programs_tell_their_version() {
    for (program, name) in [
        (ROUTE_GUIDE_SERVER, "route-guide-server"),
        (GREETER_SERVER, "greeter-server"),
    ] {
        let ended = run(program, &["--version"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(
            ended.stdout,
            [format!("{name} {}", env!("CARGO_PKG_VERSION"))]
        );
    }
}

#[test]
fn import_explains_its_flags() {
    insta::assert_snapshot!(help(ROUTE_GUIDE_SERVER, &["import", "--help"]), @r#"
    Make a snapshot of feature files, to serve with --features

    Usage: route-guide-server import [OPTIONS] --output <FILE> <INPUT>...

    Arguments:
      <INPUT>...  The files to read, one after the other, plain or compressed with gzip or zstd; - is
                  stdin

    Options:
      -o, --output <FILE>     The snapshot to write; an old one is replaced when the new one is complete
          --format <FORMAT>   Read as this format: json, geojson, geojsonseq, csv, tsv, geonames, gpx,
                              osm-pbf, flatgeobuf; by default told by the name
          --name <FIELD>      What holds the name: column of a table, by name or number from 1, GeoJSON
                              property, FlatGeobuf column, GPX element, OpenStreetMap tag; by default
                              name, or title in the first three
          --no-name           Read no names; of OpenStreetMap, every node is a place then
          --encoding <LABEL>  The encoding of text that has no byte-order mark, by any label that
                              browsers know, such as windows-1252 or shift_jis; by default UTF-8, or
                              what a GPX file declares
          --assume-wgs84      Take coordinates in other reference systems for WGS 84 longitudes and
                              latitudes; those in NAD83 (EPSG:4269) and ETRS89 (EPSG:4258) are within a
                              metre or two of them
          --keep-order        Keep the order of the inputs; by default features are sorted so that
                              neighbours lie together
          --allow-empty       Write a snapshot even if it has no place in it; by default an old one
                              stays then
          --strict            Stop at the first record that is wrong, and write nothing
      -h, --help              Print help

    Tables (csv, tsv, geonames):
          --lat <COLUMN>           The column of the latitude, by name or number from 1; by default
                                   latitude, lat or y, also with a common addition as in stop_lat, or a
                                   column WKT with both coordinates
          --lon <COLUMN>           The column of the longitude, by name or number from 1; by default
                                   longitude, lon, lng, long or x, likewise
          --delimiter <CHARACTER>  The character between fields; by default a tab in tsv and geonames,
                                   and in csv what the first line shows of , ; tab and |
          --quote <CHARACTER>      The character around fields that contain delimiters or line ends, or
                                   none; by default " in csv, none in the others
          --no-header              The first line is a row like the others
          --e7                     Coordinates are E7 integers, degrees times 10⁷
    "#);
}

#[test]
fn info_explains_its_flags() {
    insta::assert_snapshot!(help(ROUTE_GUIDE_SERVER, &["info", "--help"]), @r"
    Print what is in a snapshot

    Usage: route-guide-server info [OPTIONS] <FILE>

    Arguments:
      <FILE>  The snapshot

    Options:
          --verify  Read every record too, and check it
      -h, --help    Print help
    ");
}

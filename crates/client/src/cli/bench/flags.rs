//! The flags of `bench`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use http::HeaderMap;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_load::{Load, LoadError, Reach, Target as LoadTarget, Windows, process_cpu};
use tonic::metadata::MetadataMap;

use crate::call::deadline::{self, Deadline};
use crate::call::options::Compression;
use crate::channel::target::{Address, Target};
use crate::cli::failure::Failure;
use crate::cli::flags::{SharedFlags, parse_timeout};
use crate::cli::points::{Area, PointFlags};
use crate::cli::usage::usage;

/// No run is longer; one that is bounded by its calls has this end too.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
const DEFAULT_DURATION: Duration = Duration::from_secs(10);

/// How much is asked at a time, and for how long.
#[derive(Args, Clone, Debug)]
pub(super) struct LoadFlags {
    /// How many connections to open
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,

    /// How many calls to keep open in all, if the server allows so many: as many on each connection, and one on each if
    /// nothing is said
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    concurrency: Option<u32>,

    /// How long to go on, such as 500ms, 30s or 2m; 10s if --calls does not say when to stop. Calls that are
    /// open at the end have 5s more, or --timeout if that is less, and have failed then
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    duration: Option<Duration>,

    /// How many calls to make
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    calls: Option<u64>,

    /// How long to do the same before anything is measured
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_warm_up)]
    pub(super) warm_up: Duration,

    /// How many bytes the server may send before it hears that they have been read: wide is as many as it likes, 64k
    /// what HTTP/2 has at first, or a number
    #[arg(long, value_name = "BYTES", default_value = "wide", value_parser = parse_window)]
    window: Windows,

    /// The process of the server on this machine, to tell its processor time
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
}

/// Which points are asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct PlaceFlags {
    /// A point to ask for; may be repeated
    #[arg(long, value_name = "LAT,LON", value_parser = parse_point, allow_hyphen_values = true)]
    pub(super) at: Vec<E7Point>,

    /// A file of points to ask for, one a line; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
    pub(super) points: Option<PathBuf>,

    /// Without --at and --points: where the server lists features in this rectangle
    #[arg(long, value_name = "LAT,LON:LAT,LON", default_value = "-90,-180:90,180", hide_default_value = true, value_parser = parse_area, allow_hyphen_values = true, conflicts_with_all = ["at", "points"])]
    pub(super) area: E7Rectangle,

    /// How many of these to take at most, from the first on
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000), conflicts_with_all = ["at", "points"])]
    pub(super) sample: u32,
}

impl LoadFlags {
    /// The load that the flags describe.
    pub(super) fn load(&self, shared: &SharedFlags) -> Result<Load, Failure> {
        let refused = [
            (
                shared.deadline.is_some(),
                "--deadline",
                "--duration ends the run, --timeout a call",
            ),
            (
                shared.verbose,
                "--verbose",
                "it makes too many calls to show each",
            ),
            (
                shared.compression != Compression::None,
                "--compression",
                "it sends what servers take fastest",
            ),
        ];
        if let Some((_, flag, why)) = refused.iter().find(|(given, ..)| *given) {
            return Err(usage("bench", format_args!("bench has no {flag}: {why}")));
        }
        if let Some(pid) = self.server_pid {
            process_cpu(pid)
                .with_context(|| format!("cannot tell the processor time of process {pid}"))?;
        }
        let connections = self.connections as usize;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let unless_counted = if self.calls.is_some() {
            LONGEST
        } else {
            DEFAULT_DURATION
        };
        Ok(Load {
            connections,
            in_flight: self.on_each_connection()?,
            timeout: shared.timeout,
            threads: connections.min(cores),
            windows: self.window,
            metadata: metadata(shared),
            calls: self.calls,
            time: self.duration.unwrap_or(unless_counted),
            server_pid: self.server_pid,
            ..Load::default()
        })
    }

    fn on_each_connection(&self) -> Result<usize, Failure> {
        let (connections, calls) = (
            self.connections,
            self.concurrency.unwrap_or(self.connections),
        );
        if calls % connections != 0 {
            let message = format_args!(
                "--concurrency {calls} cannot be shared by {connections} connections: a multiple of --connections can"
            );
            return Err(usage("bench", message));
        }
        Ok((calls / connections) as usize)
    }

    /// When the run ends, in words.
    pub(super) fn end(&self) -> String {
        match (self.calls, self.duration) {
            (None, duration) => format!("for {:?}", duration.unwrap_or(DEFAULT_DURATION)),
            (Some(calls), None) => format!("until {calls} calls are made"),
            (Some(calls), Some(duration)) => {
                format!("until {calls} calls are made, for {duration:?} at most")
            }
        }
    }
}

/// What each call carries: the metadata of the flags, and how long it may take.
fn metadata(shared: &SharedFlags) -> HeaderMap {
    let mut entries = MetadataMap::new();
    for header in &shared.headers {
        header.clone().add_to(&mut entries);
    }
    let mut entries = entries.into_headers();
    if let Some(deadline) = shared.timeout.and_then(Deadline::after) {
        entries.insert(deadline::HEADER, deadline.header());
    }
    entries
}

/// The same server for the load, whose sockets are its own.
pub(super) fn load_target(target: &Target) -> Result<LoadTarget, LoadError> {
    match target.address() {
        Address::Tcp { .. } => LoadTarget::resolve(&target.to_string(), Reach::Anywhere),
        Address::Several { hosts, .. } => {
            let resolve = |(host, port): &(String, u16)| {
                let host = if host.contains(':') {
                    format!("[{host}]")
                } else {
                    host.clone()
                };
                LoadTarget::resolve(&format!("{host}:{port}"), Reach::Anywhere)
            };
            let mut found = hosts.iter().map(resolve);
            let first = found.next().unwrap_or(Err(LoadError::Nothing("address")))?;
            found.try_fold(first, |first, next| Ok(first.or(next?)))
        }
        Address::Unix(path) => Ok(LoadTarget::unix(path)),
        Address::Abstract(name) => Ok(LoadTarget::unix(format!("\0{name}"))),
    }
}

fn parse_point(text: &str) -> Result<E7Point, String> {
    PointFlags::default()
        .point(text)
        .map_err(|err| err.to_string())
}

pub(super) fn parse_area(text: &str) -> Result<E7Rectangle, String> {
    match PointFlags::default().area(text, None) {
        Ok(Area::Whole(area)) => Ok(area),
        Ok(Area::TooFew | Area::TooMany) => Err("expected LAT,LON:LAT,LON".to_owned()),
        Err(err) => Err(err.to_string()),
    }
}

fn parse_warm_up(text: &str) -> Result<Duration, String> {
    let duration = parse_timeout(text)?;
    if duration > LONGEST {
        return Err("longer than a day".to_owned());
    }
    Ok(duration)
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = parse_warm_up(text)?;
    if duration.is_zero() {
        return Err("nothing can be measured in no time".to_owned());
    }
    Ok(duration)
}

fn parse_window(text: &str) -> Result<Windows, String> {
    let number = match text {
        "wide" => return Ok(Windows::WIDE),
        "64k" => return Ok(Windows::HTTP2_DEFAULT),
        number => number.parse().ok(),
    };
    number
        .filter(|bytes| (1..=0x7fff_ffff).contains(bytes))
        .map(|bytes| Windows {
            stream_bytes: bytes,
            connection_bytes: bytes,
        })
        .ok_or_else(|| "expected wide, 64k or a number from 1 to 2147483647".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_name_or_a_number() {
        let stream = |text| parse_window(text).map(|windows| windows.stream_bytes).ok();
        assert_eq!(stream("wide"), Some(0x7fff_ffff));
        assert_eq!(stream("64k"), Some(65_535));
        assert_eq!(stream("1000000"), Some(1_000_000));
        for text in ["", "0", "-1", "2147483648", "1m", "narrow"] {
            assert_eq!(stream(text), None, "{text}");
        }
    }

    #[test]
    fn a_run_has_an_end() {
        assert_eq!(parse_duration("1500ms"), Ok(Duration::from_millis(1_500)));
        assert_eq!(parse_warm_up("0s"), Ok(Duration::ZERO));
        for text in ["0s", "-1s", "25h", "ten"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}

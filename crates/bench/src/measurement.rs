//! One thing that is measured, on one server, once.

use std::time::Duration;

use anyhow::bail;
use route_guide_load::{Load, Report};

use crate::Subject;
use crate::figure::{Unit, seconds};

/// Something to measure, which gives one figure or several.
pub struct Measurement<'a> {
    /// What it is, as the first words of its rows.
    pub name: String,
    /// What its figures are.
    pub rows: Vec<(&'static str, Unit)>,
    /// Whether only the first run on a new server tells something.
    pub once: bool,
    run: Box<Run<'a>>,
}

/// Measures a server once.
type Run<'a> = dyn Fn(&Subject) -> anyhow::Result<Sample> + 'a;

/// The figures of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// A figure for each row.
    pub values: Vec<f64>,
    /// Whether the load and not the server was the limit.
    pub client_bound: bool,
    /// What a reader has to know.
    pub note: Option<String>,
}

impl<'a> Measurement<'a> {
    /// Makes a measurement of a name, its rows, and what gives a figure for each.
    pub fn new(
        name: impl Into<String>,
        rows: &[(&'static str, Unit)],
        run: impl Fn(&Subject) -> anyhow::Result<Sample> + 'a,
    ) -> Self {
        Self {
            name: name.into(),
            rows: rows.to_vec(),
            once: false,
            run: Box::new(run),
        }
    }

    /// The same measurement, run once.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// Measures a server.
    ///
    /// # Errors
    ///
    /// If the server fails; then there is no figure.
    pub fn run(&self, subject: &Subject) -> anyhow::Result<Sample> {
        (self.run)(subject)
    }
}

impl std::fmt::Debug for Measurement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Measurement")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Sample {
    /// Makes figures that come from no load.
    #[must_use]
    pub fn alone<const N: usize>(values: [f64; N]) -> Self {
        Self {
            values: values.to_vec(),
            client_bound: false,
            note: None,
        }
    }

    /// Takes figures out of a report, if every call in it ended as it should.
    ///
    /// # Errors
    ///
    /// If one did not.
    pub fn of<const N: usize>(report: &Report, values: [f64; N]) -> anyhow::Result<Self> {
        if let Some(failure) = report.failures.first() {
            bail!("{} calls failed: {failure}", report.failures.count());
        }
        let busy = |cpu: Option<Duration>| {
            cpu.map_or(0.0, seconds) / seconds(report.elapsed).max(f64::MIN_POSITIVE)
        };
        Ok(Self {
            values: values.to_vec(),
            client_bound: busy(report.client_cpu) > 0.95 && busy(report.server_cpu) < 0.9,
            note: None,
        })
    }
}

/// The load of one connection with one call at a time on a server whose processor time is wanted.
#[must_use]
pub fn load(subject: &Subject, time: Duration) -> Load {
    Load {
        time,
        server_pid: Some(subject.pid()),
        // A server that scans ten million features for each of hundreds of calls takes its time.
        silence: Duration::from_secs(120),
        ..Load::default()
    }
}

/// The server's processor time for a call, as a figure.
#[must_use]
pub fn cpu_per_call(report: &Report) -> f64 {
    report.server_cpu_per_call().map_or(f64::NAN, seconds)
}

/// The server's processor time for a million messages, as a figure.
#[must_use]
pub fn cpu_per_million(report: &Report) -> f64 {
    report
        .server_cpu_per_million_messages()
        .map_or(f64::NAN, seconds)
}

/// A quantile of the report's latencies, as a figure.
#[must_use]
pub fn latency(report: &Report, share: f64) -> f64 {
    seconds(report.latency.quantile(share))
}

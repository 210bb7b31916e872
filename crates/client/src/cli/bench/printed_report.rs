//! What a run of `bench` has found, as lines and as JSON.

use std::fmt;
use std::time::Duration;

use route_guide_load::figure::{Unit, count, seconds};
use route_guide_load::{Failure, Histogram, Load, Report};
use serde::Serialize;

use super::flags::LoadFlags;
use crate::call::explain::code_name;
use crate::channel::target::Target;
use crate::printable::{printable, shortened};

/// A run and its report.
pub(super) struct PrintedReport {
    method: &'static str,
    target: String,
    connections: usize,
    concurrency: usize,
    pub(super) report: Report,
}

impl PrintedReport {
    pub(super) fn new(method: &'static str, target: &Target, load: &Load) -> Self {
        Self {
            method,
            target: target.to_string(),
            connections: load.connections,
            concurrency: load.in_flight * load.connections,
            report: Report::default(),
        }
    }

    /// What is going to happen.
    pub(super) fn heading(&self, flags: &LoadFlags) -> String {
        let plural = if self.connections == 1 { "" } else { "s" };
        format!(
            "{} at {} {}: {} connection{plural}, {} at a time",
            self.method,
            printable(&self.target),
            flags.end(),
            self.connections,
            self.concurrency,
        )
    }

    /// What one message of the method is.
    fn messages(&self) -> &'static str {
        match self.method {
            "RecordRoute" => "points",
            "RouteChat" => "notes",
            _ => "features",
        }
    }

    pub(super) fn as_json(&self) -> impl Serialize + use<> {
        let report = &self.report;
        Json {
            method: self.method,
            target: self.target.clone(),
            connections: self.connections,
            concurrency: self.concurrency,
            elapsed_seconds: seconds(report.elapsed),
            calls: report.calls,
            calls_per_second: report.calls_per_second(),
            messages: report.messages,
            messages_per_second: report.messages_per_second(),
            bytes: report.bytes,
            bytes_per_second: report.bytes_per_second(),
            latency_seconds: Quantiles::of(&report.latency),
            first_message_seconds: Quantiles::of(&report.first_message),
            failed: report.failures.count(),
            failures: report.failures.kinds().map(JsonFailure::of).collect(),
            client_cpu_seconds: report.client_cpu.map(seconds),
            server_cpu_seconds: report.server_cpu.map(seconds),
        }
    }
}

impl fmt::Display for PrintedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        let rate = |rate| Unit::PerSecond.format(rate);
        write!(
            f,
            "calls     {} in {}, {}",
            count(report.calls),
            time(report.elapsed),
            rate(report.calls_per_second()),
        )?;
        write!(
            f,
            "\n{:9} {}, {}, {}",
            self.messages(),
            count(report.messages),
            rate(report.messages_per_second()),
            Unit::BytesPerSecond.format(report.bytes_per_second()),
        )?;
        quantiles(f, "latency", &report.latency)?;
        if self.method == "ListFeatures" {
            quantiles(f, "first", &report.first_message)?;
        }
        if let Some(cpu) = report.server_cpu {
            write!(f, "\nserver    {} of processor time", time(cpu))?;
            if let Some(each) = report.server_cpu_per_call() {
                write!(f, ", {} a call", time(each))?;
            }
        }
        for (failure, several) in report.failures.kinds() {
            let failure = failure.to_string();
            write!(
                f,
                "\nfailed    {} × {}",
                count(several),
                printable(&shortened(&failure, 1_000))
            )?;
        }
        Ok(())
    }
}

fn quantiles(f: &mut fmt::Formatter<'_>, name: &str, times: &Histogram) -> fmt::Result {
    if times.count() == 0 {
        return Ok(());
    }
    write!(f, "\n{name:9}")?;
    for (name, share) in QUANTILES {
        write!(f, " {name} {},", time(times.quantile(share)))?;
    }
    write!(f, " max {}", time(times.max()))
}

const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

fn time(time: Duration) -> String {
    Unit::Seconds.format(seconds(time))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    method: &'static str,
    target: String,
    connections: usize,
    concurrency: usize,
    elapsed_seconds: f64,
    calls: u64,
    calls_per_second: f64,
    messages: u64,
    messages_per_second: f64,
    bytes: u64,
    bytes_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_seconds: Option<Quantiles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_message_seconds: Option<Quantiles>,
    failed: u64,
    failures: Vec<JsonFailure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_cpu_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_cpu_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Quantiles {
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    #[serde(rename = "p999")]
    p99_9: f64,
    max: f64,
}

impl Quantiles {
    fn of(times: &Histogram) -> Option<Self> {
        let [p50, p90, p99, p99_9] = QUANTILES.map(|(_, share)| seconds(times.quantile(share)));
        (times.count() > 0).then(|| Self {
            mean: seconds(times.mean()),
            p50,
            p90,
            p99,
            p99_9,
            max: seconds(times.max()),
        })
    }
}

/// Failures of one kind. Those with a code were the server's word; of the others the answer was wrong.
#[derive(Serialize)]
struct JsonFailure {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    message: String,
    count: u64,
}

impl JsonFailure {
    fn of((failure, count): (&Failure, u64)) -> Self {
        let (code, message) = match failure {
            Failure::Status(status) => {
                let code = tonic::Code::from_i32(status.code().into());
                (Some(code_name(code)), status.message().to_owned())
            }
            other => (None, other.to_string()),
        };
        Self {
            code,
            message,
            count,
        }
    }
}

//! Servers that are compared, as processes.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use route_guide_geo::E7Point;
use route_guide_load::{Caller, Reach, Target};

use crate::cores::Cores;

/// Both servers announce that they listen with this and the address.
pub const ANNOUNCEMENT: &str = "Starting server on ";

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Subject {
    process: Child,
    target: Target,
    started_in: Duration,
}

impl Subject {
    /// Starts a program on the server's cores and waits until it has answered a call.
    ///
    /// # Errors
    ///
    /// If the program cannot be started, or ends before it answers.
    pub fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        cores: &Cores,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let begin = Instant::now();
        let started = cores.on_server(|| command.spawn());
        let mut process = started.with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = process.stdout.take();
        let mut subject = Self {
            process,
            target: Target::resolve("127.0.0.1:0", Reach::Loopback)?,
            started_in: Duration::ZERO,
        };
        for line in stdout
            .into_iter()
            .flat_map(|out| BufReader::new(out).lines())
        {
            if let Some(address) = line?.strip_prefix(ANNOUNCEMENT) {
                subject.target = Target::resolve(address, Reach::Loopback)?;
                let mut caller = Caller::connect(&subject.target, Duration::from_secs(60))?;
                caller.get_feature(E7Point::default())?;
                subject.started_in = begin.elapsed();
                return Ok(subject);
            }
        }
        let status = subject.process.wait()?;
        bail!("{} ended before it listened: {status}", program.display());
    }

    /// Where it listens.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// How long it took from the program's start to its first answer.
    #[must_use]
    pub const fn started_in(&self) -> Duration {
        self.started_in
    }

    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // It has nothing to lose, and may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

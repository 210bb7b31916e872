//! Comparing the baseline with `route-guide-server`, measurement by measurement.

use std::env;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::check::check;
use crate::cores::Cores;
use crate::data::files::{DataFile, Form};
use crate::figure::{Unit, count, median, seconds};
use crate::loopback;
use crate::machine::{Provenance, busy};
use crate::measurement::Measurement;
use crate::measurements::{chats, listings, look_ups, memory, routes};
use crate::scene::Scene;
use crate::table::{Runs, Table};
use crate::{Dataset, NoteStore, Subject};

/// What the machine itself can do is measured under this name.
const BESIDE: &str =
    "bytes of the same listing over loopback without HTTP/2 and gRPC, for comparison";

/// For so long the machine is watched before anything is started.
const IDLE_CHECK: Duration = Duration::from_millis(500);
/// A machine that does no more than this share of what it could is idle.
const IDLE: f64 = 0.1;

/// What is compared, and how thoroughly.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// How many features the data sets have.
    pub sizes: Vec<u64>,
    /// The seed of the data sets.
    pub seed: u64,
    /// How long each run of a measurement takes.
    pub time: Duration,
    /// How often each measurement is run on each server.
    pub runs: usize,
    /// Only measurements with one of these in their names; all if there is none.
    pub only: Vec<String>,
    /// The `route-guide-server` program.
    pub server: PathBuf,
    /// Its flags besides those for the address and the data.
    pub server_arguments: Vec<String>,
    /// In which form it gets its features.
    pub form: Form,
    /// Where data sets are kept from one time to the next.
    pub data: PathBuf,
    /// Whether server and load are kept on different cores, if there are two.
    pub pinned: bool,
}

impl Comparison {
    /// Compares, tells `progress` what happens, and returns the tables as Markdown.
    ///
    /// # Errors
    ///
    /// If a server does not start or answers wrongly. A measurement that fails is reported in its table.
    pub fn run(&self, progress: &mut dyn Write) -> anyhow::Result<String> {
        ensure!(
            self.server.is_file(),
            "there is no {}: build it with cargo build --release -p route-guide-server",
            self.server.display()
        );
        let mut cores = Cores::of_this_process();
        if !self.pinned {
            cores = cores.shared();
        }
        let mut page = self.header(&cores);
        if let Some(busy) = busy(IDLE_CHECK).filter(|&busy| busy > IDLE) {
            writeln!(
                page,
                "\nThe machine was {:.0} % busy with other work before: these figures are rough.",
                busy * 100.0
            )?;
        }
        for (place, &size) in self.sizes.iter().enumerate() {
            let dataset = Dataset::new(self.seed, size);
            let table = self.compare(dataset, place == 0, &cores, progress)?;
            write!(page, "\n{table}")?;
        }
        Ok(page)
    }

    fn header(&self, cores: &Cores) -> String {
        let placing = if cores.are_apart() {
            "server and load on a core each"
        } else {
            "server and load on the same cores"
        };
        let form = match self.form {
            Form::Snapshot => "a snapshot",
            Form::Json => "a JSON file",
        };
        format!(
            "{}.\n\nMedians of {} runs of {:?}, baseline and ours in turn; {placing}; our features from {form}. A ratio above 1 is in \
             our favour.\n",
            Provenance::look_around(),
            self.runs,
            self.time,
        )
    }

    fn compare(
        &self,
        dataset: Dataset,
        is_first: bool,
        cores: &Cores,
        progress: &mut dyn Write,
    ) -> anyhow::Result<Table> {
        writeln!(progress, "{} features: setting up", count(dataset.len()))?;
        let scene = Scene::new(dataset, self.time);
        let file = DataFile::prepare(dataset, self.form, &self.data, &self.server)?;
        let mut table = Table::new(format!("{} features", count(dataset.len())));

        let servers = self.start(dataset, &file.path, cores, progress)?;
        if let Some(time) = file.imported_in {
            let name = "import of the JSON file";
            table.add_beside(name, Unit::Seconds.format(seconds(time)));
        }
        let name = "start, with features from the file, to the first answer";
        table.add_beside(name, Unit::Seconds.format(seconds(servers[1].started_in())));
        let areas: Vec<_> = scene.areas().collect();
        for (who, server) in ["baseline", "ours"].iter().zip(&servers) {
            writeln!(progress, "  checking the answers of {who}")?;
            check(server.target(), dataset, &scene.points, &areas)
                .with_context(|| format!("{who} answers wrongly"))?;
        }
        let mut measure = |measurements: &[Measurement<'_>], table: &mut Table| {
            self.measure(measurements, &servers, cores, table, progress)
        };
        measure(&listings::measurements(&scene), &mut table)?;
        if self.names(BESIDE) {
            self.beside(dataset, cores, &mut table)?;
        }
        measure(&look_ups::measurements(&scene), &mut table)?;
        measure(&routes::measurements(&scene), &mut table)?;
        if is_first {
            // Notes do not care for features.
            measure(&chats::measurements(&scene), &mut table)?;
        }
        drop(servers);
        let measurements = look_ups::measurements_beside_canned(&scene);
        if measurements.iter().any(|m| self.wants(m)) {
            let servers = self.start_with_canned(dataset, &file.path, cores)?;
            self.measure(&measurements, &servers, cores, &mut table, progress)?;
        }
        if is_first {
            self.stores(&scene, &file.path, cores, &mut table, progress)?;
        }
        for measurement in memory::measurements(&scene) {
            if self.wants(&measurement) {
                let servers = self.start(dataset, &file.path, cores, progress)?;
                self.measure(&[measurement], &servers, cores, &mut table, progress)?;
            }
        }
        if cores.are_apart() {
            let shared = cores.shared();
            let measurements = look_ups::shared_measurements(&scene);
            if measurements
                .iter()
                .any(|measurement| self.wants(measurement))
            {
                let servers = self.start(dataset, &file.path, &shared, progress)?;
                self.measure(&measurements, &servers, &shared, &mut table, progress)?;
            }
        }
        Ok(table)
    }

    /// Starts the baseline and our server.
    fn start(
        &self,
        dataset: Dataset,
        file: &Path,
        cores: &Cores,
        progress: &mut dyn Write,
    ) -> anyhow::Result<[Subject; 2]> {
        let listen = "127.0.0.1:0";
        let len = dataset.len().to_string();
        let seed = dataset.seed().to_string();
        let arguments = [
            "baseline", "--listen", listen, "--size", &len, "--seed", &seed,
        ];
        let baseline = Subject::start(&env::current_exe()?, arguments, cores)?;

        let servers = [baseline, self.start_ours(file, &[], cores)?];
        for (who, server) in ["baseline", "ours"].iter().zip(&servers) {
            let time = server.started_in();
            writeln!(progress, "  {who} has started in {time:.1?}")?;
        }
        Ok(servers)
    }

    /// Starts the server with a canned answer and ours.
    fn start_with_canned(
        &self,
        dataset: Dataset,
        file: &Path,
        cores: &Cores,
    ) -> anyhow::Result<[Subject; 2]> {
        let seed = dataset.seed().to_string();
        let arguments = ["canned", "--listen", "127.0.0.1:0", "--seed", &seed];
        let canned = Subject::start(&env::current_exe()?, arguments, cores)?;
        Ok([canned, self.start_ours(file, &[], cores)?])
    }

    /// Starts our server with further arguments.
    fn start_ours(&self, file: &Path, more: &[&str], cores: &Cores) -> anyhow::Result<Subject> {
        let file = file
            .to_str()
            .context("the path of the data is not Unicode")?;
        let arguments = [
            "--listen",
            "127.0.0.1:0",
            "--log",
            "warn",
            "--features",
            file,
        ];
        let given = self.server_arguments.iter().map(String::as_str);
        let arguments = arguments
            .into_iter()
            .chain(given)
            .chain(more.iter().copied());
        Subject::start(&self.server, arguments, cores)
    }

    /// Measures how long a note takes through each engine that keeps notes.
    fn stores(
        &self,
        scene: &Scene,
        file: &Path,
        cores: &Cores,
        table: &mut Table,
        progress: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let measurement = chats::post_to_receive(scene);
        if !self.wants(&measurement) {
            return Ok(());
        }
        let stores = [
            Some(NoteStore::memory()),
            Some(NoteStore::file(&self.data)?),
            NoteStore::nats()?,
        ];
        for store in stores {
            let Some(store) = store else {
                table.add_note("Notes in NATS are not measured: there is no nats-server here.");
                continue;
            };
            let more = ["--chat-store", &store.flag];
            let mut runs = Runs::default();
            match self.start_ours(file, &more, cores) {
                Ok(server) => {
                    await_first_success(|| cores.on_client(|| measurement.run(&server)));
                    for _ in 0..self.runs {
                        runs.add(cores.on_client(|| measurement.run(&server)));
                    }
                }
                Err(error) => runs.add(Err(error)),
            }
            writeln!(progress, "  {}, {}", measurement.name, store.name)?;
            writeln!(progress, "    ours: {}", runs.summary(&measurement.rows))?;
            table.add_alone(&measurement, store.name, &runs);
        }
        Ok(())
    }

    fn wants(&self, measurement: &Measurement<'_>) -> bool {
        self.names(&measurement.name)
    }

    /// Tells whether what has this name was asked for.
    fn names(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|part| name.contains(&part.to_lowercase()))
    }

    fn measure(
        &self,
        measurements: &[Measurement<'_>],
        servers: &[Subject; 2],
        cores: &Cores,
        table: &mut Table,
        progress: &mut dyn Write,
    ) -> anyhow::Result<()> {
        for measurement in measurements.iter().filter(|m| self.wants(m)) {
            let mut runs = [Runs::default(), Runs::default()];
            for _ in 0..if measurement.once { 1 } else { self.runs } {
                for (server, runs) in servers.iter().zip(&mut runs) {
                    runs.add(cores.on_client(|| measurement.run(server)));
                }
            }
            writeln!(progress, "  {}", measurement.name)?;
            for (who, runs) in ["baseline", "ours"].iter().zip(&runs) {
                writeln!(progress, "    {who}: {}", runs.summary(&measurement.rows))?;
            }
            let [baseline, ours] = &runs;
            table.add(measurement, baseline, ours);
        }
        Ok(())
    }

    /// Measures what the machine itself can do with the bytes of a listing, and with bytes from its cache.
    fn beside(&self, dataset: Dataset, cores: &Cores, table: &mut Table) -> anyhow::Result<()> {
        let cached = "…: of 64 KiB that stay in the cache";
        for (name, bytes) in [
            (BESIDE, loopback::listing(dataset)?),
            (cached, loopback::one_write()),
        ] {
            let rates: Vec<_> = (0..self.runs)
                .map(|_| loopback::throughput(cores, self.time, &bytes))
                .collect::<Result<_, _>>()?;
            if let Some(rate) = median(&rates) {
                table.add_beside(name, Unit::BytesPerSecond.format(rate));
            }
        }
        Ok(())
    }
}

/// Tries something until it succeeds once, or has failed often. A server answers before its notes have come from NATS.
fn await_first_success<T>(mut attempt: impl FnMut() -> anyhow::Result<T>) {
    const ATTEMPTS: usize = 100;
    const PAUSE: Duration = Duration::from_millis(50);
    for _ in 0..ATTEMPTS {
        if attempt().is_ok() {
            return;
        }
        thread::sleep(PAUSE);
    }
}

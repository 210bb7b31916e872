//! `route-guide-bench`: comparisons, the server to compare with, and data sets.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use route_guide_bench::{ANNOUNCEMENT, Baseline, Canned, Comparison, Dataset, Form, index};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Measures RouteGuide servers.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare route-guide-server with a server made as the tutorials make theirs, and print a table
    Compare {
        /// How many features to compare with, such as 100,1M
        #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "100,1M,10M", value_parser = size)]
        sizes: Vec<u64>,
        /// How long each run of a measurement takes, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
        seconds: f64,
        /// How often each measurement is run on each server
        #[arg(long, value_name = "COUNT", default_value_t = 3)]
        runs: usize,
        /// Only measurements whose name has this in it; may be repeated
        #[arg(long, value_name = "WORDS")]
        only: Vec<String>,
        /// The server's program; by default the one that was built beside this one
        #[arg(long, value_name = "FILE")]
        server: Option<PathBuf>,
        /// Another argument for the server's program; may be repeated
        #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
        server_arg: Vec<String>,
        /// In which form the server gets its features
        #[arg(long, value_name = "FORM", value_enum, default_value = "snapshot")]
        form: Form,
        /// Where data sets are kept; by default beside this program
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
        /// Let server and load share all cores
        #[arg(long)]
        no_pin: bool,
        /// The seed of the data sets
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        seed: u64,
        /// Write the tables here too
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Time the index, query by query, and print a table
    Index {
        /// How many features to index
        #[arg(long, value_name = "COUNT", default_value = "1M", value_parser = size)]
        size: u64,
        /// The seed of the data set
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        seed: u64,
    },
    /// Serve as the tutorials do
    Baseline {
        /// Listen here
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
        listen: SocketAddr,
        /// How many features to serve
        #[arg(long, value_name = "COUNT", default_value = "100", value_parser = size)]
        size: u64,
        /// The seed of the data set
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        seed: u64,
    },
    /// Answer every call with the first feature of a data set, with nothing but an HTTP/2 library
    Canned {
        /// Listen here
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
        listen: SocketAddr,
        /// The seed of the data set
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        seed: u64,
    },
    /// Write a made-up data set as a JSON file that route-guide-server loads
    Generate {
        /// How many features to make
        #[arg(long, value_name = "COUNT", value_parser = size)]
        size: u64,
        /// The seed of the data set
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        seed: u64,
        /// The file to write; - is stdout
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Flags::parse().command {
        Command::Compare {
            sizes,
            seconds,
            runs,
            only,
            server,
            server_arg,
            form,
            data,
            no_pin,
            seed,
            output,
        } => {
            let program = std::env::current_exe()?;
            let comparison = Comparison {
                sizes,
                seed,
                time: Duration::try_from_secs_f64(seconds)?,
                runs,
                only,
                server: server.unwrap_or_else(|| program.with_file_name("route-guide-server")),
                server_arguments: server_arg,
                form,
                data: data.unwrap_or_else(|| program.with_file_name("bench-data")),
                pinned: !no_pin,
            };
            let page = comparison.run(&mut io::stderr())?;
            if let Some(output) = output {
                fs::write(&output, &page)
                    .with_context(|| format!("cannot write {}", output.display()))?;
            }
            io::stdout().write_all(page.as_bytes())?;
        }
        Command::Index { size, seed } => {
            let table = index::measure(Dataset::new(seed, size))?;
            io::stdout().write_all(table.as_bytes())?;
        }
        Command::Baseline { listen, size, seed } => {
            let baseline = Baseline::new(Dataset::new(seed, size).features().collect());
            let runtime = Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(serve(listen, |listener| baseline.serve(listener)))?;
        }
        Command::Canned { listen, seed } => {
            let canned = Canned::new(&Dataset::new(seed, 1).feature(0))?;
            // One thread, so that nothing is shared: that is the cheapest.
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(serve(listen, |listener| canned.serve(listener)))?;
        }
        Command::Generate { size, seed, output } => {
            let dataset = Dataset::new(seed, size);
            let written = if output.as_os_str() == "-" {
                dataset.write_json(io::stdout().lock())
            } else {
                dataset.save_json(&output)
            };
            written.with_context(|| format!("cannot write {}", output.display()))?;
        }
    }
    Ok(())
}

/// Listens, announces it, and serves.
async fn serve<F>(listen: SocketAddr, serve: impl FnOnce(TcpListener) -> F) -> anyhow::Result<()>
where
    F: Future<Output = io::Result<()>>,
{
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    writeln!(io::stdout(), "{ANNOUNCEMENT}{}", listener.local_addr()?)?;
    Ok(serve(listener).await?)
}

/// Reads a count such as `100`, `250k` or `10M`.
fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => match text.strip_suffix('M') {
            Some(digits) => (digits, 1_000_000),
            None => (text, 1),
        },
    };
    let count: Option<u64> = digits.parse().ok();
    count
        .and_then(|count| count.checked_mul(unit))
        .filter(|&count| count <= u32::MAX.into())
        .ok_or_else(|| format!("'{text}' is not a count such as 100, 250k or 10M"))
}

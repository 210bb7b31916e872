//! Data sets as files that our server reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::Dataset;

/// In which form our server gets a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// As a snapshot, which the server itself makes of the JSON file
    Snapshot,
    /// As the JSON file of the published shape
    Json,
}

/// A data set as a file.
#[derive(Clone, Debug)]
pub struct DataFile {
    /// Where it is.
    pub path: PathBuf,
    /// How long the server's program took to import it, if it did.
    pub imported_in: Option<Duration>,
}

impl DataFile {
    /// Makes the file of a data set in a folder. A JSON file that is there is used; a snapshot is made anew, because
    /// the program that makes it is what is measured.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or the program cannot import.
    pub fn prepare(
        dataset: Dataset,
        form: Form,
        folder: &Path,
        server: &Path,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let name = format!("features-{}-{}", dataset.seed(), dataset.len());
        let json = folder.join(&name).with_extension("json");
        if !json.is_file() {
            dataset
                .save_json(&json)
                .with_context(|| format!("cannot write {}", json.display()))?;
        }
        if form == Form::Json {
            return Ok(Self {
                path: json,
                imported_in: None,
            });
        }
        let snapshot = json.with_extension("rgs");
        let mut import = Command::new(server);
        import
            .arg("import")
            .arg(&json)
            .arg("--output")
            .arg(&snapshot)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let begin = Instant::now();
        let output = import
            .output()
            .with_context(|| format!("cannot start {}", server.display()))?;
        let imported_in = begin.elapsed();
        ensure!(
            output.status.success(),
            "{} cannot import {}: {}",
            server.display(),
            json.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(Self {
            path: snapshot,
            imported_in: Some(imported_in),
        })
    }
}

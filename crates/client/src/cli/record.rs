//! `record`: sends the points of a file or of standard input as a route.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use route_guide_geo::E7Point;

use super::failure::Failure;
use super::input::{self, Line};
use super::lines;
use super::output::{Output, complain};
use super::points::PointFlags;
use crate::stubs::route_guide::RouteGuide;

/// Where a route comes from.
#[derive(Args, Debug)]
pub(super) struct RecordArgs {
    /// The file with the points, one a line; - is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    flags: PointFlags,
}

pub(super) async fn run(
    guide: &RouteGuide,
    output: &Output,
    args: RecordArgs,
) -> Result<(), Failure> {
    let (input, name) = open(&args.file)?;
    let (points, mut bad) = input::items(input, move |line| parse(line, args.flags));
    // Leaving this function drops the call, and so cancels it.
    let summary = tokio::select! {
        biased;
        err = bad.error() => return Err(Failure::Local(err.context(name))),
        summary = guide.record_route(points) => summary?,
    };
    output.message(lines::summary(&summary), &summary).await
}

/// Opens a file of points, and names it.
pub(super) fn open(file: &Path) -> anyhow::Result<(Box<dyn Read + Send>, String)> {
    if file == Path::new("-") {
        if io::stdin().is_terminal() {
            complain("one point a line, LAT,LON; Ctrl-D ends the route");
        }
        return Ok((Box::new(io::stdin()), "standard input".to_owned()));
    }
    let name = file.display().to_string();
    let opened = File::open(file).with_context(|| format!("cannot open {name}"))?;
    Ok((Box::new(opened), name))
}

/// Blank lines and comments are no points.
pub(super) fn parse(line: &str, flags: PointFlags) -> anyhow::Result<Line<E7Point>> {
    let text = line.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(Line::Skip);
    }
    Ok(Line::Item(flags.point(text)?))
}

//! `route-guide-server info`: what is in a snapshot.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context;
use route_guide_store::{Info, Order, Store};

/// The flags of `info`.
#[derive(Clone, Debug, clap::Args)]
pub struct InfoFlags {
    /// The snapshot
    file: PathBuf,

    /// Read every record too, and check it
    #[arg(long)]
    verify: bool,
}

impl InfoFlags {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let store = Store::open(&self.file)?;
        let mut text = describe(&store.info());
        if self.verify {
            let file = self.file.display();
            store
                .verify()
                .with_context(|| format!("{file} is damaged"))?;
            text.push_str("verified:  every record\n");
        }
        io::stdout()
            .write_all(text.as_bytes())
            .context("cannot write to stdout")
    }
}

fn describe(info: &Info) -> String {
    let order = match info.order {
        Order::Spatial => "spatial",
        Order::Input => "as imported",
    };
    let extent = info
        .extent
        .map_or("none".to_owned(), |extent| extent.to_string());
    let mut text = format!(
        "format:    {}\n\
         version:   {:016x}\n\
         features:  {}\n\
         order:     {order}\n\
         extent:    {extent}\n\
         bytes:     {}\n",
        info.format_version, info.version, info.features, info.file_bytes
    );
    for section in &info.sections {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {:<8} {:>14} bytes at {:>14}, checksum {:08x}",
            section.section.to_string(),
            section.bytes,
            section.offset,
            section.checksum
        );
    }
    text
}

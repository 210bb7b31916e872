//! Snapshots taken apart, and put together again with checksums that agree.

use bytes::Bytes;
use route_guide_store::{Builder, Info, Order, Section, Store};

/// The small golden snapshot, which has every section.
pub(crate) const PUBLISHED: &[u8] = include_bytes!("../data/published-v1.rgs");

/// The golden snapshot in curve order, without positions of its own.
pub(crate) const SPATIAL: &[u8] = include_bytes!("../data/spatial-v1.rgs");

pub(crate) fn open(bytes: &[u8]) -> Result<Store, String> {
    Store::from_snapshot(Bytes::copy_from_slice(bytes)).map_err(|error| error.to_string())
}

/// Writes the features of a store to a file and returns its bytes.
pub(crate) fn written(store: &Store, order: Order) -> (Vec<u8>, Info) {
    let mut builder = Builder::new();
    for feature in store.features().map(Result::unwrap) {
        builder.push(feature.location(), feature.name()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.rgs");
    let info = builder.write(order, &path).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing is left beside the file");
    (std::fs::read(path).unwrap(), info)
}

/// Where a section lies, by the table of a sound snapshot.
pub(crate) fn range(snapshot: &[u8], section: Section) -> std::ops::Range<usize> {
    let info = open(snapshot).unwrap().info();
    let found = info
        .sections
        .iter()
        .find(|listed| listed.section == section);
    let found = found.expect("the snapshot has the section");
    let start = usize::try_from(found.offset).unwrap();
    start..start + usize::try_from(found.bytes).unwrap()
}

/// Makes all checksums agree with the bytes again, and the data-set version with the table, as far as they can be found.
pub(crate) fn reseal(bytes: &mut [u8]) {
    let Some(count) = bytes.get(12).map(|&count| usize::from(count)) else {
        return;
    };
    let table_end = 64 + 32 * count.min(10);
    if bytes.len() < table_end {
        return;
    }
    let section = |bytes: &[u8], entry: usize| {
        let number = |at: usize| {
            let bytes: [u8; 8] = bytes[at..at + 8].try_into().unwrap();
            usize::try_from(u64::from_le_bytes(bytes)).unwrap()
        };
        let (start, len) = (number(entry + 8), number(entry + 16));
        let end = start.checked_add(len)?;
        (end <= bytes.len()).then_some(start..end)
    };
    // The last two are the records and their checksums.
    if table_end >= 128
        && let Some(records) = section(bytes, table_end - 64)
        && let Some(sums) = section(bytes, table_end - 32)
    {
        let pages = bytes[records].chunks(4_096).map(crc32fast::hash);
        let found: Vec<_> = pages.flat_map(u32::to_le_bytes).collect();
        if found.len() == sums.len() {
            bytes[sums].copy_from_slice(&found);
        }
    }
    for entry in (64..table_end).step_by(32) {
        if let Some(section) = section(bytes, entry) {
            let checksum = crc32fast::hash(&bytes[section]);
            bytes[entry + 4..entry + 8].copy_from_slice(&checksum.to_le_bytes());
        }
    }
    let version = bytes[64..table_end]
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
    bytes[32..40].copy_from_slice(&version.to_le_bytes());
    let head = [&bytes[..60], &bytes[64..table_end]].concat();
    bytes[60..64].copy_from_slice(&crc32fast::hash(&head).to_le_bytes());
}

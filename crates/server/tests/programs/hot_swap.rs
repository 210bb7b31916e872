//! A data file is replaced under a running server.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Feature, Point, Rectangle};
use route_guide_server::DATA_VERSION;
use route_guide_store::{Builder, Order};
use route_guide_testkit::Program;
use tempfile::TempDir;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Response, Streaming};

use crate::ROUTE_GUIDE_SERVER;
use crate::process::{connect, import, run, start, within};

/// Far more than fits into a connection's windows, so that a listing nobody reads stays half sent.
const FEATURES: usize = 20_000;

/// Imports [`FEATURES`] features with long names that begin with `tag`.
fn snapshot(folder: &Path, tag: &str) -> PathBuf {
    let mut table = "lat,lon,name\n".to_owned();
    for row in 0..FEATURES {
        let _ = writeln!(table, "0,{row}e-4,{tag}{row:0>200}");
    }
    let input = folder.join(format!("{tag}.csv"));
    fs::write(&input, table).unwrap();
    let output = folder.join(format!("{tag}.rgs"));
    let ended = import(&input, &output, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    output
}

/// What `info` calls the version of a data set.
fn version_in(snapshot: &Path) -> String {
    let ended = run(ROUTE_GUIDE_SERVER, &["info", snapshot.to_str().unwrap()]);
    let mut lines = ended.stdout.iter();
    let version = lines.find_map(|line| line.strip_prefix("version:   "));
    version.unwrap_or_else(|| panic!("{ended:?}")).to_owned()
}

fn version(metadata: &MetadataMap) -> &str {
    metadata.get(DATA_VERSION).unwrap().to_str().unwrap()
}

async fn list(guide: &mut RouteGuideClient<Channel>) -> Response<Streaming<Feature>> {
    let lo = Point {
        latitude: -1,
        longitude: -1,
    };
    let hi = Point {
        latitude: 1,
        longitude: 1_800_000_000,
    };
    let world = Rectangle {
        lo: Some(lo),
        hi: Some(hi),
    };
    within("a listing", guide.list_features(world))
        .await
        .unwrap()
}

/// Reads a listing to its end: how many features there are, all of which must begin with `tag`.
async fn count(listing: &mut Streaming<Feature>, tag: &str) -> usize {
    let mut found = 0;
    while let Some(feature) = within("a feature", listing.message()).await.unwrap() {
        assert!(feature.name.starts_with(tag), "{}", feature.name);
        found += 1;
    }
    found
}

/// A server on a copy of the snapshot `old`, and where that copy is.
async fn serve(folder: &TempDir, old: &Path) -> (Program, RouteGuideClient<Channel>, PathBuf) {
    let file = folder.path().join("served.rgs");
    fs::copy(old, &file).unwrap();
    let flags = [
        "--features",
        file.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
        "--log",
        "info",
    ];
    let mut server = start(ROUTE_GUIDE_SERVER, &flags);
    let guide = RouteGuideClient::new(connect(&server.address()).await);
    (server, guide, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_that_run_finish_on_the_old_data_and_calls_tell_which_they_answer_from() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (
        snapshot(folder.path(), "old"),
        snapshot(folder.path(), "new"),
    );
    let versions = [&old, &new].map(|file| version_in(file));
    let (mut server, mut guide, file) = serve(&folder, &old).await;
    let begun = list(&mut guide).await;
    assert_eq!(version(begun.metadata()), versions[0]);
    let mut begun = begun.into_inner();
    within("a feature", begun.message()).await.unwrap().unwrap();

    fs::rename(&new, &file).unwrap();
    server.signal("HUP");
    server.logged("features reloaded");
    let mut after = list(&mut guide).await;
    assert_eq!(version(after.metadata()), versions[1]);
    assert_eq!(count(after.get_mut(), "new").await, FEATURES);
    let point = guide.get_feature(Point::default()).await.unwrap();
    assert_eq!(version(point.metadata()), versions[1]);
    assert_eq!(count(&mut begun, "old").await, FEATURES - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_served_without_a_word_from_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (
        snapshot(folder.path(), "old"),
        snapshot(folder.path(), "new"),
    );
    let (mut server, mut guide, file) = serve(&folder, &old).await;
    fs::rename(&new, &file).unwrap();
    server.logged("features reloaded");
    assert_eq!(
        count(list(&mut guide).await.get_mut(), "new").await,
        FEATURES
    );
}

/// A list that somebody had emptied emptied the service, and the log had a line that all was well.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_refused_and_the_old_data_stays() {
    let folder = tempfile::tempdir().unwrap();
    let old = snapshot(folder.path(), "old");
    let (mut server, mut guide, file) = serve(&folder, &old).await;
    let empty = folder.path().join("empty.rgs");
    Builder::new().write(Order::Input, &empty).unwrap();
    fs::rename(&empty, &file).unwrap();
    server.signal("HUP");
    let line = server.logged("features not reloaded, the old ones stay");
    assert!(line.contains("it has no place; --allow-empty"), "{line}");
    let listing = list(&mut guide).await;
    assert_eq!(count(&mut listing.into_inner(), "old").await, FEATURES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_refused_with_a_reason_and_the_old_data_stays() {
    let folder = tempfile::tempdir().unwrap();
    let old = snapshot(folder.path(), "old");
    let (mut server, mut guide, file) = serve(&folder, &old).await;
    let whole = fs::read(&old).unwrap();
    let damaged = folder.path().join("damaged.rgs");
    fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    fs::rename(&damaged, &file).unwrap();
    server.signal("HUP");
    let line = server.logged("features not reloaded, the old ones stay");
    assert!(line.contains("served.rgs"), "{line}");
    let listing = list(&mut guide).await;
    assert_eq!(version(listing.metadata()), version_in(&old));
    assert_eq!(count(&mut listing.into_inner(), "old").await, FEATURES);
}

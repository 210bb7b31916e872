//! A snapshot in which a bit has flipped is served by the real server.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Feature, Point, Rectangle};
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::ROUTE_GUIDE_SERVER;
use crate::process::{connect, import, start, within};

/// Their records take some twenty pages.
const FEATURES: i32 = 2_000;

fn point(row: i32) -> Point {
    Point {
        latitude: row,
        longitude: row * 1_000,
    }
}

fn feature(row: i32) -> Feature {
    Feature {
        name: format!("place number {row}"),
        location: Some(point(row)),
    }
}

/// Imports the features in the order of the rows.
fn snapshot(folder: &Path) -> Vec<u8> {
    let mut table = "lat,lon,name\n".to_owned();
    for row in 0..FEATURES {
        let Feature { name, .. } = feature(row);
        let Point {
            latitude,
            longitude,
        } = point(row);
        let _ = writeln!(table, "{latitude},{longitude},{name}");
    }
    let (input, output) = (folder.join("places.csv"), folder.join("places.rgs"));
    fs::write(&input, table).unwrap();
    let ended = import(&input, &output, &["--keep-order", "--e7"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    fs::read(output).unwrap()
}

/// Lists everything, and checks what comes before the end. Returns how the call ended.
async fn list(guide: &mut RouteGuideClient<Channel>) -> Result<(), Status> {
    let corner = |latitude, longitude| {
        Some(Point {
            latitude,
            longitude,
        })
    };
    let world = Rectangle {
        lo: corner(0, 0),
        hi: corner(900_000_000, 1_800_000_000),
    };
    let mut listing = within("a listing", guide.list_features(world))
        .await?
        .into_inner();
    let mut row = 0;
    while let Some(found) = within("a feature", listing.message()).await? {
        assert_eq!(found, feature(row));
        row += 1;
    }
    assert_eq!(row, FEATURES);
    Ok(())
}

/// Asks every way that there is, with the paths over stored bytes and the generated ones. Tells whether damage was met.
async fn ask(address: &str) -> bool {
    let guide = RouteGuideClient::new(connect(address).await);
    // A compressed request is left to the generated service.
    let generated = guide.clone().send_compressed(CompressionEncoding::Gzip);
    let mut met = false;
    for mut guide in [guide, generated] {
        if let Err(status) = list(&mut guide).await {
            assert_eq!(status.code(), Code::DataLoss, "{status}");
            met = true;
        }
        let mut missed = 0;
        for row in (0..FEATURES).step_by(7) {
            match within("a feature", guide.get_feature(point(row))).await {
                Ok(found) => assert_eq!(found.into_inner(), feature(row)),
                Err(status) => {
                    assert_eq!(status.code(), Code::DataLoss, "{status}");
                    missed += 1;
                }
            }
        }
        // A page has a hundred of them.
        assert!(
            missed <= 40,
            "{missed} are not answered for one damaged page"
        );
    }
    met
}

/// Of 1 500 single bits that flipped, 832 were served as other names or coordinates with OK.
#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_refused_or_ends_calls_with_data_loss_and_is_never_sent() {
    let folder = tempfile::tempdir().unwrap();
    let whole = snapshot(folder.path());
    let file = folder.path().join("flipped.rgs");
    let address = format!("unix:{}/socket", folder.path().display());
    let flags = ["--features", file.to_str().unwrap(), "--listen", &address];
    let (mut refused, mut started) = (0, 0);
    // The first are in the head and the index, more than half in the records.
    for part in 0..20 {
        let mut bytes = whole.clone();
        let at = whole.len() * part / 20 + 11;
        bytes[at] ^= 1 << (part % 8);
        fs::write(&file, bytes).unwrap();
        let mut server = start(ROUTE_GUIDE_SERVER, &flags);
        if !server.has_started() {
            let ended = server.ended();
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(ended.stderr.contains("flipped.rgs: "), "{ended:?}");
            refused += 1;
            continue;
        }
        assert!(ask(&address).await, "byte {at} is checked by nothing");
        server.signal("TERM");
        let told = server.ended().stderr;
        let lines = told.matches("features are damaged: RECS, offset ").count();
        assert_eq!(lines, 1, "{told}");
        started += 1;
    }
    assert!(
        refused > 0 && started > 0,
        "{refused} refused, {started} served"
    );
}

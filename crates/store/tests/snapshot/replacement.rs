//! There is always a whole file under the name of a snapshot, whatever happens to its writer.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use route_guide_geo::E7Point;
use route_guide_store::{Builder, OpenError, Order, Store, WriteError};

/// Tells the process that a test starts to write to this file until it is killed.
const WRITE_TO: &str = "ROUTE_GUIDE_TEST_WRITE_TO";

fn builder(len: i32) -> Builder {
    let mut builder = Builder::new();
    for i in 0..len {
        builder
            .push(E7Point::unbounded(i, -i), "somewhere")
            .unwrap();
    }
    builder
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_file_takes_the_place_of_an_old_one_that_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.rgs");
    builder(3).write(Order::Spatial, &path).unwrap();
    let old = Store::open(&path).unwrap();
    builder(5).write(Order::Spatial, &path).unwrap();
    let new = Store::open(&path).unwrap();
    assert_eq!((old.features().count(), new.features().count()), (3, 5));
    assert_eq!(names_in(folder.path()), ["places.rgs"]);
}

#[test]
fn what_cannot_be_written_is_told_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").join("places.rgs");
    let error = builder(3).write(Order::Spatial, &missing).unwrap_err();
    assert!(matches!(error, WriteError::Create { .. }), "{error}");
    let expected = format!(
        "cannot create a file in {}: ",
        folder.path().join("missing").display()
    );
    assert!(error.to_string().starts_with(&expected), "{error}");

    let taken = folder.path().join("folder");
    fs::create_dir(&taken).unwrap();
    let dots = folder.path().join("..");
    for path in [&taken, &dots] {
        let error = builder(3).write(Order::Spatial, path).unwrap_err();
        assert!(matches!(error, WriteError::NotAFile { .. }), "{error}");
    }
    assert_eq!(names_in(folder.path()), ["folder"]);
}

/// `-o /dev/null` put a file in the place of the device.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_replaced_by_one() {
    use std::os::unix::net::UnixListener;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&socket, &link).unwrap();
    for path in [&socket, &link] {
        let expected = format!(
            "cannot replace {}: it is not a regular file",
            path.display()
        );
        let error = builder(3).write(Order::Spatial, path).unwrap_err();
        assert_eq!(error.to_string(), expected);
        let error = Builder::check_output(path).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(names_in(folder.path()), ["link", "socket"]);
}

#[test]
fn a_check_of_the_output_leaves_everything_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.rgs");
    Builder::check_output(&path).unwrap();
    assert_eq!(names_in(folder.path()), [""; 0]);
    fs::write(&path, "old").unwrap();
    Builder::check_output(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    let missing = folder.path().join("missing").join("places.rgs");
    let error = Builder::check_output(&missing).unwrap_err();
    assert!(matches!(error, WriteError::Create { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_snapshot_may_be_read_by_whom_any_new_file_may_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| {
        fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode()
    };
    fs::write(folder.path().join("any"), "").unwrap();
    builder(3)
        .write(Order::Spatial, &folder.path().join("places.rgs"))
        .unwrap();
    assert_eq!(mode("places.rgs"), mode("any"));
}

/// The link itself was replaced, and what it led to stayed as it was.
#[cfg(unix)]
#[test]
fn a_link_stays_and_what_it_leads_to_is_replaced() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let far = folder.path().join("far");
    fs::create_dir(&far).unwrap();
    symlink("far/second", folder.path().join("first")).unwrap();
    symlink("places.rgs", far.join("second")).unwrap();
    let link = folder.path().join("first");
    // At first there is nothing at the end of the links.
    for len in [3, 5] {
        Builder::check_output(&link).unwrap();
        builder(len).write(Order::Spatial, &link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(
            fs::symlink_metadata(far.join("second"))
                .unwrap()
                .is_symlink()
        );
        let store = Store::open(&far.join("places.rgs")).unwrap();
        assert_eq!(store.len(), usize::try_from(len).unwrap());
        assert_eq!(names_in(&far), ["places.rgs", "second"]);
    }
    assert_eq!(names_in(folder.path()), ["far", "first"]);

    symlink("circle", folder.path().join("circle")).unwrap();
    let error = builder(3)
        .write(Order::Spatial, &folder.path().join("circle"))
        .unwrap_err();
    assert!(matches!(error, WriteError::Create { .. }), "{error}");
}

/// A file for its owner alone was replaced by one that everybody could read.
#[cfg(unix)]
#[test]
fn a_new_file_has_the_permissions_of_the_old_one() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.rgs");
    builder(3).write(Order::Spatial, &path).unwrap();
    for mode in [0o600, 0o640, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let old = fs::metadata(&path).unwrap();
        builder(5).write(Order::Spatial, &path).unwrap();
        let new = fs::metadata(&path).unwrap();
        assert_eq!(new.permissions().mode() & 0o7777, mode);
        assert_eq!((new.uid(), new.gid()), (old.uid(), old.gid()));
        assert_ne!(new.ino(), old.ino(), "it is another file");
    }
}

const MANY: i32 = 20_000;

/// Returns how much a process has written to the file in this folder that it has open. That may have no name.
#[cfg(target_os = "linux")]
fn written(process: u32, folder: &Path) -> Option<u64> {
    let open = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let mut open = open.filter_map(|entry| Some(entry.ok()?.path()));
    let in_folder = |path: &PathBuf| {
        fs::read_link(path)
            .is_ok_and(|target| target.starts_with(folder) && target.as_path() != folder)
    };
    let file = open.find(in_folder)?;
    Some(fs::metadata(file).ok()?.len())
}

/// The part of the test below that is killed.
#[cfg(target_os = "linux")]
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = env::var_os(WRITE_TO) else {
        return;
    };
    loop {
        builder(20_000)
            .write(Order::Spatial, Path::new(&path))
            .unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_writer_that_is_killed_leaves_the_old_file_or_a_whole_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.rgs");
    let file_bytes = builder(MANY)
        .write(Order::Spatial, &path)
        .unwrap()
        .file_bytes;
    builder(7).write(Order::Spatial, &path).unwrap();
    for moment in 0..8 {
        let mut writer = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "replacement::writes_until_it_is_killed",
                "--nocapture",
            ])
            .env(WRITE_TO, &path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Each time a little later in the life of a new file: once it has so many bytes.
        let process = writer.id();
        let has_enough = || {
            let written = written(process, folder.path());
            written.is_some_and(|bytes| bytes >= file_bytes * moment / 8)
        };
        while !has_enough() {
            assert_eq!(writer.try_wait().unwrap(), None, "the writer goes on");
            std::thread::yield_now();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let store = Store::open(&path).unwrap();
        store.verify().unwrap();
        assert!([7, 20_000].contains(&store.len()));
        // A process that is killed while the file gets its name leaves one that no other takes.
        for name in names_in(folder.path())
            .iter()
            .filter(|name| *name != "places.rgs")
        {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
}

#[test]
fn what_is_no_file_or_no_snapshot_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("places.rgs");
    let name = file.display();
    let check = |path: &Path, expected: &str| {
        let error = Store::open(path).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(!error.to_string().contains('\n'));
        error
    };
    check(&file, &format!("cannot read {name}: "));
    let shown = folder.path().display();
    check(
        folder.path(),
        &format!("cannot read {shown}: it is not a regular file"),
    );
    fs::write(&file, "").unwrap();
    let error = check(
        &file,
        &format!("cannot open {name}: header, offset 0: the file has 0 bytes"),
    );
    assert!(matches!(error, OpenError::NotASnapshot { .. }));
    fs::write(&file, "[]".repeat(50)).unwrap();
    check(
        &file,
        &format!("cannot open {name}: header, offset 0: the file begins with \"[][][][]\""),
    );
    builder(9).write(Order::Input, &file).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    // Line ends that were made to fit another system.
    bytes.remove(4);
    fs::write(&file, &bytes).unwrap();
    let error = check(
        &file,
        &format!(
            "cannot open {name}: header, offset 0: the file begins with \"\\x89RGS\\n\\x1a\\n"
        ),
    );
    assert!(matches!(error, OpenError::Snapshot { .. }));
}

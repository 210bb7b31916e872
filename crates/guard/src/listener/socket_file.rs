//! The file of a Unix socket, which outlives a killed server and is taken over by the next one.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

/// The file of a listening Unix socket.
///
/// Dropping it removes the file, unless another server's stands at the path by then. Drop it before the socket:
/// a file whose socket is closed looks like one that a killed server left, and the next server may take it over.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    id: FileId,
}

/// What distinguishes a file from every other that exists: its device and its number there.
type FileId = (u64, u64);

impl SocketFile {
    /// Makes a listening socket with `listen` at a path where there is no file, or one that a killed server left.
    ///
    /// Of several servers that claim a path at the same time one gets it. Only a folder that cannot be locked,
    /// because it may not be read or its file system has no locks, leaves that to chance.
    ///
    /// # Errors
    ///
    /// Whatever the system says, and [`io::ErrorKind::AddrInUse`] if a server answers there or the file is no socket.
    pub(crate) fn claim(
        path: PathBuf,
        listen: impl Fn(&Path) -> io::Result<Socket>,
    ) -> io::Result<(Socket, Self)> {
        // Between binding and listening a socket refuses connections as one does whose server was killed.
        let _turn = lock_folder_of(&path);
        let socket = match listen(&path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(&path) => {
                fs::remove_file(&path)?;
                listen(&path)?
            }
            other => other?,
        };
        let id = id(&fs::symlink_metadata(&path)?);
        Ok((socket, Self { path, id }))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| id(&found) == self.id) {
            // If it has gone in between, that is what was wanted.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id(file: &Metadata) -> FileId {
    (file.dev(), file.ino())
}

/// Waits for the turn of this process in the folder; the turn ends when the file is dropped.
fn lock_folder_of(path: &Path) -> Option<File> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = File::open(folder).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// Whether the file is a socket that nobody listens on.
fn is_abandoned(path: &Path) -> bool {
    // Connecting to an ordinary file is refused too, so the kind of file has to be asked for.
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
        && connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn connect(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A server that is too busy to accept is there all the same; do not wait for it.
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::sync::Barrier;
    use std::thread;

    use crate::{BindError, ListenAddress, Listener};

    use super::*;

    /// Leaves a socket file as a kill does: the standard listener removes nothing.
    fn abandon(path: &Path) {
        drop(UnixListener::bind(path).unwrap());
    }

    #[tokio::test]
    async fn a_file_left_by_a_killed_server_is_taken_over_and_that_of_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rg.sock");
        let address: ListenAddress = format!("unix:{}", path.display()).parse().unwrap();
        abandon(&path);

        let live = Listener::bind(&address).await.unwrap();
        let error = Listener::bind(&address).await.unwrap_err();
        assert!(matches!(error, BindError::InUse { .. }), "{error}");
        drop(live);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_not_a_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "precious").unwrap();
        let address = format!("unix:{}", path.display()).parse().unwrap();
        assert!(Listener::bind(&address).await.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    /// A server that was told to stop removed the file of its successor, which then listened where nobody could connect.
    #[tokio::test]
    async fn a_server_that_stops_leaves_the_file_of_its_successor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rg.sock");
        let address: ListenAddress = format!("unix:{}", path.display()).parse().unwrap();
        let old = Listener::bind(&address).await.unwrap();
        fs::remove_file(&path).unwrap();
        let successor = Listener::bind(&address).await.unwrap();
        drop(old);
        UnixStream::connect(&path).unwrap();
        drop(successor);
        assert!(!path.exists());
    }

    #[test]
    fn the_file_goes_before_its_socket_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rg.sock");
        let listen = |path: &Path| UnixListener::bind(path).map(Socket::from);
        let (socket, file) = SocketFile::claim(path.clone(), listen).unwrap();
        drop(file);
        assert!(!path.exists());
        assert!(socket.is_listener().unwrap());
    }

    #[test]
    fn of_servers_that_claim_an_abandoned_file_at_once_one_gets_it() {
        const SERVERS: usize = 4;
        const ROUNDS: usize = 500;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rg.sock");
        let start = Barrier::new(SERVERS);
        let claim = || {
            start.wait();
            // Slowly, so that the others see the socket before it listens.
            let claimed = SocketFile::claim(path.clone(), |path| {
                let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
                socket.bind(&SockAddr::unix(path)?)?;
                thread::yield_now();
                socket.listen(1)?;
                Ok(socket)
            });
            // Nobody gives up what it has before all have tried.
            start.wait();
            claimed.map(|(socket, file)| drop((file, socket))).is_ok()
        };
        for round in 0..ROUNDS {
            abandon(&path);
            let won = thread::scope(|scope| {
                let servers = [(); SERVERS].map(|()| scope.spawn(claim));
                let won = servers.map(|server| server.join().unwrap());
                won.into_iter().filter(|won| *won).count()
            });
            assert_eq!(won, 1, "in round {round}");
            assert!(!path.exists());
        }
    }
}

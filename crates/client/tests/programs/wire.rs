//! A connection between two programs that a test can cut.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes connections on to a server. It ends with the test's process.
#[derive(Debug)]
pub(crate) struct Wire {
    target: String,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    is_cut: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Wire {
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap().to_string();
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        let server = server.to_owned();
        thread::spawn(move || {
            for client in listener.incoming() {
                shared.join(client.unwrap(), &server);
            }
        });
        Self { target, state }
    }

    /// Where clients connect to, in the form of `--target`.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Closes all connections, and each that comes from now on.
    pub(crate) fn cut(&self) {
        let mut sockets = self.state.sockets.lock().unwrap();
        self.state.is_cut.store(true, Ordering::SeqCst);
        for socket in sockets.drain(..) {
            // It may be closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }
}

impl State {
    fn join(&self, client: TcpStream, server: &str) {
        let mut sockets = self.sockets.lock().unwrap();
        if self.is_cut.load(Ordering::SeqCst) {
            return;
        }
        // The server may be away.
        let Ok(server) = TcpStream::connect(server) else {
            return;
        };
        for (from, to) in [(&client, &server), (&server, &client)] {
            let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        sockets.extend([client, server]);
    }
}

use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::mem;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// The most that a program may take to do anything, on a slow machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running program, whose output is read as it comes; dropping it kills it.
///
/// # Examples
///
/// ```
/// use route_guide_testkit::{Program, command};
///
/// let mut shell = Program::start(command("sh").args(["-c", "echo ready; kill -s TERM $$"]));
/// assert_eq!(shell.line(), "ready");
/// assert_eq!(shell.ended().code, None);
/// ```
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// What has been read of standard error.
    log: String,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ended {
    /// The exit status; `None` if a signal killed it.
    pub code: Option<i32>,
    /// What it wrote to standard output after the lines that were read from it.
    pub stdout: Vec<String>,
    /// All that it wrote to standard error.
    pub stderr: String,
}

impl Program {
    /// Starts a program with pipes for standard output and standard error, and nothing to read.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self::spawn(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        )
    }

    /// Starts a program with the files that the command names. Of what is no pipe nothing is read.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("{command:?} does not start: {error}"),
        };
        Self {
            stdout: child.stdout.take().map_or_else(nothing, lines_of),
            stderr: child.stderr.take().map_or_else(nothing, lines_of),
            child,
            log: String::new(),
        }
    }

    /// Waits for the next line on standard output.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn line(&mut self) -> String {
        let line = self.stdout.recv_timeout(PATIENCE);
        line.unwrap_or_else(|_| panic!("no line, but {:?}", self.kill_and_log()))
    }

    /// Waits until the program has written its first line, or has ended without one, and returns whether it has.
    ///
    /// # Panics
    ///
    /// If it does neither.
    pub fn has_started(&mut self) -> bool {
        match self.stdout.recv_timeout(PATIENCE) {
            Ok(_) => true,
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("neither a line nor an end"),
        }
    }

    /// Waits for the line of a server that names its address, and returns that.
    ///
    /// # Panics
    ///
    /// If the line is another one.
    pub fn address(&mut self) -> String {
        let line = self.line();
        if let Some(address) = line.strip_prefix("Starting server on ") {
            address.to_owned()
        } else if let Some(port) = line.strip_prefix("Server started, listening on ") {
            format!("127.0.0.1:{port}")
        } else {
            panic!("a server's first line was {line:?}")
        }
    }

    /// Waits for a line on standard error that has these words in it, and returns it.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn logged(&mut self, words: &str) -> String {
        while let Some(line) = self.log_line(PATIENCE) {
            if line.contains(words) {
                return line;
            }
        }
        panic!("{words:?} is not logged, but {:?}", self.log);
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, named as for `kill`.
    ///
    /// # Panics
    ///
    /// If there is no such process.
    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is not installed everywhere.
        let kill = format!("kill -{name} {}", self.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{kill}");
    }

    /// Returns how it has ended, if it has.
    ///
    /// # Panics
    ///
    /// If the system does not say.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits until it has closed standard output and ended. There is no status if it has not done so within the limit.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.stdout.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().ok(),
                Err(RecvTimeoutError::Timeout) => return None,
            }
        }
    }

    /// Kills it, as `kill -9` does, and returns all that it wrote to standard error.
    pub fn kill_and_log(&mut self) -> String {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A child of its own may hold the pipe open.
        while self.log_line(PATIENCE).is_some() {}
        self.log.clone()
    }

    /// Waits for the program to end.
    ///
    /// # Panics
    ///
    /// If it goes on.
    #[must_use]
    pub fn ended(self) -> Ended {
        self.ended_within(PATIENCE)
    }

    /// Waits for the program to end, as long as the limit says.
    ///
    /// # Panics
    ///
    /// If it goes on.
    #[must_use]
    pub fn ended_within(mut self, limit: Duration) -> Ended {
        let end = Instant::now() + limit;
        let left = || end.saturating_duration_since(Instant::now());
        let mut stdout = Vec::new();
        // Its pipes close when it ends.
        loop {
            match self.stdout.recv_timeout(left()) {
                Ok(line) => stdout.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("the program goes on after {limit:?}, having written {stdout:?}")
                }
            }
        }
        while self.log_line(left()).is_some() {}
        let status = self.child.wait().expect("a child can be waited for");
        Ended {
            code: status.code(),
            stdout,
            stderr: mem::take(&mut self.log),
        }
    }

    /// Waits for a line on standard error. There is none once the pipe is closed, or the limit is over.
    fn log_line(&mut self, limit: Duration) -> Option<String> {
        let line = self.stderr.recv_timeout(limit).ok()?;
        self.log.push_str(&line);
        self.log.push('\n');
        Some(line)
    }
}

impl Drop for Program {
    /// Kills it, and shows what it wrote to standard error if its test fails.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            while self.log_line(PATIENCE).is_some() {}
            // A closed standard error is no reason to fail.
            let _ = writeln!(io::stderr(), "log of process {}:\n{}", self.id(), self.log);
        }
    }
}

/// Reads a pipe line by line, on a thread that ends with it.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line);
            // Reads on if nobody listens, so that the program never writes into a closed pipe.
            let _ = send.send(text.strip_suffix('\n').unwrap_or(&text).to_owned());
            line.clear();
        }
    });
    lines
}

/// The lines of what is no pipe.
fn nothing() -> Receiver<String> {
    mpsc::channel().1
}

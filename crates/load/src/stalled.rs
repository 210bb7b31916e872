//! Clients that ask for much and then do not read it.

use route_guide_geo::E7Rectangle;
use route_guide_proto::routeguide::Rectangle;

use crate::connection::{Connection, ready};
use crate::failure::Failure;
use crate::messages;
use crate::peer::INITIAL_WINDOW;
use crate::run::open;
use crate::session::{Event, Method, Windows};
use crate::{Load, LoadError, Target};

/// Calls of ListFeatures whose first window is full and stays so; they end when this is dropped.
///
/// What a server holds for each of them is what a slow reader costs.
#[derive(Debug)]
pub struct StalledListings {
    connections: Vec<Connection<u32>>,
}

impl StalledListings {
    /// Asks for a rectangle so many times over so many connections, and waits until the server can send no more.
    ///
    /// An answer that fits into 64 KiB ends and does not stall.
    ///
    /// # Errors
    ///
    /// [`LoadError::TooManyStreams`] if the connections cannot carry so many, another if the server fails.
    pub fn open(
        target: &Target,
        area: E7Rectangle,
        streams: usize,
        connections: usize,
    ) -> Result<Self, LoadError> {
        let load = Load {
            connections,
            windows: Windows {
                stream_bytes: INITIAL_WINDOW,
                ..Windows::WIDE
            },
            ..Load::default()
        };
        let mut connections = open(target, &load)?;
        let area = Rectangle {
            lo: Some(area.lo().into()),
            hi: Some(area.hi().into()),
        };
        let mut request = Vec::new();
        messages::frame(&area, &mut request);
        let count = connections.len();
        for number in 0..streams {
            let session = &mut connections[number % count].session;
            session.starve();
            if session.open_calls() >= session.max_calls() {
                return Err(LoadError::TooManyStreams {
                    allowed: session.max_calls(),
                });
            }
            let stream = session.begin(Method::ListFeatures, 0)?;
            session.send(stream, &request, true);
        }

        let mut going_on = streams;
        while going_on > 0 {
            for at in ready(&mut connections)? {
                let connection = &mut connections[at];
                connection.read()?;
                let mut failed = None;
                connection.dispatch(|event| match event {
                    Event::Data { call, bytes, .. } => {
                        let had_room = *call < INITIAL_WINDOW;
                        *call += u32::try_from(bytes.len()).unwrap_or(INITIAL_WINDOW);
                        let is_full = *call >= INITIAL_WINDOW;
                        going_on -= usize::from(had_room && is_full);
                    }
                    Event::Ended { call, status } => {
                        going_on -= usize::from(call < INITIAL_WINDOW);
                        failed = Failure::unless_ok(status.clone()).map(|_| status);
                    }
                })?;
                if let Some(status) = failed {
                    return Err(LoadError::Call(status));
                }
            }
        }
        Ok(Self { connections })
    }

    /// Returns how many calls are stalled.
    #[must_use]
    pub fn len(&self) -> usize {
        let open = self.connections.iter().map(|c| c.session.open_calls());
        open.sum()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

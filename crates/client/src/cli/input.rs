//! Lines of input as a stream for a call.

use std::io::{self, BufRead as _, BufReader, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use anyhow::{Context as _, anyhow, bail};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::Stream;

/// A line longer than this is no point and no note, but a wrong file.
const LONGEST_LINE_BYTES: u64 = 64 << 10;

/// How many lines are read ahead of the call.
const AHEAD: usize = 256;

/// What some editors and shells put before a text. It is no part of the first line.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What a line of input means.
#[derive(Debug)]
pub(super) enum Line<T> {
    Item(T),
    /// Nothing to send.
    Skip,
    /// The last line that counts.
    End,
}

/// Reads lines on a thread of its own and turns them into items as they come.
///
/// `parse` is given each line with its number, counted from 1, without its line break. The first error ends the input;
/// it comes out of the second value, and the stream then stays open: an input that is broken off must not look to a
/// server like one that is complete.
///
/// A read from a terminal cannot be interrupted, so the thread is not waited for. It ends with its input, with the
/// process, or when an item finds the stream gone.
pub(super) fn items<T: Send + 'static>(
    input: impl Read + Send + 'static,
    mut parse: impl FnMut(&str) -> anyhow::Result<Line<T>> + Send + 'static,
) -> (Items<T>, BadInput) {
    let (sender, items) = mpsc::channel(AHEAD);
    let (report, bad) = oneshot::channel();
    thread::spawn(move || {
        let mut input = BufReader::new(input);
        let mut line = Vec::new();
        for number in 1_u64.. {
            let item = match next_line(&mut input, &mut line) {
                Ok(None) => return,
                Ok(Some(line)) if number == 1 => {
                    parse(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line))
                }
                Ok(Some(line)) => parse(line),
                Err(err) => Err(err),
            };
            let item = match item {
                Ok(Line::Item(item)) => Ok(item),
                Ok(Line::Skip) => continue,
                Ok(Line::End) => return,
                Err(err) => Err(err.context(format!("line {number}"))),
            };
            let is_last = item.is_err();
            if sender.blocking_send(item).is_err() || is_last {
                return;
            }
        }
    });
    (
        Items {
            items,
            report: Some(report),
        },
        BadInput(bad),
    )
}

fn next_line<'a>(
    input: &mut impl io::BufRead,
    line: &'a mut Vec<u8>,
) -> anyhow::Result<Option<&'a str>> {
    line.clear();
    let read = input
        .take(LONGEST_LINE_BYTES + 1)
        .read_until(b'\n', line)
        .context("cannot read the input")?;
    if read == 0 {
        return Ok(None);
    }
    if line.ends_with(b"\n") {
        line.pop();
    } else if line.len() as u64 > LONGEST_LINE_BYTES {
        bail!("longer than {LONGEST_LINE_BYTES} bytes");
    }
    if line.ends_with(b"\r") {
        line.pop();
    }
    let text = std::str::from_utf8(line)
        .map_err(|err| anyhow!("not UTF-8 after {} bytes", err.valid_up_to()))?;
    Ok(Some(text))
}

/// The items of an input, for a call to send.
#[derive(Debug)]
pub(super) struct Items<T> {
    items: mpsc::Receiver<anyhow::Result<T>>,
    report: Option<oneshot::Sender<anyhow::Error>>,
}

impl<T> Stream for Items<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.report.is_none() {
            return Poll::Pending;
        }
        match ready!(self.items.poll_recv(cx)) {
            None => Poll::Ready(None),
            Some(Ok(item)) => Poll::Ready(Some(item)),
            Some(Err(err)) => {
                if let Some(report) = self.report.take() {
                    // Nobody listens if the call has ended, and then the input does not matter.
                    let _ = report.send(err);
                }
                Poll::Pending
            }
        }
    }
}

/// What is wrong with an input, if something is.
#[derive(Debug)]
pub(super) struct BadInput(oneshot::Receiver<anyhow::Error>);

impl BadInput {
    /// Waits for the input to break off. Never returns if it does not.
    pub(super) async fn error(&mut self) -> anyhow::Error {
        match (&mut self.0).await {
            Ok(err) => err,
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt;

    use super::{Line, items};

    /// Reads an input whose items are numbers; a line `.` ends it.
    async fn read(input: impl Into<Vec<u8>>) -> (Vec<i32>, Option<String>) {
        let input = std::io::Cursor::new(input.into());
        let (mut numbers, mut bad) = items(input, |line| match line {
            "" => Ok(Line::Skip),
            "." => Ok(Line::End),
            number => Ok(Line::Item(number.parse()?)),
        });
        let mut seen = Vec::new();
        loop {
            tokio::select! {
                biased;
                err = bad.error() => return (seen, Some(format!("{err:#}"))),
                number = numbers.next() => match number {
                    Some(number) => seen.push(number),
                    None => return (seen, None),
                },
            }
        }
    }

    #[tokio::test]
    async fn lines_become_items_until_the_end() {
        assert_eq!(read("1\n2\r\n\n3").await, (vec![1, 2, 3], None));
        assert_eq!(read("").await, (vec![], None));
        assert_eq!(read("1\n.\nx").await, (vec![1], None));
        assert_eq!(read("\u{feff}1\n2").await, (vec![1, 2], None));
        assert_eq!(read("\u{feff}").await, (vec![], None));
        let (_, second_line) = read("1\n\u{feff}2").await;
        assert!(second_line.is_some());
    }

    #[tokio::test]
    async fn a_bad_line_is_named_and_does_not_look_like_the_end() {
        let (seen, err) = read("1\n\nx\n4\n").await;
        assert_eq!(seen, [1]);
        assert_eq!(err.unwrap(), "line 3: invalid digit found in string");

        let (_, err) = read(b"1\nab\xff\n").await;
        assert_eq!(err.unwrap(), "line 2: not UTF-8 after 2 bytes");

        let (_, err) = read(vec![b'1'; 1 << 20]).await;
        assert_eq!(err.unwrap(), "line 1: longer than 65536 bytes");
    }
}

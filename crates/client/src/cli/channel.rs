//! `channel`: shows the states of the channel while it connects.

use std::pin::pin;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::time::Instant;
use tonic::Status;

use super::failure::Failure;
use super::output::Output;
use super::session::Session;
use crate::call::deadline::Deadline;
use crate::call::status;
use crate::channel::Channel;
use crate::channel::state::{ChannelState, StateChanges};

/// How long to look at the channel.
#[derive(Args, Debug)]
pub(super) struct ChannelArgs {
    /// Keep the channel connected and show its changes until Ctrl-C, or for --timeout
    #[arg(long)]
    watch: bool,
}

/// A connection that is lost again within this time is not replaced at once.
const SHORT_LIFE: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct StateMessage {
    state: &'static str,
}

pub(super) async fn run(session: Session, args: &ChannelArgs) -> Result<(), Failure> {
    let Session {
        channel,
        options,
        output,
        ..
    } = session;
    let mut changes = channel.state_changes();
    show(&output, channel.state()).await?;

    let deadline = options.effective_deadline();
    if args.watch {
        return tokio::select! {
            biased;
            end = print(&mut changes, &output) => end,
            () = keep_connected(&channel) => Ok(()),
            _over = over(deadline.as_ref()) => Ok(()),
        };
    }

    let outcome = {
        let mut connect = pin!(connect(
            &channel,
            options.waits_for_ready(),
            deadline.as_ref()
        ));
        loop {
            tokio::select! {
                biased;
                Some(state) = changes.next() => show(&output, state).await?,
                outcome = &mut connect => break outcome,
            }
        }
    };
    // The last change and the outcome come together.
    loop {
        tokio::select! {
            biased;
            Some(state) = changes.next() => show(&output, state).await?,
            () = std::future::ready(()) => return outcome.map_err(Failure::Status),
        }
    }
}

/// Connects, or waits until that succeeds, for as long as the deadline allows.
pub(super) async fn connect(
    channel: &Channel,
    wait: bool,
    deadline: Option<&Deadline>,
) -> Result<(), Status> {
    let attempt = async {
        if wait {
            channel.wait_for_ready().await;
            Ok(())
        } else {
            channel
                .ready()
                .await
                .map_err(|err| status::unavailable(&err))
        }
    };
    let outcome = tokio::select! {
        biased;
        expired = over(deadline) => Err(expired),
        outcome = attempt => return outcome,
    };
    // The attempt is dropped here, so that its lock is free.
    match channel.last_error().await {
        Some(err) => outcome.map_err(|expired| status::while_connecting(expired, Some(&err))),
        None => outcome,
    }
}

async fn over(deadline: Option<&Deadline>) -> Status {
    match deadline {
        None => std::future::pending().await,
        Some(deadline) => {
            tokio::time::sleep_until(deadline.at()).await;
            deadline.status()
        }
    }
}

async fn keep_connected(channel: &Channel) {
    let mut state = channel.watch_state();
    loop {
        channel.wait_for_ready().await;
        let since = Instant::now();
        // The channel is alive, so its state can be waited for.
        let _ = state.wait_for(|state| *state != ChannelState::Ready).await;
        if since.elapsed() < SHORT_LIFE {
            tokio::time::sleep(SHORT_LIFE).await;
        }
    }
}

async fn print(changes: &mut StateChanges, output: &Output) -> Result<(), Failure> {
    while let Some(state) = changes.next().await {
        show(output, state).await?;
    }
    Ok(())
}

async fn show(output: &Output, state: ChannelState) -> Result<(), Failure> {
    let message = StateMessage {
        state: state.name(),
    };
    output.message(state, &message).await
}

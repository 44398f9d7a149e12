//! What people read about a rotation.

use repass_rotate::record::{Entry, Millis, NEVER, State, Status};
use repass_rotate::worker::{Check, End, Progress, Summary};

const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// Returns a line about something that happened.
pub(crate) fn line(progress: &Progress, now: Millis) -> Option<String> {
    match progress {
        Progress::Entry { name, entry } => Some(format!("{name}: {}", words(entry))),
        Progress::Turn { name, end } => problem(end, now).map(|words| format!("{name}: {words}")),
        Progress::Stopped { service, reason } => Some(match service {
            Some(service) => format!("stopped sending to {service}: {reason}"),
            None => format!("stopped: {reason}"),
        }),
        _ => None,
    }
}

/// Returns an event of a record's history in words.
pub(crate) fn words(entry: &Entry) -> String {
    let mut words = entry.what.text().to_owned();
    let number = entry.number.map(|number| format!("password {number}"));
    let request = entry
        .request_id
        .as_ref()
        .map(|id| format!("request id {id}"));
    let facts: Vec<_> = number.into_iter().chain(request).collect();
    if !facts.is_empty() {
        words += &format!(" ({})", facts.join(", "));
    }
    if let Some(detail) = &entry.detail {
        words += &format!(": {detail}");
    }
    words
}

/// Returns what is wrong after a turn, and what happens next.
fn problem(end: &End, now: Millis) -> Option<String> {
    match end {
        End::State {
            state,
            problem,
            due_at,
            ..
        } => {
            let problem = problem.as_ref()?;
            let next = match (state, *due_at) {
                (State::Stuck | State::Failed, _) | (_, NEVER) => problem.kind.advice().to_owned(),
                (_, due_at) => format!("next attempt {}", when(due_at, now)),
            };
            Some(format!("{state}: {problem}; {next}"))
        }
        End::Held => Some("another worker holds it".to_owned()),
        End::ClockBack => {
            Some("nothing was done: the clock is behind the last change; set it".to_owned())
        }
        End::OtherTarget => Some(
            "nothing was done: its record belongs to another instance or account; give the \
             credential another name"
                .to_owned(),
        ),
        End::Store { reason } => Some(format!("nothing was done: {reason}")),
        _ => None,
    }
}

/// Returns the result of a login with the current password in words.
pub(crate) fn check(check: Check, reason: Option<&str>) -> String {
    let words = match check {
        Check::Live => "the current password is live",
        Check::Drift => {
            "the current password is rejected: someone else changed it; run `repass import` with the \
             new one, or `repass rotate --force` to reset it"
        }
        Check::PasswordFree => "the instance needs no password",
        Check::Unreachable => "the login address cannot be reached",
        Check::NoLogin => "no login address",
        Check::NoCurrent => "the current password is not known; run `repass import`",
        _ => "unknown result",
    };
    match reason {
        Some(reason) => format!("{words} ({reason})"),
        None => words.to_owned(),
    }
}

/// Returns a summary in words: the first counts always, the others if there are any.
pub(crate) fn summary(summary: &Summary, unreachable: usize) -> String {
    let always = [
        ("rotated", summary.rotated),
        ("up to date", summary.up_to_date),
        ("refused", summary.refused),
        ("doubtful", summary.doubtful),
        ("stuck", summary.stuck),
    ];
    let others = [
        ("waiting", summary.waiting),
        ("not published", summary.not_published),
        ("unreachable", unreachable),
        ("held by another worker", summary.held),
        ("store or target wrong", summary.failed),
        ("clock moved back", summary.clock_back),
        ("skipped", summary.skipped),
    ];
    let others = others.into_iter().filter(|(_, count)| *count > 0);
    let counts = always.into_iter().chain(others);
    let counts: Vec<_> = counts
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    counts.join(", ")
}

/// Returns the exit code of a run: that of the gravest result.
pub(crate) fn exit_code(summary: &Summary, unreachable: usize) -> u8 {
    let Summary {
        waiting,
        refused,
        doubtful,
        stuck,
        not_published,
        failed,
        skipped,
        clock_back,
        ..
    } = summary;
    let lesser = [
        waiting,
        refused,
        not_published,
        failed,
        skipped,
        clock_back,
        &unreachable,
    ];
    if doubtful + stuck > 0 {
        4
    } else {
        u8::from(lesser.into_iter().any(|count| *count > 0))
    }
}

/// Returns the exit code for the state of one record.
pub(crate) fn exit_code_of(status: &Status) -> u8 {
    match status.state {
        State::Sending | State::Doubtful | State::Stuck => 4,
        State::Failed | State::Promoted => 1,
        State::Idle | State::Prepared | State::Set => u8::from(status.problem.is_some()),
    }
}

/// Returns a time relative to now, such as `in 3d`.
pub(crate) fn when(time: Millis, now: Millis) -> String {
    match (time, time.checked_sub(now)) {
        (NEVER, _) => "never".to_owned(),
        (_, None | Some(0)) => "now".to_owned(),
        (_, Some(left)) => format!("in {}", span(left)),
    }
}

/// Returns a span of time in its largest unit, such as `41d`.
pub(crate) fn span(millis: Millis) -> String {
    match millis {
        DAY.. => format!("{}d", millis / DAY),
        HOUR.. => format!("{}h", millis / HOUR),
        MINUTE.. => format!("{}m", millis / MINUTE),
        _ => format!("{}s", millis.div_ceil(SECOND)),
    }
}

/// Returns a time as RFC 3339 in UTC, to the second.
pub(crate) fn timestamp(time: Millis) -> String {
    let seconds = i64::try_from(time / SECOND).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "never".to_owned(), |at| at.to_string())
}

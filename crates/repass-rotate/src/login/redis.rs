//! The login to Redis: one `AUTH` and its answer.

use repass_client::Secret;
use zeroize::Zeroizing;

use super::LoginResult;
use super::connection::{Address, Connection, Deadline, Unknown};

/// The user that every connection begins as.
const DEFAULT_USER: &str = "default";

/// Longest answer to `AUTH` that is read.
const LINE_LIMIT: usize = 1024;

pub(super) async fn login(
    address: &Address,
    user: Option<&str>,
    password: &Secret,
    deadline: Deadline,
) -> Result<LoginResult, Unknown> {
    // With a user name, a server without a password says OK to every password. With the password
    // alone it says that it has none. Before Redis 6 there is only this form.
    let request = match user.filter(|user| *user != DEFAULT_USER) {
        Some(user) => command(&["AUTH", user, password.expose()]),
        None => command(&["AUTH", password.expose()]),
    };
    let mut connection = address.open(deadline).await?;
    connection.write(&request).await?;
    let line = read_line(&mut connection).await?;
    connection.close().await;
    judge(&line)
}

fn judge(line: &[u8]) -> Result<LoginResult, Unknown> {
    /// Beginnings of answers and their meaning. The rest of an answer is not shown, because some
    /// servers quote the command that they refuse.
    const REFUSALS: &[(&str, Result<LoginResult, &str>)] = &[
        ("WRONGPASS ", Ok(LoginResult::Rejected)),
        ("ERR invalid password", Ok(LoginResult::Rejected)),
        (
            "ERR AUTH <password> called without any password configured",
            Ok(LoginResult::Open),
        ),
        (
            "ERR Client sent AUTH, but no password is set",
            Ok(LoginResult::Open),
        ),
        (
            "ERR wrong number of arguments",
            Err("the server is older than Redis 6, which has no user names; remove the user name"),
        ),
        (
            "ERR max number of clients",
            Err("the server has too many clients"),
        ),
        ("ERR unknown command", Err("the server does not know AUTH")),
        (
            "DENIED ",
            Err("the server is in protected mode and accepts only local clients"),
        ),
        ("LOADING ", Err("the server is still loading its data")),
        (
            "",
            Err("the server refused AUTH for a reason other than the password"),
        ),
    ];
    if line == b"+OK" {
        return Ok(LoginResult::Accepted);
    }
    let Some(refusal) = line.strip_prefix(b"-") else {
        return Err("the server does not speak the Redis protocol".into());
    };
    let meaning = REFUSALS
        .iter()
        .find(|(beginning, _)| refusal.starts_with(beginning.as_bytes()));
    match meaning {
        Some((_, Ok(result))) => Ok(result.clone()),
        Some((_, Err(reason))) => Err((*reason).into()),
        None => Err("the server refused AUTH".into()),
    }
}

/// Encodes a command as an array of strings.
fn command(arguments: &[&str]) -> Zeroizing<Vec<u8>> {
    /// Room for the length of one string and its line ends.
    const OVERHEAD: usize = 32;
    let length = arguments.iter().map(|argument| argument.len() + OVERHEAD);
    // A buffer that grows leaves a copy of the password behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(OVERHEAD + length.sum::<usize>()));
    bytes.extend_from_slice(format!("*{}\r\n", arguments.len()).as_bytes());
    for argument in arguments {
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

async fn read_line(connection: &mut Connection) -> Result<Vec<u8>, Unknown> {
    let mut line = Vec::new();
    while line.len() < LINE_LIMIT {
        line.extend(connection.read(1).await?);
        if line.ends_with(b"\r\n") {
            line.truncate(line.len() - 2);
            return Ok(line);
        }
    }
    Err("the server does not speak the Redis protocol".into())
}

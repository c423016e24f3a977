//! As much of HTTP as it takes to talk to a program of this machine. In HTTP 1.0 the answer ends where the connection
//! does, so nothing has to be known of lengths and chunks.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// Longer than anything that is asked for takes; without it a program that hangs would hang the test for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was answered.
pub struct Answer {
    /// Whether the status is 200.
    pub good: bool,
    /// What came with it.
    pub body: String,
}

/// One request on a connection of its own. Headers are whole lines.
///
/// # Errors
/// Nobody answers, or not in a way that makes sense.
pub fn request(port: u16, method: &str, path: &str, headers: &[&str], body: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let (kind, length) = ("Content-Type: application/json", body.len());
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: localhost:{port}\r\n{kind}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8(answer).map_err(|_| io::Error::other("the answer is not text"))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("the answer has no body"))?;
    Ok(Answer { good: head.split_whitespace().nth(1) == Some("200"), body: body.to_owned() })
}

/// A port that is free now, and may be gone when somebody takes it.
///
/// # Errors
/// There is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

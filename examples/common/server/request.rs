//! Reads a request and tolerates any input.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Longest head: longer than any browser's.
const LONGEST_HEAD: usize = 16 << 10;

const MOST_HEADERS: usize = 64;

/// How often a reader checks whether the server is closed.
pub const LOOK: Duration = Duration::from_millis(100);

/// Time that a client has to send its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// `GET` this path.
    Get(String),
    /// `HEAD`: the answer has no body.
    Head,
    /// Another method.
    OtherMethod,
    /// Not HTTP, too long, or too late.
    Garbage,
    /// The client went away without a request.
    Nothing,
}

/// A request that is read but for its last piece, which stays in the connection.
///
/// Closing the connection in this state resets it; [`Answer::Reset`](super::fate::Answer::Reset) is
/// made so. [`finish`](Self::finish) reads the rest.
pub struct Reading {
    pub request: Request,
    unread: usize,
}

impl Reading {
    /// Reads until the head is complete, the client's time is up, or the server is `closed`.
    pub fn of(stream: &mut TcpStream, closed: impl Fn() -> bool) -> io::Result<Self> {
        let until = Instant::now() + PATIENCE;
        let mut head = Vec::new();
        let mut piece = [0; 2048];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || head.len() > LONGEST_HEAD {
                return Ok(Self { request: Request::Garbage, unread: 0 });
            }
            stream.set_read_timeout(Some(left.min(LOOK)))?;
            // `peek` leaves the last piece unread, which a reset needs: see [`Reading`].
            let length = match stream.peek(&mut piece) {
                Ok(0) if head.is_empty() => {
                    return Ok(Self { request: Request::Nothing, unread: 0 });
                }
                Ok(0) => return Ok(Self { request: Request::Garbage, unread: 0 }),
                Ok(length) => length,
                Err(error) if timed_out(&error) && closed() => {
                    return Ok(Self { request: Request::Nothing, unread: 0 });
                }
                Err(error) if timed_out(&error) => continue,
                Err(error) => return Err(error),
            };
            head.extend_from_slice(&piece[..length]);
            if let Some(request) = parse(&head) {
                return Ok(Self { request, unread: length });
            }
            stream.read_exact(&mut piece[..length])?;
        }
    }

    /// Reads what was left in the connection.
    pub fn finish(&self, stream: &mut TcpStream) -> io::Result<()> {
        io::copy(&mut stream.take(self.unread as u64), &mut io::sink()).map(drop)
    }
}

/// Returns `true` if a read timed out; systems report that in two ways.
pub fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Returns the path in `/path?query`, or in `http://host/path` as a proxy is asked.
fn path_of(target: &str) -> &str {
    let target = match target.split_once("://") {
        Some((_, host_and_path)) => {
            host_and_path.find('/').map_or("/", |slash| &host_and_path[slash..])
        }
        None => target,
    };
    target.split('?').next().unwrap_or(target)
}

/// Parses a head; `None` if it is incomplete.
fn parse(head: &[u8]) -> Option<Request> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => None,
        Err(_) => Some(Request::Garbage),
        Ok(httparse::Status::Complete(_)) => Some(match (request.method, request.path) {
            (Some("GET"), Some(target)) => Request::Get(path_of(target).to_owned()),
            (Some("HEAD"), _) => Request::Head,
            _ => Request::OtherMethod,
        }),
    }
}

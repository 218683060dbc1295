//! Fetching a flag over HTTP, and telling apart the ways in which that fails.

use std::fmt;
use std::io;
use std::time::Duration;

use ureq::{Agent, Error};

/// A client of one site. Clones share its connections' settings; any number of threads may use one.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base_url: String,
}

/// What came of asking for a flag that was not got.
#[derive(Debug)]
pub enum Failure {
    /// The site has no such flag.
    NotFound { url: String },
    /// The site answered with another status than 200.
    Http { status: u16, reason: &'static str },
    /// A phase of the request took longer than the timeout.
    Timeout { message: String },
    /// This process may open no more files; a connection is one, too.
    NoDescriptors,
    /// No connection, or one that broke. `kind` names the error as its type does.
    Connection { message: String, kind: String },
}

impl Client {
    /// For the site whose flags are below this URL. Each phase of a request (connecting, waiting
    /// for the answer, reading it) may take so long.
    pub fn new(base_url: &str, timeout: Duration) -> Self {
        let config = Agent::config_builder()
            // By default it would ask the environment for one, and carry a request for loopback out
            // of the machine.
            .proxy(None)
            .timeout_connect(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_recv_body(Some(timeout))
            // A status is an answer; which answers are failures is for us to say.
            .http_status_as_error(false)
            // A thousand connections at once should not take a quarter of a gigabyte.
            .input_buffer_size(16 << 10)
            .output_buffer_size(4 << 10)
            .build();
        Self { agent: config.into(), base_url: base_url.trim_end_matches('/').to_owned() }
    }

    /// Where the flag of this country is.
    pub fn url(&self, code: &str) -> String {
        let code = code.to_lowercase();
        format!("{}/{code}/{code}.gif", self.base_url)
    }

    /// Fetches the flag of this country.
    pub fn get_flag(&self, code: &str) -> Result<Vec<u8>, Failure> {
        let url = self.url(code);
        let mut response = self.agent.get(&url).call()?;
        match response.status().as_u16() {
            200 => Ok(response.body_mut().read_to_vec()?),
            404 => Err(Failure::NotFound { url }),
            status => Err(Failure::Http { status, reason: reason(response.status()) }),
        }
    }
}

/// The standard's phrase for a status: the client does not pass on the server's own.
fn reason(status: ureq::http::StatusCode) -> &'static str {
    match status.as_u16() {
        // The standard's registry spells it small; the book's server, and ours, as its RFC does.
        418 => "I'm a Teapot",
        _ => status.canonical_reason().unwrap_or("unknown"),
    }
}

/// Whether this process has too many files open. The system's number for that is the same on every
/// Unix.
pub fn out_of_descriptors(error: &io::Error) -> bool {
    const EMFILE: i32 = 24;
    cfg!(unix) && error.raw_os_error() == Some(EMFILE)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Timeout(phase) => Self::Timeout { message: format!("timed out: {phase}") },
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                Self::Timeout { message: "timed out".to_owned() }
            }
            Error::Io(error) if out_of_descriptors(&error) => Self::NoDescriptors,
            Error::Io(error) => {
                Self::Connection { kind: format!("{:?}", error.kind()), message: error.to_string() }
            }
            other => {
                let debug = format!("{other:?}");
                let variant =
                    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                Self::Connection { kind: variant.to_owned(), message: other.to_string() }
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { url } => write!(f, "not found: {url}"),
            Self::Http { status, reason } => write!(f, "HTTP error {status} - {reason}"),
            Self::Timeout { message } => write!(f, "{message} <Timeout>"),
            Self::NoDescriptors => f.write_str("too many open files <Descriptors>"),
            Self::Connection { message, kind } => write!(f, "{message} <{kind}>"),
        }
    }
}

impl std::error::Error for Failure {}

//! Fetches a flag over HTTP, and tells apart how that can fail.

use std::fmt;
use std::io;
use std::time::Duration;

use ureq::{Agent, Error};

/// A client of one site. Clones share the settings, and threads may share a client.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base_url: String,
}

/// Why a flag was not fetched.
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
    /// The connection failed or broke. `kind` is the name of the error.
    Connection { message: String, kind: String },
}

impl Client {
    /// Makes a client for the flags below this URL. The timeout holds for each phase of a request:
    /// connecting, waiting for the answer, reading it.
    pub fn new(base_url: &str, timeout: Duration) -> Self {
        let config = Agent::config_builder()
            // By default a proxy from the environment would carry a request for loopback out of
            // the machine.
            .proxy(None)
            .timeout_connect(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_recv_body(Some(timeout))
            // A status is an answer; `get_flag` decides which ones are failures.
            .http_status_as_error(false)
            // With the default sizes, a thousand connections take a quarter of a gigabyte.
            .input_buffer_size(16 << 10)
            .output_buffer_size(4 << 10)
            .build();
        Self { agent: config.into(), base_url: base_url.trim_end_matches('/').to_owned() }
    }

    /// Returns the URL of a country's flag.
    pub fn url(&self, code: &str) -> String {
        let code = code.to_lowercase();
        format!("{}/{code}/{code}.gif", self.base_url)
    }

    /// Fetches a country's flag.
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

/// Returns the standard's phrase for a status: the client does not pass on the server's own.
fn reason(status: ureq::http::StatusCode) -> &'static str {
    match status.as_u16() {
        // The standard's registry writes it in lower case; this server and the book's, as its RFC.
        418 => "I'm a Teapot",
        _ => status.canonical_reason().unwrap_or("unknown"),
    }
}

/// Returns `true` if this process has too many files open. The error number is the same on every
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

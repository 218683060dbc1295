//! A small HTTP server for flags: in this process, on loopback, served by a glasspool pool.
//!
//! Each connection is a task. [`fate`] decides what becomes of a request, and [`request`] reads it
//! and tolerates any input. The server is made for these examples: it answers `GET`, with one
//! request per connection.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown as Close, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Builder, Future, NestedWait, Shutdown, Task, ThreadPoolExecutor, task};

use super::{countries, pictures};
use fate::{Answer, LIMIT, Label, Plan};
use request::{LOOK, Reading, Request, timed_out};

pub mod fate;
mod request;

/// More workers than any client here has connections, so that a client does not wait for a worker.
const WORKERS: usize = 1100;

/// Pause before accepting again when the process has no file descriptor left.
const BREATH: Duration = Duration::from_millis(10);

/// Longest time that a stalled answer keeps its client waiting.
const LONGEST_STALL: Duration = Duration::from_secs(60);

/// Longest time that a client may go on sending after it has been answered.
const LONGEST_GOODBYE: Duration = Duration::from_millis(500);

/// A running server; dropping it closes it.
pub struct FlagServer {
    address: SocketAddr,
    /// Running this task completes the future that every waiting task here waits for.
    close: Option<Task>,
    acceptor: Option<thread::JoinHandle<()>>,
}

/// What the task of a connection needs.
struct Site {
    plan: Plan,
    closed: Future<()>,
    /// Pictures by code: drawing one takes longer than sending it.
    drawn: Mutex<HashMap<String, Arc<[u8]>>>,
}

impl Site {
    /// Waits, and returns `false` if the server was closed meanwhile.
    fn wait(&self, delay: Duration) -> bool {
        delay.is_zero() || self.closed.result_timeout(delay).is_err()
    }

    fn picture(&self, code: &str) -> Arc<[u8]> {
        let known = self.drawn().get(code).cloned();
        known.unwrap_or_else(|| {
            // Drawn without the lock, so that others can draw meanwhile. Two drawings of one flag
            // are equal, so either may stay.
            let picture: Arc<[u8]> = pictures::gif(code).expect("a code is two letters").into();
            self.drawn().insert(code.to_owned(), Arc::clone(&picture));
            picture
        })
    }

    fn drawn(&self) -> MutexGuard<'_, HashMap<String, Arc<[u8]>>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FlagServer {
    /// Starts a server on this port of loopback, or on a free one if it is taken or none is given.
    pub fn start(plan: Plan, port: Option<u16>) -> io::Result<Self> {
        Self::served_by(ThreadPoolExecutor::builder(), plan, port)
    }

    /// Starts a server on a pool with these options: see [`start`](Self::start).
    pub fn served_by(pool: Builder, plan: Plan, port: Option<u16>) -> io::Result<Self> {
        let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = listen(port.unwrap_or(0)).or_else(|_| listen(0))?;
        let address = listener.local_addr()?;
        let workers = if plan.label == Label::Limit { LIMIT } else { WORKERS };
        // The tasks wait for a delay on purpose. Spare workers for them would lift the limit.
        let pool = pool.nested_wait(NestedWait::Block);
        let pool = pool
            .max_workers(workers)
            .thread_name_prefix("server")
            .build()
            .map_err(io::Error::other)?;
        let (close, closed) = task(|| ());
        let site = Arc::new(Site { plan, closed, drawn: Mutex::default() });
        for code in countries::POP20 {
            site.picture(code);
        }
        let acceptor = thread::Builder::new()
            .name("flags-acceptor".to_owned())
            .spawn(move || accept(&listener, &pool, &site))?;
        Ok(Self { address, close: Some(close), acceptor: Some(acceptor) })
    }

    /// Returns the URL of the flags.
    pub fn url(&self) -> String {
        format!("http://{}/flags", self.address)
    }
}

impl Drop for FlagServer {
    fn drop(&mut self) {
        if let Some(close) = self.close.take() {
            close.run();
        }
        // The acceptor may be waiting for a connection: give it one.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            // A panic of the acceptor has been printed; the server is closed in any case.
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, pool: &ThreadPoolExecutor, site: &Arc<Site>) {
    for stream in listener.incoming() {
        if site.closed.done() {
            break;
        }
        match stream {
            Ok(stream) => {
                let site = Arc::clone(site);
                // Refused if no thread can be had: the connection is then dropped, and its client
                // sees it closed.
                drop(pool.named("request").try_submit(move || {
                    // A client may go away while it is answered.
                    let _ = serve(stream, &site);
                }));
            }
            // The connection is gone already, or there is no descriptor for it: try the next one.
            Err(_) => thread::sleep(BREATH),
        }
    }
    // Connections that wait for a worker are cancelled; the others see that the server is closed.
    pool.close(Shutdown::CancelPending);
}

fn serve(mut stream: TcpStream, site: &Site) -> io::Result<()> {
    let reading = Reading::of(&mut stream, || site.closed.done())?;
    let answer = match &reading.request {
        Request::Nothing => return Ok(()),
        Request::Garbage => Reply::text(400, "Bad Request"),
        Request::OtherMethod => Reply::text(405, "Method Not Allowed"),
        Request::Head => Reply::text(405, "Method Not Allowed").without_body(),
        Request::Get(path) if path == "/" || path == "/flags" || path == "/flags/" => {
            Reply::index()
        }
        Request::Get(path) => match code_in(path) {
            None => Reply::text(404, "Not Found"),
            Some(code) => {
                let began = Instant::now();
                let fate = site.plan.fate(&code);
                let flag = Reply::new(200, "OK", "image/gif", &site.picture(&code));
                // Drawing counts towards the delay.
                if !site.wait(fate.delay.saturating_sub(began.elapsed())) {
                    return Ok(());
                }
                match fate.answer {
                    Answer::Flag => flag,
                    Answer::Short => flag.cut_short(),
                    Answer::NotFound => Reply::text(404, "Not Found"),
                    Answer::Teapot => Reply::text(418, "I'm a Teapot"),
                    // A connection that is closed with unread input is reset by the system.
                    Answer::Reset => return Ok(()),
                    Answer::Stall => {
                        reading.finish(&mut stream)?;
                        return stall(stream, site);
                    }
                }
            }
        },
    };
    reading.finish(&mut stream)?;
    stream.write_all(&answer.head())?;
    stream.write_all(answer.sent())?;
    linger(stream, site)
}

/// Returns the upper-case code in `/flags/br/br.gif`; any other path is not found.
fn code_in(path: &str) -> Option<String> {
    let (folder, file) = path.strip_prefix("/flags/")?.split_once('/')?;
    let is_code = folder.len() == 2 && folder.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_code && file.strip_suffix(".gif")? == folder).then(|| folder.to_ascii_uppercase())
}

/// Sends nothing until the client goes away or the server closes.
fn stall(stream: TcpStream, site: &Site) -> io::Result<()> {
    swallow(stream, site, LONGEST_STALL)
}

/// Closes a connection so that its answer arrives: says that no more will come, and reads what the
/// client still sends. Closing with unread input would reset the connection and lose the answer.
fn linger(stream: TcpStream, site: &Site) -> io::Result<()> {
    stream.shutdown(Close::Write)?;
    swallow(stream, site, LONGEST_GOODBYE)
}

/// Reads and drops input until it ends, the time is up, or the server closes.
fn swallow(mut stream: TcpStream, site: &Site, at_most: Duration) -> io::Result<()> {
    let until = Instant::now() + at_most;
    stream.set_read_timeout(Some(LOOK.min(at_most)))?;
    while Instant::now() < until && !site.closed.done() {
        match stream.read(&mut [0; 2048]) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if timed_out(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

struct Reply {
    status: u16,
    reason: &'static str,
    kind: &'static str,
    body: Arc<[u8]>,
    /// Number of bytes of the body to send.
    sent: usize,
}

impl Reply {
    fn new(status: u16, reason: &'static str, kind: &'static str, body: &Arc<[u8]>) -> Self {
        Self { status, reason, kind, body: Arc::clone(body), sent: body.len() }
    }

    fn text(status: u16, reason: &'static str) -> Self {
        Self::new(status, reason, "text/plain", &format!("{status} {reason}\n").into_bytes().into())
    }

    /// A page with all flags, for browsers.
    fn index() -> Self {
        use std::fmt::Write;

        let mut page =
            "<!doctype html><title>Flags</title><style>img{width:120px;margin:4px}</style>\n"
                .to_owned();
        for code in countries::all() {
            let path = code.to_lowercase();
            // Writing to a String does not fail.
            let _ = writeln!(
                page,
                r#"<img src="/flags/{path}/{path}.gif" alt="{code}" title="{code}" loading="lazy">"#
            );
        }
        Self::new(200, "OK", "text/html; charset=utf-8", &page.into_bytes().into())
    }

    fn without_body(self) -> Self {
        Self { sent: 0, ..self }
    }

    fn cut_short(self) -> Self {
        Self { sent: self.body.len() / 2, ..self }
    }

    fn head(&self) -> Vec<u8> {
        let Self { status, reason, kind, body, .. } = self;
        let length = body.len();
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Allow: GET\r\nConnection: close\r\n\r\n"
        )
        .into_bytes()
    }

    fn sent(&self) -> &[u8] {
        &self.body[..self.sent]
    }
}

//! A small HTTP server for flags: in this process, on loopback, served by a pool of our own.
//!
//! Each connection is a task. What becomes of a request is [decided](fate) before it is served;
//! [reading](request) it survives whatever arrives. It is made for these examples: `GET` only, a
//! connection for each request.

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

/// More than any client here has, so that who waits, waits for the site and not for a worker of
/// ours.
const WORKERS: usize = 1100;

/// How long to wait before taking connections again when the process has no descriptor left for
/// one.
const BREATH: Duration = Duration::from_millis(10);

/// How long a stalled answer keeps its client waiting at most.
const LONGEST_STALL: Duration = Duration::from_secs(60);

/// How long a client may go on talking when it has been answered.
const LONGEST_GOODBYE: Duration = Duration::from_millis(500);

/// A server that is running; dropping it closes it.
pub struct FlagServer {
    address: SocketAddr,
    /// Running this task ends the future that everyone here who waits, waits for: the server's own
    /// end.
    close: Option<Task>,
    acceptor: Option<thread::JoinHandle<()>>,
}

/// What a connection's task knows.
struct Site {
    plan: Plan,
    closed: Future<()>,
    /// By code: drawing one takes longer than sending it.
    drawn: Mutex<HashMap<String, Arc<[u8]>>>,
}

impl Site {
    /// Waits so long; says whether the server is still open then.
    fn wait(&self, delay: Duration) -> bool {
        delay.is_zero() || self.closed.result_timeout(delay).is_err()
    }

    fn picture(&self, code: &str) -> Arc<[u8]> {
        let known = self.drawn().get(code).cloned();
        known.unwrap_or_else(|| {
            // Without the lock, so that others can draw meanwhile. If two draw the same, it is the
            // same.
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
    /// Starts a server on this port of loopback, or on any if it is taken, or if none is named.
    pub fn start(plan: Plan, port: Option<u16>) -> io::Result<Self> {
        Self::served_by(ThreadPoolExecutor::builder(), plan, port)
    }

    /// As [`start`](Self::start), served by a pool with these options.
    pub fn served_by(pool: Builder, plan: Plan, port: Option<u16>) -> io::Result<Self> {
        let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = listen(port.unwrap_or(0)).or_else(|_| listen(0))?;
        let address = listener.local_addr()?;
        let workers = if plan.label == Label::Limit { LIMIT } else { WORKERS };
        // Its tasks wait, for a delay or for the close, on purpose: if others were added in their
        // stead, a limit would be none.
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

    /// Where its flags are.
    pub fn url(&self) -> String {
        format!("http://{}/flags", self.address)
    }
}

impl Drop for FlagServer {
    fn drop(&mut self) {
        if let Some(close) = self.close.take() {
            close.run();
        }
        // The acceptor may be waiting for a connection, so it gets one.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            // If it panicked, its message has been printed, and it is closed all the same.
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
                // Refused for want of a thread, the connection is dropped, and its client sees it
                // closed.
                drop(pool.named("request").try_submit(move || {
                    // A client that goes away while it is being answered is its own business.
                    let _ = serve(stream, &site);
                }));
            }
            // A connection that is gone already, or no descriptor for it: the next may fare better.
            Err(_) => thread::sleep(BREATH),
        }
    }
    // What waits has not been begun; what has begun sees that the server is closed.
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
                // Drawing has taken some of it.
                if !site.wait(fate.delay.saturating_sub(began.elapsed())) {
                    return Ok(());
                }
                match fate.answer {
                    Answer::Flag => flag,
                    Answer::Short => flag.cut_short(),
                    Answer::NotFound => Reply::text(404, "Not Found"),
                    Answer::Teapot => Reply::text(418, "I'm a Teapot"),
                    // With some of the request unread, the system closes a connection by resetting
                    // it.
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

/// The upper-case code in `/flags/br/br.gif`; nothing else has a flag in it, and no path leads to a
/// file.
fn code_in(path: &str) -> Option<String> {
    let (folder, file) = path.strip_prefix("/flags/")?.split_once('/')?;
    let is_code = folder.len() == 2 && folder.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_code && file.strip_suffix(".gif")? == folder).then(|| folder.to_ascii_uppercase())
}

/// Says nothing until the client goes away, or the server closes.
fn stall(stream: TcpStream, site: &Site) -> io::Result<()> {
    swallow(stream, site, LONGEST_STALL)
}

/// Closes in peace: says that no more will come, and takes what the client may still be saying. A
/// connection that is closed with something unread in it is reset, and the answer with it.
fn linger(stream: TcpStream, site: &Site) -> io::Result<()> {
    stream.shutdown(Close::Write)?;
    swallow(stream, site, LONGEST_GOODBYE)
}

/// Takes whatever comes, until no more does, or the time is up, or the server closes.
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
    /// How much of the body is sent.
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

//! The local socket: how another process of the same user asks the one that writes.
//!
//! A request is one line of JSON, and so is its answer, on a connection of its own:
//!
//! ```text
//! {"version":1,"request":{"do":"append","workspace":"…","document":"Plans","text":"Bread"}}
//! {"version":1,"answer":{"made":null,"status":{…},"shared":true,"news":[]}}
//! {"version":1,"failure":{"code":"document-open-in-window","message":"…"}}
//! ```
//!
//! The socket is `socket` in the data directory. Where that can't be (the path is too long for a socket, or the file
//! system has none, or the system is Windows) the name is a random one, kept in `socket.path` in the data directory,
//! which only its user reads: a name that could be foretold could be taken by somebody else first.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::tokio::{Listener, Stream as TokioStream};
use interprocess::local_socket::traits::Stream as _;
use interprocess::local_socket::{ListenerOptions, Name, Stream};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, oneshot};

use crate::request::{Answer, Request};
use crate::session::Session;
use crate::wire::Failure;

/// The version of what is said. Another one is answered with a failure.
pub const VERSION: u32 = 1;
/// The greatest length of a line.
pub const MAX_LINE: u64 = 8 << 20;
/// The longest path of a socket that every system takes.
#[cfg(unix)]
const MAX_PATH: usize = 100;
/// How long a client may take to say what it wants, and to take the answer.
const MANNERS: Duration = Duration::from_secs(10);
/// How long a client waits for the answer. A scan may take two minutes.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long the end waits for requests that are being done.
const FAREWELL: Duration = Duration::from_secs(3);
/// So many requests are done at once; others wait.
const AT_ONCE: usize = 16;

/// What is done for [`Request::Show`]: brings the window to the front, and says whether there is one.
pub type OnShow = dyn Fn(Option<PathBuf>) -> bool + Send + Sync;

/// Why no other process answered.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Nobody listens.
    #[error("no running Inkfold answers on this data")]
    Nobody,
    /// The connection broke off. Whether the request was done isn't known.
    #[error("the running Inkfold did not answer ({0}); look whether it was done before you try again")]
    Broken(#[source] io::Error),
    /// The request is too large.
    #[error("this is too much to hand to the running Inkfold at once; do it in parts")]
    TooLong,
    /// The answer isn't one.
    #[error("the running Inkfold is another version; close it and try again")]
    OtherVersion,
    /// The socket could not be made.
    #[error("the local socket could not be made: {0}")]
    NoSocket(#[source] io::Error),
}

impl SocketError {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nobody => "socket/nobody",
            Self::Broken(_) => "socket/broken",
            Self::TooLong => "socket/too-long",
            Self::OtherVersion => "socket/other-version",
            Self::NoSocket(_) => "socket/no-socket",
        }
    }

    /// The error for people.
    pub fn failure(&self) -> Failure {
        Failure { code: self.code().into(), message: self.to_string() }
    }
}

/// What the other process said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Response {
    /// It was done.
    Answer(Answer),
    /// It was not.
    Failure(Failure),
}

#[derive(Serialize, Deserialize)]
struct Question<R> {
    version: u32,
    request: R,
}

#[derive(Serialize, Deserialize)]
struct Reply {
    version: u32,
    #[serde(flatten)]
    response: Response,
}

/// Asks the process that has this data open for writing, and waits for its answer. Blocks.
///
/// # Errors
/// Nobody listens, or the connection broke off.
pub fn hand_over(data: &Path, request: &Request) -> Result<Response, SocketError> {
    let mut line = serde_json::to_vec(&Question { version: VERSION, request }).map_err(|_| SocketError::TooLong)?;
    line.push(b'\n');
    if line.len() as u64 > MAX_LINE {
        return Err(SocketError::TooLong);
    }
    // Whatever can't be connected to, nobody answers there: a killed process leaves its socket behind.
    let place = Place::recorded(data);
    let connected = place.name().and_then(Stream::connect);
    let mut stream = connected.map_err(|_| SocketError::Nobody)?;
    // A system that knows no such limits waits as long as it takes.
    let _ = stream.set_recv_timeout(Some(PATIENCE));
    let _ = stream.set_send_timeout(Some(MANNERS));
    // A server that has refused already doesn't read on, and its answer says why.
    let sent = stream.write_all(&line).and_then(|()| stream.flush());
    let mut answer = Vec::new();
    let read = BufReader::new(&mut stream).take(MAX_LINE).read_until(b'\n', &mut answer);
    if answer.last() != Some(&b'\n') {
        let ended = io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended");
        return Err(SocketError::Broken(sent.and(read).err().unwrap_or(ended)));
    }
    let reply: Reply = serde_json::from_slice(&answer).map_err(|_| SocketError::OtherVersion)?;
    if reply.version == VERSION { Ok(reply.response) } else { Err(SocketError::OtherVersion) }
}

/// A running session's ear. Dropping it ends it: no more requests are taken, and those that are being done are waited
/// for a little.
#[derive(Debug)]
pub struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens for a session. The session holds the lock of its data, so whatever socket is left there belonged to a
    /// process that is gone.
    ///
    /// # Errors
    /// There can be no socket; everything else works without one.
    pub fn start(
        session: Session,
        on_show: impl Fn(Option<PathBuf>) -> bool + Send + Sync + 'static,
    ) -> Result<Self, SocketError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(SocketError::NoSocket)?;
        let (place, listener) = {
            let _inside = runtime.enter();
            Place::listen(session.data()).map_err(SocketError::NoSocket)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("socket".into()).spawn(move || {
            runtime.block_on(serve(listener, session, Arc::new(on_show), stopped));
            place.remove();
        });
        Ok(Server { stop: Some(stop), thread: Some(thread.map_err(SocketError::NoSocket)?) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: Listener, session: Session, on_show: Arc<OnShow>, mut stopped: oneshot::Receiver<()>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        // No more connections are taken than are served, so that they wait in the system and cost nothing here.
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            _ = &mut stopped => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok(stream) => {
                let (session, on_show) = (session.clone(), on_show.clone());
                tokio::spawn(async move {
                    converse(stream, &session, &*on_show).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Too many open files, for instance: it passes.
                tracing::warn!("a connection could not be taken: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(FAREWELL, places.acquire_many(AT_ONCE as u32)).await;
}

/// Answers one request.
async fn converse(mut stream: TokioStream, session: &Session, on_show: &OnShow) {
    let response = match tokio::time::timeout(MANNERS, read_line(&mut stream)).await {
        Ok(Ok(Some(line))) => match understand(&line) {
            Ok(Request::Show { path }) if on_show(path.clone()) => Response::Answer(Answer::default()),
            Ok(request) => match session.perform(request).await {
                Ok(answer) => Response::Answer(answer),
                Err(error) => Response::Failure(error.failure()),
            },
            Err(failure) => Response::Failure(failure),
        },
        Ok(Ok(None)) => Response::Failure(SocketError::TooLong.failure()),
        // It is gone, or says nothing.
        Ok(Err(_)) | Err(_) => return,
    };
    let Ok(mut line) = serde_json::to_vec(&Reply { version: VERSION, response }) else { return };
    line.push(b'\n');
    let _ = tokio::time::timeout(MANNERS, async {
        stream.write_all(&line).await?;
        stream.flush().await
    })
    .await;
}

/// A line; none if it is too long. The rest of a long one is read all the same: closed with words unread, a socket may
/// lose the answer too.
async fn read_line(stream: &mut TokioStream) -> io::Result<Option<Vec<u8>>> {
    let mut reader = tokio::io::BufReader::new(&mut *stream);
    let mut line = Vec::new();
    (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line).await?;
    match line.last() {
        None => Err(io::ErrorKind::UnexpectedEof.into()),
        Some(b'\n') => Ok(Some(line)),
        Some(_) if (line.len() as u64) < MAX_LINE => Ok(Some(line)),
        Some(_) => {
            drop(line);
            loop {
                let rest = reader.fill_buf().await?;
                let (end, length) = (rest.contains(&b'\n'), rest.len());
                reader.consume(length);
                if end || length == 0 {
                    return Ok(None);
                }
            }
        }
    }
}

fn understand(line: &[u8]) -> Result<Request, Failure> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let failure = |code: &str, message: String| Failure { code: code.into(), message };
    let bad = |error: serde_json::Error| failure("socket/bad-request", format!("this is no request: {error}"));
    let Version { version } = serde_json::from_slice(line).map_err(bad)?;
    if version != VERSION {
        return Err(SocketError::OtherVersion.failure());
    }
    Ok(serde_json::from_slice::<Question<Request>>(line).map_err(bad)?.request)
}

/// Where the socket is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In the data directory, or in a directory of its own among the temporary ones.
    #[cfg(unix)]
    Path(PathBuf),
    /// A named pipe.
    #[cfg(windows)]
    Pipe(String),
    /// Nowhere.
    #[cfg_attr(unix, allow(dead_code, reason = "on Unix there is always a path to try"))]
    Nowhere,
}

fn record(data: &Path) -> PathBuf {
    data.join("socket.path")
}

/// Sixteen characters that nobody can foretell.
fn random_name() -> io::Result<String> {
    let bytes: [u8; 10] = crate::surroundings::Around::real().random().map_err(io::Error::other)?;
    Ok(inkfold_engine::ids::to_base32(&bytes))
}

#[cfg(unix)]
impl Place {
    /// Where the process that listens has said that it is.
    fn recorded(data: &Path) -> Place {
        match std::fs::read_to_string(record(data)) {
            Ok(path) if !path.is_empty() => Place::Path(path.into()),
            _ => Place::Path(data.join("socket")),
        }
    }

    fn name(&self) -> io::Result<Name<'_>> {
        use interprocess::local_socket::{GenericFilePath, ToFsName};
        match self {
            Place::Path(path) => path.as_path().to_fs_name::<GenericFilePath>(),
            Place::Nowhere => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn listen(data: &Path) -> io::Result<(Place, Listener)> {
        Place::recorded(data).remove();
        let inside = Place::Path(data.join("socket"));
        inside.remove();
        let _ = std::fs::remove_file(record(data));
        if data.join("socket").as_os_str().len() <= MAX_PATH
            && let Ok(listener) = inside.bind()
        {
            return Ok((inside, listener));
        }
        let directory = std::env::temp_dir().join(format!("inkfold-{}", random_name()?));
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&directory)?;
        let outside = Place::Path(directory.join("socket"));
        let listener = outside.bind().and_then(|listener| {
            let path = directory.join("socket");
            let path = path.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
            std::fs::write(record(data), path).map(|()| listener)
        });
        match listener {
            Ok(listener) => Ok((outside, listener)),
            Err(error) => {
                outside.remove();
                Err(error)
            }
        }
    }

    /// Only this user may connect: whoever can't write the socket's file is refused by the system.
    fn bind(&self) -> io::Result<Listener> {
        use interprocess::os::unix::local_socket::ListenerOptionsExt;
        use std::os::unix::fs::PermissionsExt;
        let options = || Ok::<_, io::Error>(ListenerOptions::new().name(self.name()?).reclaim_name(false));
        match options()?.mode(0o600).create_tokio() {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                // The system sets no mode from the start. The directory is this user's own, or its mode comes next.
                let listener = options()?.create_tokio()?;
                if let Place::Path(path) = self {
                    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
                }
                Ok(listener)
            }
            outcome => outcome,
        }
    }

    /// Takes the socket away, and the directory that was made for it. Nothing else is ever taken away.
    fn remove(&self) {
        use std::os::unix::fs::FileTypeExt;
        let Place::Path(path) = self else { return };
        if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket()) {
            let _ = std::fs::remove_file(path);
        }
        let temporary = path.parent().filter(|directory| {
            let name = directory.file_name().and_then(|name| name.to_str());
            directory.parent() == Some(&std::env::temp_dir()) && name.is_some_and(|name| name.starts_with("inkfold-"))
        });
        if let Some(directory) = temporary {
            // Not if anything else lies in it.
            let _ = std::fs::remove_dir(directory);
        }
    }
}

#[cfg(windows)]
impl Place {
    /// Where the process that listens has said that it is.
    fn recorded(data: &Path) -> Place {
        match std::fs::read_to_string(record(data)) {
            Ok(name) if !name.is_empty() => Place::Pipe(name),
            _ => Place::Nowhere,
        }
    }

    fn name(&self) -> io::Result<Name<'_>> {
        use interprocess::local_socket::{GenericNamespaced, ToNsName};
        match self {
            Place::Pipe(name) => name.as_str().to_ns_name::<GenericNamespaced>(),
            Place::Nowhere => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// What a named pipe grants by itself: others may look, only this user and administrators may write.
    fn listen(data: &Path) -> io::Result<(Place, Listener)> {
        let place = Place::Pipe(format!("inkfold-{}", random_name()?));
        let listener = ListenerOptions::new().name(place.name()?).create_tokio()?;
        if let Place::Pipe(name) = &place {
            std::fs::write(record(data), name)?;
        }
        Ok((place, listener))
    }

    fn remove(&self) {}
}

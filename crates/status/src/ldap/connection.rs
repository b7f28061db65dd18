//! One connection: octets in, octets out, and the deadlines that a silent or slow client meets.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::answer::{LdapAnswer, Next};
use super::decode::{DecodeError, decode};
use super::directory::Identity;
use super::encode::{self, Outcome};
use super::message::{Message, Operation, Request, ResultCode};
use super::server::Transport;
use super::session::{Service, Session, operation_of};
use super::settings::Limits;
use crate::askers::{Askers, Shown};
use crate::crowd::{Crowd, Entered};
use crate::room::Place;
use crate::subscriber::Asker;
use crate::unsent::{TooMuch, Unsent};

/// Octets handed to the socket between two looks at the clock.
const WRITE_STEP_BYTES: usize = 64 * 1_024;
/// Octets of answers produced in one visit to a blocking thread: bounds what waits in memory.
const BATCH_BYTES: usize = 1_024 * 1_024;
/// Octets read at once: nearly every request fits.
const READ_BYTES: usize = 4 * 1_024;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What a connection needs besides its socket.
pub(super) struct Connection {
    pub(super) service: Arc<Service>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) peer: SocketAddr,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) place: Arc<Place>,
    pub(super) work: Arc<Work>,
}

/// Answers in the making at once, for strangers, for those who want to come in and for verifiers apart:
/// each takes a thread that may block, a reader of the database and up to [`BATCH_BYTES`].
pub(super) struct Work {
    strangers: Askers,
    verifiers: Crowd,
    unsent: Unsent,
}

impl Work {
    pub(super) fn of(limits: &Limits) -> Self {
        let verifiers = Crowd::of(limits.verifiers_at_once);
        let strangers = Askers::of(limits.strangers_at_once);
        Self { strangers, verifiers, unsent: Unsent::new() }
    }

    /// The share of whoever has the session that these pieces of an answer take until they are sent.
    async fn share(&self, session: &Session, pieces: &[Bytes]) -> Result<Option<Entered>, TooMuch> {
        let verifier = match session.identity() {
            Identity::Anonymous => None,
            Identity::Verifier { id, .. } => Some(id),
        };
        let octets = pieces.iter().map(Bytes::len).sum();
        self.unsent.share(octets, verifier, session.peer.ip()).await
    }

    /// A place for what a session asks; nothing where there is none for seconds.
    async fn enter(&self, session: &Session, place: &Place, shown: Shown) -> Option<Entered> {
        match session.identity() {
            Identity::Anonymous => {
                self.strangers.enter(session.peer.ip(), shown, place.is_known()).await
            }
            Identity::Verifier { id, .. } => self.verifiers.enter(Asker::known(id.as_str())).await,
        }
    }
}

/// What came instead of, or as, a request.
enum Received {
    Message(Message),
    Malformed(DecodeError),
    /// The client closed, was silent too long, or was too slow.
    Gone,
    /// The server stops.
    Stopping,
}

/// What makes an answer.
type Respond = Box<dyn FnOnce(&mut Session) -> LdapAnswer + Send>;

/// What is known of a request before it is answered.
#[derive(Clone, Copy)]
struct Asked {
    shown: Shown,
    /// What is told that there is no place for it; nothing is, where no answer is due.
    busy: Option<(u32, Operation)>,
}

impl Received {
    fn asked(&self) -> Asked {
        let Self::Message(Message { id, request, .. }) = self else {
            return Asked { shown: Shown::Nothing, busy: None };
        };
        let shown = match request {
            Request::Bind(bind) if !bind.name.is_empty() => Shown::Password,
            _ => Shown::Nothing,
        };
        Asked { shown, busy: operation_of(request).map(|operation| (*id, operation)) }
    }
}

impl Connection {
    /// Serves the client until either side ends the session.
    pub(super) async fn run(mut self, stream: TcpStream, transport: Transport) -> io::Result<()> {
        stream.set_nodelay(true)?;
        timeout(self.service.settings.limits.first, stream.readable()).await??;
        let encrypted = transport == Transport::Tls;
        let session = Session::new(Arc::clone(&self.service), self.peer, encrypted);
        match transport {
            Transport::Plain => self.plain(stream, session).await,
            Transport::Tls => self.encrypted(stream, session).await,
        }
    }

    async fn plain(&mut self, mut stream: TcpStream, session: Session) -> io::Result<()> {
        match self.converse(&mut stream, session).await? {
            Some(mut session) => {
                session.tls_established();
                self.encrypted(stream, session).await
            }
            None => stream.shutdown().await,
        }
    }

    async fn encrypted(&mut self, stream: TcpStream, session: Session) -> io::Result<()> {
        let Some(tls) = &self.tls else {
            return Err(io::Error::other("TLS is not configured"));
        };
        let mut stream =
            timeout(self.service.settings.limits.handshake, tls.accept(stream)).await??;
        self.converse(&mut stream, session).await?;
        stream.shutdown().await
    }

    /// Answers requests until the session ends, or gives it back where TLS is to begin.
    async fn converse(
        &mut self,
        stream: &mut impl Stream,
        mut session: Session,
    ) -> io::Result<Option<Session>> {
        let mut buffer = BytesMut::new();
        loop {
            let received = self.receive(stream, &mut buffer, &session).await?;
            let asked = received.asked();
            let respond: Respond = match received {
                Received::Message(message) => Box::new(|session| session.handle(message)),
                Received::Malformed(error) => Box::new(move |session| session.malformed(&error)),
                Received::Gone => return Ok(None),
                Received::Stopping => {
                    self.send(stream, vec![closing_notice("the server stops")]).await?;
                    return Ok(None);
                }
            };
            self.place.asked();
            let next;
            (session, next) = self.answer(stream, session, asked, respond).await?;
            match next {
                Next::Continue => {}
                Next::Close => return Ok(None),
                // Octets sent in clear after StartTLS would later pass for protected ones (RFC 4511 section 4.14.1).
                Next::StartTls if !buffer.is_empty() => return Ok(None),
                Next::StartTls => return Ok(Some(session)),
            }
        }
    }

    /// Waits for one whole request.
    async fn receive(
        &mut self,
        stream: &mut impl Stream,
        buffer: &mut BytesMut,
        session: &Session,
    ) -> io::Result<Received> {
        let limits = &self.service.settings.limits;
        let begun = Instant::now();
        let mut deadline = begun
            + match session.identity() {
                Identity::Anonymous => limits.stranger_idle,
                Identity::Verifier { .. } => limits.idle,
            };
        let mut partial = false;
        loop {
            match decode(buffer) {
                Ok(Some((message, length))) => {
                    buffer.advance(length);
                    return Ok(Received::Message(message));
                }
                Ok(None) => {}
                Err(error) => return Ok(Received::Malformed(error)),
            }
            if !partial && !buffer.is_empty() {
                partial = true;
                deadline = Instant::now() + limits.request;
            }
            buffer.reserve(READ_BYTES);
            let read = tokio::select! {
                read = timeout_at(deadline, stream.read_buf(buffer)) => read,
                _ = self.stopping.wait_for(|stopping| *stopping) => return Ok(Received::Stopping),
            };
            match read {
                Ok(Ok(0)) | Err(_) => return Ok(Received::Gone),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(error),
            }
        }
    }

    /// Lets the session answer on a thread that may block, and sends what it produces batch by batch.
    async fn answer(
        &self,
        stream: &mut impl Stream,
        mut session: Session,
        Asked { shown, busy }: Asked,
        respond: Respond,
    ) -> io::Result<(Session, Next)> {
        let Some(entered) = self.work.enter(&session, &self.place, shown).await else {
            let mut told = session.busy(busy);
            self.send(stream, batch_of(&mut told).0).await?;
            return Ok((session, told.next));
        };
        let produce = move || {
            let mut answer = respond(&mut session);
            let batch = batch_of(&mut answer);
            (session, answer, batch)
        };
        let (session, mut answer, (mut pieces, mut more)) = self.blocking(entered, produce).await?;
        if let Identity::Verifier { id, .. } = session.identity() {
            self.place.proven(id.as_str());
        }
        // An answer that is begun comes to its end: its share is kept from batch to batch, of which one is in
        // memory at a time.
        let Ok(_share) = self.work.share(&session, &pieces).await else {
            let mut told = session.busy(busy);
            self.send(stream, batch_of(&mut told).0).await?;
            return Ok((session, told.next));
        };
        loop {
            self.send(stream, pieces).await?;
            if !more {
                return Ok((session, answer.next));
            }
            let entered = self.work.enter(&session, &self.place, Shown::Nothing).await;
            let entered = entered.ok_or_else(|| io::Error::other("others had all the places"))?;
            let produce = move || {
                let batch = batch_of(&mut answer);
                (answer, batch)
            };
            (answer, (pieces, more)) = self.blocking(entered, produce).await?;
        }
    }

    /// Has a thread that may block do `work`, for which the session has a place.
    async fn blocking<T: Send + 'static>(
        &self,
        entered: Entered,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let _at_work = self.place.at_work();
        let work = move || {
            // Until it is done, even where nobody waits for it any more.
            let _entered = entered;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
    }

    async fn send(&self, stream: &mut impl Stream, pieces: Vec<Bytes>) -> io::Result<()> {
        let limit = self.service.settings.limits.sending;
        for piece in pieces {
            for step in piece.chunks(WRITE_STEP_BYTES) {
                timeout(limit, stream.write_all(step)).await??;
            }
        }
        timeout(limit, stream.flush()).await?
    }
}

/// Tells a client for whom there is no room to come back later.
pub(super) fn turn_away(stream: TcpStream, transport: Transport) {
    // Within TLS nothing can be said before a handshake, which is what there is no room for.
    if let (Transport::Plain, Ok(mut stream)) = (transport, stream.into_std()) {
        // Who does not take the notice at once does not get it.
        let _ = stream.write(&closing_notice("too many connections; try again later"));
    }
}

fn closing_notice(words: &str) -> Bytes {
    let outcome = Outcome::new(ResultCode::Unavailable, words);
    Bytes::from(encode::notice_of_disconnection(&outcome).to_vec())
}

/// Responses of about one batch as pieces, small ones joined; and whether there may be more.
fn batch_of(answer: &mut LdapAnswer) -> (Vec<Bytes>, bool) {
    let (mut pieces, mut joined, mut total) = (Vec::new(), BytesMut::new(), 0);
    while total < BATCH_BYTES {
        let Some(response) = answer.next() else {
            pieces.push(joined.freeze());
            return (pieces, false);
        };
        total += response.length();
        for piece in response.pieces() {
            // What the encoder left apart is large and shared; everything else fills one buffer.
            if piece.len() < READ_BYTES {
                joined.extend_from_slice(piece);
            } else {
                pieces.push(joined.split().freeze());
                pieces.push(piece.clone());
            }
        }
    }
    pieces.push(joined.freeze());
    (pieces, true)
}

//! Octets that are made while they are sent, so that no more of a large answer is in memory than is on its way.

use std::io::{self, BufWriter, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use hyper::header::CONTENT_TYPE;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::Form;
use super::answer::{Answer, Described, forms};

/// Octets of a piece.
const PIECE: usize = 64 << 10;

/// Pieces that may wait for whoever reads.
const AHEAD: usize = 2;

/// Octets in one of the forms in which they are handed out, and what writes them.
///
/// Whatever goes wrong once the first of them was sent breaks the answer off: nobody takes a part for the whole.
pub struct Streamed<F> {
    form: F,
    write: Box<Writing>,
}

/// What writes.
type Writing = dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send;

impl<F: Form> Streamed<F> {
    /// What `write` writes, on a thread that may block, for as long as somebody reads.
    pub fn new(
        form: F,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Self {
        Self { form, write: Box::new(write) }
    }
}

impl<F: Form> Answer for Streamed<F> {
    fn respond(self) -> Response {
        let (pieces, coming) = channel(AHEAD);
        let write = self.write;
        tokio::task::spawn_blocking(move || {
            let mut writer = BufWriter::with_capacity(PIECE, Pieces(&pieces));
            match write(&mut writer).and_then(|()| writer.flush()) {
                // Nobody is left to hear it where this fails.
                Ok(()) => drop(pieces.blocking_send(Piece::End)),
                Err(error) => tracing::warn!(%error, "an answer broke off"),
            }
        });
        let body = Body::new(Coming { pieces: coming, has_ended: false });
        ([(CONTENT_TYPE, self.form.media_type())], body).into_response()
    }

    fn described() -> Described {
        forms::<F>()
    }
}

/// What comes from whoever writes.
enum Piece {
    Octets(Bytes),
    /// That was all.
    End,
}

/// Where what is written goes, a piece at a time; it waits for whoever reads.
struct Pieces<'a>(&'a Sender<Piece>);

impl Write for Pieces<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let piece = Piece::Octets(Bytes::copy_from_slice(octets));
        let sent = self.0.blocking_send(piece);
        sent.map(|()| octets.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The octets as they come. Whoever writes and goes without saying that it was all, by a panic too, has
/// broken off.
struct Coming {
    pieces: Receiver<Piece>,
    has_ended: bool,
}

impl HttpBody for Coming {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let piece = ready!(self.pieces.poll_recv(context));
        self.has_ended = !matches!(piece, Some(Piece::Octets(_)));
        Poll::Ready(match piece {
            Some(Piece::Octets(octets)) => Some(Ok(Frame::data(octets))),
            Some(Piece::End) => None,
            None => Some(Err(io::Error::other("the answer broke off"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::desk::journal::ExportForm;

    async fn read(
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Option<Vec<u8>> {
        let body = Streamed::new(ExportForm, write).respond().into_body();
        body.collect().await.ok().map(|octets| octets.to_bytes().to_vec())
    }

    #[tokio::test]
    async fn what_is_written_is_sent_whole_or_broken_off() {
        let many = vec![7; 10 * PIECE + 1];
        let all = many.clone();
        assert_eq!(read(move |writer| writer.write_all(&all)).await, Some(many.clone()));
        assert_eq!(read(|_| Ok(())).await, Some(Vec::new()));
        let half = many.clone();
        let failing = move |writer: &mut dyn Write| {
            writer.write_all(&half)?;
            Err(io::Error::other("the disk"))
        };
        assert_eq!(read(failing).await, None);
        let panicking = move |writer: &mut dyn Write| {
            writer.write_all(&many)?;
            panic!("a fault of the program")
        };
        assert_eq!(read(panicking).await, None);
    }

    #[tokio::test]
    async fn who_reads_no_more_ends_the_writing() {
        let (tell, told) = tokio::sync::oneshot::channel();
        let endless = move |writer: &mut dyn Write| {
            let ended = loop {
                if let Err(error) = writer.write_all(&[7; PIECE]) {
                    break error;
                }
            };
            let _ = tell.send(ended.kind());
            Err(ended)
        };
        let mut body = Streamed::new(ExportForm, endless).respond().into_body();
        body.frame().await.expect("a piece").expect("a piece");
        drop(body);
        assert_eq!(told.await.expect("it ended"), io::ErrorKind::BrokenPipe);
    }
}

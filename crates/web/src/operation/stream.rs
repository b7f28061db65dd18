//! Octets that are made while they are sent, so that no more of a large answer is in memory than is on its way.

use std::io::{self, BufWriter, Write};

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use hyper::header::CONTENT_TYPE;
use tokio::runtime::Handle;

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
    write: Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>,
}

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
        let (sender, body) = Channel::new(AHEAD);
        let (runtime, write) = (Handle::current(), self.write);
        tokio::task::spawn_blocking(move || {
            let mut pieces = Pieces { sender: Some(sender), runtime };
            let mut writer = BufWriter::with_capacity(PIECE, &mut pieces);
            let written = write(&mut writer).and_then(|()| writer.flush());
            drop(writer);
            match written {
                Ok(()) => pieces.end(),
                Err(error) => tracing::warn!(%error, "an answer broke off"),
            }
        });
        ([(CONTENT_TYPE, self.form.media_type())], Body::new(body)).into_response()
    }

    fn described() -> Described {
        forms::<F>()
    }
}

/// What was written, on its way. Dropped before it [ends](Self::end), by a panic too, it breaks the answer off.
struct Pieces {
    sender: Option<Sender<Bytes, io::Error>>,
    runtime: Handle,
}

impl Pieces {
    fn end(mut self) {
        self.sender = None;
    }
}

impl Write for Pieces {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let sender = self.sender.as_mut().ok_or_else(gone)?;
        let piece = Bytes::copy_from_slice(octets);
        self.runtime.block_on(sender.send_data(piece)).map_err(|_| gone())?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.abort(io::Error::other("the answer broke off"));
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use utoipa::PartialSchema;
    use utoipa::openapi::RefOr;
    use utoipa::openapi::schema::Schema;

    use super::*;

    #[derive(Clone, Copy)]
    struct Plain;

    impl Form for Plain {
        fn all() -> Vec<(Self, RefOr<Schema>)> {
            vec![(Self, String::schema())]
        }

        fn media_type(self) -> &'static str {
            "text/plain"
        }
    }

    async fn read(
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Option<Vec<u8>> {
        let body = Streamed::new(Plain, write).respond().into_body();
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
        let mut body = Streamed::new(Plain, endless).respond().into_body();
        body.frame().await.expect("a piece").expect("a piece");
        drop(body);
        assert_eq!(told.await.expect("it ended"), io::ErrorKind::BrokenPipe);
    }
}

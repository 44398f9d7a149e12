//! Servers that do one thing, whatever they are sent.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A server that writes, reads once, writes again, and then closes the connection or keeps it.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    pub(crate) greeting: Vec<u8>,
    pub(crate) answer: Vec<u8>,
    /// Close the connection before reading.
    pub(crate) deaf: bool,
    /// Keep the connection open at the end.
    pub(crate) stays: bool,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// A fake that runs.
pub(crate) struct Running {
    pub(crate) port: u16,
    /// The bytes that each connection brought in its first read.
    pub(crate) received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Fake {
    pub(crate) async fn start(self) -> Running {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&received);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (fake, record) = (self.clone(), Arc::clone(&record));
                tokio::spawn(async move {
                    let stream: Box<dyn Stream> = match &fake.tls {
                        Some(tls) => {
                            match TlsAcceptor::from(Arc::clone(tls)).accept(stream).await {
                                Ok(stream) => Box::new(stream),
                                Err(_) => return,
                            }
                        }
                        None => Box::new(stream),
                    };
                    // A client that leaves is no concern of the fake.
                    let _ = fake.serve(stream, &record).await;
                });
            }
        });
        Running { port, received }
    }

    async fn serve(
        &self,
        mut stream: Box<dyn Stream>,
        record: &Mutex<Vec<Vec<u8>>>,
    ) -> std::io::Result<()> {
        stream.write_all(&self.greeting).await?;
        stream.flush().await?;
        if !self.deaf {
            let mut bytes = vec![0; 4096];
            let length = stream.read(&mut bytes).await?;
            bytes.truncate(length);
            record.lock().unwrap().push(bytes);
        }
        stream.write_all(&self.answer).await?;
        stream.flush().await?;
        if self.stays {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Ok(())
    }
}

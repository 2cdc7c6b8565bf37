// SPDX-License-Identifier: Apache-2.0
//! SMS by an HTTP server: one POST of `{"to": number, "text": text}` as JSON; 2xx is sent. No redirection is
//! followed and no proxy asked, so that the code goes where the operator said and nowhere else.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_seal::Number;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use ureq::http::{HeaderName, HeaderValue};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use zeroize::Zeroizing;

use super::{SmsError, Unsent};

/// A server that sends SMS.
pub struct Post {
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    agent: ureq::Agent,
}

#[derive(Serialize)]
struct Message<'a> {
    to: &'a str,
    text: &'a str,
}

impl Post {
    pub(super) fn new(
        url: &str,
        authorities: &Path,
        headers: Vec<(HeaderName, HeaderValue)>,
        time: Duration,
    ) -> Result<Post, SmsError> {
        let uri: ureq::http::Uri = url.parse().map_err(|_| SmsError::Url)?;
        let roots = match uri.scheme_str() {
            _ if uri.host().is_none_or(str::is_empty) => return Err(SmsError::Url),
            Some("http") => RootCerts::new_with_certs(&[]),
            Some("https") => roots(authorities)?,
            _ => return Err(SmsError::Url),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(roots)
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(time))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("")
            .build();
        Ok(Post { url: url.into(), headers, agent: config.into() })
    }

    pub(super) async fn send(&self, number: &Number, text: &str) -> Result<(), Unsent> {
        let message = Message { to: number.as_str(), text };
        // Room for all of it, so that no copy is left behind when it grows.
        let mut json = Zeroizing::new(Vec::with_capacity(512));
        serde_json::to_writer(&mut *json, &message).expect("plain JSON");
        let mut request = self.agent.post(&self.url).content_type("application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let posted = tokio::task::spawn_blocking(move || request.send(&json[..]));
        // What ureq says of an error could name the address, in which an operator may keep a secret.
        match posted.await {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => {
                log::warn!("the SMS server answered {}", answer.status().as_u16());
                Err(Unsent)
            }
            Ok(Err(ureq::Error::Timeout(_))) => {
                log::warn!("the SMS server took too long");
                Err(Unsent)
            }
            Ok(Err(_)) | Err(_) => {
                log::warn!("the SMS server could not be asked");
                Err(Unsent)
            }
        }
    }
}

fn roots(authorities: &Path) -> Result<RootCerts, SmsError> {
    let none = || SmsError::Authorities(authorities.into());
    let found: Vec<Certificate<'static>> = CertificateDer::pem_file_iter(authorities)
        .map_err(|_| none())?
        .map(|der| der.map(|der| Certificate::from_der(&der).to_owned()))
        .collect::<Result<_, _>>()
        .map_err(|_| none())?;
    if found.is_empty() {
        return Err(none());
    }
    Ok(RootCerts::new_with_certs(&found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::{Sender, Texts as _};
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    const LONG: Duration = Duration::from_secs(30);

    /// Reads one request to its end, and answers it.
    fn answer(mut stream: impl Read + Write, status: &str) -> String {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"}") {
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n")
            .unwrap();
        String::from_utf8(request).unwrap()
    }

    fn server(status: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/sms?key=secret", listener.local_addr().unwrap());
        (url, std::thread::spawn(move || answer(listener.accept().unwrap().0, status)))
    }

    async fn send(url: &str, authorities: &Path, time: Duration) -> Result<(), Unsent> {
        let sender = Sender::post(url, authorities, None, time).unwrap();
        sender.send(&Number::parse("+15550100").unwrap(), "the text").await
    }

    #[tokio::test]
    async fn one_post_of_number_and_text_and_2xx_is_sent() {
        let (url, served) = server("204 No Content");
        assert_eq!(send(&url, Path::new("/nonexistent"), LONG).await, Ok(()));
        let request = served.join().unwrap();
        assert!(request.starts_with("POST /sms?key=secret HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains("content-type: application/json\r\n"), "{request}");
        assert!(request.ends_with(r#"{"to":"+15550100","text":"the text"}"#), "{request}");
    }

    #[tokio::test]
    async fn anything_but_2xx_is_not_sent_and_no_redirection_is_followed() {
        for status in ["302 Found", "307 Temporary Redirect", "404 Not Found", "500 Oops"] {
            let (url, served) = server(status);
            assert_eq!(send(&url, Path::new(""), LONG).await, Err(Unsent), "{status}");
            served.join().unwrap();
        }
    }

    #[tokio::test]
    async fn a_server_that_is_silent_or_not_there_has_sent_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        assert_eq!(send(&url, Path::new(""), Duration::from_secs(1)).await, Err(Unsent));
        drop(listener);
        assert_eq!(send(&url, Path::new(""), LONG).await, Err(Unsent));
    }

    #[tokio::test]
    async fn https_is_believed_only_by_the_given_authority() {
        let dir = tempfile::tempdir().unwrap();
        cloudmessaging_broker::pki::create(dir.path()).unwrap();
        let other = tempfile::tempdir().unwrap();
        cloudmessaging_broker::pki::create(other.path()).unwrap();
        for (authority, sent) in [(&dir, Ok(())), (&other, Err(Unsent))] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
            let config = tls_server(dir.path());
            let served = std::thread::spawn(move || {
                let session = rustls::ServerConnection::new(config).unwrap();
                let tcp = listener.accept().unwrap().0;
                let mut stream = rustls::StreamOwned::new(session, tcp);
                // An authority that is not the client's ends it here.
                if stream.conn.complete_io(&mut stream.sock).is_ok()
                    && !stream.conn.is_handshaking()
                {
                    let mut first = [0];
                    if stream.read_exact(&mut first).is_ok() {
                        answer(stream, "200 OK");
                    }
                }
            });
            assert_eq!(send(&url, &authority.path().join("ca.pem"), LONG).await, sent);
            served.join().unwrap();
        }
    }

    fn tls_server(pki: &Path) -> Arc<rustls::ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = rustls::pki_types::PrivateKeyDer::from_pem_file(pki.join("broker.key.pem"));
        let certificate = CertificateDer::from_pem_file(pki.join("broker.pem")).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key.unwrap());
        Arc::new(config.unwrap())
    }

    #[test]
    fn what_cannot_be_posted_to_or_believed_is_refused_at_the_start() {
        for url in ["", "localhost", "ftp://localhost/", "http:///sms", "https://"] {
            let refused = Sender::post(url, Path::new(""), None, LONG);
            assert!(matches!(refused, Err(SmsError::Url)), "{url}");
        }
        let refused = Sender::post("https://localhost/", Path::new("/nonexistent"), None, LONG);
        assert!(matches!(refused, Err(SmsError::Authorities(_))));
    }
}

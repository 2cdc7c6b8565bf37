// SPDX-License-Identifier: Apache-2.0
//! One instance at work: requests come in, each is opened, answered and acknowledged in a task of its own,
//! so that none waits for another's broker, checking command or clock.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cloudmessaging_seal::request::seal_reply;
use cloudmessaging_wire::step;
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::Semaphore;

use crate::answer::{Desk, Means};
use crate::check::Check;
use crate::cli::Run;
use crate::keys::Keys;
use crate::limit::{Allowance, Limits};
use crate::link::{self, Arrival, Endpoint, Link, Message, Started, TlsError};
use crate::phone_ca::{PhoneCa, PhoneCaError};
use crate::request;
use crate::retained::RetainedBundles;
use crate::sms::{Sender, SmsError};

/// After how long the broker drops an answer that nobody fetched.
const REPLY_LIFE: Duration = Duration::from_secs(60);

/// How long publishing an answer may take.
const REPLY_TIME: Duration = Duration::from_secs(5);

/// How often what was dropped is told.
const REPORT: Duration = Duration::from_secs(60);

/// How long what was begun may take to finish, once we were told to stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// The wait before those who lost a number are told again; it doubles, up to [`SELDOM`], while the broker
/// takes nothing.
const AGAIN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(300);

/// What an instance is told on its command line.
pub struct Settings {
    endpoint: Endpoint,
    lease: Duration,
    check: Option<PathBuf>,
    allowance: Allowance,
    phone_ca: PhoneCa,
    sender: Sender,
}

/// Why an instance does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The broker's address is not of the form HOST:PORT.
    #[error("{0:?} is not HOST:PORT")]
    Broker(String),
    /// The name of the shared subscription would not be one.
    #[error("{0:?} cannot name a shared subscription")]
    Share(String),
    /// The certificates do not do.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Phones' TLS keys could not be certified.
    #[error(transparent)]
    PhoneCa(#[from] PhoneCaError),
    /// Whoever runs this registrar could make brokers and registrars.
    #[error("--phone-ca is an authority of --ca: phones need one of their own")]
    SameAuthority,
    /// Codes could not be sent.
    #[error(transparent)]
    Sms(#[from] SmsError),
    /// Signals or standard output failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Settings {
    /// Reads the certificates and checks what can be checked without a broker.
    pub fn new(run: &Run, keys: &Keys) -> Result<Settings, ServeError> {
        let broker = || ServeError::Broker(run.broker.clone());
        let (host, port) = run.broker.rsplit_once(':').ok_or_else(broker)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(broker)?;
        if host.is_empty() {
            return Err(broker());
        }
        let share = run.share.clone().unwrap_or_else(|| keys.share());
        if share.is_empty() || share.contains(['/', '+', '#']) {
            return Err(ServeError::Share(share));
        }
        let allowance = Allowance {
            changes: run.changes_per_number,
            look_ups: run.look_ups_per_number,
            per_second: run.requests_per_second,
            sms: run.sms_per_number,
            sms_a_day: run.sms_per_number_a_day,
            sms_in_all: run.sms_in_all,
            tries: run.tries_per_number,
            tries_in_all: run.tries_in_all,
        };
        let time = Duration::from_secs(run.sms_timeout.into());
        let headers = run.sms_header_file.as_deref();
        let sender = match (&run.sms_command, &run.sms_url) {
            (Some(program), _) => Sender::program(program, time)?,
            (None, Some(url)) => Sender::post(url, &run.sms_ca, headers, time)?,
            // The command line does not let it come to this.
            (None, None) => return Err(SmsError::Url.into()),
        };
        let phone_ca = PhoneCa::load(&run.phone_ca, &run.phone_ca_key)?;
        if link::authorities(&run.ca)?.contains(phone_ca.certificate()) {
            return Err(ServeError::SameAuthority);
        }
        Ok(Settings {
            endpoint: Endpoint {
                host: host.into(),
                port,
                tls: link::client_config(&run.ca, &run.cert, &run.key)?,
                share,
            },
            lease: Duration::from_secs(run.lease.into()),
            check: run.identity_check.clone(),
            allowance: allowance.share(run.instances),
            phone_ca,
            sender,
        })
    }
}

/// Serves until interrupted or told to terminate, then finishes what it has begun. Prints `ready` once,
/// when first subscribed.
pub async fn serve(keys: Keys, settings: Settings) -> Result<(), ServeError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut report = tokio::time::interval(REPORT);
    let Started { link, mut requests, mut subscribed, task } = Link::start(settings.endpoint);
    let counter = Arc::new(Counter {
        desk: Desk::new(Means {
            keys,
            phone_ca: settings.phone_ca,
            bundles: RetainedBundles::new(link.clone()),
            texts: settings.sender,
            limits: Limits::new(settings.allowance, Instant::now()),
            check: Check::new(settings.check),
            lease: settings.lease,
        }),
        link,
        dropped: AtomicU64::new(0),
    });
    let telling = tokio::spawn(tell_again(counter.clone()));
    let places = Arc::new(Semaphore::new(link::AT_A_TIME.into()));
    let mut announced = false;
    let mut place = None;
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            up = subscribed.wait_for(|up| *up), if !announced => {
                if up.is_ok() {
                    say("ready")?;
                }
                announced = true;
            }
            _ = report.tick() => counter.report(),
            // Waited for beside all else: also who is busy is to end when told to. Never closed, so this
            // cannot fail.
            free = places.clone().acquire_owned(), if place.is_none() => place = free.ok(),
            Some(arrival) = requests.recv(), if place.is_some() => {
                let (counter, place) = (counter.clone(), place.take());
                tokio::spawn(async move {
                    counter.attend(arrival).await;
                    drop(counter);
                    drop(place);
                });
            }
        }
    }
    drop(place);
    telling.abort();
    let finished = async {
        let _ = telling.await;
        let _all = places.acquire_many(link::AT_A_TIME.into()).await;
        drop(counter);
        task.await
    };
    if tokio::time::timeout(FAREWELL, finished).await.is_err() {
        log::warn!("stopped before everything was answered");
    }
    Ok(())
}

async fn tell_again(counter: Arc<Counter>) {
    let mut wait = AGAIN;
    loop {
        tokio::time::sleep(wait).await;
        let all = counter.desk.tell_untold(now_ms()).await;
        wait = if all { AGAIN } else { (wait * 2).min(SELDOM) };
    }
}

/// Where requests come in and answers go out.
struct Counter {
    desk: Desk<RetainedBundles, Sender>,
    link: Link,
    dropped: AtomicU64,
}

impl Counter {
    async fn attend(&self, arrival: Arrival) {
        let now_ms = now_ms();
        match request::open(&arrival.payload, self.desk.keys(), now_ms) {
            Ok(opened) => {
                step!("registrar.request.opened");
                let kind = self.desk.answer(opened.asked, now_ms).await;
                step!("registrar.request.decided");
                match seal_reply(&opened.reply_to, kind) {
                    Ok(sealed) => self.reply(opened.reply_to.topic, sealed.payload).await,
                    // The phone's reply key is one that nothing can be sealed to.
                    Err(_) => self.drop_one(),
                }
            }
            Err(why) => {
                log::debug!("a request was dropped: {why}");
                self.drop_one();
            }
        }
        step!("registrar.request.answered");
        self.link.acknowledge(arrival).await;
        step!("registrar.request.acknowledged");
    }

    async fn reply(&self, topic: String, payload: Vec<u8>) {
        let message = Message { topic, payload, retain: false, expiry: Some(REPLY_LIFE) };
        match tokio::time::timeout(REPLY_TIME, self.link.publish(message)).await {
            Ok(Ok(())) => log::debug!("answered"),
            Ok(Err(why)) => log::warn!("an answer was not sent: {why}"),
            Err(_) => log::warn!("an answer was not sent within {REPLY_TIME:?}"),
        }
    }

    fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn report(&self) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            log::info!("{dropped} requests that cannot be answered were dropped");
        }
        let missed = self.link.take_missed();
        if missed > 0 {
            log::warn!("{missed} requests were dropped, for too many were waiting");
        }
    }
}

/// Whoever started us waits for this line.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Milliseconds since the Unix epoch.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

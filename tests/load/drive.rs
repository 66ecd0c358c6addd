//! The drivers: so many calls in flight, for so long or so many.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use kit::keyring::Keyring;
use proto::intake::v1::{self as pb, case_service_client::CaseServiceClient};
use tonic::{
    Request, Status,
    client::Grpc,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use crate::{
    county::{DIVISION, Hall},
    echo,
    figures::Figure,
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

pub async fn channels(url: &str, ca: &str, many: usize) -> Outcome<Vec<Channel>> {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
    let mut channels = Vec::with_capacity(many);
    for _ in 0..many {
        let endpoint = Endpoint::from_shared(url.to_owned())?.tls_config(tls.clone())?;
        channels.push(endpoint.tcp_nodelay(true).connect().await?);
    }
    Ok(channels)
}

/// When a driver stops: at a time, or when a shared number of cases is used up.
#[derive(Clone)]
enum Until {
    Time(Instant),
    Cases(Arc<AtomicUsize>),
}

impl Until {
    fn goes_on(&self) -> bool {
        match self {
            Until::Time(end) => Instant::now() < *end,
            Until::Cases(left) => {
                left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            }
        }
    }
}

pub async fn echo(channels: &[Channel], in_flight: usize, time: Duration) -> Outcome<Figure> {
    let end = Instant::now() + time;
    drive(channels, in_flight, |channel, _| async move {
        let mut grpc = Grpc::new(channel);
        let path = http::uri::PathAndQuery::from_static(echo::PATH);
        let mut times = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let said: tonic::Response<echo::Said> = grpc
                .unary(Request::new(vec![7_u8; 64]), path.clone(), ProstCodec::<echo::Said, echo::Said>::default())
                .await?;
            debug_assert_eq!(said.get_ref().len(), 64);
            times.push(start.elapsed());
        }
        Ok((times, ()))
    })
    .await
    .map(|(figure, _)| figure)
}

/// The four steps of an ordinary case: receive, accept, decide, issue. Answers also with the cases' names.
pub async fn changes(ring: &Keyring, _: &Hall, in_flight: usize, time: Duration) -> Outcome<(Figure, Vec<String>)> {
    let (figure, names) = steps(ring, in_flight, Until::Time(Instant::now() + time)).await?;
    Ok((figure, names.into_iter().flatten().collect()))
}

pub async fn changes_of(ring: &Keyring, _: &Hall, in_flight: usize, cases: usize) -> Outcome<Figure> {
    Ok(steps(ring, in_flight, Until::Cases(Arc::new(AtomicUsize::new(cases)))).await?.0)
}

async fn steps(ring: &Keyring, in_flight: usize, until: Until) -> Outcome<(Figure, Vec<Vec<String>>)> {
    drive(std::slice::from_ref(ring), in_flight, |channel, worker| {
        let until = until.clone();
        async move {
            let mut cases = CaseServiceClient::new(channel);
            let (mut times, mut names) = (Vec::new(), Vec::new());
            let mut i = worker;
            while until.goes_on() {
                i += 1;
                let start = Instant::now();
                let name = cases.receive_case(receive(i, "1")).await?.into_inner().name;
                times.push(start.elapsed());
                let start = Instant::now();
                let accept = pb::AcceptCaseRequest {
                    name: name.clone(),
                    clerk: Hall::person(i, "C"),
                    etag: String::new(),
                    request_id: id(),
                };
                cases.accept_case(accept).await?;
                times.push(start.elapsed());
                let start = Instant::now();
                let decide = pb::DecideCaseRequest {
                    name: name.clone(),
                    officer: Hall::person(i, "O"),
                    grant: true,
                    document_number: format!("许可〔2026〕{i}号"),
                    request_id: id(),
                    ..Default::default()
                };
                cases.decide_case(decide).await?;
                times.push(start.elapsed());
                let start = Instant::now();
                cases.issue_case(issue(i, name.clone())).await?;
                times.push(start.elapsed());
                if names.len() < 1_000 {
                    names.push(name);
                }
            }
            Ok((times, names))
        }
    })
    .await
}

/// Instant items: received and granted in one call, handed out in the next.
pub async fn instant(ring: &Keyring, _: &Hall, in_flight: usize, time: Duration) -> Outcome<Figure> {
    let end = Instant::now() + time;
    drive(std::slice::from_ref(ring), in_flight, |channel, worker| async move {
        let mut cases = CaseServiceClient::new(channel);
        let mut times = Vec::new();
        let mut i = worker;
        while Instant::now() < end {
            i += 1;
            let mut request = receive(i, "2");
            request.on_the_spot = Some(pb::OnTheSpot { document_number: format!("证〔2026〕{i}号") });
            let start = Instant::now();
            let name = cases.receive_case(request).await?.into_inner().name;
            times.push(start.elapsed());
            let start = Instant::now();
            cases.issue_case(issue(i, name)).await?;
            times.push(start.elapsed());
        }
        Ok((times, ()))
    })
    .await
    .map(|(figure, _)| figure)
}

/// GetCase over cases that are there.
pub async fn reads(ring: &Keyring, names: &[String], in_flight: usize, time: Duration) -> Outcome<Figure> {
    let end = Instant::now() + time;
    let names: Arc<[String]> = names.into();
    drive(std::slice::from_ref(ring), in_flight, |channel, worker| {
        let names = names.clone();
        async move {
            let mut cases = CaseServiceClient::new(channel);
            let mut times = Vec::new();
            // A walk through the cases with a stride that meets all of them, elsewhere for each worker.
            let mut i = worker * 7_919;
            while Instant::now() < end {
                i += 104_729;
                let name = names[i % names.len()].clone();
                let start = Instant::now();
                cases.get_case(pb::GetCaseRequest { name }).await?;
                times.push(start.elapsed());
            }
            Ok((times, ()))
        }
    })
    .await
    .map(|(figure, _)| figure)
}

pub async fn drive<L, T, F>(
    channels: &[L],
    in_flight: usize,
    worker: impl Fn(L, usize) -> F,
) -> Outcome<(Figure, Vec<T>)>
where
    L: Clone,
    T: Send + 'static,
    F: Future<Output = Result<(Vec<Duration>, T), Status>> + Send + 'static,
{
    let start = Instant::now();
    let workers: Vec<_> =
        (0..in_flight).map(|i| tokio::spawn(worker(channels[i % channels.len()].clone(), i))).collect();
    let (mut times, mut others) = (Vec::new(), Vec::with_capacity(in_flight));
    for worker in workers {
        let (some, other) = worker.await??;
        times.extend(some);
        others.push(other);
    }
    Ok((Figure::new(times, start.elapsed()), others))
}

fn receive(i: usize, item: &str) -> pb::ReceiveCaseRequest {
    let ticked = |m: usize| pb::TickedMaterial { code: format!("m{m}"), originals: 1, copies: 0 };
    pb::ReceiveCaseRequest {
        parent: DIVISION.into(),
        item: Hall::item(i, item),
        window: Hall::window(i),
        clerk: Hall::person(i, "C"),
        applicant: Some(pb::Applicant {
            display_name: "李小明".into(),
            document: pb::IdentityDocument::CitizenId.into(),
            document_number: "410223198812300024".into(),
            phone: "13800000000".into(),
            address: "尉氏县城关镇人民路1号".into(),
            ..Default::default()
        }),
        materials: (1..=4).map(ticked).collect(),
        request_id: id(),
        ..Default::default()
    }
}

fn issue(i: usize, name: String) -> pb::IssueCaseRequest {
    pb::IssueCaseRequest {
        name,
        window: format!("{DIVISION}/windows/C01"),
        clerk: Hall::person(i, "C"),
        recipient: Some(pb::Recipient {
            display_name: "李小明".into(),
            document: pb::IdentityDocument::CitizenId.into(),
            document_number: "410223198812300024".into(),
        }),
        etag: String::new(),
        request_id: id(),
    }
}

/// Ids that rise with time, as a window's client makes them.
fn id() -> String {
    Uuid::now_v7().to_string()
}

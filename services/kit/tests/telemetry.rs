//! Traces and metrics over OTLP, in a program of its own because a process has one subscriber.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use kit::{
    peer::Peer,
    serve::{self, Limits},
    telemetry::{self, Outlets},
    testing,
};
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    trace::v1::Span,
};
use proto::journal::v1::{
    ListHeadsRequest, ListHeadsResponse, ReadEntriesRequest, ReadEntriesResponse,
    journal_service_client::JournalServiceClient,
    journal_service_server::{JournalService, JournalServiceServer},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, service::Routes};
use tower::ServiceExt;

/// What a collector was sent.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    services: Arc<Mutex<Vec<String>>>,
    metrics: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.into_iter().flat_map(|resource| resource.attributes);
            self.services
                .lock()
                .expect("kept")
                .extend(attributes.map(|attribute| format!("{}={:?}", attribute.key, attribute.value)));
            self.spans.lock().expect("kept").extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        self.metrics.lock().expect("kept").extend(scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

/// A service that keeps the traceparent it was called with, and asks others.
#[derive(Clone)]
struct Asked {
    others: Vec<Peer>,
    parents: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl JournalService for Asked {
    async fn list_heads(&self, request: Request<ListHeadsRequest>) -> Result<Response<ListHeadsResponse>, Status> {
        let parent = request.metadata().get("traceparent").and_then(|parent| parent.to_str().ok()).unwrap_or("none");
        self.parents.lock().expect("kept").push(parent.to_owned());
        for other in &self.others {
            JournalServiceClient::new(other.clone()).list_heads(ListHeadsRequest {}).await?;
        }
        Ok(Response::new(ListHeadsResponse::default()))
    }

    type ReadEntriesStream = Pin<Box<dyn futures::Stream<Item = Result<ReadEntriesResponse, Status>> + Send>>;

    async fn read_entries(&self, _: Request<ReadEntriesRequest>) -> Result<Response<Self::ReadEntriesStream>, Status> {
        Err(Status::unimplemented("not asked here"))
    }
}

fn asked(others: Vec<Peer>) -> (Asked, Routes) {
    let asked = Asked { others, parents: Arc::default() };
    (asked.clone(), Routes::new(JournalServiceServer::new(asked)))
}

/// In a process of its own, since a process has one subscriber.
#[test]
fn what_is_traced_does_not_depend_on_what_is_logged() {
    let mut child = std::process::Command::new(std::env::current_exe().expect("this program"));
    child.args(["a_callers_trace_is_carried_through_every_call_and_exported", "--exact"]).env("YIZHAN_LOG", "off");
    let output = child.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_trace_is_carried_through_every_call_and_exported() {
    let collector = Collector::default();
    let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let routes = Routes::new(TraceServiceServer::new(collector.clone()))
        .add_service(MetricsServiceServer::new(collector.clone()));
    tokio::spawn(serve::grpc(listener, routes, Limits::default(), CancellationToken::new()));
    let telemetry = telemetry::start("test", Outlets { otlp: Some(&endpoint), scraped: true }, false).expect("started");

    // A service behind a line, one in this process, and one that asks both.
    let (behind, routes) = asked(vec![]);
    let line = testing::serve(routes).await;
    let (beside, routes) = asked(vec![]);
    let (_, routes) = asked(vec![Peer::in_process(routes), line]);
    let front = testing::serve(routes).await;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const CALLER: &str = "00f067aa0ba902b7";
    let mut request = Request::new(ListHeadsRequest {});
    request.metadata_mut().insert("traceparent", format!("00-{TRACE}-{CALLER}-01").parse().expect("a header"));
    JournalServiceClient::new(front).list_heads(request).await.expect("answered");
    let scraped = text(telemetry.scraped().expect("scraped")).await;
    tokio::task::spawn_blocking(|| telemetry.shutdown()).await.expect("sent");

    let spans = collector.spans.lock().expect("kept").clone();
    let ours: Vec<_> = spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let front = ours.iter().find(|span| hex(&span.parent_span_id) == CALLER).expect("a child of the caller's span");
    assert_eq!(front.name, "yizhan.journal.v1.JournalService/ListHeads");
    let carried = format!("00-{TRACE}-{}-01", hex(&front.span_id));
    assert_eq!(*beside.parents.lock().expect("kept"), std::slice::from_ref(&carried));
    assert_eq!(*behind.parents.lock().expect("kept"), [carried]);
    assert!(
        ours.iter().any(|span| span.parent_span_id == front.span_id),
        "the call behind the line is a child of the first"
    );
    let services = collector.services.lock().expect("kept").join(" ");
    assert!(services.contains("yizhan-test"), "{services}");
    let metrics = collector.metrics.lock().expect("kept").clone();
    assert!(metrics.iter().any(|name| name == "rpc.server.call.duration"), "{metrics:?}");
    // Prometheus reads the same instruments, by its own rules for names.
    let method = r#"rpc_method="/yizhan.journal.v1.JournalService/ListHeads""#;
    let counted = |line: &str| line.starts_with("rpc_server_call_duration_seconds_count{") && line.contains(method);
    let line = scraped.lines().find(|line| counted(line)).expect(&scraped);
    // The front and who is behind a line; a service in this process serves nobody else.
    assert!(line.ends_with(" 2"), "{line}");
}

async fn text(pages: axum::Router) -> String {
    let request = http::Request::get("/metrics").body(axum::body::Body::empty()).expect("a request");
    let answer = pages.oneshot(request).await.expect("answered");
    assert_eq!(answer.status(), 200);
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("whole");
    String::from_utf8(bytes.into()).expect("text")
}

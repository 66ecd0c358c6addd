//! Logs always; traces and metrics over OTLP when an endpoint is set; the same metrics for Prometheus where it scrapes; the W3C
//! trace context carried across calls.

use std::{
    io::IsTerminal,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, http::header, response::IntoResponse, routing::get};
use http::{HeaderMap, StatusCode};
use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Histogram},
    propagation::{Extractor, Injector},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource, metrics::SdkMeterProvider, propagation::TraceContextPropagator, trace::SdkTracerProvider,
};
use prometheus::{Registry, TextEncoder, process_collector::ProcessCollector};
use proto::rule;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

static TRACED: AtomicBool = AtomicBool::new(false);
static COUNTED: AtomicBool = AtomicBool::new(false);

/// Upper bounds of the times of calls, in seconds: from a read of what lies in memory to the longest deadline that is usual.
const SECONDS: [f64; 14] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Where traces and metrics go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outlets<'a> {
    /// An OTLP endpoint, for example `http://127.0.0.1:4317`: it is sent both.
    pub otlp: Option<&'a str>,
    /// Prometheus comes and reads the metrics.
    pub scraped: bool,
}

/// Keeps the exporters; what is left is sent when it is shut down.
#[derive(Default)]
pub struct Telemetry {
    tracer: Option<SdkTracerProvider>,
    meter: Option<SdkMeterProvider>,
    registry: Option<Registry>,
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Starts logging to standard error, as JSON or for people, and whatever the outlets ask for. Must be called within a runtime,
/// once.
pub fn start(role: &str, outlets: Outlets<'_>, json: bool) -> Result<Telemetry, Fault> {
    let filter = EnvFilter::try_from_env("YIZHAN_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,h2=warn"));
    // Colours are for a terminal; a log file is read by other programs, too.
    let colours = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colours);
    let logs = if json { logs.json().boxed() } else { logs.boxed() };
    // What is traced and counted does not depend on what is logged.
    let registry = tracing_subscriber::registry().with(logs.with_filter(filter));
    let resource = Resource::builder().with_service_name(format!("yizhan-{role}")).build();
    let tracer = outlets.otlp.map(|endpoint| tracer(endpoint, &resource)).transpose()?;
    let traces = tracer.as_ref().map(|tracer| {
        let traces = tracing_opentelemetry::layer().with_tracer(tracer.tracer("yizhan"));
        traces.with_filter(EnvFilter::new("info,sqlx=warn,h2=warn"))
    });
    registry.with(traces).try_init()?;
    if tracer.is_some() {
        global::set_text_map_propagator(TraceContextPropagator::new());
        TRACED.store(true, Ordering::Relaxed);
    }
    let (meter, registry) = meter(outlets, resource)?.unzip();
    COUNTED.store(meter.is_some(), Ordering::Relaxed);
    Ok(Telemetry { tracer, meter, registry: registry.flatten() })
}

fn tracer(endpoint: &str, resource: &Resource) -> Result<SdkTracerProvider, Fault> {
    let spans =
        SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(Duration::from_secs(5)).build()?;
    Ok(SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource.clone()).build())
}

/// One provider, and so one set of instruments, whichever way they are read.
fn meter(outlets: Outlets<'_>, resource: Resource) -> Result<Option<(SdkMeterProvider, Option<Registry>)>, Fault> {
    if outlets.otlp.is_none() && !outlets.scraped {
        return Ok(None);
    }
    let mut meter = SdkMeterProvider::builder().with_resource(resource);
    if let Some(endpoint) = outlets.otlp {
        let metrics = MetricExporter::builder().with_tonic().with_endpoint(endpoint);
        meter = meter.with_periodic_exporter(metrics.with_timeout(Duration::from_secs(5)).build()?);
    }
    let mut read = None;
    if outlets.scraped {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone());
        meter = meter.with_reader(reader.build()?);
        read = Some(registry);
    }
    let meter = meter.build();
    global::set_meter_provider(meter.clone());
    Ok(Some((meter, read)))
}

/// Whether anybody reads the metrics: what costs something is otherwise not measured.
pub fn is_counted() -> bool {
    COUNTED.load(Ordering::Relaxed)
}

impl Telemetry {
    /// `/metrics` as Prometheus reads it, and nothing else; none where it does not come.
    pub fn scraped(&self) -> Option<Router> {
        let registry = self.registry.clone()?;
        Some(Router::new().route("/metrics", get(async move || show(&registry))))
    }

    /// Sends what is left. Blocks for a few seconds at most.
    pub fn shutdown(self) {
        if let Some(tracer) = self.tracer {
            let _ = tracer.shutdown();
        }
        if let Some(meter) = self.meter {
            let _ = meter.shutdown();
        }
    }
}

fn show(registry: &Registry) -> impl IntoResponse + use<> {
    match TextEncoder::new().encode_to_string(&registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written\n").into_response()
        }
    }
}

/// The span of a call that came in, child of the caller's. Disabled, and free, where nothing is exported.
pub fn incoming(path: &str, headers: &HeaderMap) -> Span {
    if !TRACED.load(Ordering::Relaxed) {
        return Span::none();
    }
    let span = tracing::info_span!("rpc", otel.name = known(path).trim_start_matches('/'), otel.kind = "server");
    // The parent must be known before the span is entered.
    let _ = span.set_parent(global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers))));
    span
}

/// Writes the present span's context into the headers of an outgoing call.
pub fn inject(headers: &mut HeaderMap) {
    if TRACED.load(Ordering::Relaxed) {
        let context = Span::current().context();
        global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut HeadersMut(headers)));
    }
}

/// Counts a call and its time.
pub fn count_call(path: &str, seconds: f64, grpc_status: i32) {
    if !is_counted() {
        return;
    }
    static CALLS: OnceLock<Histogram<f64>> = OnceLock::new();
    let calls = CALLS.get_or_init(|| {
        let meter = global::meter("yizhan");
        let calls = meter.f64_histogram("rpc.server.call.duration").with_unit("s").with_boundaries(SECONDS.to_vec());
        calls.with_description("Time from a call's arrival to the head of its answer").build()
    });
    calls.record(
        seconds,
        &[KeyValue::new("rpc.method", known(path)), KeyValue::new("rpc.grpc.status_code", i64::from(grpc_status))],
    );
}

/// The method as the contract calls it: what a stranger makes up is neither traced nor counted by its name.
fn known(path: &str) -> &'static str {
    let others = ["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];
    let other = || others.into_iter().find(|other| *other == path);
    rule::of(path).map(|rule| rule.path).or_else(other).unwrap_or("unknown")
}

/// Counts connections that were not taken in or were cut off, and why.
pub fn count_shed(why: &'static str, many: usize) {
    if many == 0 || !is_counted() {
        return;
    }
    static SHED: OnceLock<Counter<u64>> = OnceLock::new();
    let shed = SHED.get_or_init(|| {
        let meter = global::meter("yizhan");
        let shed = meter.u64_counter("yizhan.connections.shed");
        shed.with_description("Connections that were not taken in or were cut off").build()
    });
    shed.add(many as u64, &[KeyValue::new("reason", why)]);
}

/// Counts a call that was refused because of who called, and why.
pub fn count_refused(rpc: &'static str, why: &'static str) {
    if !is_counted() {
        return;
    }
    static REFUSED: OnceLock<Counter<u64>> = OnceLock::new();
    let refused = REFUSED.get_or_init(|| {
        let meter = global::meter("yizhan");
        meter.u64_counter("yizhan.calls.refused").with_description("Calls refused because of who called").build()
    });
    refused.add(1, &[KeyValue::new("rpc", rpc), KeyValue::new("reason", why)]);
}

/// Tells how many texts of a service are not sealed by the newest key and the configured cipher.
pub fn tell_sealed_otherwise(service: &'static str, left: u64) {
    if !is_counted() {
        return;
    }
    static LEFT: OnceLock<Gauge<u64>> = OnceLock::new();
    let gauge = LEFT.get_or_init(|| {
        let meter = global::meter("yizhan");
        meter.u64_gauge("yizhan.sealed.otherwise").with_description("Sealed by an older key or another cipher").build()
    });
    gauge.record(left, &[KeyValue::new("service", service)]);
}

/// Counts a commit and the changes in it.
pub fn count_commit(service: &'static str, changes: u64) {
    if !is_counted() {
        return;
    }
    static COMMITS: OnceLock<(Counter<u64>, Counter<u64>)> = OnceLock::new();
    let (commits, all) = COMMITS.get_or_init(|| {
        let meter = global::meter("yizhan");
        let commits = meter.u64_counter("yizhan.commits").with_description("Commits of a service's database");
        let changes = meter.u64_counter("yizhan.changes").with_description("Changes in these commits");
        (commits.build(), changes.build())
    });
    let labels = [KeyValue::new("service", service)];
    commits.add(1, &labels);
    all.add(changes, &labels);
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    /// Nothing but which trace it is: a `tracestate` holds whatever its sender likes.
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).filter(|_| key == "traceparent")?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (key.parse::<http::HeaderName>(), value.parse()) {
            self.0.insert(key, value);
        }
    }
}

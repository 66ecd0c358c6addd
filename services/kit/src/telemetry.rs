//! Logs always; traces and metrics over OTLP when an endpoint is set; the W3C trace context carried across calls.

use std::{
    io::IsTerminal,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::HeaderMap;
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
use proto::rule;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

static TRACED: AtomicBool = AtomicBool::new(false);

/// Keeps the exporters; what is left is sent when it is shut down.
#[derive(Default)]
pub struct Telemetry {
    tracer: Option<SdkTracerProvider>,
    meter: Option<SdkMeterProvider>,
}

/// Starts logging to standard error, and exporting where `otlp` names an endpoint, for example `http://127.0.0.1:4317`.
/// Must be called within a runtime, once.
pub fn start(
    role: &str,
    otlp: Option<&str>,
    json: bool,
) -> Result<Telemetry, Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_from_env("YIZHAN_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,h2=warn"));
    // Colours are for a terminal; a log file is read by other programs, too.
    let colours = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colours);
    let logs = if json { logs.json().boxed() } else { logs.boxed() };
    // What is traced and counted does not depend on what is logged.
    let registry = tracing_subscriber::registry().with(logs.with_filter(filter));
    let Some(endpoint) = otlp else {
        registry.try_init()?;
        return Ok(Telemetry::default());
    };
    let resource = Resource::builder().with_service_name(format!("yizhan-{role}")).build();
    let spans =
        SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(Duration::from_secs(5)).build()?;
    let tracer = SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource.clone()).build();
    let metrics =
        MetricExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(Duration::from_secs(5)).build()?;
    let meter = SdkMeterProvider::builder().with_periodic_exporter(metrics).with_resource(resource).build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    global::set_meter_provider(meter.clone());
    let traces = tracing_opentelemetry::layer().with_tracer(tracer.tracer("yizhan"));
    registry.with(traces.with_filter(EnvFilter::new("info,sqlx=warn,h2=warn"))).try_init()?;
    TRACED.store(true, Ordering::Relaxed);
    Ok(Telemetry { tracer: Some(tracer), meter: Some(meter) })
}

impl Telemetry {
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
    if !TRACED.load(Ordering::Relaxed) {
        return;
    }
    static CALLS: OnceLock<Histogram<f64>> = OnceLock::new();
    let calls =
        CALLS.get_or_init(|| global::meter("yizhan").f64_histogram("rpc.server.call.duration").with_unit("s").build());
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
    if many == 0 || !TRACED.load(Ordering::Relaxed) {
        return;
    }
    static SHED: OnceLock<Counter<u64>> = OnceLock::new();
    let shed = SHED.get_or_init(|| global::meter("yizhan").u64_counter("yizhan.connections.shed").build());
    shed.add(many as u64, &[KeyValue::new("reason", why)]);
}

/// Counts a call that was refused because of who called, and why.
pub fn count_refused(rpc: &'static str, why: &'static str) {
    if !TRACED.load(Ordering::Relaxed) {
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
    if !TRACED.load(Ordering::Relaxed) {
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
    if !TRACED.load(Ordering::Relaxed) {
        return;
    }
    static COMMITS: OnceLock<(Counter<u64>, Counter<u64>)> = OnceLock::new();
    let (commits, all) = COMMITS.get_or_init(|| {
        let meter = global::meter("yizhan");
        (meter.u64_counter("yizhan.commits").build(), meter.u64_counter("yizhan.changes").build())
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

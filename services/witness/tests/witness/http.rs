//! Every answer that c2sp.org/tlog-witness names, as it goes out over HTTP.

use std::{fs, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    http::{Request as Http, Response, StatusCode, header::CONTENT_TYPE},
};
use tlog::{
    checkpoint::Checkpoint,
    note::{Ed25519, Note},
    tree::{consistency, root},
};
use tower::ServiceExt;
use witness::{Witness, request::Request, serve::routes};

use crate::{LOG, Leaves, Temporary, asks, leaves, log, note};

const TEXT: &str = "text/plain; charset=utf-8";

async fn send(witness: &Arc<Witness>, method: &str, path: &str, body: impl Into<Body>) -> Response<Body> {
    let request = Http::builder().method(method).uri(path).body(body.into()).expect("a request");
    routes(witness.clone()).oneshot(request).await.expect("an answer")
}

/// Status, content type and body.
async fn told(answer: Response<Body>) -> (StatusCode, String, String) {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    (status, kind, String::from_utf8(body.to_vec()).expect("text"))
}

async fn post(witness: &Arc<Witness>, body: impl Into<Body>) -> (StatusCode, String, String) {
    told(send(witness, "POST", "/add-checkpoint", body).await).await
}

#[tokio::test]
async fn each_answer_has_the_status_that_the_specification_gives_it() {
    let folder = Temporary::new();
    let witness = Arc::new(folder.open());
    let (status, kind, line) = post(&witness, asks(0, 1, 6)).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, TEXT));
    let signed = Note {
        signatures: vec![line.strip_suffix('\n').expect("it ends").parse().expect("a line")],
        ..note(&log(), 1, 6)
    };
    assert!(witness.key().verifies(&signed).is_some_and(|signed| signed.time.is_some()));

    // The proof is from another size than the one seen: the size, and nothing else, so that the proof can be made from there.
    for body in [asks(0, 1, 9), asks(4, 1, 9), asks(7, 1, 9), asks(0, 1, 6), asks(3, 1, 5)] {
        let (status, kind, size) = post(&witness, body).await;
        assert_eq!((status, kind.as_str(), size.as_str()), (StatusCode::CONFLICT, "text/x.tlog.size", "6\n"));
    }
    let forged = Ed25519::from_seed(LOG, &[8; 32]).expect("a key");
    let stranger = Ed25519::from_seed("elsewhere", &[7; 32]).expect("a key");
    let by = |key: &Ed25519| Request::write(6, &[], &note(key, 1, 9).to_string());
    let good = asks(6, 1, 9);
    let false_proof = Request::write(6, &[[3; 32]; 3], &note(&log(), 1, 9).to_string());
    let too_long = Request::write(6, &[[3; 32]; 64], &note(&log(), 1, 9).to_string());
    for (body, status) in [
        (String::new(), StatusCode::BAD_REQUEST),
        (good.replace("old 6", "old 06"), StatusCode::BAD_REQUEST),
        (good.replace("old 6\n", "old 6\n!\n"), StatusCode::BAD_REQUEST),
        (too_long, StatusCode::BAD_REQUEST),
        // Above the head's own size.
        (good.replace("old 6", "old 10"), StatusCode::BAD_REQUEST),
        (by(&forged), StatusCode::FORBIDDEN),
        (good.replace("\n9\n", "\n8\n"), StatusCode::FORBIDDEN),
        (by(&stranger), StatusCode::NOT_FOUND),
        (false_proof, StatusCode::UNPROCESSABLE_ENTITY),
        (Request::write(6, &[], &note(&log(), 1, 9).to_string()), StatusCode::UNPROCESSABLE_ENTITY),
        (format!("{}{}", good, "x".repeat(70_000)), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (told, kind, text) = post(&witness, body.clone()).await;
        assert_eq!((told, kind.as_str()), (status, TEXT), "{body}");
        assert!(text.ends_with('\n') && text.chars().any(|c| c > '一'), "{text}");
    }
    assert_eq!(told(send(&witness, "GET", "/alarms", Body::empty()).await).await.2, "没有警报 · no alarms\n");
    assert_eq!(post(&witness, good).await.0, StatusCode::OK, "none of it has done any harm");
}

#[tokio::test]
async fn a_proof_from_a_power_of_two_is_first_422_and_with_its_root_before_it_an_alarm() {
    let folder = Temporary::new();
    let witness = Arc::new(folder.open());
    assert_eq!(post(&witness, asks(0, 1, 8)).await.0, StatusCode::OK);
    // The root of the first eight is no part of this proof, so it shows no fault: it just does not fit.
    assert_eq!(post(&witness, asks(8, 2, 13)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let tree = leaves(2, 13);
    let proof = [vec![root(&tree[..8])], consistency(&Leaves(tree), 8, 13).expect("a proof")].concat();
    let shown = Request::write(8, &proof, &note(&log(), 2, 13).to_string());
    let (status, kind, text) = post(&witness, shown).await;
    assert_eq!((status, kind.as_str()), (StatusCode::CONFLICT, TEXT), "an alarm is no size");
    assert!(text.contains("the first 8 entries are not those that it signed before"), "{text}");
    assert_eq!(post(&witness, asks(8, 1, 13)).await.0, StatusCode::CONFLICT);
    assert!(told(send(&witness, "GET", "/alarms", Body::empty()).await).await.2.contains(LOG));
}

#[tokio::test]
async fn two_roots_of_one_size_and_a_log_that_shrank_are_409_and_no_size() {
    for wrong in [asks(9, 2, 9), {
        let head = Checkpoint::signed(LOG, 5, root(&leaves(1, 5)), 100);
        Request::write(5, &[], &Note::sign(head.to_string(), &[&log()]).to_string())
    }] {
        let folder = Temporary::new();
        let witness = Arc::new(folder.open());
        assert_eq!(post(&witness, asks(0, 1, 9)).await.0, StatusCode::OK);
        let (status, kind, text) = post(&witness, wrong).await;
        assert_eq!((status, kind.as_str()), (StatusCode::CONFLICT, TEXT), "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_cosigned_and_health_says_so() {
    let folder = Temporary::new();
    let witness = Arc::new(folder.open());
    assert_eq!(told(send(&witness, "GET", "/healthz", Body::empty()).await).await.0, StatusCode::OK);
    fs::remove_dir_all(folder.0.join("heads")).expect("removed");
    assert_eq!(post(&witness, asks(0, 1, 9)).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(send(&witness, "GET", "/healthz", Body::empty()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn who_it_is_and_what_it_has_seen_is_told_to_anybody_and_no_other_way_leads_in() {
    let folder = Temporary::new();
    let witness = Arc::new(folder.open());
    assert_eq!(post(&witness, asks(0, 1, 9)).await.0, StatusCode::OK);
    let about = told(send(&witness, "GET", "/", Body::empty()).await).await.2;
    assert_eq!(about, format!("{}\n{LOG} 9\n", witness.key()));
    for (method, path, status) in [
        ("GET", "/add-checkpoint", StatusCode::METHOD_NOT_ALLOWED),
        ("PUT", "/add-checkpoint", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/key", StatusCode::NOT_FOUND),
        ("GET", "/../key", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(send(&witness, method, path, Body::empty()).await.status(), status, "{method} {path}");
    }
}

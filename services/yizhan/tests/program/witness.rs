//! `yizhan witness`, killed while it cosigns.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Child,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use tlog::{
    Hash,
    checkpoint::Checkpoint,
    leaf_hash,
    note::{Ed25519, Note, Signer},
    tree::{consistency, root},
};
use witness::{folder::Folder, request::Request};

use crate::hall::{Folder as Temporary, program};

const LOG: &str = "yizhan/410223/intake";
const KILLS: usize = 12;

fn log() -> Ed25519 {
    Ed25519::from_seed(LOG, &[7; 32]).expect("a key")
}

/// Asks to cosign the first `to` leaves after the first `from`.
fn asks(leaves: &[Hash], from: u64, to: u64) -> String {
    let head = Checkpoint::signed(LOG, to, root(&leaves[..to as usize]), to as i64);
    let proof = consistency(&leaves[..to as usize], from, to).expect("a proof");
    Request::write(from, &proof, &Note::sign(head.to_string(), &[&log()]).to_string())
}

/// Hands it in; none where the witness has gone.
fn add(address: SocketAddr, body: &str) -> Option<String> {
    let mut line = TcpStream::connect(address).ok()?;
    line.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let length = body.len();
    let head =
        format!("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    line.write_all((head + body).as_bytes()).ok()?;
    let mut answer = String::new();
    line.read_to_string(&mut answer).ok()?;
    answer.contains("\r\n\r\n").then_some(answer)
}

fn start(data: &Path, address: SocketAddr, key: &str) -> Child {
    let (data, listen) = (data.display().to_string(), address.to_string());
    let child = program(&["witness", "--name", "audit.example", "--data", &data, "--listen", &listen, "--log", key])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("a witness");
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the witness listens");
        thread::sleep(Duration::from_millis(5));
    }
    child
}

/// The size of the last head that it keeps, which is whole.
fn kept(data: &Path) -> u64 {
    Folder::look(data).head(LOG).expect("whole").map_or(0, |kept| kept.head.size)
}

#[test]
fn a_witness_that_is_killed_while_it_cosigns_remembers_all_it_has_said_and_never_goes_back() {
    let (folder, leaves) = (Temporary::new(), (0..20_000_u64).map(|n| leaf_hash(&n.to_be_bytes())).collect::<Vec<_>>());
    let data = folder.0.join("witness");
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let key = log().verifier().to_string();
    // The largest head that it has cosigned and somebody was told so.
    let said = AtomicU64::new(0);
    for kill in 0..KILLS {
        let mut child = start(&data, address, &key);
        let before = kept(&data);
        assert!(before >= said.load(Ordering::SeqCst), "{before} after {said:?}");
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut old = before;
                while let Some(answer) = add(address, &asks(&leaves, old, old + 1)) {
                    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("— audit.example "), "{answer}");
                    old += 1;
                    said.store(old, Ordering::SeqCst);
                }
            });
            // In the middle of this or that: somewhere in the writing of some head.
            thread::sleep(Duration::from_micros(60_000 + 7_919 * kill as u64));
            child.kill().expect("killed");
            child.wait().expect("ended");
        });
        let (kept, said) = (kept(&data), said.load(Ordering::SeqCst));
        assert!(kept == said || kept == said + 1, "it keeps {kept}, and has said {said}");
    }
    assert!(said.load(Ordering::SeqCst) > KILLS as u64, "{said:?}");
    // What was half written is in nobody's way.
    let mut child = start(&data, address, &key);
    let size = kept(&data);
    let stale = add(address, &asks(&leaves, size - 1, size)).expect("an answer");
    assert!(stale.starts_with("HTTP/1.1 409") && stale.ends_with(&format!("\r\n\r\n{size}\n")), "{stale}");
    let files: Vec<_> =
        fs::read_dir(data.join("heads")).expect("heads").map(|file| file.expect("a file").file_name()).collect();
    assert!(files.len() <= 2, "the head, and at most one draft: {files:?}");
    assert!(Folder::look(&data).alarms().expect("alarms").is_empty());
    child.kill().expect("killed");
    child.wait().expect("ended");
}

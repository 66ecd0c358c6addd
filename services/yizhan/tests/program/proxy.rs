//! A line between a window and the server that can be cut in nasty places.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Passes bytes on, but as it is told.
pub struct Proxy {
    pub url: String,
    rules: Arc<Rules>,
}

#[derive(Default)]
struct Rules {
    /// How much the server has said on the connection that came last.
    heard: AtomicUsize,
    /// How much it says where it answers next to nothing: the greetings of TLS and HTTP/2, and a little. What goes beyond
    /// is an answer with a case in it.
    greeting: AtomicUsize,
    /// No answer arrives.
    swallow: AtomicBool,
    /// The line is cut where the server begins to answer.
    cut: AtomicBool,
    /// No more than so many bytes go to the server; 0 for all.
    most: AtomicUsize,
    /// Something is held.
    held: AtomicBool,
}

impl Proxy {
    pub fn to(server: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("bound"));
        let (rules, server): (Arc<Rules>, SocketAddr) = (Arc::default(), server.parse().expect("an address"));
        let of = rules.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(server) else { continue };
                let (to, from) = (client.try_clone().expect("cloned"), server.try_clone().expect("cloned"));
                let rules = of.clone();
                thread::spawn(move || up(client, server, &rules));
                let rules = of.clone();
                thread::spawn(move || down(from, to, &rules));
            }
        });
        Proxy { url, rules }
    }

    /// Learns from a call whose answer is next to nothing how long the greetings are.
    pub fn learn(&self, call: impl FnOnce(&str)) {
        call(&self.url);
        self.rules.greeting.store(self.rules.heard.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// From now on the answers are lost.
    pub fn swallow(&self, swallow: bool) {
        self.rules.swallow.store(swallow, Ordering::SeqCst);
    }

    /// From now on the line breaks when an answer comes.
    pub fn cut(&self, cut: bool) {
        self.rules.cut.store(cut, Ordering::SeqCst);
    }

    /// Holds what goes to the server after so many bytes, until it may go on (0).
    pub fn hold_after(&self, most: usize) {
        self.rules.most.store(most, Ordering::SeqCst);
    }

    /// Waits until something is held, and the server has taken in what was not.
    pub fn wait_until_held(&self) {
        while !self.rules.held.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn up(mut client: TcpStream, mut server: TcpStream, rules: &Rules) {
    let (mut buffer, mut sent) = ([0; 8 << 10], 0);
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        while (1..=sent).contains(&rules.most.load(Ordering::SeqCst)) {
            rules.held.store(true, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(10));
        }
        if server.write_all(&buffer[..read]).is_err() {
            break;
        }
        sent += read;
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn down(mut server: TcpStream, mut client: TcpStream, rules: &Rules) {
    let mut buffer = [0; 8 << 10];
    let mut heard = 0;
    while let Ok(read @ 1..) = server.read(&mut buffer) {
        heard += read;
        rules.heard.store(heard, Ordering::SeqCst);
        let answers = heard > rules.greeting.load(Ordering::SeqCst);
        if rules.cut.load(Ordering::SeqCst) && answers {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
            return;
        }
        let swallowed = rules.swallow.load(Ordering::SeqCst) && answers;
        if !swallowed && client.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
    let _ = client.shutdown(Shutdown::Write);
}

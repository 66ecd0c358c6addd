//! What the pages show to who has not signed in: every page that a link leads to, from the home page on.

use std::collections::{BTreeMap, VecDeque};

use regex::Regex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::town::Town;

/// Where reading begins; the rest is found by its links.
const BEGINNINGS: [&str; 9] = [
    "/",
    "/board",
    "/board/disclosure",
    "/board/disclosure.json",
    "/columns",
    "/feed.atom",
    "/roster",
    "/search?q=%E9%87%91%E4%B8%9D%E9%9B%80",
    "/sitemap.xml",
];
/// So many pages at most: lists have many, and all are made alike.
const MOST: usize = 250;

/// Addresses, and what stands there.
pub async fn all(town: &Town) -> BTreeMap<String, Vec<u8>> {
    let links = Regex::new("(?:href|src)=\"(/[^\"#]*)|<loc>https?://[^/<]*(/[^<]*)").expect("an expression");
    let mut waiting: VecDeque<String> = BEGINNINGS.map(str::to_owned).into();
    let mut read: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    while let Some(address) = waiting.pop_front().filter(|_| read.len() < MOST) {
        if read.contains_key(&address) {
            continue;
        }
        let page = get(town, &address).await;
        let text = String::from_utf8_lossy(&page).into_owned();
        let found = links.captures_iter(&text).filter_map(|found| found.iter().skip(1).flatten().next());
        waiting.extend(found.map(|link| link.as_str().replace("&#38;", "&").replace("&amp;", "&")));
        read.insert(address, page);
    }
    assert!(read.len() > BEGINNINGS.len(), "no page leads to another");
    read
}

/// Plain HTTP/1.1: all that is answered, whatever it is.
async fn get(town: &Town, address: &str) -> Vec<u8> {
    let web = town.program.web.expect("the pages have an address");
    let mut line = TcpStream::connect(web).await.expect("connected");
    let request = format!("GET {address} HTTP/1.1\r\nhost: {web}\r\nconnection: close\r\n\r\n");
    line.write_all(request.as_bytes()).await.expect("asked");
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).await.expect("answered");
    let head = String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned();
    assert!(!head.starts_with("HTTP/1.1 5"), "{address}: {head}");
    answer
}

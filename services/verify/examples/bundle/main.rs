//! Makes a bundle of any length, to measure `yizhan-verify` with: `cargo run --release -p verify --example bundle -- 1000000 FILE`.

mod made;

use std::{
    fs::File,
    io::{self, BufWriter},
};

use proto::journal::v1::bundle_part::Part;
use verify::{bundle::Writer, definition::ALL, facts::Facts, recount::Question};

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let wrong = || io::Error::other("bundle ENTRIES FILE");
    let entries: usize = args.next().and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
    let file = BufWriter::new(File::create(args.next().ok_or_else(wrong)?)?);
    let witnesses = [made::witness("witness.example/a")];
    let mut out = Writer::new(file, made::manifest(&["intake"], &witnesses))?;
    let mut facts = Facts::default();
    let history = made::History::new("intake", entries, 1).take(entries);
    let history = history.inspect(|entry| facts.push("intake", &entry.event, &entry.payload).expect("facts"));
    let head = made::log(&mut out, history, 200, &witnesses)?;
    for definition in ALL.iter().filter(|definition| definition.service == "intake") {
        let question = Question::of(&made::statement(definition, &head, "")).map_err(io::Error::other)?;
        out.part(Part::Figure(question.statement(&question.count(&facts))))?;
    }
    out.finish()?;
    Ok(())
}
